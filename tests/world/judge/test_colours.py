"""The judge without learning reads colours from the region it draws itself."""

import numpy as np
import pytest
from PIL import Image, ImageChops

from enogu.world.axes import Traits
from enogu.world.drawing import draw_traits
from enogu.world.judge.colours import COLOUR_AXES, ColourReader, colour_axes
from enogu.world.judge.judge import Judge
from enogu.world.judge.pictures import judge_traits

PLAIN = judge_traits(3, 1)
SUBJECT = Traits(
    {
        **PLAIN.values,
        **{"style": "none", "framing": "upper body", "eyes": "open", "glasses": "no"},
        **{"clothes": "hoodie", "clothes_colour": "green", "headwear": "none", "prop": "none"},
        **{"hair_colour": "pink", "eye_colour": "aqua", "background": "yellow", "time": "day"},
    }
)


@pytest.mark.parametrize("axis", COLOUR_AXES)
def test_each_colour_axis_is_read_also_when_shifted(axis: str) -> None:
    reader = ColourReader(SUBJECT, axis)
    picture = draw_traits(SUBJECT, 77)
    assert reader.read(picture) == SUBJECT[axis]
    assert reader.read(ImageChops.offset(picture, 2, -2)) == SUBJECT[axis]


def test_the_region_is_where_the_thing_is() -> None:
    hair = ColourReader(SUBJECT, "hair_colour").region
    ground = ColourReader(SUBJECT, "background").region
    assert (hair & ground).sum() < 0.01 * hair.sum(), "at most antialiased edges are both"
    assert ground[2, 2]
    rows = np.nonzero(hair)[0]
    assert rows.mean() < 80, "hair is in the upper part"


def test_only_visible_colours_are_asked() -> None:
    closed = Traits({**SUBJECT.values, "eyes": "closed", "background": "beach"})
    assert colour_axes(SUBJECT) == list(COLOUR_AXES)
    assert colour_axes(closed) == ["hair_colour", "clothes_colour"]


def test_an_unlike_picture_still_gets_an_answer() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    answer = ColourReader(SUBJECT, "eye_colour").read(Image.fromarray(noise))
    assert answer in COLOUR_AXES["eye_colour"]


def test_agreement_counts_both_judges(untrained: Judge) -> None:
    from enogu.world.judge.colours import measure_colour_agreement

    for item in measure_colour_agreement(untrained, 2):
        assert 0 <= item.agree <= item.total <= 2
        assert item.plain_right <= item.total and item.judge_right <= item.total
