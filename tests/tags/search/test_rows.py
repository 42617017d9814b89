import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tags.search.conftest import write_vocabulary

from enogu.tags.search.rows import (
    DEPRECATED,
    FLAGS_SHIFT,
    KIND_MASK,
    Kind,
    RowTable,
    distinct,
    pack_ascending,
    unpack_ascending,
)
from enogu.tags.vocabulary.opening import open_file

NUMBER = 2500


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "tags.db"
    tags = [(f"tag{place:04d} x", NUMBER - place, {}) for place in range(NUMBER)]
    tags[1500] = ("___", NUMBER - 1500, {})
    tags[2000] = ("猫_耳", NUMBER - 2000, {"deprecated": True, "aliases": ["long name"] * 3})
    tags[2001] = ("nude", NUMBER - 2001, {"rating": "explicit"})
    write_vocabulary(path, tags)
    connection = open_file(path)
    yield connection
    connection.close()


@pytest.fixture
def rows(connection):
    return RowTable(connection)


def numbers(*rows):
    return np.array(rows, dtype=np.int32)


def test_texts_come_back(rows):
    assert rows.size == NUMBER
    assert rows.texts(numbers(0, 1499, 1500, 1999)) == [
        b"tag0000 x",
        b"tag1499 x",
        b"tag1501 x",
        "猫耳".encode(),
    ]
    assert rows.solid(2400) == b"tag2400x"
    assert rows.texts(numbers()) == []


def test_a_row_knows_its_tag_form_kind_and_flags(rows):
    rows.read(numbers(1999, 2000, 2001))
    kinds = rows.kinds[1999:2002]
    assert (kinds & KIND_MASK).tolist() == [Kind.IDEOGRAPHIC, Kind.ALIAS, Kind.TAG]
    assert (kinds >> FLAGS_SHIFT).tolist() == [DEPRECATED, DEPRECATED, 3]
    assert [rows.tag_of(row) for row in (0, 1999, 2000, 2001)] == [1, 2001, 2001, 2002]
    assert [rows.form_of(row) for row in (0, 1999, 2000, 2001)] == [1, 2001, 2002, 2005]


def test_a_tag_knows_its_count_flags_and_rows(rows):
    assert rows.count_of(1) == NUMBER
    assert rows.counts_of(numbers(2001, 2500)).tolist() == [NUMBER - 2000, 1]
    assert [rows.flags_of(tag) for tag in (1, 2001, 2002)] == [0, DEPRECATED, 3]
    assert rows.of_tags([2500, 2001, 1, 1501]).tolist() == [0, 1999, 2000, 2499]
    assert rows.of_tags([]).tolist() == []


def test_only_the_pieces_of_the_rows_are_read(connection):
    asked = []
    connection.set_trace_callback(asked.append)
    rows = RowTable(connection)
    rows.texts(numbers(5, 900))
    rows.texts(numbers(7, 2047))
    connection.set_trace_callback(None)
    pieces = [text.rpartition(" ")[2] for text in asked if "search_pieces" in text]
    assert pieces == ["0", "1"]


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50))
def test_ascending_numbers_come_back(values):
    values = np.array(sorted(values), dtype=np.int64)
    out = np.zeros(values.size, dtype=np.int64)
    unpack_ascending(int(values[0]), pack_ascending(values), out)
    assert out.tolist() == values.tolist()


def test_steps_that_do_not_fit_are_refused():
    with pytest.raises(OverflowError, match="4294967296"):
        pack_ascending(np.array([0, 1 << 32]))


@given(st.lists(st.integers(0, 2**31 - 1), max_size=30))
def test_distinct_numbers_are_a_set_in_order(values):
    assert distinct(np.array(values, dtype=np.int32)).tolist() == sorted(set(values))
