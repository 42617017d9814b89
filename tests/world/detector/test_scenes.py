"""Scenes, and what varies them."""

import numpy as np
import pytest
import torch

from enogu.world.detector.scenes import PADDING, compose, draw_parts
from enogu.world.detector.vary import vary

SIDE = 96


@pytest.fixture(scope="module")
def parts():
    return draw_parts(3, 6, 3, 64)


def scenes(parts, count):
    return [compose(parts, np.random.default_rng((1, i)), SIDE) for i in range(count)]


def test_scenes_depend_on_their_generator_alone(parts):
    (one, spots), (again, same) = (compose(parts, np.random.default_rng(5), SIDE) for _ in range(2))
    assert np.array_equal(one, again) and spots == same


def test_boxes_lie_in_the_picture_and_heads_come_with_faces(parts):
    counts = set()
    for pixels, spots in scenes(parts, 60):
        assert pixels.shape == (SIDE, SIDE, 3)
        counts.add(sum(spot.label == 0 for spot in spots))
        for spot in spots:
            assert 0 <= spot.left < spot.right <= SIDE and 0 <= spot.top < spot.bottom <= SIDE
    assert {0, 1, 2} <= counts


def test_bars_have_the_grey_that_pictures_are_padded_with(parts):
    barred = [
        pixels
        for pixels, _ in scenes(parts, 40)
        if (pixels[0] == PADDING).all() or (pixels[:, 0] == PADDING).all()
    ]
    assert 4 < len(barred) < 25


def test_the_box_is_where_the_figure_was_put(parts):
    # On a plain ground, the head's box holds pixels that are not ground.
    for pixels, spots in scenes(parts, 60):
        ground = pixels[0, 0]
        plain = (pixels == ground).all(axis=2)
        if plain.mean() < 0.6:
            continue
        for spot in spots:
            box = plain[int(spot.top) : int(spot.bottom), int(spot.left) : int(spot.right)]
            assert box.mean() < 0.5


def test_varied_pictures_are_pictures_and_the_same_again():
    pixels = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    varied = vary(pixels, 1, 2)
    assert varied.shape == (24, 3, 32, 32) and varied.dtype == torch.float32
    assert float(varied.min()) >= 0 and float(varied.max()) <= 1
    assert torch.equal(varied, vary(pixels, 1, 2)) and not torch.equal(varied, vary(pixels, 1, 3))
    plain = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    grey = (varied - varied.mean(dim=1, keepdim=True)).abs().amax(dim=(1, 2, 3)) < 1e-6
    kept = (varied - plain).abs().amax(dim=(1, 2, 3)) < 1e-6
    assert 0 < int(kept.sum()) < 12 and int(grey.sum()) < 20
    # Nothing went dark as a whole: noise comes on top of the picture, not in its place.
    assert float(varied.mean(dim=(1, 2, 3)).min()) > 0.1
