from collections import Counter

import pytest

from enogu.errors import PictureError
from enogu.pictures.buckets import BucketSize
from enogu.train.feed import Feed, FeedEntry

WIDE, SQUARE = BucketSize(96, 64), BucketSize(64, 64)


def entries():
    return [FeedEntry(SQUARE)] * 5 + [FeedEntry(WIDE)] * 3


def test_an_epoch_shows_every_picture_once_and_never_mixes_buckets():
    feed = Feed(entries(), batch_size=2, seed=3)
    assert feed.batches_per_epoch == 3 + 2
    batches = [feed.batch(step) for step in range(feed.batches_per_epoch)]
    assert Counter(index for batch in batches for index in batch) == Counter(range(8))
    for batch in batches:
        assert len({entries()[index].bucket for index in batch}) == 1


def test_order_depends_on_seed_and_epoch_only():
    one, two = (Feed(entries(), batch_size=2, seed=3) for _ in range(2))
    forward = [one.batch(step) for step in range(20)]
    backward = [two.batch(step) for step in reversed(range(20))]
    assert forward == backward[::-1]
    assert forward[:5] != forward[5:10]
    other = Feed(entries(), batch_size=2, seed=4)
    assert forward != [other.batch(step) for step in range(20)]


def test_repeats_multiply_draws():
    feed = Feed([FeedEntry(SQUARE, repeats=3), FeedEntry(SQUARE)], batch_size=1, seed=0)
    drawn = Counter(feed.batch(step)[0] for step in range(feed.batches_per_epoch))
    assert drawn == {0: 3, 1: 1}


@pytest.mark.parametrize(
    ("num_reg", "expected"), [(2, {2: 2, 3: 2}), (9, {2: 1, 3: 1, 4: 1, 5: 1})]
)
def test_regularisation_pictures_are_repeated_or_cut_to_the_train_count(num_reg, expected):
    feed = Feed(
        [FeedEntry(SQUARE, repeats=2)] * 2 + [FeedEntry(SQUARE, is_reg=True)] * num_reg,
        batch_size=1,
        seed=0,
    )
    drawn = Counter(feed.batch(step)[0] for step in range(feed.batches_per_epoch))
    assert {index: count for index, count in drawn.items() if index >= 2} == expected


def test_no_picture_is_refused():
    with pytest.raises(PictureError, match="no picture"):
        Feed([FeedEntry(SQUARE, is_reg=True)], batch_size=1, seed=0)
