"""Tags out of KBlueLeaf's SQLite export of Danbooru.

Its table `tag` has `id, name, type, popularity`; the numbers of `type` are its own.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.claims import Claim, TagClaim
from enogu.tags.vocabulary.importing.fields import read_count, read_name
from enogu.tags.vocabulary.importing.problems import BadRowError, Problems, shown

SQLITE_MAGIC: Final = b"SQLite format 3\0"
_CODE_OF_TYPE: Final = {0: 0, 1: 1, 2: 4, 3: 3, 4: 5, 5: 0}
_WORDS: Final = {"general": 0, "artist": 1, "character": 4, "copyright": 3, "meta": 5}


def read_database_claims(path: Path, problems: Problems) -> Iterator[Claim]:
    """Yield the tags of KBlueLeaf's SQLite file; the row number stands for the line.

    Args:
        path: The file; it is opened for reading only.
        problems: Takes what is wrong.

    Raises:
        VocabularyError: Not such a file, or damaged.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            # Text that is no UTF-8 must cost its row alone.
            connection.text_factory = _text
            columns = {str(row[1]) for row in connection.execute("PRAGMA table_info(tag)")}
            if not {"name", "type", "popularity"} <= columns:
                raise VocabularyError(
                    f"{path}: is a SQLite file without the table tag(name, type, popularity)",
                    hint="Known is KBlueLeaf's export of Danbooru. Posts alone are not enough.",
                )
            rows = connection.execute("SELECT name, type, popularity FROM tag")
            for number, (name, kind, count) in enumerate(rows, start=1):
                try:
                    yield TagClaim(read_name(name), "danbooru", _code(kind), read_count(count))
                except BadRowError as error:
                    problems.add(number, str(error))
    except sqlite3.Error as error:
        raise VocabularyError(f"{path}: the SQLite file is damaged ({error})") from error


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def _code(kind: object) -> int:
    code = _WORDS.get(kind) if isinstance(kind, str) else None
    if code is None and isinstance(kind, int):
        code = _CODE_OF_TYPE.get(kind)
    if code is None:
        raise BadRowError(f"the type must be 0 to 5, got {shown(kind)}")
    return code
