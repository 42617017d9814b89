"""What the person uses: counted on this machine, in the vocabulary file, and only if wanted.

The table survives every new build. Writers and the swap share one short lock, so that no count is
lost when another process imports at the same time.
"""

import sqlite3
import time
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from enogu.errors import BusyError
from enogu.files import storage_errors
from enogu.tags.names import normal_name
from enogu.tags.vocabulary.places import VocabularyPlace

_WAIT_S: Final = 30.0
_COUNT: Final = """
INSERT INTO usage (name, kind, positive, negative, last_used) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (name, kind) DO UPDATE SET
    positive = positive + excluded.positive,
    negative = negative + excluded.negative,
    last_used = max(last_used, excluded.last_used)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """How often the person used something."""

    name: str
    kind: str
    """``tag``, or what other parts count under their own word."""
    positive: int
    """Times in a prompt."""
    negative: int
    """Times in a negative prompt."""
    last_used: float
    """Seconds since 1970."""


def record_usage(
    path: Path,
    names: Iterable[str],
    *,
    negative: bool = False,
    kind: str = "tag",
    now: float | None = None,
) -> int:
    """Count one use of each name.

    This is the writing alone; :func:`enogu.tags.own_use.remember_prompt` asks the setting
    `tags.usage` first.

    Args:
        path: A vocabulary file that exists.
        names: Tags in any spelling; each counts once.
        negative: They stood in a negative prompt.
        kind: What is counted.
        now: Seconds since 1970; None for the present.

    Returns:
        How many names were counted.

    Raises:
        BusyError: Another process holds the file.
        StorageError: The file cannot be written.
    """
    moment = time.time() if now is None else now
    rows = [
        (name, kind, int(not negative), int(negative), moment)
        for name in dict.fromkeys(normal_name(name) for name in names)
        if name
    ]
    return _write(path, _COUNT, rows)


def merge_usage(path: Path, entries: Iterable[Usage]) -> int:
    """Add counts that were made elsewhere.

    Args:
        path: A vocabulary file that exists.
        entries: The counts.

    Returns:
        How many entries were added.

    Raises:
        BusyError: Another process holds the file.
        StorageError: The file cannot be written.
    """
    rows = [
        (entry.name, entry.kind, entry.positive, entry.negative, entry.last_used)
        for entry in entries
    ]
    return _write(path, _COUNT, rows)


def _write(path: Path, statement: str, rows: list[tuple[str, str, int, int, float]]) -> int:
    if rows:
        with _writing(path) as connection:
            connection.executemany(statement, rows)
    return len(rows)


@contextmanager
def _writing(path: Path) -> Generator[sqlite3.Connection]:
    try:
        with (
            storage_errors(path),
            FileLock(VocabularyPlace(path).swap_lock).acquire(timeout=_WAIT_S),
            # Opened anew each time: the file may have been swapped since.
            closing(sqlite3.connect(path, timeout=_WAIT_S)) as connection,
            connection,
        ):
            yield connection
    except (Timeout, sqlite3.OperationalError) as error:
        raise BusyError(
            f"{path}: own use could not be written ({error})",
            hint="Does another program use the file? Own use serves ranking only; nothing else "
            "is lost.",
        ) from error


def read_usage(connection: sqlite3.Connection, kind: str = "tag") -> tuple[Usage, ...]:
    """Return what was used, the latest first.

    Args:
        connection: A vocabulary file.
        kind: What was counted.
    """
    rows = connection.execute(
        "SELECT name, kind, positive, negative, last_used FROM usage WHERE kind = ? "
        "ORDER BY last_used DESC, name",
        (kind,),
    )
    return tuple(
        Usage(name=name, kind=of, positive=positive, negative=negative, last_used=last_used)
        for name, of, positive, negative, last_used in rows
    )


def forget_usage(path: Path) -> None:
    """Delete everything that was counted, so that the file holds no trace of it.

    Args:
        path: A vocabulary file that exists.

    Raises:
        BusyError: Another process holds the file.
    """
    with _writing(path) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("DELETE FROM usage")


def carry_usage(old: Path, new: Path) -> None:
    """Copy own use from the vocabulary that is to be replaced; the caller holds the swap lock.

    Args:
        old: The file in use; it may be missing, or no vocabulary.
        new: The file that takes its place.
    """
    if not old.is_file():
        return
    with closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS old", (str(old),))
        try:
            connection.execute("INSERT OR REPLACE INTO usage SELECT * FROM old.usage")
        except sqlite3.DatabaseError:
            # The old file is damaged or foreign: building anew is the repair.
            return
