import sqlite3

import pytest

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.importing.problems import Problems
from enogu.tags.vocabulary.importing.usage_import import read_tagcomplete_usage
from enogu.tags.vocabulary.usage import Usage

NEW = "(name TEXT, type INT, count_pos INT, count_neg INT, last_used TEXT)"
OLD = "(name TEXT PRIMARY KEY, count INT, last_used TIMESTAMP)"


def made(path, columns, rows):
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE tag_frequency {columns}")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO tag_frequency VALUES ({marks})", rows)
    connection.close()
    return path


def test_counts_of_both_versions_of_the_file(tmp_path):
    problems = Problems()
    rows = [("cat_ears", 1, 5, 2, "1970-01-02 00:00:00"), ("", 1, 1, 0, "?"), ("hat", 1, 1, 0, "?")]
    assert read_tagcomplete_usage(made(tmp_path / "new.db", NEW, rows), problems) == (
        Usage(name="cat_ears", kind="tag", positive=5, negative=2, last_used=86400.0),
        Usage(name="hat", kind="tag", positive=1, negative=0, last_used=0.0),
    )
    assert [problem.line for problem in problems.first] == [2]
    old = made(tmp_path / "old.db", OLD, [("smile", 3, "1970-01-01 00:00:01")])
    assert read_tagcomplete_usage(old, problems) == (
        Usage(name="smile", kind="tag", positive=3, negative=0, last_used=1.0),
    )


def test_other_files_are_refused(tmp_path):
    with pytest.raises(VocabularyError, match="no such file"):
        read_tagcomplete_usage(tmp_path / "missing.db", Problems())
    wrong = tmp_path / "wrong.db"
    wrong.write_text("hello, I am no database at all", encoding="utf-8")
    with pytest.raises(VocabularyError, match="not a SQLite file"):
        read_tagcomplete_usage(wrong, Problems())
    empty = tmp_path / "empty.db"
    sqlite3.connect(empty).close()
    with pytest.raises(VocabularyError, match="tag_frequency"):
        read_tagcomplete_usage(empty, Problems())
