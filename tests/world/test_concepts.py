"""The held-out concepts: datasets in the ordinary folder form, captions that keep silent."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enogu.errors import WorldError
from enogu.world.concepts import (
    CONCEPTS,
    concept_caption,
    draw_concept,
    write_dataset,
    write_everyday_pictures,
)


def test_a_dataset_is_pictures_with_captions_of_the_same_name(tmp_path: Path) -> None:
    paths = write_dataset(tmp_path / "set", "hoshina", 3, seed=1, size=64)
    assert len(paths) == 3
    for path in paths:
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == ("PNG", (64, 64))
        assert path.with_suffix(".txt").read_text("utf-8").startswith("hoshina, 1girl, ")
    again = write_dataset(tmp_path / "again", "hoshina", 3, seed=1, size=64)
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again]


def test_captions_keep_silent_about_what_is_fixed() -> None:
    for concept in CONCEPTS.values():
        for index in range(20):
            tags = concept_caption(concept, index, 0).split(", ")
            assert tags[0] == concept.trigger
            assert any(tag.endswith("background") or tag in ("outdoors", "indoors") for tag in tags)
            if not concept.is_style:
                told = {
                    "green hair",
                    "white hair",
                    "twintails",
                    "short hair",
                    "yellow eyes",
                    "white shirt",
                    "shirt",
                    "black hoodie",
                    "hoodie",
                    "cat ears",
                    "animal ears",
                    "blue eyes",
                }
                assert not told & set(tags)


def test_unnamed_features_are_visible() -> None:
    star = np.asarray(draw_concept(CONCEPTS["hoshina"], 0, 0)).astype(int)
    gold = (np.abs(star - [255, 210, 61]).sum(axis=-1) < 30).mean()
    assert gold > 0.003
    ink = np.asarray(draw_concept(CONCEPTS["aizome"], 0, 0)).astype(int)
    assert (ink[..., 0] - ink[..., 1]).max() < 40, "no red may be left in indigo ink"


def test_unknown_concept_and_empty_dataset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="hoshina"):
        write_dataset(tmp_path, "hosina", 3)
    with pytest.raises(WorldError, match="count"):
        write_dataset(tmp_path, "hoshina", 0)


def test_everyday_pictures_hold_no_concept_and_are_silent_about_looks(tmp_path: Path) -> None:
    paths = write_everyday_pictures(tmp_path / "reg", 12, seed=1, size=64)
    captions = [path.with_suffix(".txt").read_text("utf-8").strip() for path in paths]
    for caption in captions:
        tags = caption.split(", ")
        assert not set(tags) & set(CONCEPTS)
        assert tags[0] in ("1girl", "1boy")
        assert not [
            tag for tag in tags if tag.endswith((" hair", " eyes")) and tag != "closed eyes"
        ]
