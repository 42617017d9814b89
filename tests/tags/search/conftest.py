import sqlite3

import pytest

from enogu.tags.search import TagSearch, build_index
from enogu.tags.vocabulary import Vocabulary
from enogu.tags.vocabulary.opening import open_file
from enogu.tags.vocabulary.schema import SCHEMA_VERSION, VOCABULARY_INDEXES, VOCABULARY_TABLES

RATINGS = ("general", "sensitive", "questionable", "explicit")


def write_vocabulary(path, tags, *, implies=(), excludes=(), heirs=(), pairs=(), index=True):
    """Write a vocabulary of (name, count, options) with its index."""
    tags = sorted(tags, key=lambda tag: -tag[1])
    ids = {name: number for number, (name, _, _) in enumerate(tags, start=1)}
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    connection.executescript(VOCABULARY_TABLES)
    connection.execute("BEGIN")
    connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
    for name, count, more in tags:
        connection.execute(
            "INSERT INTO tags VALUES (?, ?, 'danbooru', ?, 0, ?, ?, ?, '', '', ?, ?, 1)",
            (
                ids[name],
                name,
                more.get("category", "general"),
                count,
                RATINGS.index(more.get("rating", "general")),
                int(more.get("deprecated", False)),
                more.get("en", ""),
                more.get("ja_text", ""),
            ),
        )
        forms = [(name, "tag", "")]
        forms += [(alias, "alias", "") for alias in more.get("aliases", ())]
        forms += [(japanese, "other", "ja") for japanese in more.get("ja", ())]
        forms += [(reading, "reading", "ja") for reading in more.get("readings", ())]
        connection.executemany(
            "INSERT INTO forms (tag_id, text, kind, language, source_id) VALUES (?, ?, ?, ?, 1)",
            [(ids[name], *form) for form in forms],
        )
    for table, rows in {"implications": implies, "heirs": heirs, "cooccurrence": pairs}.items():
        for first, second, *rest in rows:
            values = [ids[first], ids[second], *rest, *([1] if table != "heirs" else [])]
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)
    connection.executemany(
        "INSERT INTO exclusive VALUES (?, ?)", [(group, ids[name]) for group, name in excludes]
    )
    for statement in VOCABULARY_INDEXES.split(";\n"):
        connection.execute(statement)
    if index:
        build_index(connection)
    connection.execute("COMMIT")
    connection.close()


@pytest.fixture
def make_search(tmp_path):
    """Return a function that makes a search over a vocabulary of its arguments."""
    opened = []

    def make(*tags, **relations):
        path = tmp_path / f"tags{len(opened)}.db"
        write_vocabulary(path, tags, **relations)
        opened.append(Vocabulary(open_file(path), path))
        return TagSearch(opened[-1])

    yield make
    for vocabulary in opened:
        vocabulary.close()


@pytest.fixture(scope="session")
def embedded_search(tmp_path_factory):
    """A search over the words that ship with the package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENOGU_DATA_DIR", str(tmp_path_factory.mktemp("embedded")))
        with Vocabulary.open() as vocabulary:
            yield TagSearch(vocabulary)


def names(hits):
    return [hit.name for hit in hits]
