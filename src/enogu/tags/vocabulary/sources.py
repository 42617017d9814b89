"""The file that keeps what was imported, so that the vocabulary can be built anew from it."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from enogu.tags.vocabulary.claims import write_claims
from enogu.tags.vocabulary.embedded_words import embedded_digest, read_embedded_claims
from enogu.tags.vocabulary.schema import CLAIM_TABLES, SCHEMA_VERSION, SOURCE_TABLES

EMBEDDED_SOURCE_ID = 1


@contextmanager
def open_sources(path: Path | None) -> Generator[sqlite3.Connection]:
    """Open the sources file, with tables, for a caller that holds the vocabulary's lock.

    Args:
        path: The file; None keeps everything in memory.
    """
    connection = sqlite3.connect(path or ":memory:", isolation_level=None)
    try:
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
    connection.execute("BEGIN IMMEDIATE")
    with connection:
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
