"""The detector of unnamed features: told from drawings with and without."""

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFilter

from enogu.world.axes import Traits
from enogu.world.concepts import CONCEPTS, Concept, concept_traits
from enogu.world.drawing import draw_traits
from enogu.world.judge.features import FeatureDetector, features_of

CASES = [
    pytest.param(concept, feature, id=f"{concept.trigger}-{feature}")
    for concept in CONCEPTS.values()
    for feature in features_of(concept)
]


@pytest.mark.parametrize(("concept", "feature"), CASES)
def test_a_feature_is_found_where_it_is_and_only_there(concept: Concept, feature: str) -> None:
    detector = FeatureDetector(feature, seeds=4)
    traits = concept_traits(concept, 3, 0)
    for features in (concept.extras, concept.extras - {feature}):
        picture = draw_traits(traits, 12_345, features=features)
        worse = ImageChops.offset(picture.filter(ImageFilter.GaussianBlur(0.7)), 1, 2)
        assert detector.is_there(picture, traits) == (feature in features)
        assert detector.is_there(worse, traits) == (feature in features)


def test_scores_are_bounded_and_noise_is_no_feature() -> None:
    concept, feature = CASES[0].values
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    score = FeatureDetector(feature, seeds=1).score(
        Image.fromarray(noise), concept_traits(concept, 0, 0)
    )
    assert -1 <= score <= 1
    assert abs(score) < 0.3


def test_what_would_be_hidden_is_not_found() -> None:
    traits = concept_traits(CONCEPTS["hoshina"], 0, 0)
    nothing = FeatureDetector("a feature nobody draws", seeds=1)
    assert nothing.score(Image.new("RGB", (128, 128)), Traits(traits.values)) == -1.0
