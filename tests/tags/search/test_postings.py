import sqlite3
from contextlib import closing

import numpy as np
import pytest

from enogu.tags.search.postings import Postings, write_postings


@pytest.fixture
def written():
    """Lists with one block, several blocks, and gaps that need four bytes."""
    rows = np.random.default_rng(5)
    lists = {
        3: np.array([0]),
        4: np.arange(0, 50_000, 3),
        5: np.sort(rows.choice(50_000, 9000, replace=False)),
        6: np.array([1, 70_000, 5_000_000]),
        16_777_215: np.arange(600),
    }
    parts = [
        (
            np.concatenate([np.full(len(lists[key]), key, np.uint32) for key in keys]),
            np.concatenate([lists[key] for key in keys]).astype(np.int32),
        )
        for keys in ((3, 4, 5, 6), (16_777_215,))
    ]
    with closing(sqlite3.connect(":memory:")) as connection:
        write_postings(connection, "lists", parts)
        yield connection, lists


def test_lists_come_back_whole_and_in_order(written):
    connection, lists = written
    found = Postings(connection, "lists").lists(list(lists))
    for key, rows in lists.items():
        assert found[key].size == len(rows)
        assert np.concatenate(list(found[key].blocks())).tolist() == rows.tolist()
        assert found[key].first(10**9).tolist() == rows.tolist()


def test_the_beginning_is_read_without_the_rest(written):
    connection, _ = written
    assert Postings(connection, "lists").lists([4])[4].first(5).tolist() == [0, 3, 6, 9, 12]


def test_rows_that_hold_two_grams_are_the_intersection(written):
    connection, lists = written
    found = np.concatenate(list(Postings(connection, "lists").holding([4, 5], exactly=True)))
    assert found.tolist() == sorted(set(lists[4].tolist()) & set(lists[5].tolist()))


def test_a_gram_that_does_not_occur_excludes_all_rows(written):
    connection, _ = written
    assert list(Postings(connection, "lists").holding([4, 99])) == []
    assert list(Postings(connection, "lists").holding([])) == []


def test_what_was_read_before_is_found_after_many_other_lists(written):
    connection, _ = written
    postings = Postings(connection, "lists")
    postings.load([4])
    postings.load(range(1000, 1200))
    assert list(postings.lists([4, 5])) == [4, 5]


def test_an_empty_index_can_be_written():
    with closing(sqlite3.connect(":memory:")) as connection:
        write_postings(connection, "lists", [])
        assert list(Postings(connection, "lists").holding([1])) == []
