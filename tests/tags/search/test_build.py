import sqlite3
import tracemalloc
from contextlib import closing

import pytest
from tests.tags.search.conftest import write_vocabulary

from enogu.tags.search import build_index

KATAKANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノ"


def many_tags(number):
    for place in range(number):
        word = "".join(
            "bcdfghjklmnp"[place // 12**power % 12] + "aeio"[power] for power in range(4)
        )
        japanese = "".join(KATAKANA[place // 25**power % 25] for power in range(4))
        yield f"{word}_hair", number - place, {"aliases": [f"hair_{word}"], "ja": [japanese]}


def contents(path):
    """What the index holds, table by table."""
    tables = ("pieces", "tags", "sizes", "order", "rows", "meaning")
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT * FROM search_{table} ORDER BY 1").fetchall()
            for table in tables
        }


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    path = tmp_path_factory.mktemp("build") / "tags.db"
    tags = [
        *many_tags(2500),
        ("tears", 3, {"en": "Drops from the eyes of somebody crying"}),
        ("...", 2, {"deprecated": True, "en": "Nothing is said"}),
        ("nude_beach", 1, {"rating": "questionable"}),
    ]
    write_vocabulary(path, tags, index=False)
    return path


def build(path, **options):
    with closing(sqlite3.connect(path)) as connection:
        build_index(connection, **options)
        connection.commit()
    return contents(path)


@pytest.mark.parametrize("block_forms", [41, 700, 5000])
def test_the_index_is_the_same_whatever_is_worked_on_at_once(vocabulary, block_forms):
    usual = build(vocabulary)
    assert len(usual["pieces"]) == 8
    assert build(vocabulary, block_forms=block_forms) == usual


def peak_memory(path, number):
    write_vocabulary(path, many_tags(number), index=False)
    with closing(sqlite3.connect(path)) as connection:
        tracemalloc.start()
        build_index(connection, block_forms=256)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        (pairs,) = connection.execute("SELECT sum(size) FROM search_rows").fetchone()
    return peak, pairs


def test_memory_of_a_build_does_not_grow_with_the_vocabulary(tmp_path):
    small, few_pairs = peak_memory(tmp_path / "small.db", 1200)
    large, many_pairs = peak_memory(tmp_path / "large.db", 4800)
    assert many_pairs > 3.9 * few_pairs
    # The pairs alone would take more, in the form that is written to the temporary file.
    assert large < 6 * many_pairs
    assert large < 1.6 * small
