"""Prepared pictures for other programs, each folder as its own settings say."""

import tomllib
from functools import partial

import pytest
from PIL import Image

from enogu.pictures.buckets import BucketRule, BucketSize
from enogu.project import create_project, open_project
from enogu.project.export_pictures import export_pictures

SUBSETS = [
    {"folder": "pictures/moon", "trigger": "tsuki", "repeats": 4, "resolution": 128,
     "class_words": "night", "flip": True, "background": "#ff0000"},
    {"folder": "pictures/anybody", "regularisation": True, "shuffle": False},
]  # fmt: skip


def rule_of(pictures):
    side = pictures.resolution or 64
    return BucketRule(
        mode="list", resolution=BucketSize(side, side), step=8, min_px=32, max_px=2 * side
    )


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "drawings"
    for number, name in enumerate(("star/a", "moon/b", "anybody/c")):
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True)
        alpha = 0 if name == "moon/b" else 255
        Image.new("RGBA", (160, 160), (40 * number, 90, 200, alpha)).save(path)
        path.with_suffix(".txt").write_text(f"1girl, {path.stem}", encoding="utf-8")
    create_project(tmp_path / "project", folder)
    settings = {"captions.trigger": "hoshi", "pictures.subsets": SUBSETS}
    return open_project(tmp_path / "project", settings)


def test_kohya_gets_each_folder_as_it_would_be_trained(tmp_path, project):
    out = tmp_path / "out"
    assert export_pictures(project, out, "kohya", rule_of, fitted=True).written == 3
    document = tomllib.loads((out / "dataset.toml").read_text(encoding="utf-8"))
    found = {
        subset["image_dir"].removeprefix(f"{out.as_posix()}/"): (dataset["resolution"], subset)
        for dataset in document["datasets"]
        for subset in dataset["subsets"]
    }
    assert set(found) == {"1_hoshi", "4_night", "reg/1_reg"}
    assert len(document["datasets"]) == 2
    side, moon = found["4_night"]
    assert (side, moon["num_repeats"], moon["flip_aug"]) == (128, 4, True)
    side, general = found["reg/1_reg"]
    assert (side, general["is_reg"], general["shuffle_caption"]) == (64, True, False)
    assert (moon["keep_tokens"], general["keep_tokens"]) == (1, 0)
    texts = {path.parent.name: path.read_text("utf-8").strip() for path in out.rglob("*.txt")}
    assert texts == {
        "1_hoshi": "hoshi, 1girl, a",
        "4_night": "tsuki, 1girl, b",
        "1_reg": "1girl, c",
    }
    with Image.open(next((out / "4_night").glob("*.png"))) as picture:
        assert picture.size == (128, 128)
        assert picture.convert("RGB").getpixel((5, 5)) == (255, 0, 0)


def test_other_forms_leave_regularisation_pictures_out_and_say_so(tmp_path, project):
    report = export_pictures(project, tmp_path / "out", "folder", partial(rule_of))
    assert report.written == 2
    assert any("for kohya only" in note for note in report.notes)
