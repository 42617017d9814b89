"""What went wrong in a file, row by row; a broken row never ends an import."""

from dataclasses import dataclass, field
from typing import Final

_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """One row that was left out, or partly."""

    line: int
    """Number of the line, from 1; of the record in formats without lines."""
    reason: str
    """What is wrong, with the value."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(slots=True)
class Problems:
    """The problems of one file. All are counted, the first are kept, so that memory is bounded."""

    count: int = 0
    first: list[Problem] = field(default_factory=list[Problem])

    def add(self, line: int, reason: str) -> None:
        """Note a problem.

        Args:
            line: Number of the line, from 1.
            reason: What is wrong.
        """
        self.count += 1
        if len(self.first) < _KEPT:
            self.first.append(Problem(line, reason))


class BadRowError(ValueError):
    """A row cannot be used; the text says why. Never leaves this package."""


def shown(value: object, limit: int = 60) -> str:
    """Return a value for a message: quoted, with control characters visible, cut when long."""
    text = repr(str(value)[: limit + 1])
    return f"{text[: limit + 1]}…" if len(str(value)) > limit else text
