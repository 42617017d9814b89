"""The file of a phrase book: own entries, stars, and the log of what is searched and used.

One SQLite file, the person's own or one that a team shares. Each call opens it for a moment, so
that several programs can use it; a file that does not exist reads as an empty book and is made by
the first change.
"""

import os
import secrets
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from enogu.errors import BusyError, PhraseError
from enogu.files import make_dirs, storage_errors
from enogu.tags.vocabulary.places import user_vocabulary_path

PHRASES_NAME: Final = "phrases.db"
_VERSION: Final = 1
_APPLICATION: Final = 0x456E6F50  # "EnoP"
_WAIT_S: Final = 30.0

_SCHEMA: Final = f"""
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
CREATE TABLE phrases (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL, phrase_group TEXT NOT NULL, label TEXT NOT NULL,
    category_en TEXT NOT NULL, group_en TEXT NOT NULL, label_en TEXT NOT NULL,
    reading TEXT NOT NULL, prompt TEXT NOT NULL, negative TEXT NOT NULL, source TEXT NOT NULL,
    UNIQUE (category, phrase_group, label)
);
CREATE TABLE hidden (category TEXT PRIMARY KEY);
CREATE TABLE stars (
    kind TEXT NOT NULL, text TEXT NOT NULL, stars INTEGER NOT NULL, PRIMARY KEY (kind, text)
);
CREATE TABLE switches (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, text TEXT NOT NULL, negative TEXT NOT NULL,
    UNIQUE (kind, text, negative)
);
CREATE TABLE text_tags (
    text_id INTEGER NOT NULL REFERENCES texts (id),
    tag TEXT NOT NULL, negative INTEGER NOT NULL,
    PRIMARY KEY (text_id, tag, negative)
) WITHOUT ROWID;
CREATE TABLE uses (
    text_id INTEGER NOT NULL REFERENCES texts (id),
    day INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (text_id, day)
) WITHOUT ROWID;
CREATE TABLE pictures (digest BLOB PRIMARY KEY) WITHOUT ROWID;
"""


def user_phrases_path() -> Path:
    """Return where the person's own phrase book is, whether or not it exists."""
    return user_vocabulary_path().with_name(PHRASES_NAME)


@contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection]:
    """Open a book for reading; a missing file reads as an empty one.

    Raises:
        PhraseError: The file is no phrase book, is damaged, or is of a newer version.
        BusyError: Another program holds it for too long.
    """
    if not path.exists():
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(_SCHEMA)
            yield connection
        return
    with _errors(path), closing(_connect(path)) as connection:
        _check(connection, path)
        yield connection


@contextmanager
def changing(path: Path) -> Generator[sqlite3.Connection]:
    """Open a book for a change that is written as a whole or not at all.

    Raises:
        PhraseError: The file is no phrase book, is damaged, or is of a newer version.
        BusyError: Another program holds it for too long.
        StorageError: The place cannot be written or the disk is full.
    """
    make_dirs(path.parent)
    with _errors(path), storage_errors(path):
        if not path.exists():
            _create(path)
        with closing(_connect(path)) as connection:
            _check(connection, path)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()


def compact(path: Path) -> None:
    """Write the file anew, so that what was deleted is gone from the disk as well.

    Raises:
        BusyError: Another program holds it for too long.
    """
    with _errors(path), storage_errors(path), closing(_connect(path)) as connection:
        connection.execute("VACUUM")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _create(path: Path) -> None:
    # Made under another name and linked into place, so that two programs cannot half make it.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        with closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
            connection.executescript(_SCHEMA)
        if path == user_phrases_path():
            # What a person searches is nobody else's business; a team's file keeps its own rights.
            temporary.chmod(0o600)
        try:
            os.link(temporary, path)
        except FileExistsError:
            # Another program was quicker; its file is as good.
            return
        except OSError:
            # Some network folders know no links.
            if not path.exists():
                temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != _APPLICATION:
        raise PhraseError(
            f"{path} is a database, but no phrase book",
            hint="Give another file with --file or the setting phrases.file.",
        )
    if version > _VERSION:
        raise PhraseError(
            f"{path} was made by a newer Enogu (layout {version}, this one knows {_VERSION})",
            hint="Update Enogu: pip install --upgrade enogu",
        )


@contextmanager
def _errors(path: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise BusyError(
                f"{path}: another program has held the phrase book for {_WAIT_S:.0f} seconds",
                hint="Wait until it is done, then run the same command again.",
            ) from error
        raise PhraseError(f"{path}: the phrase book cannot be used ({error})") from error
    except sqlite3.DatabaseError as error:
        raise PhraseError(
            f"{path}: is damaged or no phrase book ({error})",
            hint="Move the file away; the next change makes a new one.",
        ) from error
