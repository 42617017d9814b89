"""Versions and mirroring as the feed draws them, over real caches."""

import pytest
import torch
from safetensors.torch import load_file

from enogu.train.prepare import num_versions
from enogu.train.session import train_project
from enogu.train.setup import open_setup


@pytest.mark.parametrize(
    ("settings", "count"),
    [({}, 1), ({"pictures__vary_colour": 0.1}, 4),
     ({"pictures__vary_crop": 0.1, "pictures__versions": 2}, 2)],
)  # fmt: skip
def test_versions_are_counted_where_something_varies(make_project, settings, count):
    project = make_project(**settings)
    assert num_versions(project.resolved.config.pictures) == count


def test_the_picture_as_it_is_comes_first_and_others_differ(make_project):
    setup = open_setup(make_project(pictures__vary_colour=0.2, pictures__vary_crop=0.2))
    settings = setup.config.pictures
    item = setup.prepared.items[0]
    assert item.version(0, settings) is item
    versions = {item.version(number, settings) for number in range(4)}
    assert len(versions) == 4
    assert {one.fit.bucket for one in versions} == {item.fit.bucket}


def test_only_symmetric_pictures_are_mirrored(make_project):
    project = make_project(pictures__flip="symmetric")
    caption = project.pictures_dir / "drawing 1.txt"
    caption.write_text(caption.read_text(encoding="utf-8") + ", signature", encoding="utf-8")
    prepared = open_setup(project).prepared
    assert [item.may_flip for item in prepared.items] == [True, False, True, True, True]
    assert any("one-sided (first: drawing 1.png" in warning for warning in prepared.warnings)


def test_a_run_trains_versions_and_can_be_repeated(make_project):
    settings = {
        "pictures__vary_colour": 0.2, "pictures__vary_crop": 0.2, "pictures__versions": 2,
        "pictures__flip": "symmetric", "train__steps": 2,
    }  # fmt: skip
    first = train_project(make_project(**settings))
    project = make_project("again", **settings)
    second = train_project(project)
    entries = [path for path in (project.work_dir / "cache").rglob("*.safetensors")]
    assert len(entries) >= 2 * 2 * 5
    one, other = load_file(first.adapter), load_file(second.adapter)
    assert all(torch.equal(one[name], other[name]) for name in one)
