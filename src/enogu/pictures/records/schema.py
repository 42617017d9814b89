"""The tables of the records, as a list of changes from an empty file to the present layout."""

import sqlite3
from typing import Final

APPLICATION_ID: Final = 0x456E6F52  # "EnoR"

MIGRATIONS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE pictures (
        id TEXT PRIMARY KEY,
        pixels_id TEXT NOT NULL, loader TEXT NOT NULL, format TEXT NOT NULL,
        width INTEGER NOT NULL, height INTEGER NOT NULL, orientation INTEGER NOT NULL,
        profile TEXT, has_alpha INTEGER NOT NULL, prompt TEXT, notes TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX pictures_by_pixels ON pictures (pixels_id);
    CREATE TABLE files (
        relative TEXT PRIMARY KEY,
        picture_id TEXT NOT NULL, num_bytes INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
        refusal TEXT
    ) WITHOUT ROWID;
    CREATE INDEX files_by_picture ON files (picture_id);
    CREATE TABLE results (
        picture_id TEXT NOT NULL, step TEXT NOT NULL,
        version INTEGER NOT NULL, settings TEXT NOT NULL, inputs TEXT NOT NULL,
        verdict TEXT NOT NULL, detail TEXT NOT NULL, files TEXT NOT NULL,
        PRIMARY KEY (picture_id, step)
    ) WITHOUT ROWID;
    CREATE INDEX results_by_step ON results (step, verdict);
    CREATE TABLE regions (
        picture_id TEXT NOT NULL, step TEXT NOT NULL, place INTEGER NOT NULL,
        kind TEXT NOT NULL,
        box_left INTEGER NOT NULL, box_top INTEGER NOT NULL,
        box_right INTEGER NOT NULL, box_bottom INTEGER NOT NULL,
        score REAL NOT NULL,
        PRIMARY KEY (picture_id, step, place),
        FOREIGN KEY (picture_id, step) REFERENCES results ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE TABLE tags (
        picture_id TEXT NOT NULL, step TEXT NOT NULL, tag TEXT NOT NULL, source TEXT NOT NULL,
        category TEXT NOT NULL, score REAL NOT NULL,
        PRIMARY KEY (picture_id, step, tag, source),
        FOREIGN KEY (picture_id, step) REFERENCES results ON DELETE CASCADE
    ) WITHOUT ROWID;
    CREATE INDEX tags_by_tag ON tags (tag);
    """,
)
"""Entry N turns layout N into layout N + 1. Never change an entry that was released: add one."""

LATEST: Final = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, *, steps: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring a database to the layout of `steps`; each change happens whole or not at all.

    Args:
        connection: In autocommit mode; its layout is not newer than `steps`.
        steps: The changes from an empty file on.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number in range(version, len(steps)):
        # `executescript` ends an open transaction, so the script carries its own.
        connection.executescript(
            f"BEGIN IMMEDIATE; {steps[number]} "
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1}; COMMIT;"
        )
