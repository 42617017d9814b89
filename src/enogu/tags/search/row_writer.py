"""Writing the rows of the index, block by block."""

import sqlite3
from collections.abc import Sequence

import numpy as np

from enogu.tags.search.rows import (
    DEPRECATED,
    FLAGS_SHIFT,
    PIECE,
    ROW_TABLES,
    Bytes,
    Int32s,
    pack_ascending,
)
from enogu.tags.search.spellings import RowBlock

_MOST_POSTS = np.iinfo(np.int32).max


class RowWriter:
    """Takes the blocks in their order; what fills no piece yet waits for the next.

    Args:
        connection: A vocabulary file; its rows of an earlier index go.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        for statement in ROW_TABLES.split(";\n"):
            connection.execute(statement)
        self._tags = _TagWriter(connection)
        self._num_rows = 0
        self._num_bytes = 0
        self._texts: list[bytes] = []
        self._row_tags: Int32s = np.empty(0, dtype=np.int32)
        self._forms: Int32s = np.empty(0, dtype=np.int32)
        self._kinds: Bytes = np.empty(0, dtype=np.uint8)

    def add(self, block: RowBlock, texts: Sequence[bytes]) -> None:
        """Add a block.

        Args:
            block: Its rows follow those of the block before.
            texts: Their texts, UTF-8.
        """
        if not texts:
            return
        tags = block.tags
        self._texts += texts
        self._row_tags = np.concatenate((self._row_tags, tags))
        self._forms = np.concatenate((self._forms, block.forms))
        kinds = block.kinds | self._tags.add(tags) << np.uint8(FLAGS_SHIFT)
        self._kinds = np.concatenate((self._kinds, kinds))
        while len(self._texts) >= PIECE:
            self._write_piece()

    def finish(self) -> None:
        """Write what waits."""
        if self._texts:
            self._write_piece()
        num_tags = self._tags.finish()
        self._connection.execute(
            "INSERT INTO search_sizes VALUES (?, ?, ?)",
            (self._num_rows, num_tags, self._num_bytes),
        )

    def _write_piece(self) -> None:
        texts, self._texts = self._texts[:PIECE], self._texts[PIECE:]
        tags, forms = self._row_tags[:PIECE], self._forms[:PIECE]
        joined = b"".join(texts)
        self._connection.execute(
            "INSERT INTO search_pieces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._num_rows // PIECE,
                self._num_bytes,
                int(tags[0]),
                int(forms[0]),
                pack_ascending(tags),
                pack_ascending(forms),
                self._kinds[:PIECE].tobytes(),
                np.fromiter(map(len, texts), dtype="<u2", count=len(texts)).tobytes(),
                joined,
            ),
        )
        self._row_tags, self._forms = self._row_tags[PIECE:], self._forms[PIECE:]
        self._kinds = self._kinds[PIECE:]
        self._num_rows += len(texts)
        self._num_bytes += len(joined)


class _TagWriter:
    """Writes counts, flags and the first row of each tag, as far as they are known."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._first_tag = 0
        self._first_row = 0
        self._num_rows: Int32s = np.empty(0, dtype=np.int32)
        self._counts: Int32s = np.empty(0, dtype=np.int32)
        self._flags: Bytes = np.empty(0, dtype=np.uint8)

    def add(self, tags: Int32s) -> Bytes:
        """Take the tag ids of some rows, ascending, and return their flags."""
        self._reach(int(tags[-1]) + 1)
        places = tags - np.int32(self._first_tag)
        self._num_rows += np.bincount(places, minlength=self._num_rows.size).astype(np.int32)
        flags = self._flags[places]
        # The last tag may have more rows in the next block.
        while self._num_rows.size > PIECE:
            self._write_piece()
        return flags

    def finish(self) -> int:
        """Write what waits and return the number of tags, one more than the largest id, plus one.

        The last place is no tag: its first row is where the rows of the last tag end.
        """
        (largest,) = self._connection.execute("SELECT max(id) FROM tags").fetchone()
        number = (largest or 0) + 2
        while self._first_tag < number:
            self._reach(min(number, self._first_tag + PIECE))
            self._write_piece()
        return number

    def _reach(self, end: int) -> None:
        """Read the tags before `end` that were not read yet."""
        start = self._first_tag + self._num_rows.size
        if start >= end:
            return
        counts, flags = np.zeros(end - start, np.int32), np.zeros(end - start, np.uint8)
        found = np.array(
            self._connection.execute(
                "SELECT id, count, rating, deprecated FROM tags WHERE id BETWEEN ? AND ?",
                (start, end - 1),
            ).fetchall(),
            dtype=np.int64,
        ).reshape(-1, 4)
        places = found[:, 0] - start
        counts[places] = np.minimum(found[:, 1], _MOST_POSTS)
        flags[places] = found[:, 2] + DEPRECATED * (found[:, 3] > 0)
        self._num_rows = np.concatenate((self._num_rows, np.zeros(end - start, np.int32)))
        self._counts = np.concatenate((self._counts, counts))
        self._flags = np.concatenate((self._flags, flags))

    def _write_piece(self) -> None:
        num_rows = self._num_rows[:PIECE]
        ends = self._first_row + np.cumsum(num_rows, dtype=np.int64)
        starts = ends - num_rows
        self._connection.execute(
            "INSERT INTO search_tags VALUES (?, ?, ?, ?, ?)",
            (
                self._first_tag // PIECE,
                self._first_row,
                pack_ascending(starts),
                self._counts[:PIECE].astype("<i4").tobytes(),
                self._flags[:PIECE].tobytes(),
            ),
        )
        self._first_tag += num_rows.size
        self._first_row = int(ends[-1])
        self._num_rows = self._num_rows[PIECE:]
        self._counts, self._flags = self._counts[PIECE:], self._flags[PIECE:]
