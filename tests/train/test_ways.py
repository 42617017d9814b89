"""Folders with settings of their own: what is trained there, cached and planned."""

import json

import pytest
import torch
from PIL import Image

from enogu.errors import ConfigError, PictureError
from enogu.tags.caption import CaptionRules
from enogu.train.facts import training_facts
from enogu.train.identity import run_digest
from enogu.train.plan import folder_rows, make_plan, plan_as_dict
from enogu.train.session import train_project
from enogu.train.setup import open_setup


@pytest.fixture
def folders(tmp_path):
    """Pictures in three folders, one of them transparent, one with a mask."""
    root = tmp_path / "drawings"
    for name, shade in (("2_star/a", 40), ("2_star/b", 90), ("moon/c", 140), ("moon/far/d", 200)):
        path = root / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (96, 64), (shade, 90, 200, 0 if name.endswith("c") else 255)).save(path)
        path.with_suffix(".txt").write_text(f"1girl, {path.stem}, red, blue", encoding="utf-8")
    Image.new("L", (96, 64), 128).save(root / "2_star" / "a-masklabel.png")
    return root


@pytest.fixture
def setup_of(make_project, folders):
    def setup(*subsets, **settings):
        own = {"pictures__subsets": list(subsets), "captions__dropout": 0.0}
        values = {"captions__trigger": "hoshi"} | own | settings
        return open_setup(make_project("folders", folders, **values))

    return setup


def by_name(setup):
    return {item.record.relative: item for item in setup.prepared.all_items}


def test_a_picture_is_trained_as_its_innermost_folder_says(setup_of):
    setup = setup_of(
        {"folder": "pictures/moon", "trigger": "tsuki", "shuffle": False, "flip": True},
        {"folder": "pictures/moon/far", "keep_tags": 2},
    )
    items = by_name(setup)
    rules = {name: item.rules(setup.rules) for name, item in items.items()}
    assert rules["2_star/a.png"] == setup.rules
    assert (rules["moon/c.png"].trigger, rules["moon/c.png"].shuffle) == ("tsuki", False)
    # Of two folders the inner one counts alone.
    assert (rules["moon/far/d.png"].trigger, rules["moon/far/d.png"].keep_tags) == ("hoshi", 2)
    flips = {name: item.settings(setup.config.pictures).flip for name, item in items.items()}
    assert flips == {
        "2_star/a.png": False,
        "2_star/b.png": False,
        "moon/c.png": True,
        "moon/far/d.png": False,
    }


def test_repeats_words_masks_and_sizes_of_a_folder_are_its_own(setup_of):
    setup = setup_of(
        {"folder": "pictures/2_star", "repeats": 5, "class_words": "night sky", "masks": False},
        {"folder": "pictures/moon", "resolution": 128},
    )
    items = by_name(setup)
    star, moon = items["2_star/a.png"].record, items["moon/c.png"].record
    assert (star.repeats, star.class_words, star.mask_path) == (5, "night sky", None)
    assert (moon.repeats, moon.class_words) == (1, None)
    assert items["2_star/a.png"].fit.bucket.area <= 64 * 64 < items["moon/c.png"].fit.bucket.area
    assert setup.feed.num_draws == 2 * 5 + 2


def test_a_folder_of_regularisation_pictures_gets_no_trigger_and_stands_last(setup_of):
    setup = setup_of({"folder": "pictures/moon", "regularisation": True, "suffix": ", night"})
    prepared = setup.prepared
    assert [item.record.relative for item in prepared.regularisation] == [
        "moon/c.png",
        "moon/far/d.png",
    ]
    assert all(not item.record.is_reg for item in prepared.items)
    general = prepared.regularisation[0].rules(setup.rules)
    assert (general.trigger, general.suffix) == ("", ", night")
    rows = {(row.folder, row.regularisation): row for row in folder_rows(setup)}
    assert rows["pictures/moon", True].draws == rows["", False].draws == 4


def test_nothing_but_regularisation_pictures_is_refused(setup_of):
    with pytest.raises(PictureError, match="nothing to learn"):
        setup_of({"folder": "pictures", "regularisation": True})


@pytest.mark.parametrize(
    ("folder", "message"),
    [("pictures/mooon", "is not there"), ("pictures/empty", "holds no picture")],
)
def test_a_folder_that_holds_nothing_is_refused_with_those_there_are(
    setup_of, make_project, folders, folder, message
):
    (make_project("folders", folders).pictures_dir / "empty").mkdir()
    with pytest.raises(ConfigError, match=message) as caught:
        setup_of({"folder": folder})
    assert "pictures/2_star, pictures/moon, pictures/moon/far" in caught.value.hint


def test_the_twin_without_trigger_has_that_of_its_folder_taken_out(setup_of):
    setup = setup_of({"folder": "pictures/moon", "trigger": "1girl", "prefix": "old paper,"},
                     captions__shuffle=False)  # fmt: skip
    twin = by_name(setup)["moon/c.png"].general_twin(setup.rules)
    assert twin.text == "c, red, blue"
    assert twin.rules(setup.rules) == CaptionRules(shuffle=False)


def test_the_plan_counts_folders_and_shows_a_caption_of_each(setup_of):
    setup = setup_of(
        {"folder": "pictures/moon", "trigger": "tsuki", "repeats": 4, "shuffle": False},
        samples__every=3,
    )
    plan = make_plan(setup)
    rows = plan_as_dict(plan)["folders"]
    assert [(row["folder"], row["pictures"], row["draws"], row["share"]) for row in rows] == [
        ("", 2, 4, 0.3333),
        ("pictures/moon", 2, 8, 0.6667),
    ]
    assert rows[1]["own"] == {"trigger": "tsuki", "repeats": 4, "shuffle": False}
    assert dict(plan.captions)["moon/c.png"] == "tsuki, 1girl, c, red, blue"
    # Each trigger word is tried.
    assert [prompt.name for prompt in setup.samples] == [
        "trigger", "no-trigger", "trigger-2", "no-trigger-2", "off-topic",
    ]  # fmt: skip
    assert setup.samples[2].text.startswith("tsuki, 1girl")


def test_another_folder_setting_makes_another_run(setup_of):
    def digest(*subsets):
        setup = setup_of(*subsets)
        return run_digest(setup.config, setup.prepared, base_hash="0", precision="fp32")

    assert len({digest(), digest({"folder": "pictures/moon", "dropout": 0.5}),
                digest({"folder": "pictures/moon", "dropout": 0.6})}) == 3  # fmt: skip


def test_a_run_trains_folders_as_they_ask(make_project, folders, monkeypatch):
    """Latents of one folder are mirrored and masked, captions of the other are always empty."""
    from enogu.train.batch import BatchSource

    seen = []
    plain = BatchSource.batch

    def spy(source, step):
        batch = plain(source, step)
        seen.append((batch.items, batch.features, batch.mask))
        return batch

    monkeypatch.setattr(BatchSource, "batch", spy)
    project = make_project(
        "folders",
        folders,
        train__batch_size=1,
        train__steps=8,
        captions__trigger="hoshi",
        captions__dropout=0.0,
        pictures__subsets=[
            {"folder": "pictures/moon", "dropout": 1.0, "alpha_as_mask": True, "vary_colour": 0.2},
            {"folder": "pictures/2_star", "masks": False, "flip": True},
        ],
    )
    result = train_project(project)
    assert result.outcome == "finished"
    empty, masked = {}, {}
    for (item,), features, mask in seen:
        name = item.record.relative
        empty.setdefault(name, []).append(features.prompt_embeds[0])
        masked.setdefault(name, []).append(mask is not None)
    first = empty["moon/c.png"][0] if "moon/c.png" in empty else empty["moon/far/d.png"][0]
    moons = [one for name, rows in empty.items() if name.startswith("moon") for one in rows]
    stars = [one for name, rows in empty.items() if name.startswith("2_star") for one in rows]
    assert moons
    assert all(torch.equal(one, first) for one in moons)
    assert stars
    assert not any(torch.equal(one, first) for one in stars)
    assert not any(any(flags) for name, flags in masked.items() if name.startswith("2_star"))
    assert all(all(flags) for name, flags in masked.items() if name == "moon/c.png")


def test_the_file_names_every_trigger_word(setup_of):
    from types import SimpleNamespace

    setup = setup_of({"folder": "pictures/moon", "trigger": "tsuki", "flip": True})
    base = SimpleNamespace(
        spec=setup.info.spec, prediction="epsilon", title="t", content_hash="",
        legacy_hash="", zero_terminal_snr=False,
    )  # fmt: skip
    facts = training_facts(
        setup.config, base, setup.prepared, setup.feed,
        precision=setup.precision, output_name="x", step=1, started_at=0.0,
    )  # fmt: skip
    assert facts.trigger == "hoshi, tsuki"
    assert facts.data.flip_aug is True
    assert json.dumps(plan_as_dict(make_plan(setup))["folders"])
