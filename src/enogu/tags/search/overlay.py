"""The tags that gain in the ranking, searched apart from the rest.

A tier reads only the most popular rows. A rare tag that the person uses daily, or that belongs to
what the prompt says, must not be missed for that: all tags that gain are kept in a small index.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from enogu.tags.search.gram_pairs import gram_pairs
from enogu.tags.search.rows import KIND_MASK, Int32s, RowTable, distinct


class Overlay:
    """Rows of some tags by gram.

    Args:
        rows: All rows.
        boosts: What each of the tags gains.
    """

    def __init__(self, rows: RowTable, boosts: Mapping[int, float]) -> None:
        self.boosts = boosts
        self._numbers = rows.of_tags(boosts)
        texts = [text.decode() for text in rows.texts(self._numbers)]
        grams, places = gram_pairs(texts, rows.kinds[self._numbers] & np.uint8(KIND_MASK))
        self._pairs = np.sort(grams.astype(np.int64) << 32 | places)

    def holding(self, keys: Sequence[int]) -> Int32s:
        """Return the rows that hold the rarest of some grams, ascending."""
        wanted = np.fromiter(keys, dtype=np.int64, count=len(keys)) << 32
        starts = self._pairs.searchsorted(wanted)
        sizes = self._pairs.searchsorted(wanted + (1 << 32)) - starts
        rarest = int(sizes.argmin())
        start, size = int(starts[rarest]), int(sizes[rarest])
        places = (self._pairs[start : start + size] & 0xFFFFFFFF).astype(np.int32)
        return distinct(self._numbers[places])

    def __bool__(self) -> bool:
        return self._numbers.size > 0


def merged_boosts(*parts: Iterable[tuple[int, float]]) -> dict[int, float]:
    """Return the sum of what tags gain for different reasons."""
    boosts: dict[int, float] = {}
    for part in parts:
        for tag_id, gain in part:
            boosts[tag_id] = boosts.get(tag_id, 0.0) + gain
    return boosts
