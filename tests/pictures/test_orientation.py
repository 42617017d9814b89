import numpy as np
import pytest
from PIL import Image, ImageOps

from enogu.pictures.box import Box
from enogu.pictures.orientation import stored_box, turn_upright, turned_size


def image_with(orientation, pixels):
    image = Image.fromarray(pixels)
    image.getexif()[0x0112] = orientation
    return image


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_as_pillow_does(drawing, orientation):
    expected = np.asarray(ImageOps.exif_transpose(image_with(orientation, drawing)))
    turned = turn_upright(drawing, orientation)
    np.testing.assert_array_equal(turned, expected)
    assert turned.flags.c_contiguous
    height, width = drawing.shape[:2]
    assert turned_size((width, height), orientation) == (turned.shape[1], turned.shape[0])
    assert (turned.shape != drawing.shape) == (orientation >= 5)


def test_turns_masks_too(drawing):
    mask = drawing[..., 0]
    np.testing.assert_array_equal(turn_upright(mask, 6), np.rot90(mask, -1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_finds_where_a_part_was_stored(drawing, orientation):
    numbered = np.arange(drawing.size, dtype=np.int64).reshape(drawing.shape)
    turned = turn_upright(numbered, orientation)
    box = Box(3, 5, 17, 11)
    stored = stored_box(box, (turned.shape[1], turned.shape[0]), orientation)
    part = numbered[stored.rows, stored.columns]
    np.testing.assert_array_equal(turn_upright(part, orientation), turned[box.rows, box.columns])
