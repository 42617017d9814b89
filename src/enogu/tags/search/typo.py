"""Tags spelt almost like the query: one or two typing errors in whole or in unfinished names.

Candidates share rare grams with the query or are popular and start alike; the edit distance that
counts a swap of neighbours as one error decides among them.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from enogu.tags.search.grams import Place, end_gram, gram, inside_grams, sign_grams
from enogu.tags.search.matching import Needle
from enogu.tags.search.postings import Postings
from enogu.tags.search.rows import FLAGS_SHIFT, Int32s, RowTable, distinct

POSTING_BUDGET: Final = 20_000
MOST_CANDIDATES: Final = 700
_SAME_START: Final = 256
_LONGEST: Final = 64
_SHORTEST_START: Final = 3
_ROWS_OF_A_WORD: Final = 8

_PER_ERROR: Final = 2.2
_PER_COUNT: Final = 0.25
_UNFINISHED: Final = 0.6
_OTHER_START: Final = 0.8


def most_errors(length: int) -> int:
    """Return how many typing errors a query of so many characters may hold: none to two."""
    if length < 3:
        return 0
    return 1 if length < 5 else 2


class TypoTier:
    """Finds rows spelt almost like a query.

    Args:
        rows: The rows.
        postings: Their posting lists.
    """

    def __init__(self, rows: RowTable, postings: Postings) -> None:
        self._rows = rows
        self._postings = postings
        # How many grams of the query each row shares; zero between two searches.
        self._shared = np.zeros(rows.size, dtype=np.uint8)

    def near(
        self, needle: Needle, shown: npt.NDArray[np.bool_], most: int
    ) -> list[tuple[float, int]]:
        """Return rows spelt almost like a needle.

        Args:
            needle: One reading of the query.
            shown: Whether tags may appear, by value of their flags.
            most: Rows wanted.

        Returns:
            (cost, row), the best first. The cost grows with the errors, falls with popularity.
        """
        text, rows = needle.compact, self._rows
        allowed = most_errors(len(text))
        if not allowed or len(text) > _LONGEST:
            return []
        numbers = self._candidates(needle)
        rows.read(numbers)
        numbers = numbers[shown[rows.kinds[numbers] >> FLAGS_SHIFT]]
        if numbers.size == 0:
            return []
        texts = b"\n".join(rows.texts(numbers)).replace(b" ", b"").decode().split("\n")
        costs = _costs(text, texts, allowed)
        best = np.flatnonzero(costs < math.inf)
        costs = costs[best] - _PER_COUNT * np.log1p(rows.counts_of(rows.tags[numbers[best]]))
        order = np.argsort(costs, kind="stable")[:most]
        return list(zip(costs[order].tolist(), numbers[best[order]].tolist(), strict=True))

    def word_like(self, word: str, shown: npt.NDArray[np.bool_]) -> str | None:
        """Return the word that one with typing errors was meant to be, as far as names have it.

        Args:
            word: Folded letters.
            shown: Whether rows may appear, by value of their flags.
        """
        allowed = most_errors(len(word))
        best: tuple[float, str] | None = None
        for _, row in self.near(Needle((word,), ideographic=False), shown, _ROWS_OF_A_WORD):
            for known in self._rows.texts(np.array([row], dtype=np.int32))[0].decode().split():
                errors = OSA.distance(word, known, score_cutoff=allowed)
                starts = (known[: len(word) + more] for more in (-1, 0, 1))
                begun = min(OSA.distance(word, start, score_cutoff=allowed) for start in starts)
                cost = min(float(errors), begun + _UNFINISHED / _PER_ERROR)
                if cost <= allowed and (best is None or cost < best[0]):
                    best = cost, known
        return best[1] if best else None

    def _candidates(self, needle: Needle) -> Int32s:
        lists = self._postings.lists([*_keys(needle), gram(Place.HEAD, needle.compact[:1])])
        alike = lists.pop(gram(Place.HEAD, needle.compact[:1]), None)
        pieces: list[Int32s] = []
        budget = POSTING_BUDGET
        for posting in sorted(lists.values(), key=lambda posting: posting.size):
            pieces.append(posting.first(budget))
            budget -= pieces[-1].size
            if budget <= 0:
                break
        found = [self._most_shared(pieces)] if pieces else []
        if alike is not None:
            found.append(alike.first(_SAME_START))
        return distinct(np.concatenate(found)) if found else np.empty(0, dtype=np.int32)

    def _most_shared(self, pieces: Sequence[Int32s]) -> Int32s:
        """Return the rows that stand in most of the lists, the popular ones among equals."""
        shared = self._shared
        for piece in pieces:
            shared[piece] += 1
        joined = np.concatenate(pieces)
        times = shared[joined]
        shared[joined] = 0
        # A row that stands in n lists is n times in `joined`.
        sizes = np.bincount(times) // np.maximum(np.arange(int(times.max()) + 1), 1)
        left = MOST_CANDIDATES
        chosen: list[Int32s] = []
        for number in range(len(sizes) - 1, 0, -1):
            equals = joined[times == number]
            if sizes[number] > left:
                equals = np.partition(equals, left * number - 1)[: left * number]
            chosen.append(equals)
            left -= int(sizes[number])
            if left <= 0:
                break
        return np.concatenate(chosen)


def _keys(needle: Needle) -> list[int]:
    text = needle.compact
    if needle.ideographic:
        return [*(gram(Place.SIGN, sign) for sign in text), *sign_grams(text)]
    keys = [*inside_grams(text), gram(Place.HEAD, text[:2]), end_gram(text)]
    keys += [gram(Place.INSIDE, " " + word[:2]) for word in needle.words if len(word) > 1]
    return [*keys, gram(Place.INSIDE, text[-2:] + " ")]


def _costs(text: str, texts: Sequence[str], allowed: int) -> npt.NDArray[np.float64]:
    """Return what the errors cost in each text, infinite for more than allowed."""
    costs = np.full(len(texts), math.inf)
    length = len(text)
    lengths = np.fromiter(map(len, texts), dtype=np.int32, count=len(texts))
    whole = np.flatnonzero(np.abs(lengths - length) <= allowed).tolist()
    _lower(costs, whole, text, [texts[i] for i in whole], allowed, 0.0)
    if length > _SHORTEST_START:
        starts = [row[:length] for row in texts]
        # One character more or less changes the distance by at most one.
        near = np.flatnonzero(_distances(text, starts, allowed + 1) <= allowed + 1).tolist()
        for cut in (length - 1, length, length + 1):
            _lower(costs, near, text, [texts[i][:cut] for i in near], allowed, _UNFINISHED)
    for i in np.flatnonzero(costs < math.inf).tolist():
        if texts[i][0] != text[0]:
            costs[i] += _OTHER_START
    return costs


def _lower(
    costs: npt.NDArray[np.float64],
    places: Sequence[int],
    text: str,
    texts: Sequence[str],
    allowed: int,
    extra: float,
) -> None:
    """Set the costs at some places to those of the errors in `texts` where these are lower."""
    if places:
        errors = _distances(text, texts, allowed)
        found = np.where(errors <= allowed, _PER_ERROR * errors + extra, math.inf)
        costs[places] = np.minimum(costs[places], found)


def _distances(text: str, texts: Sequence[str], most: int) -> npt.NDArray[np.uint8]:
    return process.cdist([text], texts, scorer=OSA.distance, score_cutoff=most, dtype=np.uint8)[0]
