"""How a query is compared with the text of a row, tier by tier.

A needle is one reading of what was typed. Each tier asks it for a test: the grams that a row must
have, and the comparison that decides. The comparison answers with what the match costs in the
ranking (0 for a clean one) or with None.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from enogu.tags.search.folding import Folded, fold_query
from enogu.tags.search.grams import (
    Place,
    end_gram,
    gram,
    head_grams,
    inside_grams,
    sign_grams,
    word_grams,
)
from enogu.tags.search.kana import fold_romaji, has_kana, kana_to_romaji, starts_romaji

Accept = Callable[[bytes], float | None]

ACROSS_WORDS: Final = 3.0
"""What it costs when the query runs across the end of a word: ``ina`` in ``in_a_row``."""

READING: Final = 1.5
"""What it costs when letters are read as Japanese."""

_SHORTEST_PIECE: Final = 3
_MOST_INITIALS: Final = 8
_LONGEST_GLUED: Final = 16


@dataclass(frozen=True, slots=True)
class Test:
    """What a row must have to be found."""

    keys: Sequence[int]
    """Grams that the text has."""
    accept: Accept
    """Compares the folded text of a row, UTF-8."""
    groups: Sequence[Sequence[int]] = ()
    """The grams by word, where one of each word must be asked for."""
    whole: bytes | None = None
    """The text without blanks, where only rows equal to it can pass."""
    start: bytes | None = None
    """The start of the text without blanks, where only rows that start so can pass."""


@dataclass(frozen=True)
class Needle:
    """One reading of the query."""

    words: tuple[str, ...]
    """Folded words, at least one."""
    ideographic: bool
    """Compared sign by sign."""
    cost: float = 0.0
    """Added to the cost of every match."""

    @cached_property
    def compact(self) -> str:
        """The words without blanks."""
        return "".join(self.words)

    @cached_property
    def _pieces(self) -> tuple[bytes, ...]:
        return tuple(word.encode() for word in self.words)

    def exact(self) -> Test:
        """The whole text, blanks left out."""
        wanted = self.compact.encode()
        keys = [*head_grams(self.compact, ideographic=self.ideographic), end_gram(self.compact)]
        return Test(
            keys, lambda text: 0.0 if text.replace(b" ", b"") == wanted else None, whole=wanted
        )

    def prefix(self) -> Test:
        """The start of the text."""
        spaced = b" ".join(self._pieces)
        wanted = self.compact.encode()

        def accept(text: bytes) -> float | None:
            if text.startswith(spaced):
                return 0.0
            return ACROSS_WORDS if text.replace(b" ", b"").startswith(wanted) else None

        keys = head_grams(self.compact, ideographic=self.ideographic)
        return Test(keys, accept, start=wanted)

    def any_order(self) -> Test | None:
        """Every word starts a word of its own; in ideographic text it stands anywhere."""
        if self.ideographic:
            return self._all_inside() if len(self.words) > 1 else None
        groups = [word_grams(word) for word in self.words]
        starts = [b" " + piece for piece in self._pieces]
        shared = any(
            one != other and other.startswith(one) for one in self.words for other in self.words
        ) or len(set(self.words)) < len(self.words)

        def accept(text: bytes) -> float | None:
            padded = b" " + text
            if not all(start in padded for start in starts):
                return None
            return 0.0 if not shared or _one_word_each(self._pieces, text) else None

        return Test([key for group in groups for key in group], accept, groups)

    def inside(self) -> Test | None:
        """Every word stands somewhere in the text; one or two letters stand nearly everywhere."""
        if not self.ideographic and min(map(len, self.words)) < _SHORTEST_PIECE:
            return None
        return self._all_inside()

    def _all_inside(self) -> Test:
        grams_of = sign_grams if self.ideographic else inside_grams
        groups = [grams_of(word) for word in self.words]
        pieces = self._pieces

        def accept(text: bytes) -> float | None:
            solid = text.replace(b" ", b"")
            return 0.0 if all(piece in solid for piece in pieces) else None

        return Test([key for group in groups for key in group], accept, groups)

    def initials(self) -> Test | None:
        """The query has the first letters of all words: ``lh`` for ``long hair``."""
        letters = self.compact
        if self.ideographic or len(self.words) > 1 or not 2 <= len(letters) <= _MOST_INITIALS:
            return None
        wanted = letters.encode()
        keys = [gram(Place.INITIALS, letters[:3])]
        return Test(keys, lambda text: _initials_cost(text, wanted))

    def glued(self) -> Iterator[Test]:
        """The starts of two words without a blank: ``detco`` for ``detached collar``."""
        letters = self.compact
        if self.ideographic or len(self.words) > 1 or len(letters) > _LONGEST_GLUED:
            return
        for cut in range(2, len(letters) - 1):
            first, second = letters[:cut], letters[cut:]
            keys = [*head_grams(first, ideographic=False), *word_grams(second)]
            start, later = first.encode(), b" " + second.encode()
            yield Test(
                keys,
                lambda text, start=start, later=later: (
                    0.0 if text.startswith(start) and later in text else None
                ),
            )

    def usual_keys(self) -> list[int]:
        """Return the grams that the first tiers ask for, to be read at once."""
        grams_of = sign_grams if self.ideographic else inside_grams
        keys = [key for word in self.words for key in grams_of(word)]
        if not self.ideographic:
            keys += [word_grams(word)[0] for word in self.words]
        if len(self.words) > 1:
            keys += grams_of(self.compact)
        return [*keys, gram(Place.HEAD, self.compact[:2]), end_gram(self.compact)]


def _one_word_each(pieces: Sequence[bytes], text: bytes) -> bool:
    words = text.split(b" ")
    for piece in sorted(pieces, key=len, reverse=True):
        found = next((word for word in words if word.startswith(piece)), None)
        if found is None:
            return False
        words.remove(found)
    return True


def _initials_cost(text: bytes, wanted: bytes) -> float | None:
    initials = bytes(word[0] for word in text.split(b" "))
    if initials == wanted:
        return 0.0
    return ACROSS_WORDS if initials.startswith(wanted) else None


def wildcard_test(text: str) -> Test | None:
    """Return the test of a query with ``*`` for any characters, as ``long*hair`` or ``*_ears``.

    Args:
        text: What was typed.

    Returns:
        The test, blanks and punctuation left out; None when nothing but stars was typed.
    """
    pieces = [fold_query(piece) for piece in text.split("*")]
    compact = [piece.compact for piece in pieces]
    if not any(compact):
        return None
    keys: list[int] = []
    for piece in pieces:
        keys += (sign_grams if piece.ideographic else inside_grams)(piece.compact)
    if compact[0]:
        keys.append(gram(Place.HEAD, compact[0][:2]))
    if len(compact[-1]) > 1:
        keys.append(end_gram(compact[-1]))
    # Runs of stars are one, and `[^\n]*?` between few pieces cannot explode.
    inner = [piece for piece in compact[1:-1] if piece]
    return Test(keys, _wildcard_accept(compact[0], inner, compact[-1]))


def _wildcard_accept(first: str, inner: Sequence[str], last: str) -> Accept:
    start, end = first.encode(), last.encode()
    middle = [piece.encode() for piece in inner]

    def accept(text: bytes) -> float | None:
        solid = text.replace(b" ", b"")
        if not solid.startswith(start) or not solid.endswith(end):
            return None
        place, stop = len(start), len(solid) - len(end)
        for piece in middle:
            place = solid.find(piece, place, stop)
            if place < 0:
                return None
            place += len(piece)
        return 0.0 if place <= stop else None

    return accept


_LATIN_TAIL: Final = re.compile(r"[a-z]{1,4}$")


def needles_of(query: Folded) -> list[Needle]:
    """Return the readings of a query, the most literal first.

    Letters that may be romaji are also read as such; kana are also read as romaji, where a
    half-composed ``ねこm`` is the start of ``nekomimi``.
    """
    needles = [Needle(query.words, query.ideographic)]
    if query.ideographic:
        if has_kana(query.compact):
            romaji = kana_to_romaji(query.compact)
            if romaji.isascii() and romaji:
                needles.append(Needle((romaji,), ideographic=False))
    elif all(map(starts_romaji, query.words)):
        words = tuple(filter(None, map(fold_romaji, query.words)))
        if words and words != query.words:
            needles.append(Needle(words, ideographic=False, cost=READING))
    return needles


def without_latin_tail(query: Folded) -> Folded | None:
    """Return a query without the letters that an input method has not turned into kana yet.

    Returns:
        ``猫`` for ``猫m``; None when there is no such tail.
    """
    if not query.ideographic:
        return None
    shorter = _LATIN_TAIL.sub("", query.words[-1])
    if shorter == query.words[-1]:
        return None
    words = (*query.words[:-1], shorter) if shorter else query.words[:-1]
    return Folded(words, ideographic=True) if words else None
