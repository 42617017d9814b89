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


_known_words: dict[str, int] = {}


def rating_level(name: str, stated: str | None = None) -> int:
    """Return the rating of a tag as an index of :data:`~enogu.tags.vocabulary.model.RATINGS`.

    Args:
        name: Normal name.
        stated: The rating a source states; it wins.
    """
    if stated in RATINGS:
        return RATINGS.index(stated)
    return max((_word_level(word) for word in _WORD.findall(name)), default=0)


def _word_level(word: str) -> int:
    level = _known_words.get(word)
    if level is None:
        level = _levels().get(fingerprint(word), 0)
        if len(_known_words) < 200_000:
            _known_words[word] = level
    return level
