"""Which tags stand together, and how alike two tags are by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from enogu.errors import CaptionError
from enogu.tags.dataset.captions import CaptionSet, Ids
from enogu.tags.vocabulary.model import MEASURES, Measure

MOST_TAGS_IN_PAIRS: Final = 1000
"""Captions with more distinct tags are left out of pairs: they have too many to count."""

_PAIRS_AT_ONCE: Final = 1 << 22
# Up to 4,096 tags a table of all pairs fits into 128 MiB and needs no sorting.
_LARGEST_TABLE: Final = 1 << 24


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """How many captions hold both tags of each pair that occurs at all.

    ``first < second`` everywhere; sorted by first, then second. All have shape [pairs].
    """

    first: Ids
    second: Ids
    together: NDArray[np.int64]
    counts: NDArray[np.int64]
    """Captions that hold each tag; shape [tags]."""
    num_captions: int
    left_out: int
    """Captions with more than :data:`MOST_TAGS_IN_PAIRS` distinct tags."""

    def similarities(self, measure: Measure) -> NDArray[np.float64]:
        """Return one measure for every pair, seen from the first tag; see :func:`similarities`."""
        return similarities(
            self.together, self.counts[self.first], self.counts[self.second], measure
        )

    def matrix(self, tags: Ids) -> NDArray[np.int64]:
        """Return the counts of some tags among each other.

        Args:
            tags: Distinct tags, shape [k].

        Returns:
            Symmetric, shape [k, k]; the diagonal holds the counts of the tags themselves.
        """
        place = np.full(len(self.counts), -1, dtype=np.int64)
        place[tags] = np.arange(len(tags))
        rows, columns = place[self.first], place[self.second]
        inside = (rows >= 0) & (columns >= 0)
        matrix = np.zeros((len(tags), len(tags)), dtype=np.int64)
        matrix[rows[inside], columns[inside]] = self.together[inside]
        matrix += matrix.T
        np.fill_diagonal(matrix, self.counts[tags])
        return matrix

    def with_tag(self, tag: int) -> tuple[Ids, NDArray[np.int64]]:
        """Return the tags that stand with one tag, and in how many captions."""
        as_first, as_second = self.first == tag, self.second == tag
        others = np.concatenate((self.second[as_first], self.first[as_second]))
        return others, np.concatenate((self.together[as_first], self.together[as_second]))


def similarities(
    together: NDArray[np.int64],
    count_a: NDArray[np.int64],
    count_b: NDArray[np.int64],
    measure: Measure,
) -> NDArray[np.float64]:
    """Return how alike two tags are by the captions they stand in.

    With h captions that hold both, and n_a and n_b that hold each:

    ========= ======================= ==============================================
    frequency h / n_a                 share of a's captions that have b too
    cosine    h / √(n_a · n_b)
    jaccard   h / (n_a + n_b − h)     share of the captions with either that have both
    overlap   h / min(n_a, n_b)       overlap coefficient; 1 when one always has the other
    ========= ======================= ==============================================

    The same four as Danbooru's related tags, computed from all captions instead of a sample.

    Args:
        together: h, at most the smaller count.
        count_a: n_a, at least 1.
        count_b: n_b, at least 1.
        measure: Which.

    Returns:
        0 to 1, shape as the arguments. Only frequency depends on the order of a and b.

    Raises:
        CaptionError: The measure is unknown.
    """
    h, a, b = (np.asarray(part, dtype=np.float64) for part in (together, count_a, count_b))
    if measure == "frequency":
        return h / a
    if measure == "cosine":
        return h / np.sqrt(a * b)
    if measure == "jaccard":
        return h / (a + b - h)
    if measure == "overlap":
        return h / np.minimum(a, b)
    raise CaptionError(
        f"measure must be one of {', '.join(MEASURES)}, got {measure!r}",
    )


def count_pairs(captions: CaptionSet) -> Pairs:
    """Count for all pairs of tags the captions that hold both."""
    rows, tags = captions.distinct
    num_tags = len(captions.names)
    counts = np.bincount(tags, minlength=num_tags)
    lengths = np.bincount(rows, minlength=captions.num_captions)
    starts = np.concatenate(([0], np.cumsum(lengths)))[:-1]
    countable = np.unique(lengths[(lengths > 1) & (lengths <= MOST_TAGS_IN_PAIRS)])
    blocks = (
        block
        for length in countable.tolist()
        for block in _keys_of_length(tags, starts[lengths == length], length, num_tags)
    )
    keys, together = _counted(blocks, num_tags)
    first, second = np.divmod(keys, max(num_tags, 1))
    return Pairs(
        first=first.astype(np.int32),
        second=second.astype(np.int32),
        together=together,
        counts=counts,
        num_captions=captions.num_captions,
        left_out=int(np.count_nonzero(lengths > MOST_TAGS_IN_PAIRS)),
    )


def _keys_of_length(
    tags: Ids, starts: NDArray[np.int64], length: int, num_tags: int
) -> Iterator[NDArray[np.int64]]:
    """Yield a number for each pair in the captions of one length, a bounded many at once."""
    left, right = np.triu_indices(length, 1)
    step = max(1, _PAIRS_AT_ONCE // len(left))
    for start in range(0, len(starts), step):
        block = tags[starts[start : start + step, None] + np.arange(length)].astype(np.int64)
        # Tags of a caption are sorted, so the left one of a pair is always the smaller.
        yield (block[:, left] * num_tags + block[:, right]).ravel()


def _counted(
    blocks: Iterator[NDArray[np.int64]], num_tags: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count how often each number occurs: distinct ones, ascending, and their counts."""
    if num_tags**2 <= _LARGEST_TABLE:
        table = np.zeros(num_tags**2, dtype=np.int64)
        for waiting in _gathered(blocks):
            table += np.bincount(waiting, minlength=len(table))
        keys = np.flatnonzero(table)
        return keys, table[keys]
    keys = counts = np.zeros(0, dtype=np.int64)
    for waiting in _gathered(blocks):
        more, more_counts = np.unique(waiting, return_counts=True)
        merged, place = np.unique(np.concatenate((keys, more)), return_inverse=True)
        total = np.zeros(len(merged), dtype=np.int64)
        total[place[: len(keys)]] = counts
        total[place[len(keys) :]] += more_counts
        keys, counts = merged, total
    return keys, counts


def _gathered(blocks: Iterator[NDArray[np.int64]]) -> Iterator[NDArray[np.int64]]:
    """Join small blocks, so that each pass over the table counts many pairs."""
    waiting: list[NDArray[np.int64]] = []
    size = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if size >= _PAIRS_AT_ONCE:
            yield np.concatenate(waiting)
            waiting, size = [], 0
    if waiting:
        yield np.concatenate(waiting)
