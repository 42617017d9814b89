from types import SimpleNamespace

import pytest
from safetensors.torch import save_file

from enogu.errors import BaseModelError, ConfigError
from enogu.families.load import load_base
from enogu.train.load_base import vae_hash
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


def test_another_vae_has_other_cached_latents_and_must_fit(make_project):
    project = make_project("vae")
    place = project.root / "mine.safetensors"
    tensors = load_base("mini", parts=("vae",)).vae.state_dict()
    save_file({name: value.contiguous() for name, value in tensors.items()}, place)
    setup = open_setup(make_project("vae", model__vae="mine.safetensors"))
    base = SimpleNamespace(content_hash="base")
    first = vae_hash(base, setup)
    save_file({name: value * 1.5 for name, value in tensors.items()}, place)
    assert len({"base", first, vae_hash(base, setup)}) == 3
    assert vae_hash(base, open_setup(project)) == "base"
    place.unlink()
    with pytest.raises(BaseModelError, match=r"mine\.safetensors"):
        open_setup(make_project("vae", model__vae="mine.safetensors"))
