"""Rendering styles."""

import numpy as np

from enogu.world.axes import AXES
from enogu.world.drawing import draw
from enogu.world.styles import PIXEL_GRID

TAGS = ["1girl", "red hair", "green eyes", "blue dress", "grass", "upper body"]


def pixels(*tags: str, size: int = 128) -> np.ndarray:
    return np.asarray(draw([*TAGS, *tags], 4, size)).astype(int)


def test_monochrome_has_no_colour() -> None:
    grey = pixels("monochrome")
    assert (grey[..., 0] == grey[..., 1]).all()
    assert (grey[..., 0] == grey[..., 2]).all()
    assert grey.std() > 30


def test_pixel_art_is_made_of_equal_blocks_of_few_colours() -> None:
    blocks = pixels("pixel art").reshape(PIXEL_GRID, 2, PIXEL_GRID, 2, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()
    assert len(np.unique(blocks.reshape(-1, 3), axis=0)) <= 32
    assert pixels("pixel art", size=50).shape == (50, 50, 3)


def test_flat_colour_leaves_out_shadows_and_highlights() -> None:
    flat, shaded = pixels("flat color", size=256), pixels(size=256)
    assert len(np.unique(flat.reshape(-1, 3), axis=0)) < 0.8 * len(
        np.unique(shaded.reshape(-1, 3), axis=0)
    )


def test_a_sketch_is_pale() -> None:
    assert pixels("sketch").mean() > pixels().mean() + 10


def test_every_style_is_drawn_differently() -> None:
    tags = ["" if style == "none" else style for style in AXES["style"]]
    pictures = [pixels(*filter(None, [tag])) for tag in tags]
    for i, first in enumerate(pictures):
        for second in pictures[:i]:
            assert np.abs(first - second).mean() > 2
