"""What a phrase book holds: a label in everyday words, and the prompt it stands for."""

import re
from dataclasses import dataclass
from typing import Final

from enogu.tags.vocabulary.model import RATINGS
from enogu.tags.vocabulary.ratings import rating_level

MAX_LABEL: Final = 200
"""Longest label, category or group, in characters."""

MAX_PROMPT: Final = 100_000
"""Longest prompt, in characters."""

_FOR_ADULTS: Final = re.compile(
    r"(?<![a-z0-9])r-?18(?!\d)|18禁|18\+|nsfw|成人向け|センシティブ", re.IGNORECASE
)
_CONTROL: Final = re.compile(r"[\0-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """One entry: what a person calls something, and the tags that draw it."""

    label: str
    """What it is called, as 満面の笑み."""
    prompt: str
    """Tags with commas between them, weights allowed; ``{prompt}`` is the place of other text."""
    negative: str = ""
    """What must not be in the picture; may be empty."""
    category: str = ""
    """The part of the book, as 表情."""
    group: str = ""
    """The part of the category, as うれしい; may be empty."""
    label_en: str = ""
    """The label in English; may be empty."""
    category_en: str = ""
    group_en: str = ""
    reading: str = ""
    """Reading in hiragana and other words it is found by; may be empty."""
    source: str = ""
    """Where it comes from: ``starter``, ``own``, or the name of an imported file."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same entry when it comes again."""
        return (self.category, self.group, self.label)

    @property
    def names(self) -> str:
        """The label, in both languages where both are known."""
        return f"{self.label} / {self.label_en}" if self.label_en else self.label

    def rating_level(self) -> int:
        """Return who may see the entry, as an index of ``RATINGS``.

        Headings such as ``R-18`` decide; else the words of the entry do.
        """
        headings = f"{self.category}\n{self.group}\n{self.label}"
        if _FOR_ADULTS.search(headings):
            return len(RATINGS) - 1
        return rating_level(f"{headings}\n{self.label_en}\n{self.prompt}".lower())


def fault_of(phrase: Phrase) -> str:
    """Return what is wrong with an entry, or an empty text.

    Args:
        phrase: From a file or a command line; nothing of it is trusted.
    """
    if not phrase.label:
        return "the label is empty"
    if not phrase.prompt and not phrase.negative:
        return f"the entry {phrase.label[:60]!r} has no tags"
    for name in ("label", "label_en", "category", "category_en", "group", "group_en"):
        text = getattr(phrase, name)
        if len(text) > MAX_LABEL:
            return f"the {name} has {len(text):,} characters; at most {MAX_LABEL} are possible"
        if "\n" in text or _CONTROL.search(text):
            return f"the {name} holds a line end or control character: {text[:60]!r}"
    for name in ("prompt", "negative", "reading"):
        text = getattr(phrase, name)
        if len(text) > MAX_PROMPT:
            return f"the {name} has {len(text):,} characters; at most {MAX_PROMPT:,} are possible"
        if found := _CONTROL.search(text):
            return f"the {name} holds the control character U+{ord(found[0]):04X}"
    return ""
