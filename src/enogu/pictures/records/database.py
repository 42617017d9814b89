"""Opening the file of the records. It can always be made anew, so no fault of it stops the work.

A file that is damaged, of a newer program, or no file of ours is set aside under another name and
an empty one takes its place; the caller is told in plain words.
"""

import contextlib
import errno
import sqlite3
import time
from collections.abc import Generator
from pathlib import Path
from typing import Final

from enogu.errors import BusyError, ProjectError
from enogu.files import make_dirs, storage_errors
from enogu.pictures.records.schema import APPLICATION_ID, LATEST, migrate

RECORDS_NAME: Final = "records.db"
_WAIT_S: Final = 30.0
_REBUILD: Final = "Nothing is lost: the pictures are read again, and your decisions are kept apart."


def open_database(folder: Path) -> tuple[sqlite3.Connection, tuple[str, ...]]:
    """Open the records in a folder; make them when there are none.

    Args:
        folder: The ``work`` folder of a project; made when missing.

    Returns:
        A connection in autocommit mode, and what a person should know (empty when all is well).

    Raises:
        StorageError: The place cannot be written.
        BusyError: Another program holds the file.
    """
    path = make_dirs(folder) / RECORDS_NAME
    with database_errors(path), storage_errors(path):
        reason = _fault(path)
        notes: tuple[str, ...] = ()
        if reason is not None:
            kept = _set_aside(path)
            notes = (f"{path} {reason}; it was kept as {kept.name} and made anew. {_REBUILD}",)
        connection = _connect(path)
        try:
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection, notes


@contextlib.contextmanager
def database_errors(path: Path) -> Generator[None]:
    """Turn errors of SQLite into errors that say what to do.

    Args:
        path: The database; it is named in the message.

    Raises:
        BusyError: Another program holds it.
        OSError: The disk is full or cannot be written; :func:`enogu.files.storage_errors` tells it.
        ProjectError: The file broke while it was open.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise BusyError(
                f"{path}: another program has held the records for {_WAIT_S:.0f} seconds",
                hint="Wait until it is done, then run the same command again.",
            ) from error
        if error.sqlite_errorname in ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN"):
            raise _system_error(error, path) from error
        raise _broken(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _broken(path, error) from error


def _system_error(error: sqlite3.OperationalError, path: Path) -> OSError:
    number = errno.ENOSPC if error.sqlite_errorname == "SQLITE_FULL" else errno.EACCES
    return OSError(number, str(error), str(path))


def _broken(path: Path, error: sqlite3.DatabaseError) -> ProjectError:
    return ProjectError(
        f"{path}: the records cannot be read any more ({error})",
        hint=f"Run the same command again. {_REBUILD}",
    )


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    # With WAL a crash of the machine can at most take the last results away, never the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _fault(path: Path) -> str | None:
    """Return why an existing file cannot be used; None when it can or is not there."""
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_WAIT_S)) as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if application == 0 and version == 0 and not _has_tables(connection):
                # A process died between making the file and making the tables.
                return None
            if application != APPLICATION_ID:
                return "is a database of another program"
            if version > LATEST:
                return (
                    f"was made by a newer Enogu (layout {version}, this one knows up to {LATEST})"
                )
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            return None if found == "ok" else f"is damaged ({found})"
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname in ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN"):
            raise
        return f"is damaged ({error})"
    except sqlite3.DatabaseError as error:
        return f"is damaged ({error})"


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0


def _set_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    kept = path.with_name(f"{path.stem}-kept-{stamp}{path.suffix}")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{path.stem}-kept-{stamp}-{number}{path.suffix}")
    for ending in ("-wal", "-shm"):
        side = path.with_name(path.name + ending)
        if side.exists():
            side.replace(kept.with_name(kept.name + ending))
    path.replace(kept)
    return kept
