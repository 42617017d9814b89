"""Regularisation pictures hold the base's own ideas in place, so they never carry the trigger."""

import shutil

import pytest
import torch

from enogu.train.batch import BatchSource
from enogu.train.content_cache import ContentCache
from enogu.train.latent_cache import LatentCache, LatentEntry
from enogu.train.setup import open_setup
from enogu.train.text_cache import TextCache


class NoLatents(LatentCache):
    """Latents of one value; captions are what is looked at here."""

    def __init__(self) -> None:
        pass

    def read(self, item, *, flipped=False):
        return LatentEntry(torch.zeros(4, 16, 16), torch.zeros(4, 16, 16), None)


@pytest.fixture
def setup(make_project, drawings):
    project = make_project()
    folder = project.root / "regularisation"
    folder.mkdir()
    for number, path in enumerate(sorted(drawings.glob("*.png"))):
        shutil.copy(path, folder / path.name)
        (folder / f"{path.stem}.txt").write_text(f"1girl, other{number}", encoding="utf-8")
    settings = {
        "pictures.regularisation": "regularisation",
        "captions.trigger": "hoshi",
        "captions.prefix": "myset,",
        "captions.keep_tags": 1,
        "captions.dropout": 0.0,
    }
    return open_setup(make_project(**{k.replace(".", "__"): v for k, v in settings.items()}))


def test_cached_captions_of_regularisation_pictures_have_no_trigger(setup, tmp_path):
    cache = TextCache(
        ContentCache(tmp_path / "cache"),
        setup.rules,
        seed=0,
        num_variants=3,
        base_hash="base",
        dtype=torch.float32,
        clip_skip=None,
    )
    assert len(setup.prepared.regularisation) == 5
    for item in setup.prepared.items:
        assert all(text.startswith("hoshi, ") for text in cache.variants(item).texts)
    for item in setup.prepared.regularisation:
        for text in cache.variants(item).texts:
            assert "other" in text
            assert not {"hoshi", "myset"} & set(text.split(", "))


def test_fresh_captions_of_regularisation_pictures_have_no_trigger(setup):
    source = BatchSource(
        setup.config,
        setup.prepared.all_items,
        num_regularisation=len(setup.prepared.regularisation),
        feed=setup.feed,
        latents=NoLatents(),
        text=None,
        rules=setup.rules,
        device=torch.device("cpu"),
    )
    seen = {True: 0, False: 0}
    for step in range(setup.feed.batches_per_epoch):
        batch = source.batch(step)
        for item, caption in zip(batch.items, batch.captions, strict=True):
            seen[item.record.is_reg] += 1
            assert caption.startswith("hoshi, ") != item.record.is_reg, caption
    assert seen[True] == seen[False] == 5
