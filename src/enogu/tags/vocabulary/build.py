"""From what the sources say to one vocabulary file.

The rule for conflicts, in order:

1. Of several claims about one tag, that with the most posts wins; estimates of the embedded words
   give way to any source that counted.
2. A name that has posts is a tag, and no alias. A name without posts that somebody else claims as
   an alias is an alias.
3. An alias claimed for several tags belongs to the one with the most posts.
4. A claim that loses stays findable as one of the other names, which several tags may share.
5. Implications that close a cycle are cut, see :mod:`enogu.tags.vocabulary.implications`.
6. Explanations, groups and names: the embedded words come first, then sources by age.
"""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from enogu.tags.search.build import build_index
from enogu.tags.vocabulary.categories import CATEGORY_OF
from enogu.tags.vocabulary.implications import cut_cycles
from enogu.tags.vocabulary.model import RATINGS
from enogu.tags.vocabulary.ratings import word_levels
from enogu.tags.vocabulary.schema import (
    SCHEMA_VERSION,
    VOCABULARY_INDEXES,
    VOCABULARY_TABLES,
)

# Most of the file are lists longer than a page; larger pages cost a search more than they save.
_SPEED_PRAGMAS: Final = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
"""

# Highest first: a real count, then an estimate, then a tag without count; ties go to the first
# source. The parts never overlap: counts end at 2**38 and source ids are cut at 2**12.
_MERGE_TAGS: Final = """
CREATE TEMP TABLE merged AS
SELECT c.name, c.site, c.code, max(c.count, 0) AS count, c.date, c.source_id,
       max((CASE WHEN c.count < 0 THEN 0 WHEN s.estimated THEN 1 ELSE 2 END << 52)
           + (max(c.count, 0) << 12) + 4095 - min(c.source_id, 4095)) AS score
FROM tag_claims c JOIN sources s ON s.id = c.source_id
GROUP BY c.name;
CREATE TEMP TABLE texts (
    kind TEXT, name TEXT, text TEXT, PRIMARY KEY (kind, name)) WITHOUT ROWID;
INSERT OR IGNORE INTO texts SELECT kind, name, text FROM text_claims ORDER BY source_id;
CREATE TEMP TABLE notes (
    name TEXT PRIMARY KEY, grouped TEXT, en TEXT, ja TEXT, rating TEXT) WITHOUT ROWID;
INSERT INTO notes SELECT name, max(CASE kind WHEN 'group' THEN text END),
    max(CASE kind WHEN 'en' THEN text END), max(CASE kind WHEN 'ja' THEN text END),
    max(CASE kind WHEN 'rating' THEN text END) FROM texts GROUP BY name;
"""

_DROP_EMPTIED_TAGS: Final = """
CREATE UNIQUE INDEX temp.merged_by_name ON merged (name);
DELETE FROM merged WHERE count = 0 AND name IN (
    SELECT f.text FROM form_claims f JOIN merged m ON m.name = f.name
    WHERE f.kind = 'alias' AND m.count > 0);
"""

_CATEGORY_CASE: Final = "CASE " + " ".join(
    f"WHEN m.site = '{site}' AND m.code = {code} THEN '{name}'"
    for (site, code), name in CATEGORY_OF.items()
)

_WRITE_TAGS: Final = f"""
INSERT INTO built.tags (name, site, category, code, count, rating, deprecated, date, group_name,
                        explanation, explanation_ja, source_id)
SELECT m.name, m.site, {_CATEGORY_CASE} ELSE 'unknown' END, m.code, m.count, 0, 0, m.date,
       coalesce(n.grouped, ''), coalesce(n.en, ''), coalesce(n.ja, ''), m.source_id
FROM merged m LEFT JOIN notes n ON n.name = m.name
ORDER BY m.count DESC, m.name;
CREATE UNIQUE INDEX built.tags_by_name ON tags (name);
UPDATE built.tags SET deprecated = 1
WHERE name IN (SELECT name FROM tag_claims WHERE deprecated = 1);
"""

_CLAIM_ALIASES: Final = """
CREATE TEMP TABLE aliases (text TEXT PRIMARY KEY, tag_id INTEGER, source_id INTEGER) WITHOUT ROWID;
CREATE TEMP TABLE claimed AS
SELECT f.text, t.id AS tag_id, min(f.source_id) AS source_id, f.name FROM form_claims f
LEFT JOIN built.tags t ON t.name = f.name
WHERE f.kind = 'alias' GROUP BY f.text, f.name;
"""

_GIVE_ALIASES: Final = """
INSERT OR IGNORE INTO aliases
SELECT c.text, min(c.tag_id), c.source_id FROM claimed c
LEFT JOIN built.tags taken ON taken.name = c.text
WHERE taken.id IS NULL AND c.tag_id IS NOT NULL GROUP BY c.text;
"""

_FOLLOW_ALIASES: Final = """
UPDATE claimed SET tag_id = (SELECT a.tag_id FROM aliases a WHERE a.text = claimed.name)
WHERE tag_id IS NULL AND EXISTS (SELECT 1 FROM aliases a WHERE a.text = claimed.name);
"""

_REPORT_CONFLICTS: Final = """
INSERT INTO built.conflicts
SELECT 'alias is a tag', c.text, c.text, t.name FROM claimed c
JOIN built.tags taken ON taken.name = c.text JOIN built.tags t ON t.id = c.tag_id
WHERE taken.id != c.tag_id ORDER BY c.tag_id, c.text;
INSERT INTO built.conflicts
SELECT 'alias claimed twice', c.text, k.name, t.name FROM claimed c
JOIN aliases a ON a.text = c.text AND a.tag_id != c.tag_id
JOIN built.tags k ON k.id = a.tag_id JOIN built.tags t ON t.id = c.tag_id
ORDER BY a.tag_id, c.text, c.tag_id;
CREATE TEMP TABLE losers AS SELECT DISTINCT c.tag_id, c.text, c.source_id FROM claimed c
LEFT JOIN aliases a ON a.text = c.text AND a.tag_id = c.tag_id
LEFT JOIN built.tags same ON same.id = c.tag_id AND same.name = c.text
WHERE c.tag_id IS NOT NULL AND a.text IS NULL AND same.id IS NULL;
"""

_WRITE_FORMS: Final = """
INSERT INTO built.forms (tag_id, text, kind, language, source_id)
SELECT tag_id, text, kind, language, source_id FROM (
    SELECT id AS tag_id, name AS text, 'tag' AS kind, '' AS language, source_id, 0 AS place,
           0 AS number
    FROM built.tags
    UNION ALL SELECT tag_id, text, 'alias', '', source_id, 1, 0 FROM aliases
    UNION ALL SELECT tag_id, text, 'other', '', source_id, 3, 0 FROM losers
    UNION ALL
    SELECT coalesce(t.id, a.tag_id) AS owner, f.text, f.kind, f.language, f.source_id,
           CASE f.kind WHEN 'other' THEN 2 ELSE 4 END, min(f.rowid)
    FROM form_claims f
    LEFT JOIN built.tags t ON t.name = f.name
    LEFT JOIN aliases a ON a.text = f.name
    WHERE f.kind != 'alias' AND coalesce(t.id, a.tag_id) IS NOT NULL
    GROUP BY owner, f.kind, f.text
) ORDER BY tag_id, place, number;
"""


def _named(column: str) -> tuple[str, str]:
    """Return the joins and the id for a tag that a claim names by any of its names."""
    return (
        f"LEFT JOIN built.tags t_{column} ON t_{column}.name = c.{column} "
        f"LEFT JOIN aliases a_{column} ON a_{column}.text = c.{column}",
        f"coalesce(t_{column}.id, a_{column}.tag_id)",
    )


def _pair_query(table: str, first: str, second: str, more: str) -> str:
    joins_a, id_a = _named(first)
    joins_b, id_b = _named(second)
    return (
        f"SELECT {id_a} AS a_id, {id_b} AS b_id, {more} FROM {table} c {joins_a} {joins_b} "
        "WHERE a_id IS NOT NULL AND b_id IS NOT NULL AND a_id != b_id"
    )


_WRITE_REST: Final = (
    "INSERT OR IGNORE INTO built.heirs SELECT a_id, b_id FROM "
    f"({_pair_query('heir_claims', 'name', 'heir', '0')}) p "
    "JOIN built.tags t ON t.id = p.a_id AND t.deprecated = 1;\n"
    "INSERT OR IGNORE INTO built.series SELECT a_id, b_id FROM "
    f"({_pair_query('series_claims', 'name', 'series', '0')});\n"
    "INSERT OR IGNORE INTO built.exclusive SELECT c.group_name, "
    f"{_named('name')[1]} AS owner FROM exclusive_claims c {_named('name')[0]} "
    "WHERE owner IS NOT NULL;\n"
    "INSERT OR IGNORE INTO built.groups SELECT name, kind, en, ja, note FROM group_claims;\n"
    "INSERT INTO built.cooccurrence SELECT a_id, b_id, max(count), source_id FROM ("
    f"{_pair_query('cooccurrence_claims', 'a', 'b', 'c.count, c.source_id')}"
    " UNION ALL "
    f"{_pair_query('cooccurrence_claims', 'b', 'a', 'c.count, c.source_id')}"
    ") GROUP BY a_id, b_id;\n"
    "INSERT INTO built.sources SELECT id, name, kind, licence, sha256, date, rows, "
    "broken, batch FROM sources;\n"
)

_COUNT_WAITING: Final = """
SELECT (
    SELECT count(DISTINCT f.name) FROM form_claims f LEFT JOIN built.tags t ON t.name = f.name
    LEFT JOIN aliases a ON a.text = f.name WHERE t.id IS NULL AND a.tag_id IS NULL
) + (
    SELECT count(DISTINCT i.child) FROM implication_claims i
    LEFT JOIN built.tags t ON t.name = i.child
    LEFT JOIN aliases a ON a.text = i.child WHERE t.id IS NULL AND a.tag_id IS NULL
)
"""
_ALIAS_HOPS: Final = 4
_CHUNK: Final = 50_000


def build_vocabulary(
    sources: sqlite3.Connection, path: Path, meta: Mapping[str, str] | None = None
) -> None:
    """Write a whole vocabulary, with its search index, to a new file.

    Args:
        sources: An open sources file, outside a transaction.
        path: The file to write; it must not exist.
        meta: More entries for the table `meta`.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as fresh:
        fresh.executescript(_SPEED_PRAGMAS + VOCABULARY_TABLES)
    sources.execute("ATTACH ? AS built", (str(path),))
    try:
        sources.execute("PRAGMA built.journal_mode = OFF")
        sources.execute("PRAGMA built.synchronous = OFF")
        _write_everything(sources, meta or {})
    finally:
        if sources.in_transaction:
            sources.rollback()
        for table in ("merged", "texts", "notes", "aliases", "losers", "claimed"):
            sources.execute(f"DROP TABLE IF EXISTS temp.{table}")
        sources.execute("DETACH built")
    with closing(sqlite3.connect(path, isolation_level=None)) as fresh:
        fresh.executescript(_SPEED_PRAGMAS)
        fresh.execute("BEGIN")
        build_index(fresh)
        fresh.commit()
        fresh.execute("ANALYZE")


def _write_everything(connection: sqlite3.Connection, meta: Mapping[str, str]) -> None:
    connection.execute("BEGIN")
    _run(connection, _MERGE_TAGS)
    if connection.execute("SELECT 1 FROM merged WHERE count = 0 LIMIT 1").fetchone():
        _run(connection, _DROP_EMPTIED_TAGS)
    _run(connection, _WRITE_TAGS + _CLAIM_ALIASES + _GIVE_ALIASES)
    for _ in range(_ALIAS_HOPS):
        if connection.execute(_FOLLOW_ALIASES).rowcount == 0:
            break
        _run(connection, _GIVE_ALIASES)
    _run(connection, _REPORT_CONFLICTS + _WRITE_FORMS + _WRITE_REST)
    _write_implications(connection)
    _rate(connection)
    (waiting,) = connection.execute(_COUNT_WAITING).fetchone()
    entries = {"schema": str(SCHEMA_VERSION), "waiting": str(waiting), **meta}
    connection.executemany("INSERT INTO built.meta VALUES (?, ?)", entries.items())
    _run(connection, VOCABULARY_INDEXES.replace("CREATE INDEX ", "CREATE INDEX built."))
    connection.commit()


def _run(connection: sqlite3.Connection, script: str) -> None:
    # `executescript` would commit first.
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _write_implications(connection: sqlite3.Connection) -> None:
    query = _pair_query("implication_claims", "child", "parent", "min(c.source_id)")
    rows: dict[tuple[int, int], int] = {
        (child, parent): source
        for child, parent, source in connection.execute(f"{query} GROUP BY a_id, b_id")
    }
    kept, cut = cut_cycles(rows)
    connection.executemany(
        "INSERT INTO built.implications VALUES (?, ?, ?)",
        ((child, parent, rows[child, parent]) for child, parent in kept),
    )
    connection.executemany(
        "INSERT INTO built.conflicts SELECT 'implication in a cycle', c.name, '', p.name "
        "FROM built.tags c, built.tags p WHERE c.id = ? AND p.id = ?",
        cut,
    )


def _rate(connection: sqlite3.Connection) -> None:
    """Rate tags by their words, by what sources state, and by what they imply."""
    names = connection.execute("SELECT id, name FROM built.tags")
    rated: list[tuple[int, int]] = []
    while chunk := names.fetchmany(_CHUNK):
        words = word_levels("\n".join([name for _, name in chunk]))
        if words:
            find = re.compile(f"(?<![a-z0-9])(?:{'|'.join(words)})(?![a-z0-9])").findall
            rated += [
                (max(words[word] for word in found), tag_id)
                for tag_id, name in chunk
                if (found := find(name))
            ]
    connection.executemany("UPDATE built.tags SET rating = ? WHERE id = ?", rated)
    for level, rating in enumerate(RATINGS):
        connection.execute(
            "UPDATE built.tags SET rating = ? WHERE rating != ? AND name IN "
            "(SELECT name FROM texts WHERE kind = 'rating' AND text = ?)",
            (level, level, rating),
        )
    # A tag has at least the rating of what it implies.
    while connection.execute(
        "UPDATE built.tags SET rating = higher.rating FROM ("
        " SELECT i.child_id AS id, max(p.rating) AS rating FROM built.implications i"
        " JOIN built.tags p ON p.id = i.parent_id WHERE p.rating > 0 GROUP BY i.child_id"
        ") AS higher WHERE higher.id = built.tags.id AND higher.rating > built.tags.rating"
    ).rowcount:
        pass
