import pytest

from enogu.errors import ConfigError
from enogu.train.setup import open_setup


def test_epochs_and_shares_become_steps(make_project):
    setup = open_setup(make_project(train__epochs=20, train__warmup_share=0.1))
    batches = setup.feed.batches_per_epoch
    train = setup.config.train
    assert (train.steps, train.epochs) == (20 * batches, None)
    assert (train.warmup_steps, train.warmup_share) == (round(2 * batches), 0.0)


def test_accumulation_counts_optimiser_steps(make_project):
    one = open_setup(make_project("one", train__batch_size=1, train__accumulate=2))
    two = open_setup(make_project("two", train__batch_size=2))
    assert one.feed.batches_per_epoch == two.feed.batches_per_epoch
    assert one.feed.batch(0) == two.feed.batch(0)


def test_what_contradicts_the_base_is_refused_before_anything_is_computed(make_project):
    project = make_project(train__loss__v_pred_like_loss=0.1)
    with pytest.raises(ConfigError, match="predicts v already"):
        open_setup(project)


def test_an_epoch_too_short_for_the_warm_up_is_refused(make_project):
    with pytest.raises(ConfigError, match="warmup_steps 500 must be below"):
        open_setup(make_project(train__epochs=1, train__warmup_steps=500))
