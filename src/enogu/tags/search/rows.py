"""The rows of the index: one for each spelling of each tag, most popular tags first.

They lie in the vocabulary file in pieces of a thousand. A piece is read when a search first needs
one of its rows, so that a search reads what it compares and not the whole vocabulary.
"""

import mmap
import sqlite3
from collections.abc import Iterable
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

Number = TypeVar("Number", np.int32, np.uint16)
Int32s = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

PIECE_BITS: Final = 10
PIECE: Final = 1 << PIECE_BITS
"""Rows, or tags, of a piece; the last one may have fewer."""

ROW_TABLES: Final = """
DROP TABLE IF EXISTS search_pieces;
CREATE TABLE search_pieces (
    id INTEGER PRIMARY KEY,     -- first row / 1024
    start INTEGER NOT NULL,     -- bytes of all texts before
    tag_id INTEGER NOT NULL,    -- of the first row
    form_id INTEGER NOT NULL,   -- of the first row
    tags BLOB NOT NULL,         -- steps from one row to the next, see pack_ascending
    forms BLOB NOT NULL,
    kinds BLOB NOT NULL,        -- Kind, and the rating and deprecation of the tag above it
    sizes BLOB NOT NULL,        -- bytes of each text, two bytes each
    texts BLOB NOT NULL         -- UTF-8
);
DROP TABLE IF EXISTS search_tags;
CREATE TABLE search_tags (
    id INTEGER PRIMARY KEY,     -- first tag id / 1024
    first_row INTEGER NOT NULL, -- of the first tag
    rows BLOB NOT NULL,         -- steps from one tag to the next
    counts BLOB NOT NULL,       -- four bytes each
    flags BLOB NOT NULL         -- rating and deprecation
);
DROP TABLE IF EXISTS search_sizes;
CREATE TABLE search_sizes (
    rows INTEGER NOT NULL,
    tags INTEGER NOT NULL,      -- largest id + 2: the last place says where the rows end
    bytes INTEGER NOT NULL      -- of all texts
);
"""

_STEP_TYPES: Final = (np.uint8, np.uint16, np.uint32)


class Kind:
    """What a row is."""

    TAG: Final = 0
    ALIAS: Final = 1
    OTHER: Final = 2
    READING: Final = 3
    ROMAJI: Final = 4
    """Added to the kind when the row is the folded romaji of the form."""
    IDEOGRAPHIC: Final = 8
    """Added to the kind when the row is compared sign by sign."""


KINDS: Final = {"tag": Kind.TAG, "alias": Kind.ALIAS, "other": Kind.OTHER, "reading": Kind.READING}

RATING_MASK: Final = 3
DEPRECATED: Final = 4
KIND_MASK: Final = 15
FLAGS_SHIFT: Final = 4
"""The flags of its tag stand above the four bits of the kind of a row."""


def distinct(numbers: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return numbers of at least 0 ascending, each once.

    `np.unique` does the same, but loads a module for it that costs more than a search.
    """
    numbers = np.sort(numbers)
    return numbers[np.diff(numbers, prepend=-1) != 0]


def pack_ascending(numbers: npt.NDArray[np.integer]) -> bytes:
    """Return how ascending numbers go on after the first: the width of the steps, the steps."""
    steps = np.diff(numbers)
    largest = int(steps.max(initial=0))
    for step_type in _STEP_TYPES:
        if largest <= np.iinfo(step_type).max:
            return bytes([np.dtype(step_type).itemsize]) + steps.astype(step_type).tobytes()
    raise OverflowError(f"steps of at most 32 bits can be stored, got {largest}")


def unpack_ascending(first: int, data: bytes, out: npt.NDArray[np.integer]) -> None:
    """Write what :func:`pack_ascending` stored.

    Args:
        first: The first number.
        data: The packed numbers.
        out: Takes them, as many as were packed.
    """
    steps = np.frombuffer(data, f"<u{data[0]}", offset=1)
    out[0] = first
    np.cumsum(steps, out=out[1:])
    out[1:] += first


class RowTable:
    """Read side of the rows.

    Memory grows with what is searched, up to 40 bytes a row.

    Args:
        connection: A vocabulary file with a search index.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        (rows, tags, num_bytes) = connection.execute(
            "SELECT rows, tags, bytes FROM search_sizes"
        ).fetchone()
        self.size: int = rows
        """Number of rows."""
        # Memory that nobody has written to takes no room, so all arrays have their full length.
        self.tags: Int32s = np.empty(rows, dtype=np.int32)
        """Tag id of each row, ascending; of rows that were read."""
        self.kinds: Bytes = np.empty(rows, dtype=np.uint8)
        """Kind and flags of each row; of rows that were read."""
        self._forms: Int32s = np.empty(rows, dtype=np.int32)
        self._bounds = np.empty(rows + 1, dtype=np.int64)
        # Single items of a view are read faster than those of an array.
        self._bounds_view = memoryview(self._bounds.data)
        self._texts = mmap.mmap(-1, max(1, num_bytes))
        self._absent = np.ones(-(-rows // PIECE), dtype=np.bool_)
        self._num_absent: int = self._absent.size
        self._counts: Int32s = np.zeros(tags, dtype=np.int32)
        self._flags: Bytes = np.zeros(tags, dtype=np.uint8)
        self._first_rows: Int32s = np.empty(tags, dtype=np.int32)
        self._absent_tags = np.ones(-(-tags // PIECE), dtype=np.bool_)

    def read(self, numbers: Int32s) -> None:
        """Read the pieces of some rows, where they are not yet in memory."""
        if self._num_absent:
            pieces = numbers >> PIECE_BITS
            missing = pieces[self._absent[pieces]]
            if missing.size:
                for piece in set(missing.tolist()):
                    self._read_piece(piece)

    def _read_piece(self, piece: int) -> None:
        start, tag_id, form_id, tags, forms, kinds, sizes, texts = self._connection.execute(
            "SELECT start, tag_id, form_id, tags, forms, kinds, sizes, texts FROM search_pieces "
            "WHERE id = ?",
            (piece,),
        ).fetchone()
        first, last = piece << PIECE_BITS, (piece << PIECE_BITS) + len(kinds)
        unpack_ascending(tag_id, tags, self.tags[first:last])
        unpack_ascending(form_id, forms, self._forms[first:last])
        self.kinds[first:last] = np.frombuffer(kinds, np.uint8)
        bounds = self._bounds[first : last + 1]
        bounds[0] = start
        np.cumsum(np.frombuffer(sizes, "<u2"), out=bounds[1:])
        bounds[1:] += start
        self._texts[start : start + len(texts)] = texts
        self._absent[piece] = False
        self._num_absent -= 1

    def texts(self, numbers: Int32s) -> list[bytes]:
        """Return the folded texts of rows, UTF-8."""
        self.read(numbers)
        texts, bounds = self._texts, self._bounds
        pairs = zip(bounds[numbers].tolist(), bounds[numbers + 1].tolist(), strict=True)
        return [texts[start:end] for start, end in pairs]

    def solid(self, number: int) -> bytes:
        """Return the folded text of a row without blanks, UTF-8."""
        if self._num_absent and self._absent[number >> PIECE_BITS]:
            self._read_piece(number >> PIECE_BITS)
        bounds = self._bounds_view
        return self._texts[bounds[number] : bounds[number + 1]].replace(b" ", b"")

    def tag_of(self, number: int) -> int:
        """Return the tag id of a row."""
        if self._absent[number >> PIECE_BITS]:
            self._read_piece(number >> PIECE_BITS)
        return int(self.tags[number])

    def form_of(self, number: int) -> int:
        """Return the id in `forms` of a row."""
        if self._absent[number >> PIECE_BITS]:
            self._read_piece(number >> PIECE_BITS)
        return int(self._forms[number])

    def count_of(self, tag_id: int) -> int:
        """Return how many posts a tag has."""
        if self._absent_tags[tag_id >> PIECE_BITS]:
            self._read_tags(tag_id >> PIECE_BITS)
        return int(self._counts[tag_id])

    def flags_of(self, tag_id: int) -> int:
        """Return the rating and deprecation of a tag."""
        if self._absent_tags[tag_id >> PIECE_BITS]:
            self._read_tags(tag_id >> PIECE_BITS)
        return int(self._flags[tag_id])

    def counts_of(self, tag_ids: Int32s) -> Int32s:
        """Return how many posts some tags have."""
        self._read_all_tags(tag_ids)
        return self._counts[tag_ids]

    def of_tags(self, tag_ids: Iterable[int]) -> Int32s:
        """Return all rows of some tags, ascending."""
        ids = np.array(sorted(set(tag_ids)), dtype=np.int32)
        self._read_all_tags(np.concatenate((ids, ids + 1)))
        starts = self._first_rows[ids]
        sizes = self._first_rows[ids + 1] - starts
        steps = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return (np.repeat(starts, sizes) + steps).astype(np.int32)

    def _read_all_tags(self, tag_ids: Int32s) -> None:
        pieces = tag_ids >> PIECE_BITS
        missing = pieces[self._absent_tags[pieces]]
        for piece in set(missing.tolist()):
            self._read_tags(piece)

    def _read_tags(self, piece: int) -> None:
        first_row, rows, counts, flags = self._connection.execute(
            "SELECT first_row, rows, counts, flags FROM search_tags WHERE id = ?", (piece,)
        ).fetchone()
        first, last = piece << PIECE_BITS, (piece << PIECE_BITS) + len(flags)
        unpack_ascending(first_row, rows, self._first_rows[first:last])
        self._counts[first:last] = np.frombuffer(counts, "<i4")
        self._flags[first:last] = np.frombuffer(flags, np.uint8)
        self._absent_tags[piece] = False
