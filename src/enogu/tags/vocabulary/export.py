"""Writing a vocabulary as files that other tools read."""

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from enogu.files import atomic_path, make_dirs

ExportKind = Literal["tagcomplete", "translations", "ja"]

_ROWS: Final = """
SELECT t.name, t.site, t.code, t.count, f.kind, f.language, f.text
FROM tags t JOIN forms f ON f.tag_id = t.id
WHERE t.rating <= ? ORDER BY t.id, f.id
"""
_E621_OFFSET: Final = 7


def export_vocabulary(
    connection: sqlite3.Connection,
    path: Path,
    kind: ExportKind = "tagcomplete",
    *,
    rating_limit: int = 0,
) -> int:
    """Write the tags of a vocabulary as CSV, most common first.

    Args:
        connection: A vocabulary file.
        path: The file to write.
        kind: ``tagcomplete``: `name,category,count,"aliases"`, with e621's categories shifted by 7
            as merged files have them; ``translations``: `tag,translation`, the first Japanese
            name; ``ja``: with a header, `tag,ja,aliases`.
        rating_limit: Highest rating that is written.

    Returns:
        How many rows were written.

    Raises:
        StorageError: The place cannot be written.
    """
    make_dirs(path.absolute().parent)
    number = 0
    with (
        atomic_path(path.absolute()) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as handle,
    ):
        writer = csv.writer(handle, lineterminator="\n")
        if kind == "ja":
            writer.writerow(("tag", "ja", "aliases"))
        for row in _tags(connection, rating_limit):
            fields = _fields(row, kind)
            if fields:
                writer.writerow(fields)
                number += 1
    return number


_Tag = tuple[str, str, int, int, list[str], list[str]]


def _tags(connection: sqlite3.Connection, rating_limit: int) -> Iterator[_Tag]:
    """Yield (name, site, code, count, aliases, Japanese names), one tag at a time."""
    current: _Tag | None = None
    rows = connection.execute(_ROWS, (rating_limit,))
    for name, site, code, count, kind, language, text in rows:
        if current is None or current[0] != name:
            if current is not None:
                yield current
            current = (name, site, code, count, [], [])
        if kind == "alias":
            current[4].append(text)
        elif kind == "other" and language == "ja":
            current[5].append(text)
    if current is not None:
        yield current


def _fields(row: _Tag, kind: ExportKind) -> tuple[object, ...]:
    name, site, code, count, aliases, japanese = row
    if kind == "tagcomplete":
        return name, code + (_E621_OFFSET if site == "e621" else 0), count, ",".join(aliases)
    if not japanese:
        return ()
    if kind == "translations":
        return name, japanese[0]
    return name, japanese[0], ",".join(japanese[1:])
