"""The held-out concepts: datasets in the ordinary folder form, captions that keep silent."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enogu.errors import WorldError
from enogu.world.axes import RULES, TAGS, held_out_pairs
from enogu.world.concepts import (
    CONCEPTS,
    Concept,
    concept_caption,
    concept_traits,
    draw_concept,
    draw_concept_pair,
    write_dataset,
    write_everyday_pictures,
)

CHARACTERS = [c for c in CONCEPTS.values() if c.fixed]
OBJECTS = [c for c in CONCEPTS.values() if c.is_object]


def trigger_of(concept: Concept) -> str:
    return concept.trigger


def test_a_dataset_is_pictures_with_captions_of_the_same_name(tmp_path: Path) -> None:
    paths = write_dataset(tmp_path / "set", "hoshina", 3, seed=1, size=64)
    assert len(paths) == 3
    for path in paths:
        with Image.open(path) as picture:
            assert (picture.format, picture.size) == ("PNG", (64, 64))
        assert path.with_suffix(".txt").read_text("utf-8").startswith("hoshina, 1girl, ")
    again = write_dataset(tmp_path / "again", "hoshina", 3, seed=1, size=64)
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again]


def test_there_are_six_characters_three_styles_and_two_objects() -> None:
    assert (len(CHARACTERS), len(OBJECTS)) == (6, 2)
    assert sum(c.is_style for c in CONCEPTS.values()) == 3
    assert all(not held_out_pairs({"prop": "none", **c.fixed}) for c in CHARACTERS)


@pytest.mark.parametrize("concept", CONCEPTS.values(), ids=trigger_of)
def test_captions_keep_silent_about_what_is_fixed(concept: Concept) -> None:
    for index in range(20):
        tags = concept_caption(concept, index, 0).split(", ")
        assert tags[0] == concept.trigger
        told = {axis for tag in tags[1:] for axis in TAGS.get(tag, {})}
        assert "background" in told
        assert not told & (set(concept.fixed) - {"kind"})


@pytest.mark.parametrize("concept", CONCEPTS.values(), ids=trigger_of)
def test_what_varies_breaks_no_rule(concept: Concept) -> None:
    for index in range(20):
        traits = concept_traits(concept, index, 5)
        for rule in RULES:
            assert traits[rule.axis] not in rule.values or traits[rule.other] in rule.allowed
        assert all(traits[axis] in values for axis, values in concept.limits.items())


@pytest.mark.parametrize("concept", CHARACTERS + OBJECTS, ids=trigger_of)
def test_every_unnamed_feature_can_be_seen_at_128_pixels(concept: Concept) -> None:
    for feature in sorted(concept.extras):
        for index in range(4):
            pair = draw_concept_pair(concept, index, 11, feature=feature)
            if feature == "odd eyes" and concept_traits(concept, index, 11)["eyes"] == "closed":
                continue
            assert pair.box is not None
            left, top, right, bottom = pair.box
            assert right - left >= 7
            assert bottom - top >= 7
            assert pair.mask.sum() >= 40


def test_a_pair_differs_only_inside_its_box() -> None:
    pair = draw_concept_pair(CONCEPTS["kogaru"], 3, 1, 96)
    assert pair.picture.tobytes() == draw_concept(CONCEPTS["kogaru"], 3, 1, 96).tobytes()
    assert pair.box is not None
    left, top, right, bottom = pair.box
    outside = np.ones(pair.mask.shape, bool)
    outside[top:bottom, left:right] = False
    change = np.abs(np.asarray(pair.picture, int) - np.asarray(pair.plain, int)).sum(axis=-1)
    assert change[outside].max() <= 24
    assert not pair.mask[outside].any()


def test_one_feature_is_taken_away_without_the_other() -> None:
    rukemi = CONCEPTS["rukemi"]
    moon = draw_concept_pair(rukemi, 0, 2, feature="moon cheek")
    both = draw_concept_pair(rukemi, 0, 2)
    assert 0 < moon.mask.sum() < both.mask.sum()
    with pytest.raises(WorldError, match="moon cheek"):
        draw_concept_pair(rukemi, 0, 2, feature="star hairpin")


def test_a_style_changes_the_rendering_and_not_the_character() -> None:
    ink = np.asarray(draw_concept(CONCEPTS["aizome"], 0, 0)).astype(int)
    assert (ink[..., 0] - ink[..., 1]).max() < 40, "no red may be left in indigo ink"
    for trigger in ("nijimi", "kirigata"):
        pair = draw_concept_pair(CONCEPTS[trigger], 0, 0)
        assert pair.mask.mean() > 0.3
        small = [np.asarray(p.resize((16, 16)), float).ravel() for p in (pair.picture, pair.plain)]
        assert np.corrcoef(small)[0, 1] > 0.8


def test_unknown_concept_and_empty_dataset_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="hoshina"):
        write_dataset(tmp_path, "hosina", 3)
    with pytest.raises(WorldError, match="count"):
        write_dataset(tmp_path, "hoshina", 0)


def test_everyday_pictures_hold_no_concept_and_are_silent_about_looks(tmp_path: Path) -> None:
    paths = write_everyday_pictures(tmp_path / "reg", 12, seed=1, size=64)
    captions = [path.with_suffix(".txt").read_text("utf-8").strip() for path in paths]
    looks = {"hair_colour", "hair_style", "eye_colour", "clothes", "clothes_colour", "headwear"}
    for caption in captions:
        tags = caption.split(", ")
        assert not set(tags) & set(CONCEPTS)
        assert tags[0] in ("1girl", "1boy")
        assert not looks & {axis for tag in tags for axis in TAGS.get(tag, {})}
