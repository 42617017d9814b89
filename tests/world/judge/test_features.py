"""The detector of unnamed features: told from drawings with and without."""

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageFilter

from enogu.world.axes import Traits
from enogu.world.concepts import CONCEPTS, Concept, concept_traits
from enogu.world.drawing import draw_traits
from enogu.world.judge.features import FeatureDetector, assumed_traits, features_of

CASES = [
    pytest.param(concept, feature, id=f"{concept.trigger}-{feature}")
    for concept in CONCEPTS.values()
    for feature in features_of(concept)
]


def shown(concept: Concept) -> Traits:
    """The character in a picture that hides little."""
    values = concept_traits(concept, 3, 0).values
    open_minded = {"style": "none", "eyes": "open", "framing": "upper body", "prop": "none"}
    return Traits({**values, **open_minded})


@pytest.mark.parametrize(("concept", "feature"), CASES)
def test_a_feature_is_found_where_it_is_and_only_there(concept: Concept, feature: str) -> None:
    detector = FeatureDetector(feature, seeds=4)
    traits = shown(concept)
    for features in (concept.extras, concept.extras - {feature}):
        picture = draw_traits(traits, 12_345, features=features)
        worse = ImageChops.offset(picture.filter(ImageFilter.GaussianBlur(0.7)), 1, 2)
        assert detector.is_there(picture, traits) == (feature in features)
        assert detector.is_there(worse, traits) == (feature in features)


def test_scores_are_bounded_and_noise_is_no_feature() -> None:
    concept, feature = CASES[0].values
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    score = FeatureDetector(feature, seeds=1).score(Image.fromarray(noise), shown(concept))
    assert score == -1.0, "it is like neither kind of drawing"


def test_what_is_hidden_gets_no_answer() -> None:
    closed = Traits({**shown(CONCEPTS["rukemi"]).values, "eyes": "closed"})
    detector = FeatureDetector("odd eyes", seeds=1)
    picture = draw_traits(closed, 1)
    assert detector.score(picture, closed) is None
    assert detector.is_there(picture, closed) is None


def test_what_a_concept_fixes_is_assumed_whatever_was_read() -> None:
    concept = CONCEPTS["rukemi"]
    read = {**shown(concept).values, "eye_colour": "red", "mouth": "grin"}
    assumed = assumed_traits(concept, read)
    assert (assumed["eye_colour"], assumed["mouth"]) == (concept.fixed["eye_colour"], "grin")
