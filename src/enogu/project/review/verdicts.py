"""What a person says of a picture, with a history that takes it back step by step.

The history lies in ``work/``: deleting it loses the way back, never a decision.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias, cast

from enogu.files import make_dirs, write_text_atomic
from enogu.pictures.records import LEAVE_OUT, Decision, Decisions, JsonValue

KEEP: Final = "keep"
"""A decision on the use of a picture: it was looked at and is good."""

UNSURE: Final = "unsure"
"""A decision on the use of a picture: it must be looked at again."""

VERDICTS: Final = (KEEP, LEAVE_OUT, UNSURE)

_MOST_KEPT: Final = 500

Wish: TypeAlias = tuple[str, str, Decision | None]
"""Picture, step, and the decision; None takes the present one back."""


class VerdictHistory:
    """Decisions that can be taken back, the last one first, also by a later program.

    Args:
        decisions: What was decided.
        path: The file of the history.
    """

    def __init__(self, decisions: Decisions, path: Path) -> None:
        self.decisions = decisions
        self._path = path
        self._groups = _read(path)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._groups)

    def decide(self, wishes: Sequence[Wish]) -> None:
        """Decide several things at once; they are taken back together.

        Raises:
            StorageError: The disk is full or the place cannot be written.
        """
        before = [(picture, step, self.decisions.get(picture, step)) for picture, step, _ in wishes]
        # The way back is written first: a stop in between leaves an entry that changes nothing.
        self._groups = [*self._groups, before][-_MOST_KEPT:]
        self._write()
        self._apply(wishes)

    def undo(self) -> list[str]:
        """Take the last group back; return its pictures, none when there is nothing."""
        if not self._groups:
            return []
        group = self._groups.pop()
        self._apply(group)
        self._write()
        return list(dict.fromkeys(picture for picture, _, _ in group))

    def _apply(self, wishes: Sequence[Wish]) -> None:
        self.decisions.add([decision for _, _, decision in wishes if decision is not None])
        for picture, step, decision in wishes:
            if decision is None:
                self.decisions.take_back(step, [picture])

    def _write(self) -> None:
        make_dirs(self._path.parent)
        lines = (json.dumps([_to_json(one) for one in group]) for group in self._groups)
        write_text_atomic(self._path, "".join(f"{line}\n" for line in lines))


def _to_json(wish: Wish) -> list[JsonValue]:
    picture, step, decision = wish
    if decision is None:
        return [picture, step, None, {}]
    return [picture, step, decision.verdict, dict(decision.values)]


def _read(path: Path) -> list[list[Wish]]:
    """Read the history; one that is damaged is as good as none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [[_wish(one) for one in json.loads(line)] for line in lines]
    except (OSError, ValueError, TypeError):
        return []


def _wish(value: object) -> Wish:
    picture, step, verdict, values = cast(tuple[str, str, str | None, dict[str, JsonValue]], value)
    if verdict is None:
        return picture, step, None
    return (
        picture,
        step,
        Decision(picture_id=picture, step=step, verdict=verdict, values=values),
    )
