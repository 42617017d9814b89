"""Which tags everybody may see.

Sites do not rate tags, so an imported tag is judged by the words in its name and by what it
implies. The list beside this file holds fingerprints of such words, not the words: the package is
for all ages, and so is its text.
"""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

from enogu.tags.vocabulary.model import RATINGS

_LIST: Final = Path(__file__).parent / "ratings.txt"
_WORD: Final = re.compile(r"[a-z0-9]+")


def fingerprint(word: str) -> str:
    """Return how a word stands in the list: 12 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(word.encode()).hexdigest()[:12]


@cache
def _levels() -> dict[str, int]:
    if not _LIST.is_file():
        return {}
    rows = (line.split() for line in _LIST.read_text(encoding="utf-8").splitlines())
    return {row[0]: RATINGS.index(row[1]) for row in rows if len(row) == 2}  # type: ignore[arg-type]


def rating_level(text: str) -> int:
    """Return the rating of a name or sentence by its words.

    Args:
        text: In lower case.

    Returns:
        An index of :data:`~enogu.tags.vocabulary.model.RATINGS`.
    """
    levels = word_levels(text)
    return max(levels.values(), default=0)


def word_levels(text: str) -> dict[str, int]:
    """Return the words of a text, in lower case, that are not for everybody, with their level.

    Args:
        text: Any length; one call for many names is much cheaper than one call each.
    """
    known = _levels()
    found = {word: known.get(fingerprint(word), 0) for word in set(_WORD.findall(text))}
    return {word: level for word, level in found.items() if level}
