import random
import sqlite3
import tempfile
from contextlib import closing
from types import SimpleNamespace

import pytest

from enogu.tags.search.spill import SpillFile
from enogu.tags.search.text_order import TextOrder, TextSorter

TEXTS = [
    *(f"{sign * (number % 5 + 1)}{number:x}".encode() for number in range(700) for sign in "abz"),
    *[b"same"] * 600,
    *("猫耳".encode(), "猫".encode(), b"", b"a"),
]


@pytest.fixture(scope="module", params=[10_000, 1000, 97], ids=["one run", "runs", "short runs"])
def written(request):
    """An order made in one run or in many, with the texts of its rows."""
    texts = TEXTS.copy()
    random.Random(1).shuffle(texts)
    with closing(sqlite3.connect(":memory:")) as connection, tempfile.TemporaryFile() as file:
        sorter = TextSorter(SpillFile(file), request.param)
        for start in range(0, len(texts), 53):
            sorter.add(texts[start : start + 53])
        sorter.write(connection)
        yield connection, texts


@pytest.fixture
def order(written):
    connection, texts = written
    return TextOrder(connection, SimpleNamespace(size=len(texts), solid=texts.__getitem__)), texts


def test_every_row_stands_in_the_order_of_its_text(order):
    found, texts = order
    rows = [row for piece in range(-(-len(texts) // 256)) for row in found._piece(piece)]
    assert sorted(rows) == list(range(len(texts)))
    assert [texts[row] for row in rows] == sorted(texts)


def test_equal_texts_are_found_and_no_others(order):
    found, texts = order
    for text in [*set(TEXTS), b"same1", b"sam", b"zzzzzzz", b"\x00", "猫耳娘".encode()]:
        rows = [row for row, own in enumerate(texts) if own == text]
        assert found.equal(text).tolist() == rows


def test_texts_that_start_so_are_found_unless_they_are_too_many(order):
    found, texts = order
    for start in (b"", b"a", b"aa1", b"same", b"zz", b"zzzzz", "猫".encode(), b"q"):
        rows = [row for row, own in enumerate(texts) if own.startswith(start)]
        assert found.starting(start, 200) is None or len(rows) <= 200
        if len(rows) <= 200:
            assert found.starting(start, 200).tolist() == rows
        assert found.starting(start, len(rows)).tolist() == rows


def test_no_rows_have_an_order_too():
    with closing(sqlite3.connect(":memory:")) as connection, tempfile.TemporaryFile() as file:
        TextSorter(SpillFile(file), 10).write(connection)
        found = TextOrder(connection, SimpleNamespace(size=0, solid=None))
        assert found.equal(b"a").size == 0
        assert found.starting(b"a", 10).size == 0
