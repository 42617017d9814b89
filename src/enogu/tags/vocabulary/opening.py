"""Finding the vocabulary file to read, and building it where it is missing or out of date."""

import contextlib
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from enogu.errors import BusyError, StorageError, VocabularyError
from enogu.files import atomic_path, make_dirs
from enogu.tags.vocabulary.build import build_vocabulary
from enogu.tags.vocabulary.fingerprint import fingerprint_entries, is_current, quick_fingerprint
from enogu.tags.vocabulary.places import (
    VocabularyPlace,
    embedded_vocabulary_path,
    user_vocabulary_path,
)
from enogu.tags.vocabulary.schema import SCHEMA_VERSION
from enogu.tags.vocabulary.sources import open_sources, refresh_embedded

_KEPT_S: Final = 30 * 24 * 3600
_WAIT_S: Final = 10.0


def current_file(path: Path | None = None) -> Path:
    """Return the vocabulary file that reading should use, after building it where needed.

    Args:
        path: The file the caller chose; None for the person's own or the embedded words.

    Raises:
        VocabularyError: `path` does not exist, or is not a vocabulary.
        StorageError: The place for the embedded words cannot be written.
    """
    if path is not None and not path.is_file() and not VocabularyPlace(path).sources.is_file():
        raise VocabularyError(
            f"{path}: there is no such vocabulary file",
            hint="enogu tags import FILE   makes one",
        )
    return readable_file(user_vocabulary_path() if path is None else path)


def readable_file(place: Path) -> Path:
    """Return the file to read for a place where a vocabulary may not have been made yet.

    Args:
        place: Where the vocabulary is or would be.

    Returns:
        `place`, brought up to date where needed; else the file of the embedded words.

    Raises:
        VocabularyError: The file is not a vocabulary.
        StorageError: The place for the embedded words cannot be written.
    """
    if place.is_file():
        _bring_up_to_date(place)
        return place
    if VocabularyPlace(place).sources.is_file():
        # The file is derived; what was imported is all there.
        _rebuild(place)
        return place
    return _embedded_file()


def _bring_up_to_date(path: Path) -> None:
    with closing(_connect(path)) as connection:
        try:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        except sqlite3.Error as error:
            raise _no_vocabulary(path, error) from error
    if is_current(meta) or int(meta.get("schema", "0")) > SCHEMA_VERSION:
        return
    try:
        _rebuild(path)
    except (BusyError, StorageError):
        # The old file still answers; whoever can write there will renew it.
        if meta.get("schema") != str(SCHEMA_VERSION):
            raise


def _rebuild(path: Path) -> None:
    from enogu.tags.vocabulary.store import VocabularyStore

    VocabularyStore(path, wait_s=_WAIT_S).rebuild()


def _embedded_file() -> Path:
    place = embedded_vocabulary_path(quick_fingerprint())
    if not place.is_file():
        make_dirs(place.parent)
        with atomic_path(place) as temporary, open_sources(None) as sources:
            refresh_embedded(sources)
            build_vocabulary(sources, temporary, fingerprint_entries())
        # Another version may be at work beside this one, so only old files go.
        for old in place.parent.glob("embedded-*.db"):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > _KEPT_S:
                    old.unlink()
    return place


def open_file(path: Path) -> sqlite3.Connection:
    """Open a vocabulary file for reading.

    Raises:
        VocabularyError: Not a vocabulary, damaged, or made by a newer version.
    """
    connection = _connect(path)
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    except sqlite3.Error as error:
        connection.close()
        raise _no_vocabulary(path, error) from error
    if row is None or row[0] != str(SCHEMA_VERSION):
        connection.close()
        raise VocabularyError(
            f"{path}: is a vocabulary of version {row[0] if row else 'unknown'}; "
            f"this program reads version {SCHEMA_VERSION}",
            hint="Use the version of Enogu that made it, or import your tag files again.",
        )
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
        )
    except sqlite3.Error as error:
        raise _no_vocabulary(path, error) from error


def _no_vocabulary(path: Path, error: sqlite3.Error) -> VocabularyError:
    return VocabularyError(
        f"{path}: is not a vocabulary file of Enogu, or damaged ({error})",
        hint="Move it away: it is built anew from what was imported beside it, or from the words "
        "of the package.",
    )
