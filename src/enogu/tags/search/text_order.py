"""All rows in the order of their texts without blanks: what finds a name by how it begins.

The order lies in the vocabulary file in pieces of 256 rows, with the first text of each piece in a
list of its own. A search halves the way through that list, reads one piece, and compares inside
it.
"""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

import numpy as np

from enogu.tags.search.rows import Int32s, RowTable
from enogu.tags.search.spill import SpillFile

ORDER_TABLE: Final = """
DROP TABLE IF EXISTS search_order;
CREATE TABLE search_order (
    id INTEGER PRIMARY KEY,     -- piece of 256 rows
    first_text BLOB NOT NULL,   -- without blanks, UTF-8
    rows BLOB NOT NULL          -- four bytes each
);
"""

_PIECE: Final = 256
_CHUNKS_OF_A_RUN: Final = 192
_BEYOND: Final = b"\xff"
"""No text has this byte."""

SortedTexts = tuple[list[bytes], list[int]]


class TextSorter:
    """Sorts rows by their texts in runs that are written to a file and merged afterwards.

    Args:
        file: Takes the runs.
        run_rows: Rows of a run, at least 1; one run is in memory at a time.
    """

    def __init__(self, file: SpillFile, run_rows: int) -> None:
        self._file = file
        self._run_rows = run_rows
        self._texts: list[bytes] = []
        self._first = 0
        self._runs: list[list[tuple[int, int, int]]] = []

    def add(self, texts: Sequence[bytes]) -> None:
        """Add the texts of the rows that follow, without blanks."""
        self._texts += texts
        if len(self._texts) >= self._run_rows:
            self._write_run()

    def write(self, connection: sqlite3.Connection) -> None:
        """Write the order to a new table."""
        for statement in ORDER_TABLE.split(";\n"):
            connection.execute(statement)
        chunks = self._merged() if self._runs else iter([self._sorted_run()])
        connection.executemany("INSERT INTO search_order VALUES (?, ?, ?)", _pieces(chunks))

    def _sorted_run(self) -> SortedTexts:
        texts, first = self._texts, self._first
        order = sorted(range(len(texts)), key=texts.__getitem__)
        self._texts, self._first = [], first + len(texts)
        return [texts[place] for place in order], [first + place for place in order]

    def _write_run(self) -> None:
        texts, rows = self._sorted_run()
        run: list[tuple[int, int, int]] = []
        # While they are merged, one chunk of each run is in memory.
        size = -(-self._run_rows // _CHUNKS_OF_A_RUN)
        for start in range(0, len(texts), size):
            numbers = np.array(rows[start : start + size], dtype=np.int32)
            data = numbers.tobytes() + b"\n".join(texts[start : start + size])
            run.append((self._file.append(data), len(data), numbers.size))
        self._runs.append(run)

    def _merged(self) -> Iterator[SortedTexts]:
        if self._texts:
            self._write_run()
        waiting = [iter(run) for run in self._runs]
        heads: list[list[tuple[bytes, int]]] = [[] for _ in waiting]
        while True:
            for place, run in enumerate(waiting):
                if not heads[place] and (chunk := next(run, None)):
                    heads[place] = self._read(chunk)
            lasts = [head[-1] for head in heads if head]
            if not lasts:
                return
            # Up to here no chunk that waits can have anything.
            bound = min(lasts)
            taken: list[tuple[bytes, int]] = []
            for place, head in enumerate(heads):
                end = bisect_right(head, bound)
                taken += head[:end]
                heads[place] = head[end:]
            taken.sort()
            yield [text for text, _ in taken], [row for _, row in taken]

    def _read(self, chunk: tuple[int, int, int]) -> list[tuple[bytes, int]]:
        place, size, number = chunk
        data = self._file.read(place, size)
        rows = np.frombuffer(data[: 4 * number], "i4").tolist()
        return list(zip(data[4 * number :].split(b"\n"), rows, strict=True))


def _pieces(chunks: Iterator[SortedTexts]) -> Iterator[tuple[int, bytes, bytes]]:
    texts: list[bytes] = []
    rows: list[int] = []
    number = 0
    for more_texts, more_rows in chunks:
        texts += more_texts
        rows += more_rows
        whole = len(rows) // _PIECE * _PIECE
        for start in range(0, whole, _PIECE):
            yield number, texts[start], _packed(rows[start : start + _PIECE])
            number += 1
        texts, rows = texts[whole:], rows[whole:]
    if rows:
        yield number, texts[0], _packed(rows)


def _packed(rows: Sequence[int]) -> bytes:
    return np.array(rows, dtype="<i4").tobytes()


class TextOrder:
    """Finds rows by their whole text or its start.

    Args:
        connection: A vocabulary file with a search index.
        rows: Its rows.
    """

    def __init__(self, connection: sqlite3.Connection, rows: RowTable) -> None:
        self._connection = connection
        self._rows = rows
        self._pieces: dict[int, list[int]] = {}

    @cached_property
    def _first_texts(self) -> list[bytes]:
        return [
            text
            for (text,) in self._connection.execute(
                "SELECT first_text FROM search_order ORDER BY id"
            )
        ]

    def starting(self, start: bytes, most: int) -> Int32s | None:
        """Return the rows whose text without blanks starts so, ascending.

        Args:
            start: UTF-8.
            most: Rows that are worth reading.

        Returns:
            The rows; None when there are more than `most`.
        """
        first = self._place(start)
        beyond = first + most
        if beyond < self._rows.size:
            row = self._piece(beyond // _PIECE)[beyond % _PIECE]
            if self._rows.solid(row).startswith(start):
                return None
        return self._between(first, self._place(start + _BEYOND))

    def equal(self, text: bytes) -> Int32s:
        """Return the rows whose text without blanks is this, ascending."""
        return self._between(self._place(text), self._place(text + b"\0"))

    def _place(self, text: bytes) -> int:
        """Return where the first text stands that is not below this one."""
        number = bisect_left(self._first_texts, text) - 1
        if number < 0:
            return 0
        inside = bisect_left(self._piece(number), text, key=self._rows.solid)
        return number * _PIECE + inside

    def _between(self, first: int, last: int) -> Int32s:
        rows: list[int] = []
        for number in range(first // _PIECE, -(-last // _PIECE)):
            start = number * _PIECE
            rows += self._piece(number)[max(0, first - start) : last - start]
        return np.array(sorted(rows), dtype=np.int32)

    def _piece(self, number: int) -> list[int]:
        piece = self._pieces.get(number)
        if piece is None:
            (data,) = self._connection.execute(
                "SELECT rows FROM search_order WHERE id = ?", (number,)
            ).fetchone()
            self._pieces[number] = piece = np.frombuffer(data, "<i4").tolist()
        return piece
