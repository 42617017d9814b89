"""Settings of the search for duplicates and what it returns."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from enogu.pictures.limits import check_limits

Verdict: TypeAlias = Literal["copy", "variant", "unrelated"]

Change: TypeAlias = Literal["identical", "mirrored", "cropped", "padded", "resized", "tone"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateSettings:
    """How many neighbours are looked at, and what still counts as the same picture."""

    neighbours: int = 16
    """Pictures compared with each picture, the most similar first; more copies of one picture
    are still found, through one another."""
    min_similarity: float = 0.85
    """Cosine of two descriptors below which pictures are not compared at all."""
    max_difference: float = 10.0
    """A copy's worst spot may differ by this multiple of what its lines let expect."""
    sure_difference: float = 6.0
    """Up to here a copy needs no second look."""
    max_contrast: float = 6.0
    """A spot that stands out from the pair's own noise by more is a drawn change, not wear."""
    min_shared: float = 0.85
    """Variants share at least this part of their lines."""

    def __post_init__(self) -> None:
        check_limits(
            "duplicates",
            {
                "neighbours": (self.neighbours, 1, 1000),
                "min_similarity": (self.min_similarity, 0.0, 1.0),
                "max_difference": (self.max_difference, 0.0, 100.0),
                "sure_difference": (self.sure_difference, 0.0, self.max_difference),
                "max_contrast": (self.max_contrast, 1.0, 1000.0),
                "min_shared": (self.min_shared, 0.0, 1.0),
            },
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """How one picture relates to the keeper of its group."""

    index: int
    """Place in the sequence of fingerprints."""
    verdict: Verdict
    sure: bool
    """False: a person should look before anything follows from it."""
    changes: tuple[Change, ...]
    """What was done to the picture, seen from the keeper."""
    difference: float
    """Worst spot after alignment and tone fit, as a multiple of what the lines let expect."""
    shared: float
    """0 to 1: part of the lines that agree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A picture worth keeping, with its copies and the variants that resemble it."""

    keeper: int
    """The picture with the most of the drawing in it; place in the sequence of fingerprints."""
    copies: tuple[Match, ...]
    """Every one was compared with the keeper itself, never through a third picture."""
    variants: tuple[Match, ...]
    """Alike but drawn differently: to be kept. A picture can be a variant in several groups."""
