"""The search index inside a vocabulary file."""

import sqlite3


def build_index(connection: sqlite3.Connection) -> None:
    """Write the search index of a vocabulary whose tables are complete."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('search', '0')")
