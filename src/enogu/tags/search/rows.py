"""The rows of the index: one for each spelling of each tag, most popular tags first.

They lie in the vocabulary file as a few arrays and are read once, when the first search needs them.
"""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from enogu.tags.search.postings import Rows as RowNumbers

ARRAY_TABLE: Final = """
DROP TABLE IF EXISTS search_arrays;
CREATE TABLE search_arrays (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
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


def pack_ascending(numbers: npt.NDArray[np.int64]) -> bytes:
    """Return ascending numbers as bytes: the width of the steps, then the steps."""
    steps = np.diff(numbers, prepend=0)
    largest = int(steps.max(initial=0))
    for step_type in _STEP_TYPES:
        if largest <= np.iinfo(step_type).max:
            return bytes([np.dtype(step_type).itemsize]) + steps.astype(step_type).tobytes()
    raise OverflowError(f"steps of at most 32 bits can be stored, got {largest}")


def unpack_ascending(data: bytes) -> RowNumbers:
    """Return what :func:`pack_ascending` stored."""
    width = {np.dtype(step_type).itemsize: step_type for step_type in _STEP_TYPES}[data[0]]
    return np.cumsum(np.frombuffer(data, width, offset=1), dtype=np.int32)


class RowTable:
    """Read side of the rows.

    Args:
        connection: A vocabulary file with a search index.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _array(self, name: str) -> bytes:
        query = "SELECT data FROM search_arrays WHERE name = ?"
        (data,) = self._connection.execute(query, (name,)).fetchone()
        return data

    @cached_property
    def _texts(self) -> bytes:
        return self._array("texts")

    @cached_property
    def _bounds(self) -> RowNumbers:
        """Where each text begins; the last number is where the last text ends."""
        return np.concatenate((np.zeros(1, np.int32), unpack_ascending(self._array("ends"))))

    @cached_property
    def tags(self) -> RowNumbers:
        """Tag id of each row, ascending."""
        return unpack_ascending(self._array("tags"))

    @cached_property
    def forms(self) -> RowNumbers:
        """Id in `forms` of each row, ascending."""
        return unpack_ascending(self._array("forms"))

    @cached_property
    def kinds(self) -> npt.NDArray[np.uint8]:
        """Kind of each row."""
        return np.frombuffer(self._array("kinds"), np.uint8)

    @cached_property
    def _order(self) -> "memoryview[int]":
        """All rows in the order of their texts without blanks."""
        # Single items of a view are read faster than those of an array.
        return memoryview(self._array("order")).cast("i")

    @cached_property
    def _bounds_view(self) -> "memoryview[int]":
        return memoryview(self._bounds.data).cast("B").cast("i")

    @cached_property
    def counts(self) -> npt.NDArray[np.int32]:
        """Posts of each tag, by tag id."""
        return np.frombuffer(self._array("counts"), np.int32)

    @cached_property
    def flags(self) -> npt.NDArray[np.uint8]:
        """Rating and deprecation of each tag, by tag id."""
        return np.frombuffer(self._array("flags"), np.uint8)

    def texts(self, numbers: RowNumbers) -> list[bytes]:
        """Return the folded texts of rows, UTF-8."""
        texts, bounds = self._texts, self._bounds
        pairs = zip(bounds[numbers].tolist(), bounds[numbers + 1].tolist(), strict=True)
        return [texts[start:end] for start, end in pairs]

    def starting(self, start: bytes, most: int) -> RowNumbers | None:
        """Return the rows whose text without blanks starts so, ascending.

        Args:
            start: UTF-8.
            most: Rows that are worth reading.

        Returns:
            The rows; None when there are more than `most`.
        """
        order, solid = self._order, self._solid
        first = bisect_left(order, start, key=solid)
        # No text has the byte 255.
        if first + most < len(order) and solid(order[first + most]).startswith(start):
            return None
        last = bisect_left(order, start + b"\xff", lo=first, key=solid)
        return np.sort(np.frombuffer(order[first:last], np.int32))

    def equal(self, text: bytes) -> RowNumbers:
        """Return the rows whose text without blanks is this, ascending."""
        order, solid = self._order, self._solid
        first = bisect_left(order, text, key=solid)
        last = bisect_right(order, text, lo=first, key=solid)
        return np.sort(np.frombuffer(order[first:last], np.int32))

    def _solid(self, number: int) -> bytes:
        bounds = self._bounds_view
        return self._texts[bounds[number] : bounds[number + 1]].replace(b" ", b"")

    def first_of(self, tag_id: int) -> int:
        """Return the first row of a tag."""
        return int(self.tags.searchsorted(tag_id))

    def of_tags(self, tag_ids: Iterable[int]) -> RowNumbers:
        """Return all rows of some tags, ascending."""
        ids = np.unique(np.fromiter(tag_ids, dtype=np.int32))
        starts = self.tags.searchsorted(ids, side="left")
        sizes = self.tags.searchsorted(ids, side="right") - starts
        steps = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return (np.repeat(starts, sizes) + steps).astype(np.int32)
