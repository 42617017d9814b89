import math
import random
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from enogu.errors import CaptionError
from enogu.tags.dataset import count_pairs, similarities
from enogu.tags.dataset import similarity as similarity_module
from enogu.tags.dataset.similarity import MOST_TAGS_IN_PAIRS
from enogu.tags.vocabulary.related import similarity


@pytest.fixture
def random_set(make):
    """Captions of unequal lengths with repeated tags, some of them empty."""
    rng = random.Random(5)
    rows = [
        [f"t{int(rng.paretovariate(0.7)) % 40}" for _ in range(rng.randrange(12))]
        for _ in range(200)
    ]
    captions = make({f"{number:03d}.txt": ", ".join(row) for number, row in enumerate(rows)})
    return rows, captions


def test_pairs_equal_a_count_by_hand(random_set):
    rows, captions = random_set
    expected = Counter(pair for row in rows for pair in combinations(sorted(set(row)), 2))
    pairs = count_pairs(captions)
    found = {
        tuple(sorted((captions.names[first], captions.names[second]))): int(together)
        for first, second, together in zip(pairs.first, pairs.second, pairs.together, strict=True)
    }
    assert found == expected
    assert (pairs.first < pairs.second).all()
    counts = Counter(tag for row in rows for tag in set(row))
    assert {name: int(n) for name, n in zip(captions.names, pairs.counts, strict=True)} == counts


def test_pairs_of_many_tags_are_counted_without_a_table(random_set, monkeypatch):
    _, captions = random_set
    expected = count_pairs(captions)
    monkeypatch.setattr(similarity_module, "_LARGEST_TABLE", 1)
    monkeypatch.setattr(similarity_module, "_PAIRS_AT_ONCE", 7)
    found = count_pairs(captions)
    for name in ("first", "second", "together", "counts"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


def test_the_matrix_equals_the_product_of_the_table_with_itself(random_set):
    _, captions = random_set
    rows, tags = captions.distinct
    table = np.zeros((captions.num_captions, len(captions.names)), dtype=np.int64)
    table[rows, tags] = 1
    chosen = np.arange(0, len(captions.names), 2, dtype=np.int32)[::-1]
    expected = (table.T @ table)[np.ix_(chosen, chosen)]
    np.testing.assert_array_equal(count_pairs(captions).matrix(chosen), expected)


def test_the_partners_of_a_tag(random_set):
    rows, captions = random_set
    expected = Counter(tag for row in rows if "t1" in row for tag in set(row) - {"t1"})
    others, together = count_pairs(captions).with_tag(captions.names.index("t1"))
    named = [captions.names[tag] for tag in others]
    assert dict(zip(named, together.tolist(), strict=True)) == expected


@pytest.mark.parametrize("measure", ["frequency", "cosine", "jaccard", "overlap"])
def test_measures_equal_their_closed_form(measure):
    rng = random.Random(7)
    cases = []
    for _ in range(300):
        a, b = rng.randrange(1, 10**6), rng.randrange(1, 10**6)
        cases.append((rng.randrange(min(a, b) + 1), a, b))
    h, a, b = (np.array(column, dtype=np.int64) for column in zip(*cases, strict=True))
    found = similarities(h, a, b, measure)
    assert found.dtype == np.float64
    closed = {
        "frequency": lambda h, a, b: h / a,
        "cosine": lambda h, a, b: h / math.sqrt(a * b),
        "jaccard": lambda h, a, b: h / (a + b - h),
        "overlap": lambda h, a, b: h / min(a, b),
    }[measure]
    np.testing.assert_allclose(found, [closed(*case) for case in cases], rtol=1e-15, atol=0)
    one_by_one = [similarity(measure, *case) for case in cases]
    np.testing.assert_allclose(found, one_by_one, rtol=4e-16, atol=0)
    assert found.min() >= 0 and found.max() <= 1


def test_large_counts_do_not_overflow():
    huge = np.array([4 * 10**9], dtype=np.int64)
    assert similarities(huge, huge, huge, "cosine")[0] == 1.0


def test_an_unknown_measure_is_refused():
    one = np.ones(1, dtype=np.int64)
    with pytest.raises(CaptionError, match=r"jaccard.*'dice'"):
        similarities(one, one, one, "dice")


def test_a_caption_of_too_many_tags_is_left_out_of_pairs(make):
    captions = make({
        "a.txt": ", ".join(f"t{n}" for n in range(MOST_TAGS_IN_PAIRS + 1)),
        "b.txt": "t1, t2",
    })  # fmt: skip
    pairs = count_pairs(captions)
    assert (pairs.left_out, pairs.together.tolist()) == (1, [1])
    assert pairs.counts[1] == 2


def test_captions_without_any_tag(make):
    pairs = count_pairs(make({"a.txt": "", "b.txt": ""}))
    assert len(pairs.first) == len(pairs.counts) == 0
