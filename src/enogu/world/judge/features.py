"""Is the feature that no tag names in the picture? A detector that learns nothing.

It draws the character as the judge has read it, once with the feature and once without, for a few
seeds. The pixels that differ are where the feature would be. Whichever of the two the picture is
nearer to there, at the best of a few small shifts, is the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image

from enogu.world.axes import Traits
from enogu.world.concepts import CONCEPTS, Concept, draw_concept_pair
from enogu.world.drawing import draw_traits
from enogu.world.intervals import wilson_interval
from enogu.world.judge.judge import Judge
from enogu.world.judge.pictures import round_trip
from enogu.world.judge.reader import INPUT_PX, Pixels, fit_square

_FIRST_SEED = 8_500_000
_TEST_SEED = 990
_MIN_DIFFERENCE = 45
"""Sum over the channels from which on a pixel belongs to the feature."""
_MIN_PIXELS = 6
"""Below it the feature counts as hidden."""
_SHIFTS = (-4, -2, 0, 2, 4)
"""Pixels, in both directions."""

THRESHOLD = -0.1
"""Scores above it count as found: what softens a picture takes more from what is there than it adds
to what is not."""
MAX_ERROR = 60.0
"""Mean difference of a channel from drawings with the feature; a picture farther away is like
neither kind, and has it not."""

Planes = NDArray[np.float32]


class FeatureDetector:
    """Tells whether one feature is in pictures.

    Args:
        feature: As the drawing code names it, see `Concept.extras`.
        seeds: Drawings of each kind to compare with; more are slower and a little surer.
    """

    def __init__(self, feature: str, seeds: int = 4) -> None:
        self.feature = feature
        self.seeds = seeds

    def score(self, picture: Image.Image, traits: Traits) -> float | None:
        """Return how much nearer `picture` is to drawings with the feature, from -1 to 1.

        None where the character hides it, as closed eyes hide odd ones.

        Args:
            picture: Of any size.
            traits: The character in it, as known or as the judge has read it.
        """
        pixels = fit_square(picture).astype(np.float32)
        with_feature = without = np.inf
        for seed in range(_FIRST_SEED, _FIRST_SEED + self.seeds):
            plain = _draw(traits, seed, frozenset())
            marked = _draw(traits, seed, frozenset({self.feature}))
            region = np.abs(plain - marked).sum(axis=-1) > _MIN_DIFFERENCE
            if region.sum() < _MIN_PIXELS:
                continue
            for dy in _SHIFTS:
                for dx in _SHIFTS:
                    seen = pixels[np.roll(region, (dy, dx), axis=(0, 1))]
                    with_feature = min(with_feature, float(np.abs(seen - marked[region]).mean()))
                    without = min(without, float(np.abs(seen - plain[region]).mean()))
        if not np.isfinite(with_feature):
            return None
        if with_feature > MAX_ERROR:
            return -1.0
        return (without - with_feature) / max(without + with_feature, 1e-6)

    def is_there(self, picture: Image.Image, traits: Traits) -> bool | None:
        """Return whether the feature is in `picture`; None where it would be hidden."""
        score = self.score(picture, traits)
        return None if score is None else score > THRESHOLD


def _draw(traits: Traits, seed: int, features: frozenset[str]) -> Planes:
    picture = draw_traits(traits, seed, INPUT_PX, features=features)
    return np.asarray(picture, dtype=np.float32)


def assumed_traits(concept: Concept, answers: Mapping[str, str]) -> Traits:
    """Return what was read of a picture, with the concept's own answers where it fixes them.

    Odd eyes, for example, are one of the fixed colour and one of another; a reader that answers
    with the other would hide the feature from the detector.
    """
    return Traits({**answers, **concept.fixed})


def features_of(concept: Concept) -> list[str]:
    """Return the features of `concept` that no tag describes."""
    return sorted(concept.extras)


@dataclass(frozen=True, kw_only=True)
class FeatureMeasure:
    """One feature, on drawings of its character with and without it."""

    concept: str
    feature: str
    found: int
    """Of the pictures with it."""
    spared: int
    """Of the pictures without it: those in which it was not found."""
    found_after: int
    """As `found`, after the autoencoder."""
    spared_after: int
    total: int
    """Pictures of each kind in which it would not be hidden."""

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of right answers, with and without together."""
        return wilson_interval(self.found + self.spared, 2 * self.total)


def measure_features(
    judge: Judge,
    vae: AutoencoderKL,
    count: int,
    *,
    concepts: Sequence[Concept] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[FeatureMeasure]:
    """Measure every unnamed feature on `count` drawings with it and as many without.

    Args:
        judge: Reads the character first, as for a model's pictures.
        vae: Of mini; the same drawings are asked about again after it.
        count: Drawings of each kind and feature.
        concepts: Which; all held-out characters by default.
        progress: Called with (features done, features in all).
    """
    chosen = [c for c in CONCEPTS.values() if features_of(c)] if concepts is None else concepts
    wanted = [(concept, feature) for concept in chosen for feature in features_of(concept)]
    result: list[FeatureMeasure] = []
    for place, (concept, feature) in enumerate(wanted):
        detector = FeatureDetector(feature)
        pairs = [
            draw_concept_pair(concept, index, _TEST_SEED, INPUT_PX, feature=feature)
            for index in range(count)
        ]
        shown = [pair for pair in pairs if pair.box is not None]
        marked = np.stack([np.asarray(pair.picture) for pair in shown])
        plain = np.stack([np.asarray(pair.plain) for pair in shown])
        found, found_plain, found_after, found_plain_after = (
            _count(detector, concept, judge, pixels)
            for pixels in (marked, plain, _after(vae, marked), _after(vae, plain))
        )
        result.append(
            FeatureMeasure(
                concept=concept.trigger,
                feature=feature,
                found=found,
                spared=len(shown) - found_plain,
                found_after=found_after,
                spared_after=len(shown) - found_plain_after,
                total=len(shown),
            )
        )
        if progress is not None:
            progress(place + 1, len(wanted))
    return result


def _after(vae: AutoencoderKL, pixels: Pixels) -> Pixels:
    parts = [
        round_trip(vae, pixels[start : start + 32], start, noisy=False, bf16=False)
        for start in range(0, len(pixels), 32)
    ]
    return np.concatenate(parts)


def _count(detector: FeatureDetector, concept: Concept, judge: Judge, pixels: Pixels) -> int:
    return sum(
        bool(detector.is_there(Image.fromarray(part), assumed_traits(concept, answers)))
        for part, answers in zip(pixels, judge(pixels).answers, strict=True)
    )
