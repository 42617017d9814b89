"""The phrase book that ships with the package: entries for all ages, in both languages."""

from functools import cache
from pathlib import Path
from typing import Final

from enogu.tags.phrases.model import Phrase

STARTER_SOURCE: Final = "starter"
_FILE: Final = Path(__file__).parent / "starter.tsv"


@cache
def starter_phrases() -> tuple[Phrase, ...]:
    """Return the embedded entries, in the order of their categories and groups."""
    return tuple(_phrase(line) for line in _FILE.read_text(encoding="utf-8").splitlines()[1:])


def _phrase(line: str) -> Phrase:
    category, group, label, reading, prompt = line.split("\t")
    category, _, category_en = category.partition("|")
    group, _, group_en = group.partition("|")
    label, _, label_en = label.partition("|")
    return Phrase(
        label=label,
        label_en=label_en,
        reading=reading,
        prompt=prompt,
        category=category,
        category_en=category_en,
        group=group,
        group_en=group_en,
        source=STARTER_SOURCE,
    )
