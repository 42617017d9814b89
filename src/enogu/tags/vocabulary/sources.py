"""The file that keeps what was imported, so that the vocabulary can be built anew from it."""

import datetime
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from enogu.tags.vocabulary.claims import write_claims
from enogu.tags.vocabulary.embedded_words import embedded_digest, read_embedded_claims
from enogu.tags.vocabulary.schema import CLAIM_TABLES, SCHEMA_VERSION, SOURCE_TABLES

EMBEDDED_SOURCE_ID = 1
PENDING = "pending"
"""Entry of `meta`: the import that is in the sources but perhaps not in the vocabulary."""

_WASTE_PAGES = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One imported file."""

    id: int
    batch: int
    """Files of one import have the same number and are undone together; 0 for embedded words."""
    name: str
    kind: str
    licence: str
    date: str
    rows: int
    broken: int
    sha256: str


@contextmanager
def open_sources(path: Path | None) -> Generator[sqlite3.Connection]:
    """Open the sources file, with tables, for a caller that holds the vocabulary's lock.

    Args:
        path: The file; None keeps everything in memory.
    """
    connection = sqlite3.connect(path or ":memory:", isolation_level=None)
    try:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA cache_size = -65536")
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            connection.executescript("BEGIN;" + SOURCE_TABLES + "COMMIT;")
            set_meta(connection, "schema", str(SCHEMA_VERSION))
        yield connection
    finally:
        connection.close()


def get_meta(connection: sqlite3.Connection, key: str) -> str:
    """Return an entry of the table `meta`, empty when there is none."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else ""


def set_meta(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Write an entry of the table `meta`."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def refresh_embedded(connection: sqlite3.Connection) -> None:
    """Make the claims of the embedded words those of this version of the package."""
    digest = embedded_digest()
    if get_meta(connection, "embedded") == digest:
        return
    with transaction(connection):
        delete_source(connection, EMBEDDED_SOURCE_ID)
        connection.execute(
            "INSERT INTO sources VALUES (?, 'embedded words', 'embedded', 'Apache-2.0', ?, '', "
            "0, 0, 1, 0)",
            (EMBEDDED_SOURCE_ID, digest),
        )
        write_claims(connection, EMBEDDED_SOURCE_ID, read_embedded_claims())
        connection.execute(
            "UPDATE sources SET rows = (SELECT count(*) FROM tag_claims WHERE source_id = ?1) "
            "WHERE id = ?1",
            (EMBEDDED_SOURCE_ID,),
        )
        set_meta(connection, "embedded", digest)


def delete_source(connection: sqlite3.Connection, source_id: int) -> None:
    """Delete a source with all it says, inside a transaction."""
    for table in CLAIM_TABLES:
        connection.execute(f"DELETE FROM {table} WHERE source_id = ?", (source_id,))
    connection.execute("DELETE FROM sources WHERE id = ?", (source_id,))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Keep what the block writes, all of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        yield


def next_batch(connection: sqlite3.Connection) -> int:
    """Return the number of the next import; numbers are not used twice."""
    (used,) = connection.execute("SELECT max(batch) FROM sources").fetchone()
    number = max(used or 0, int(get_meta(connection, "last_batch") or 0)) + 1
    set_meta(connection, "last_batch", str(number))
    return number


def add_source(
    connection: sqlite3.Connection, *, name: str, kind: str, licence: str, sha256: str, batch: int
) -> int:
    """Add a file to the sources, inside a transaction, and return its number."""
    set_meta(connection, PENDING, str(batch))
    cursor = connection.execute(
        "INSERT INTO sources (name, kind, licence, sha256, date, rows, broken, estimated, batch) "
        "VALUES (?, ?, ?, ?, ?, 0, 0, 0, ?)",
        (
            name,
            kind,
            licence,
            sha256,
            datetime.datetime.now(datetime.UTC).date().isoformat(),
            batch,
        ),
    )
    return cursor.lastrowid or 0


def finish_source(
    connection: sqlite3.Connection, source_id: int, *, rows: int, broken: int
) -> None:
    """Note how many rows a file had."""
    connection.execute(
        "UPDATE sources SET rows = ?, broken = ? WHERE id = ?", (rows, broken, source_id)
    )


def delete_batch(connection: sqlite3.Connection, batch: int) -> None:
    """Delete the sources of one import; the vocabulary must be built anew afterwards."""
    with transaction(connection):
        rows = connection.execute("SELECT id FROM sources WHERE batch = ?", (batch,)).fetchall()
        for (source_id,) in rows:
            delete_source(connection, source_id)
        set_meta(connection, PENDING, str(batch))
    (unused,) = connection.execute("PRAGMA freelist_count").fetchone()
    if unused > _WASTE_PAGES:
        connection.execute("VACUUM")


def list_sources(connection: sqlite3.Connection) -> tuple[Source, ...]:
    """Return the sources in a sources file or a vocabulary, oldest first."""
    rows = connection.execute(
        "SELECT id, batch, name, kind, licence, date, rows, broken, sha256 FROM sources ORDER BY id"
    )
    return tuple(
        Source(
            id=number,
            batch=batch,
            name=name,
            kind=kind,
            licence=licence,
            date=date,
            rows=count,
            broken=broken,
            sha256=sha256,
        )
        for number, batch, name, kind, licence, date, count, broken, sha256 in rows
    )
