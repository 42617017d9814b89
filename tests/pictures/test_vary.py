import colorsys

import numpy as np
import pytest

from enogu.pictures.box import Box
from enogu.pictures.buckets import BucketSize, cover
from enogu.pictures.vary import ColourShift, draw_variation, shift_colours

STRONG = ColourShift(gamma=1.2, saturation=1.3, hue=20)


def one(*colour):
    return np.array([[colour]], dtype=np.uint8)


@pytest.mark.parametrize("level", [0, 255])
def test_white_and_black_stay(level):
    assert (shift_colours(one(level, level, level), STRONG) == level).all()


def test_greys_keep_no_colour():
    grey = shift_colours(one(90, 90, 90), STRONG)[0, 0]
    assert max(grey) - min(grey) <= 1


def test_nothing_changes_without_a_shift():
    pixels = np.random.default_rng(0).integers(0, 256, (300, 5, 3), dtype=np.uint8)
    same = shift_colours(pixels, ColourShift(gamma=1, saturation=1, hue=0))
    assert np.abs(same.astype(int) - pixels).max() <= 1


def test_hue_turns_and_saturation_fades():
    def hue(colour):
        return colorsys.rgb_to_hsv(*(value / 255 for value in colour))[0] * 360

    turned = shift_colours(one(180, 90, 90), ColourShift(gamma=1, saturation=1, hue=20))[0, 0]
    assert 5 < min(hue(turned), 360 - hue(turned)) < 40
    faded = shift_colours(one(180, 90, 90), ColourShift(gamma=1, saturation=0.5, hue=0))[0, 0]
    assert np.ptp(faded) == pytest.approx(45, abs=2)


def test_the_first_version_is_the_picture_and_others_are_drawn_within_limits():
    assert draw_variation("a", 0, colour=0.2, crop=0.2) is None
    drawn = [draw_variation("a", n, colour=0.2, crop=0.2) for n in range(1, 200)]
    assert drawn[4] == draw_variation("a", 5, colour=0.2, crop=0.2)
    assert drawn[4] != draw_variation("b", 5, colour=0.2, crop=0.2)
    assert all(1 <= one.zoom <= 1.25 for one in drawn)
    assert all(abs(one.colour.saturation - 1) <= 0.2 for one in drawn)
    assert all(abs(one.colour.hue) <= 8 for one in drawn)
    assert draw_variation("a", 1, colour=0, crop=0.2).colour is None


def test_a_closer_crop_keeps_what_must_be_kept():
    fit = cover(BucketSize(200, 200), BucketSize(64, 64))
    face = Box(10, 10, 60, 60)
    for number in range(1, 30):
        closer = draw_variation("a", number, colour=0, crop=0.3).fit(fit, [face])
        assert closer.bucket == fit.bucket
        assert closer.scale >= fit.scale
        assert closer.shows(face) > 0.97
        assert 0 <= closer.crop_left <= closer.resized.width - 64
