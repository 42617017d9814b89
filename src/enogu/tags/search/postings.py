"""Which rows hold which gram: ascending row numbers in blocks, so that the popular come first.

Rows are numbered by popularity. A list is cut into blocks of growing size, so that a query that
is satisfied by popular tags never reads the long tail. A block is four bytes for its first row,
whose highest bit says that distances take four bytes instead of two, and then the distances.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from enogu.tags.search.grams import UInt32s

Rows = npt.NDArray[np.int32]

_BLOCK_SIZES: Final = (768, 16384, 1 << 31)
_BLOCK_BITS: Final = 2
_WIDE: Final = 1 << 31
_FARTHEST: Final = 0xFFFF
_KEPT_LISTS: Final = 128
_FILTERS: Final = 4
# Comparing so many texts costs less than reading another list.
_FEW_ROWS: Final = 96

POSTING_TABLE: Final = """
DROP TABLE IF EXISTS {table};
CREATE TABLE {table} (
    id INTEGER PRIMARY KEY,     -- gram * 4 + number of the block
    size INTEGER,               -- rows of the whole list; in the first block only
    rows BLOB NOT NULL
);
"""


def write_postings(
    connection: sqlite3.Connection, table: str, parts: Iterable[tuple[UInt32s, Rows]]
) -> None:
    """Write posting lists to a new table.

    Args:
        connection: The vocabulary file.
        table: Name of the table.
        parts: (grams, rows) of everything that is found, sorted by gram and then by row; no gram
            stands in two parts.
    """
    for statement in POSTING_TABLE.format(table=table).split(";\n"):
        connection.execute(statement)
    for grams, rows in parts:
        connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?)", _blocks(grams, rows))


def _blocks(grams: UInt32s, rows: Rows) -> Iterator[tuple[int, int | None, bytes]]:
    starts = np.flatnonzero(np.diff(grams, prepend=grams[0] + np.uint32(1)))
    ends = np.append(starts[1:], rows.size)
    distances = np.diff(rows, prepend=np.int32(0)).astype("<u4")
    distances[starts] = 0
    far = np.maximum.reduceat(distances, starts) > _FARTHEST
    # Most lists have a few rows: pieces of bytes are cut faster than pieces of arrays.
    heads, narrow = rows.astype("<u4").tobytes(), distances.astype("<u2").tobytes()
    numbers = (grams[starts].astype(np.int64) << _BLOCK_BITS).tolist()
    for start, end, number, wide in zip(
        starts.tolist(), ends.tolist(), numbers, far.tolist(), strict=True
    ):
        if not wide and end - start <= _BLOCK_SIZES[0]:
            head, tail = heads[4 * start : 4 * start + 4], narrow[2 * start + 2 : 2 * end]
            yield number, end - start, head + tail
        else:
            yield from _long_list(number, rows[start:end], distances[start:end])


def _long_list(
    number: int, rows: Rows, distances: UInt32s
) -> Iterator[tuple[int, int | None, bytes]]:
    start = 0
    for block_size in _BLOCK_SIZES:
        block = distances[start + 1 : start + block_size]
        wide = int(block.max(initial=0)) > _FARTHEST
        head = int(rows[start]) | (_WIDE if wide else 0)
        data = head.to_bytes(4, "little") + (block if wide else block.astype("<u2")).tobytes()
        yield number, rows.size if start == 0 else None, data
        start, number = start + block_size, number + 1
        if start >= rows.size:
            return


def _unpacked(block: bytes) -> Rows:
    head = int.from_bytes(block[:4], "little")
    distances = np.frombuffer(block, "<u4" if head & _WIDE else "<u2", offset=4)
    rows = np.empty(distances.size + 1, dtype=np.int32)
    rows[0] = head & ~_WIDE
    rows[1:] = distances
    return rows.cumsum(dtype=np.int32, out=rows)


class PostingList:
    """The rows of one gram, read as far as they are needed."""

    def __init__(
        self, connection: sqlite3.Connection, table: str, key: int, size: int, block: bytes
    ) -> None:
        self.size = size
        self._connection = connection
        self._query = f"SELECT rows FROM {table} WHERE id = ?"
        self._next = (key << _BLOCK_BITS) + 1
        self._first = block
        self._read = 0
        self._blocks: list[Rows] = []
        self._joined: Rows | None = None

    def blocks(self) -> Iterator[Rows]:
        """Yield the rows in ascending pieces."""
        number = 0
        while number < len(self._blocks) or self._read_on():
            yield self._blocks[number]
            number += 1

    def first(self, number: int) -> Rows:
        """Return the first `number` rows, or all when there are fewer."""
        while self._read < number and self._read_on():
            pass
        return self._rows()[:number]

    def among(self, rows: Rows) -> Rows:
        """Return those of `rows`, which are ascending, that stand in this list."""
        last = rows[-1]
        while (not self._blocks or self._blocks[-1][-1] < last) and self._read_on():
            pass
        own = self._rows()
        # A row behind the last one is compared with the last, which differs from it.
        places = own.searchsorted(rows)
        if last > own[-1]:
            np.minimum(places, own.size - 1, out=places)
        return rows[own[places] == rows]

    def _rows(self) -> Rows:
        if len(self._blocks) == 1:
            return self._blocks[0]
        if self._joined is None:
            self._joined = np.concatenate(self._blocks)
        return self._joined

    def _read_on(self) -> bool:
        if self._read == self.size:
            return False
        block = self._first
        if self._blocks:
            (block,) = self._connection.execute(self._query, (self._next,)).fetchone()
            self._next += 1
        rows = _unpacked(block)
        self._blocks.append(rows)
        self._joined = None
        self._read += rows.size
        return True


class Postings:
    """The posting lists of one table.

    Args:
        connection: A vocabulary file.
        table: Name of the table of posting lists.
    """

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._connection = connection
        self._table = table
        # The next key press asks for most of the same lists again.
        self._kept: dict[int, PostingList | None] = {}

    def load(self, keys: Iterable[int]) -> None:
        """Read the beginnings of several lists at once; what was read before is kept."""
        kept, wanted = self._kept, set(keys)
        missing = [key for key in wanted if key not in kept]
        if not missing:
            return
        if len(kept) > _KEPT_LISTS:
            kept.clear()
            missing = list(wanted)
        kept.update(dict.fromkeys(missing))
        marks = ",".join("?" * len(missing))
        for number, size, block in self._connection.execute(
            f"SELECT id, size, rows FROM {self._table} WHERE id IN ({marks})",
            [key << _BLOCK_BITS for key in missing],
        ):
            key = number >> _BLOCK_BITS
            kept[key] = PostingList(self._connection, self._table, key, size, block)

    def lists(self, keys: Sequence[int]) -> dict[int, PostingList]:
        """Return the lists of the grams that occur at all."""
        self.load(keys)
        kept = self._kept
        return {key: posting for key in keys if (posting := kept.get(key)) is not None}

    def holding(
        self,
        keys: Sequence[int],
        groups: Sequence[Sequence[int]] = (),
        *,
        exactly: bool = False,
    ) -> Iterator[Rows]:
        """Yield, in ascending pieces, rows that hold some grams.

        Args:
            keys: Grams.
            groups: Grams that belong together; the rarest of each group is asked first.
            exactly: Ask all lists. Otherwise only the rarest are asked, and what comes out must be
                compared with the query.
        """
        found = self.lists(keys)
        if not found or len(found) < len(set(keys)):
            return
        lists = sorted(found.values(), key=_size)
        if not exactly:
            if len(groups) > 1:
                best = {id(min((found[key] for key in group), key=_size)) for group in groups}
                lists.sort(key=lambda posting: id(posting) not in best)
            lists = lists[:_FILTERS]
            lists.sort(key=_size)
        rarest, *others = lists
        if rarest.size <= _FEW_ROWS and not exactly:
            others = []
        for rows in rarest.blocks():
            for other in others:
                if not rows.size:
                    break
                rows = other.among(rows)
            if rows.size:
                yield rows


def _size(posting: PostingList) -> int:
    return posting.size
