"""The search index inside a vocabulary file.

It is built once after each import and is read-only afterwards. Beside the rows (one for each
spelling, see :mod:`enogu.tags.search.rows`) it holds posting lists of their grams and of the words
of the explanations.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from enogu.tags.search.folding import MAX_QUERY_LENGTH, Folded, fold
from enogu.tags.search.gram_pairs import gram_pairs
from enogu.tags.search.kana import fold_romaji, is_kana, is_romaji, kana_to_romaji
from enogu.tags.search.meaning import write_meanings
from enogu.tags.search.postings import write_postings
from enogu.tags.search.rows import ARRAY_TABLE, DEPRECATED, KINDS, Kind, pack_ascending

INDEX_VERSION: Final = "2"
"""Changes when the form of the index changes; an index of another version is not read."""

ROW_TABLE: Final = "search_rows"

_NEWLINE: Final = ord("\n")
_SHORTEST_ROMAJI: Final = 3


def build_index(connection: sqlite3.Connection) -> None:
    """Write the search index of a vocabulary whose other tables are complete.

    An index that exists is replaced. The caller commits.

    Args:
        connection: A vocabulary file; forms have ascending tag ids and ids 0 to 2**31 − 1.
    """
    rows = _collect(connection)
    _write_arrays(connection, rows)
    write_postings(connection, ROW_TABLE, gram_pairs(rows.texts, rows.kinds))
    write_meanings(connection)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('search_index', ?)", (INDEX_VERSION,))


@dataclass(slots=True)
class _Rows:
    """All spellings, by tag."""

    texts: list[str] = field(default_factory=list[str])
    tags: list[int] = field(default_factory=list[int])
    forms: list[int] = field(default_factory=list[int])
    kinds: bytearray = field(default_factory=bytearray)


def _collect(connection: sqlite3.Connection) -> _Rows:
    rows = _Rows()
    last_tag = -1
    seen: set[str] = set()
    for form_id, tag_id, text, kind in connection.execute(
        "SELECT id, tag_id, text, kind FROM forms ORDER BY id"
    ):
        if tag_id != last_tag:
            last_tag = tag_id
            seen.clear()
        for spelling, row_kind in _spellings(fold(text), KINDS[kind]):
            if spelling not in seen:
                seen.add(spelling)
                rows.texts.append(spelling[:MAX_QUERY_LENGTH])
                rows.tags.append(tag_id)
                rows.forms.append(form_id)
                rows.kinds.append(row_kind)
    return rows


def _spellings(folded: Folded, kind: int) -> Iterator[tuple[str, int]]:
    """Yield the texts a form is found by, and their kind."""
    if not folded.words:
        return
    text = folded.text
    if not folded.ideographic:
        yield text, kind
        if len(text) >= _SHORTEST_ROMAJI and is_romaji(text):
            yield fold_romaji(text), kind | Kind.ROMAJI
    elif not is_kana(text):
        yield text, kind | Kind.IDEOGRAPHIC
    elif reading := kana_to_romaji(text):
        yield reading, kind | Kind.ROMAJI


def _write_arrays(connection: sqlite3.Connection, rows: _Rows) -> None:
    for statement in ARRAY_TABLE.split(";\n"):
        connection.execute(statement)
    tags = np.array(
        connection.execute("SELECT id, count, rating, deprecated FROM tags").fetchall(),
        dtype=np.int64,
    ).reshape(-1, 4)
    number = int(tags[:, 0].max(initial=0)) + 1
    counts = np.zeros(number, dtype=np.int32)
    counts[tags[:, 0]] = np.minimum(tags[:, 1], np.iinfo(np.int32).max)
    flags = np.zeros(number, dtype=np.uint8)
    flags[tags[:, 0]] = tags[:, 2] + DEPRECATED * (tags[:, 3] > 0)
    joined = np.frombuffer("\n".join([*rows.texts, ""]).encode(), dtype=np.uint8)
    ends = np.flatnonzero(joined == _NEWLINE)
    arrays = {
        "texts": joined[joined != _NEWLINE].tobytes(),
        "ends": pack_ascending(ends - np.arange(len(ends))),
        "tags": pack_ascending(np.array(rows.tags, dtype=np.int64)),
        "forms": pack_ascending(np.array(rows.forms, dtype=np.int64)),
        "kinds": bytes(rows.kinds),
        "order": _order(rows.texts).tobytes(),
        "counts": counts.tobytes(),
        "flags": flags.tobytes(),
    }
    connection.executemany("INSERT INTO search_arrays VALUES (?, ?)", arrays.items())


def _order(texts: Sequence[str]) -> npt.NDArray[np.int32]:
    """Return the rows in the order of their texts without blanks, as UTF-8 sorts them."""
    solid = [text.replace(" ", "") for text in texts]
    return np.array(sorted(range(len(solid)), key=solid.__getitem__), dtype=np.int32)
