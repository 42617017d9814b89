"""One row for each picture: what a wall, a contact sheet or a filter has to know."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from enogu.pictures.records import USE_STEP, Decisions, FileEntry, Records
from enogu.pictures.tagging.model import STEP_PREFIX, tagger_of_step
from enogu.project.prep import STEPS

DOUBTFUL: Final = frozenset({"unsure", "flagged", "copy"})
"""Verdicts of steps that ask for a person."""

_GENERAL_RATING: Final = "general"

_ORDER: Final = (*STEPS, "tags")


@dataclass(frozen=True, kw_only=True, slots=True)
class WallRow:
    """One picture."""

    relative: str
    """Path inside the project, with forward slashes."""
    picture_id: str
    verdict: str | None
    """What the person said of its use: ``keep``, ``leave-out``, ``unsure``; None for nothing."""
    doubts: tuple[str, ...]
    """Steps that are unsure of it and that no person has answered."""
    covered: bool
    """Whether a tagger rates it as not for everybody."""
    refusal: str | None
    """Why it cannot be used; None when it can."""

    @property
    def is_unsure(self) -> bool:
        """Whether it asks to be looked at: nobody has settled it, and something is in doubt."""
        if self.verdict is None:
            return bool(self.doubts)
        return self.verdict == "unsure"


def wall_rows(
    entries: Iterable[FileEntry], records: Records, decisions: Decisions
) -> list[WallRow]:
    """Return a row for each picture, by name.

    Args:
        entries: The pictures.
        records: What the steps found.
        decisions: What the person decided.
    """
    doubts: defaultdict[str, list[str]] = defaultdict(list)
    for picture_id, step, _ in records.with_verdicts(DOUBTFUL):
        name = "tags" if tagger_of_step(step) is not None else step
        if name in _ORDER and decisions.get(picture_id, step) is None:
            doubts[picture_id].append(name)
    ratings = records.values_of(STEP_PREFIX, "rating")
    covered = {picture_id for picture_id, rating in ratings if rating != _GENERAL_RATING}
    use = decisions.of_step(USE_STEP)
    return [
        WallRow(
            relative=entry.relative,
            picture_id=entry.picture_id,
            verdict=use[entry.picture_id].verdict if entry.picture_id in use else None,
            doubts=tuple(sorted(set(doubts.get(entry.picture_id, ())), key=_ORDER.index)),
            covered=entry.picture_id in covered,
            refusal=entry.refusal,
        )
        for entry in entries
    ]
