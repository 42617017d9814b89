"""Drawings are determined by tags and seed, and show what the tags say."""

import numpy as np
import pytest
from PIL import Image

from enogu.errors import WorldError
from enogu.world import palette
from enogu.world.axes import AXES, KNOWN_TAGS, read_tags, tags_of, visible_axes, with_implied
from enogu.world.drawing import draw, traits_for


def share_near(picture: Image.Image, colour: str, *, reach: float = 40) -> float:
    pixels = np.asarray(picture, dtype=np.float64)
    distance = np.linalg.norm(pixels - np.array(palette.to_rgb(colour)), axis=-1)
    return float((distance < reach).mean())


def test_equal_tags_and_seed_give_equal_pictures() -> None:
    tags = ["1girl", "red hair", "witch hat", "smile"]
    assert draw(tags, 3).tobytes() == draw(tags, 3).tobytes()
    assert draw(tags, 3).tobytes() != draw(tags, 4).tobytes()


def test_any_size_from_16_to_4096() -> None:
    assert draw(["1boy"], 0, 48).size == (48, 48)
    for size in (15, 5000, 0, -3):
        with pytest.raises(WorldError, match=str(size)):
            draw(["1boy"], 0, size)


@pytest.mark.parametrize("colour", AXES["hair_colour"])
def test_hair_has_the_colour_of_its_tag(colour: str) -> None:
    other = "blue" if colour != "blue" else "red"
    fixed = ["long hair", "black shirt", "grey background", "1girl"]
    tone = palette.HAIR[colour].base
    with_tag = share_near(draw([*fixed, f"{colour} hair"], 1, 64), tone, reach=12)
    assert with_tag > 0.08
    assert with_tag > 3 * share_near(draw([*fixed, f"{other} hair"], 1, 64), tone, reach=12)


@pytest.mark.parametrize("colour", AXES["eye_colour"])
def test_eyes_have_the_colour_of_their_tag(colour: str) -> None:
    fixed = ["black hair", "white shirt", "grey background", "1girl", "portrait"]
    tone = palette.EYES[colour].base
    assert share_near(draw([*fixed, f"{colour} eyes"], 2), tone, reach=20) > 0.006


@pytest.mark.parametrize("colour", palette.BACKGROUNDS)
def test_background_fills_the_upper_corners(colour: str) -> None:
    picture = draw([f"{colour} background", "short hair", "upper body"], 5)
    wanted = palette.to_rgb(palette.BACKGROUNDS[colour])
    assert picture.getpixel((3, 3)) == wanted
    assert picture.getpixel((124, 3)) == wanted


def test_open_axes_vary_with_the_seed_and_stated_ones_do_not() -> None:
    traits = [traits_for(["green hair", "beret"], seed) for seed in range(12)]
    assert {t["hair_colour"] for t in traits} == {"green"}
    assert {t["headwear"] for t in traits} == {"beret"}
    assert len({t["background"] for t in traits}) > 3


def test_what_nobody_tags_when_absent_stays_absent() -> None:
    traits = [traits_for(["1girl"], seed) for seed in range(8)]
    assert {(t["headwear"], t["glasses"], t["eyes"]) for t in traits} == {("none", "no", "open")}


def test_contradictions_are_refused_with_both_tags_named() -> None:
    with pytest.raises(WorldError, match="'red hair' and 'blue hair'"):
        draw(["red hair", "blue hair"], 0)
    with pytest.raises(WorldError, match="hoodie"):
        draw(["red hoodie", "white shirt"], 0)


def test_unknown_tags_are_refused_with_the_nearest_known_ones() -> None:
    with pytest.raises(WorldError, match="witch hat"):
        draw(["wich hat"], 0)
    with pytest.raises(WorldError, match="cat ears"):
        draw(["animal ears"], 0)


def test_implied_tags_are_added_once_and_accepted() -> None:
    assert with_implied(["cat ears", "red hoodie"]) == [
        "cat ears",
        "red hoodie",
        "animal ears",
        "hoodie",
    ]
    assert read_tags(["cat_ears", "animal_ears"]) == {"headwear": "cat ears"}


def test_the_tags_of_a_drawing_draw_it_again() -> None:
    for seed in range(20):
        traits = traits_for(["glasses"], seed)
        tags = tags_of(traits)
        assert set(tags) <= KNOWN_TAGS
        again = traits_for(tags, seed + 100)
        visible = visible_axes(traits)
        assert [again[a] for a in visible] == [traits[a] for a in visible]
