"""Finding, for each picture, the few that are worth a comparison, in bounded memory.

All pairs are compared below some thousand pictures. Above, the vectors are sorted into cells
around representative vectors and each query visits the nearest cells only (an inverted file,
as in Jégou et al., "Product quantization for nearest neighbor search", section IV).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from enogu.pictures.duplicates.descriptors import ODD, WINDOWS, describe
from enogu.pictures.duplicates.result import DuplicateSettings
from enogu.pictures.duplicates.table import Floats, Integers, Table

_BRUTE_FORCE_UP_TO = 4000
_QUERY_BLOCK = 2048
_SCORE_BLOCK = 1_000_000
_VISITS = 12
_TRAINING_VECTORS = 20_000
_TRAINING_ROUNDS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Pairs of pictures with the likeliest relation: `inner` resembles a window of `whole`."""

    whole: Integers
    inner: Integers
    window: Integers
    """Place in :data:`WINDOWS`."""
    mirrored: np.ndarray[Any, np.dtype[np.bool_]]

    def __len__(self) -> int:
        return len(self.whole)


@dataclass(frozen=True, eq=False)
class _Hits:
    query: Integers
    found: Integers
    similarity: Floats
    kind: Integers
    """Window and mirror: twice the window, plus one when mirrored."""

    def pick(self, chosen: Integers) -> "_Hits":
        return _Hits(
            self.query[chosen], self.found[chosen], self.similarity[chosen], self.kind[chosen]
        )


def find_candidates(table: Table, index: Integers, settings: DuplicateSettings) -> Candidates:
    """Find pairs worth a comparison.

    Args:
        table: All pictures.
        index: Those to search among, int64 [n].
        settings: Number of neighbours and the least similarity.

    Returns:
        Each unordered pair once. Memory beyond the vectors (168 bytes a picture) does not grow
        with the number of pictures but for the result.
    """
    vectors = np.concatenate(
        [
            describe(table, index[i : i + _QUERY_BLOCK], WINDOWS[0])
            for i in range(0, len(index), _QUERY_BLOCK)
        ]
        or [np.zeros((0, len(ODD)), dtype=np.float32)]
    )
    cells = _Cells(vectors)
    parts: list[_Hits] = []
    for start in range(0, len(index), _QUERY_BLOCK):
        members = np.arange(start, min(start + _QUERY_BLOCK, len(index)))
        parts.append(_search_block(table, index, members, vectors, cells, settings))
    return _pairs(_joined(parts), index)


def _search_block(
    table: Table,
    index: Integers,
    members: Integers,
    vectors: Floats,
    cells: "_Cells",
    settings: DuplicateSettings,
) -> _Hits:
    hits: list[_Hits] = []
    for number, window in enumerate(WINDOWS):
        queries = vectors[members] if number == 0 else describe(table, index[members], window)
        for mirrored in (False, True):
            turned = np.where(ODD, -queries, queries) if mirrored else queries
            kind = 2 * number + mirrored
            hits += _visit(turned, members, vectors, cells, kind, settings)
    return _best(_joined(hits), settings.neighbours)


def _visit(
    queries: Floats,
    members: Integers,
    vectors: Floats,
    cells: "_Cells",
    kind: int,
    settings: DuplicateSettings,
) -> list[_Hits]:
    nearest = cells.nearest(queries)
    order = np.argsort(nearest, axis=None, kind="stable")
    visited, starts = np.unique(nearest.ravel()[order], return_index=True)
    hits: list[_Hits] = []
    for cell, asked in zip(visited, np.split(order, starts[1:]), strict=True):
        asked = asked // nearest.shape[1]
        inside = cells.members[cell]
        step = max(1, _SCORE_BLOCK // max(1, len(inside)))
        for start in range(0, len(asked), step):
            rows = asked[start : start + step]
            scores = queries[rows] @ vectors[inside].T
            hits += _above(scores, members[rows], inside, kind, settings)
    return hits


def _above(
    scores: Floats, members: Integers, inside: Integers, kind: int, settings: DuplicateSettings
) -> list[_Hits]:
    scores[members[:, None] == inside[None]] = -1
    most = settings.neighbours
    if scores.shape[1] > 4 * most:
        # Look-alikes would fill the memory: no more than are kept in the end.
        kept = np.argpartition(scores, -most, axis=1)[:, -most:]
        values = np.take_along_axis(scores, kept, axis=1)
        row, column = np.nonzero(values >= settings.min_similarity)
        found, similarity = inside[kept[row, column]], values[row, column]
    else:
        row, column = np.nonzero(scores >= settings.min_similarity)
        found, similarity = inside[column], scores[row, column]
    if not len(row):
        return []
    return [_Hits(members[row], found, similarity, np.full(len(row), kind))]


def _best(hits: _Hits, most: int) -> _Hits:
    """Keep the best relation of each pair and the nearest pictures of each query."""
    # Of two equal similarities the simpler relation wins: the whole, not mirrored.
    order = np.lexsort((hits.kind, -hits.similarity, hits.found, hits.query))
    hits = hits.pick(order)
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (np.diff(hits.query) != 0) | (np.diff(hits.found) != 0)
    hits = hits.pick(np.flatnonzero(new))
    hits = hits.pick(np.lexsort((hits.found, -hits.similarity, hits.query)))
    starts = np.flatnonzero(np.diff(hits.query, prepend=-1) != 0)
    lengths = np.diff(starts, append=len(hits.query))
    rank = np.arange(len(hits.query)) - np.repeat(starts, lengths)
    return hits.pick(np.flatnonzero(rank < most))


def _pairs(hits: _Hits, index: Integers) -> Candidates:
    low, high = np.minimum(hits.query, hits.found), np.maximum(hits.query, hits.found)
    order = np.lexsort((hits.query, hits.kind, -hits.similarity, high, low))
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    hits = hits.pick(order[new])
    return Candidates(
        whole=index[hits.query],
        inner=index[hits.found],
        window=hits.kind // 2,
        mirrored=hits.kind % 2 == 1,
    )


def _joined(parts: list[_Hits]) -> _Hits:
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        return _Hits(none, none, np.zeros(0, dtype=np.float32), none)
    return _Hits(
        np.concatenate([part.query for part in parts]),
        np.concatenate([part.found for part in parts]),
        np.concatenate([part.similarity for part in parts]),
        np.concatenate([part.kind for part in parts]),
    )


class _Cells:
    """Vectors sorted around representatives that are themselves means of vectors."""

    def __init__(self, vectors: Floats) -> None:
        count = len(vectors)
        cells = 1 if count <= _BRUTE_FORCE_UP_TO else round(count**0.5)
        self._visits = min(_VISITS, cells)
        if cells == 1:
            self._centres = np.zeros((1, vectors.shape[1]), dtype=np.float32)
            self.members = [np.arange(count)]
            return
        rng = np.random.default_rng(0)
        training = vectors[rng.permutation(count)[:_TRAINING_VECTORS]]
        centres = training[:cells].copy()
        for _ in range(_TRAINING_ROUNDS):
            nearest = _argmax(training, centres)
            order = np.argsort(nearest, kind="stable")
            filled, starts = np.unique(nearest[order], return_index=True)
            sums = np.add.reduceat(training[order], starts, axis=0)
            centres[filled] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
        self._centres = centres
        nearest = _argmax(vectors, centres)
        order = np.argsort(nearest, kind="stable")
        edges = np.searchsorted(nearest[order], np.arange(cells + 1))
        self.members = [order[edges[cell] : edges[cell + 1]] for cell in range(cells)]

    def nearest(self, queries: Floats) -> Integers:
        """Return the cells to visit, [n, visits]."""
        if self._visits == len(self._centres):
            return np.broadcast_to(np.arange(self._visits), (len(queries), self._visits))
        scores = queries @ self._centres.T
        return np.argpartition(scores, -self._visits, axis=1)[:, -self._visits :]


def _argmax(vectors: Floats, centres: Floats) -> Integers:
    step = max(1, _SCORE_BLOCK // len(centres))
    return np.concatenate(
        [(vectors[i : i + step] @ centres.T).argmax(axis=1) for i in range(0, len(vectors), step)]
    )
