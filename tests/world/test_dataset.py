"""Datasets with their truth: what the file says is what was drawn."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enogu.errors import WorldError
from enogu.world.axes import AXES, Traits, tags_of, visible_axes
from enogu.world.dataset import TRUTH_NAME, read_truth, write_world_dataset
from enogu.world.drawing import draw_traits


def test_truth_draws_the_pictures_again(tmp_path: Path) -> None:
    paths = write_world_dataset(tmp_path / "set", 3, seed=4, size=32)
    document = json.loads((tmp_path / "set" / TRUTH_NAME).read_text("utf-8"))
    for index, path in enumerate(paths):
        traits = Traits(document["pictures"][path.name]["traits"])
        again = draw_traits(traits, 4 * 1_000_003 + index, 32)
        with Image.open(path) as picture:
            assert (np.asarray(picture) == np.asarray(again)).all()
        assert path.with_suffix(".txt").read_text("utf-8").strip() == ", ".join(tags_of(traits))


def test_truth_names_what_can_be_seen(tmp_path: Path) -> None:
    write_world_dataset(tmp_path, 6, seed=1, size=32)
    document = json.loads((tmp_path / TRUTH_NAME).read_text("utf-8"))
    for name, answers in read_truth(tmp_path).items():
        traits = Traits(document["pictures"][name]["traits"])
        assert tuple(answers) == visible_axes(traits)
        assert all(answers[axis] in AXES[axis] for axis in answers)


@pytest.mark.parametrize("concept", ["hoshina", "everyday"])
def test_concepts_have_truth_too(tmp_path: Path, concept: str) -> None:
    paths = write_world_dataset(tmp_path, 2, concept=concept, size=32)
    truth = read_truth(tmp_path)
    assert list(truth) == [path.name for path in paths]
    if concept == "hoshina":
        assert {answers["hair_style"] for answers in truth.values()} == {"twintails"}
        document = json.loads((tmp_path / TRUTH_NAME).read_text("utf-8"))
        assert "star hairpin" in document["pictures"][paths[0].name]["features"]


def test_a_folder_without_truth_has_none(tmp_path: Path) -> None:
    assert read_truth(tmp_path) == {}


def test_other_seeds_give_other_characters(tmp_path: Path) -> None:
    write_world_dataset(tmp_path / "a", 4, seed=0, size=32)
    write_world_dataset(tmp_path / "b", 4, seed=1, size=32)
    assert read_truth(tmp_path / "a") != read_truth(tmp_path / "b")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 9}, "version 9"),
        ({"vocabulary": "0123"}, "0123"),
        ({"pictures": [1]}, "not a truth file"),
        ({"pictures": {"a.png": {"visible": ["mouth"]}}}, "not a truth file"),
        (None, "not a truth file"),
    ],
)
def test_a_damaged_or_foreign_truth_is_refused(
    tmp_path: Path, change: dict[str, object] | None, message: str
) -> None:
    write_world_dataset(tmp_path, 1, size=32)
    path = tmp_path / TRUTH_NAME
    document = json.loads(path.read_text("utf-8"))
    path.write_text("{" if change is None else json.dumps({**document, **change}), "utf-8")
    with pytest.raises(WorldError, match=message):
        read_truth(tmp_path)


def test_impossible_wishes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="count"):
        write_world_dataset(tmp_path, 0)
    with pytest.raises(WorldError, match="hoshina"):
        write_world_dataset(tmp_path, 1, concept="hosina")
    with pytest.raises(WorldError, match="size"):
        write_world_dataset(tmp_path, 1, size=5)
