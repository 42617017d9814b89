"""Sorting more pairs than memory should hold: by way of a temporary file.

The pairs of a block of rows are parted by the upper bits of their grams and written to the file.
Later the parts are read one after the other, each from all blocks, sorted and given out. So one
block and one part are in memory, never all pairs.
"""

import sqlite3
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from enogu.tags.search.grams import HASH_BITS, UInt32s
from enogu.tags.search.rows import Int32s, distinct

UInt16s = npt.NDArray[np.uint16]

_LOW_BITS: Final = 16
_FEW_PAIRS: Final = 1 << 27


class SpillFile:
    """A temporary file that pieces are appended to and read from."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = 0

    def append(self, data: bytes) -> int:
        """Write `data` and return where it stands."""
        place = self._size
        self._file.seek(place)
        self._file.write(data)
        self._size += len(data)
        return place

    def read(self, place: int, size: int) -> bytes:
        """Return `size` bytes from a place."""
        self._file.seek(place)
        return self._file.read(size)


@contextmanager
def spill_file(connection: sqlite3.Connection) -> Generator[SpillFile]:
    """Open a temporary file beside a database; it is gone afterwards.

    Args:
        connection: A database. One in memory lets the system choose the folder.
    """
    (path,) = connection.execute(
        "SELECT file FROM pragma_database_list WHERE name = 'main'"
    ).fetchone()
    # The usual folder for temporary files may itself lie in memory.
    with tempfile.TemporaryFile(dir=Path(path).parent if path else None) as file:
        yield SpillFile(file)


class PairSpill:
    """Collects pairs of a gram and a row, and gives them out sorted.

    Args:
        file: Takes the pairs.
        num_pairs: How many will come, roughly: many make smaller parts.
    """

    def __init__(self, file: SpillFile, num_pairs: int) -> None:
        self._file = file
        self._part_bits = 8 if num_pairs < _FEW_PAIRS else 11
        self._blocks: list[tuple[int, int, Int32s]] = []

    def add(self, grams: UInt32s, rows: Int32s) -> None:
        """Add the pairs of a block, in any order, also repeated.

        Args:
            grams: 0 to 2**24 − 1.
            rows: All at least as large as those of earlier blocks.
        """
        parts = (grams >> np.uint32(HASH_BITS - self._part_bits)).astype(np.uint16)
        order = np.argsort(parts, kind="stable")
        ends = np.cumsum(np.bincount(parts, minlength=1 << self._part_bits), dtype=np.int32)
        low = self._file.append(grams.astype(np.uint16)[order].tobytes())
        high = self._file.append(rows[order].tobytes())
        self._blocks.append((low, high, np.concatenate((np.zeros(1, np.int32), ends))))

    def parts(self) -> Iterator[tuple[UInt32s, Int32s]]:
        """Yield all pairs as (grams, rows), sorted by gram and then by row, none twice."""
        for part in range(1 << self._part_bits):
            lows: list[UInt16s] = []
            rows: list[Int32s] = []
            for low, high, ends in self._blocks:
                start, end = int(ends[part]), int(ends[part + 1])
                if start < end:
                    size = end - start
                    lows.append(np.frombuffer(self._file.read(low + 2 * start, 2 * size), "u2"))
                    rows.append(np.frombuffer(self._file.read(high + 4 * start, 4 * size), "i4"))
            if lows:
                base = np.uint32(part << (HASH_BITS - self._part_bits) >> _LOW_BITS << _LOW_BITS)
                low_grams, sorted_rows = _sorted(np.concatenate(lows), np.concatenate(rows))
                yield low_grams.astype(np.uint32) + base, sorted_rows


def _sorted(grams: UInt16s, rows: Int32s) -> tuple[UInt16s, Int32s]:
    order = np.argsort(grams, kind="stable")
    grams, rows = grams[order], rows[order]
    same = grams[1:] == grams[:-1]
    # Rows came nearly in order. They are not where a gram stands at several places of a row, or
    # two grams share a number.
    wrong = same & (rows[1:] < rows[:-1])
    for gram in distinct(grams[1:][wrong]).tolist():
        rows[grams.searchsorted(gram, "left") : grams.searchsorted(gram, "right")].sort()
    kept = np.ones(grams.size, dtype=np.bool_)
    kept[1:] = ~(same & (rows[1:] == rows[:-1]))
    return grams[kept], rows[kept]
