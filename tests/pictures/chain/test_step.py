import numpy as np

from enogu.pictures.box import Box
from enogu.pictures.chain import ChainPicture


def picture(alpha=True):
    pixels = np.arange(20 * 30 * 3, dtype=np.uint32).astype(np.uint8).reshape(20, 30, 3)
    return ChainPicture(
        pixels=pixels,
        alpha=pixels[..., 0] if alpha else None,
        origin=Box(0, 0, 30, 20),
        whole=Box(0, 0, 30, 20),
    )


def test_cutting_speaks_of_the_original_also_after_a_cut():
    whole = picture()
    once = whole.cut(Box(5, 4, 25, 18))
    twice = once.cut(Box(10, 0, 99, 10))
    assert twice.origin == Box(10, 4, 25, 10)
    np.testing.assert_array_equal(twice.pixels, whole.pixels[4:10, 10:25])
    np.testing.assert_array_equal(twice.alpha, whole.alpha[4:10, 10:25])


def test_a_box_outside_changes_nothing():
    once = picture(alpha=False).cut(Box(0, 0, 5, 5))
    assert once.cut(Box(6, 6, 9, 9)) is once
    assert once.alpha is None
