import sqlite3
import tempfile
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enogu.tags.search import spill
from enogu.tags.search.spill import PairSpill, SpillFile, spill_file

BLOCKS = st.lists(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 2, 0xFFFF, 0x10000, 0x12345, 0xFFFFFF]), st.integers(0, 9))
    ),
    max_size=5,
)


def all_pairs(parts):
    return [
        pair for grams, rows in parts for pair in zip(grams.tolist(), rows.tolist(), strict=True)
    ]


@given(BLOCKS, st.sampled_from([10, spill._FEW_PAIRS]))
def test_all_pairs_come_out_sorted_and_once(blocks, expected):
    given_pairs = set()
    with tempfile.TemporaryFile() as file:
        pairs = PairSpill(SpillFile(file), expected)
        for number, block in enumerate(blocks):
            rows = [10 * number + row for _, row in block]
            given_pairs |= {(gram, row) for (gram, _), row in zip(block, rows, strict=True)}
            grams = np.array([gram for gram, _ in block], np.uint32)
            pairs.add(grams, np.array(rows, np.int32))
        assert all_pairs(pairs.parts()) == sorted(given_pairs)


def test_a_part_is_a_small_share_of_the_pairs():
    random = np.random.default_rng(3)
    with tempfile.TemporaryFile() as file:
        pairs = PairSpill(SpillFile(file), 0)
        for first in range(0, 50_000, 1000):
            rows = np.repeat(np.arange(first, first + 1000, dtype=np.int32), 10)
            pairs.add(random.integers(0, 1 << 24, rows.size, dtype=np.uint32), rows)
        sizes = [rows.size for _, rows in pairs.parts()]
    assert sum(sizes) > 499_000
    assert max(sizes) < 500_000 / 100


@pytest.mark.parametrize("in_memory", [True, False])
def test_pieces_of_the_file_come_back_and_nothing_stays(tmp_path, in_memory):
    place = ":memory:" if in_memory else tmp_path / "tags.db"
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE t (a)")
        with spill_file(connection) as file:
            first, second = file.append(b"abc"), file.append(b"defg")
            assert file.read(first + 1, 2) == b"bc"
            assert file.append(b"h") == 7
            assert file.read(second, 5) == b"defgh"
    assert [path.name for path in tmp_path.iterdir() if path.name != "tags.db"] == []
