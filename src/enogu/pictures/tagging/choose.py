"""From scores to the tags of a caption."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from enogu.errors import CaptionError
from enogu.pictures.records import ScoredTag
from enogu.pictures.tagging.model import (
    CHARACTER,
    COPYRIGHT,
    GENERAL,
    KEPT_FROM,
    RATING,
    RATING_PREFIX,
)
from enogu.tags.dataset.people import counts_people
from enogu.tags.names import normal_name

_LEAST_CHARACTER: Final = 0.15
"""The gap between scores alone never lets a character in below this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """From which score on a tag counts. The defaults are those usual for WD taggers."""

    general: float = 0.35
    character: float = 0.85
    """For characters and the works they come from: a wrong name harms more than a missing one."""
    by_gap: bool = False
    """Set both limits for each picture where its sorted scores fall most (the maximum cut,
    MCut)."""
    leave_out: frozenset[str] = frozenset()
    """Normal names of tags that never come in."""

    def __post_init__(self) -> None:
        for name in ("general", "character"):
            value = getattr(self, name)
            if not KEPT_FROM <= value <= 1:
                raise CaptionError(
                    f"the limit for {name} tags must be {KEPT_FROM} to 1, got {value:g}",
                    hint=f"Scores below {KEPT_FROM} are not kept; 0.35 is usual.",
                )


def choose_tags(tags: Sequence[ScoredTag], limits: Limits) -> list[ScoredTag]:
    """Return the tags that go into a caption: characters, works, how many people, then by score.

    Ratings, artists and remarks on the file (meta, quality, model) are no part of what is seen
    and are left out.

    Args:
        tags: What one tagger read, in any order.
        limits: From which score on a tag counts.
    """
    chosen: list[ScoredTag] = []
    for category, usual in (
        (CHARACTER, limits.character),
        (COPYRIGHT, limits.character),
        (GENERAL, limits.general),
    ):
        of_kind = [one for one in tags if one.category == category]
        limit = usual
        if limits.by_gap and of_kind:
            limit = _gap(one.score for one in of_kind)
            if category != GENERAL:
                limit = max(limit, _LEAST_CHARACTER)
        chosen += sorted(
            (
                one
                for one in of_kind
                if one.score >= limit and normal_name(one.tag) not in limits.leave_out
            ),
            key=lambda one: (not counts_people(normal_name(one.tag)), -one.score, one.tag),
        )
    return chosen


def rating_of(tags: Iterable[ScoredTag]) -> str | None:
    """Return the likeliest rating, such as ``general``; None where the tagger gives none."""
    ratings = [one for one in tags if one.category == RATING]
    if not ratings:
        return None
    return max(ratings, key=lambda one: one.score).tag.removeprefix(RATING_PREFIX)


def _gap(scores: Iterable[float]) -> float:
    """Return the middle of the widest gap between neighbouring scores."""
    # Scores below the floor are not kept; they all lie below this one.
    ordered = [*sorted(scores, reverse=True), KEPT_FROM]
    high, low = max(pairwise(ordered), key=lambda pair: pair[0] - pair[1])
    return (high + low) / 2
