"""What is wrong in a prompt, in words of two languages, and how to mend it."""

import tomllib
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Final

from enogu.errors import PromptError

LANGUAGES: Final = ("en", "ja")


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """The prompt cannot be drawn."""
    WARNING = "warning"
    """It is likely not what was meant."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """Replaces a stretch of the prompt."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """Edits that mend a finding."""

    edits: tuple[Edit, ...]
    sure: bool
    """Nothing is guessed, so it may be applied unasked; others are only proposed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing in a prompt that a person should look at."""

    rule: str
    """Key of its message in ``messages.toml``."""
    level: Level
    start: int
    end: int
    values: Mapping[str, str]
    """What is put into the message."""
    fix: Fix | None = None

    def message(self, language: str = "en") -> str:
        """Return what is wrong and what it does, as one sentence or two.

        Args:
            language: ``en`` or ``ja``.

        Raises:
            PromptError: Another language.
        """
        return message(self.rule, language, self.values)


def message(rule: str, language: str, values: Mapping[str, str]) -> str:
    """Return a text of the catalogue with its values put in.

    Raises:
        PromptError: A language that the catalogue does not have.
    """
    if language not in LANGUAGES:
        raise PromptError(f"unknown language {language!r}; known: {', '.join(LANGUAGES)}")
    return catalogue()[rule][language].format_map(values)


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Return all messages: rule → language → text."""
    text = files("enogu.tags.prompt").joinpath("messages.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def apply_fixes(text: str, fixes: Iterable[Fix]) -> str:
    """Return `text` with fixes made; one that touches what an earlier one changes is left out.

    Args:
        text: The prompt the fixes belong to.
        fixes: Earlier ones have precedence; insertions at one place are made in their order.
    """
    taken: list[tuple[int, int]] = []
    chosen: list[Edit] = []
    for fix in fixes:
        if not any(_overlaps(taken, edit) for edit in fix.edits):
            for edit in fix.edits:
                chosen.append(edit)
                insort(taken, (edit.start, edit.end))
    parts: list[str] = []
    position = 0
    for edit in sorted(chosen, key=lambda edit: (edit.start, edit.end)):
        parts += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*parts, text[position:]])


def _overlaps(taken: list[tuple[int, int]], edit: Edit) -> bool:
    """Tell whether an edit shares a character with one of the stretches, which are sorted."""
    place = bisect_left(taken, (edit.start, edit.end))
    before = taken[place - 1] if place else None
    after = taken[place] if place < len(taken) else None
    return (before is not None and before[1] > edit.start) or (
        after is not None and after[0] < edit.end
    )
