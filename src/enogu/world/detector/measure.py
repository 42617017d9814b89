"""How well boxes were found: recall and precision against known ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from enogu.pictures.box import Box
from enogu.pictures.regions import FoundRegion, overlap
from enogu.world.detector.boxes import LABELS, Spot
from enogu.world.intervals import Score

RIGHT_FROM: Final = 0.5
"""Boxes that overlap more count as the same; intersection over union."""


@dataclass(frozen=True)
class Guess:
    """One found box."""

    score: float
    is_right: bool


@dataclass
class LabelMeasure:
    """What was found of one label in a set of pictures."""

    label: str
    known: int = 0
    """Boxes that are there."""
    guesses: list[Guess] = field(default_factory=list[Guess])
    overlaps: list[float] = field(default_factory=list[float])
    """Of the right ones, with the known box."""

    def recall(self, least: float = 0.0) -> Score:
        """Return the share of known boxes found with a score of `least` or more."""
        return Score(right=len(self._right(least)), total=self.known)

    def precision(self, least: float = 0.0) -> Score:
        """Return the share of right boxes among those with a score of `least` or more."""
        said = [guess for guess in self.guesses if guess.score >= least]
        return Score(right=len(self._right(least)), total=len(said))

    @property
    def mean_overlap(self) -> float:
        """How well right boxes fit, 0.5 to 1; 0 when there is none."""
        return sum(self.overlaps) / len(self.overlaps) if self.overlaps else 0.0

    def _right(self, least: float) -> list[Guess]:
        return [guess for guess in self.guesses if guess.is_right and guess.score >= least]


def to_boxes(spots: Iterable[Spot], label: str) -> list[Box]:
    """Return the spots of one label in whole pixels; those thinner than a pixel are left out."""
    boxes: list[Box] = []
    for spot in spots:
        left, top = max(0, round(spot.left)), max(0, round(spot.top))
        right, bottom = round(spot.right), round(spot.bottom)
        if LABELS[spot.label] == label and left < right and top < bottom:
            boxes.append(Box(left, top, right, bottom))
    return boxes


def add_picture(measure: LabelMeasure, found: Sequence[FoundRegion], known: Sequence[Box]) -> None:
    """Count one picture in: each known box belongs to the most certain guess that fits it.

    Args:
        measure: Where it is counted.
        found: What a detector said, of any label.
        known: The boxes of the measure's label.
    """
    measure.known += len(known)
    left = list(known)
    for region in sorted(found, key=lambda region: -region.score):
        if region.kind != measure.label:
            continue
        best = max(left, key=lambda box: overlap(box, region.box), default=None)
        fit = 0.0 if best is None else overlap(best, region.box)
        is_right = fit >= RIGHT_FROM
        measure.guesses.append(Guess(region.score, is_right))
        if best is not None and is_right:
            left.remove(best)
            measure.overlaps.append(fit)
