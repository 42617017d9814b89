"""The tags spelt most like a word, among those that begin or end like it."""

import difflib
import sqlite3

from enogu.tags.names import normal_name

_MOST_CANDIDATES = 1500


def nearest_names(
    connection: sqlite3.Connection, text: str, limit: int, rating_limit: int
) -> tuple[str, ...]:
    """Return the tags spelt most like `text`, best first.

    Args:
        connection: A vocabulary file.
        text: A word that may hold typing errors.
        limit: At most this many.
        rating_limit: Highest rating that may appear.
    """
    name = normal_name(text)[:100]
    if not name or limit < 1:
        return ()
    rows = connection.execute(
        "SELECT name FROM tags WHERE length(name) BETWEEN ?1 - 3 AND ?1 + 3 AND rating <= ?2 "
        "AND (substr(name, 1, 1) = ?3 OR substr(name, -2) = ?4) ORDER BY id LIMIT ?5",
        (len(name), rating_limit, name[:1], name[-2:], _MOST_CANDIDATES),
    )
    return tuple(difflib.get_close_matches(name, [row[0] for row in rows], limit, 0.6))
