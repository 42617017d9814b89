"""How much each place of a drawing says about its tags, for each framing.

A mouth is a few pixels, hair is a fifth of the picture. Where every place counts alike, a denoiser
learns the mouth last. Here every axis weighs the same, however small the area it shows in: a
character is drawn twice with one answer changed, and the difference is that axis's area.
"""

import random

import numpy as np
from numpy.typing import NDArray

from enogu.world.axes import AXES, Traits, choices_beside, visible_axes
from enogu.world.captions import random_traits
from enogu.world.drawing import draw_traits

SHARE = 0.5
"""Of the weight: what is spread by importance; the rest counts every place alike.

With 0.7 tags are followed a little sooner, and striped and dotted backgrounds dissolve."""
_TWICE = ("mouth",)
"""Axes that count double: seven forms in three cells of the grid are learnt last."""
_WHOLE_PICTURE = ("framing", "style", "background", "time")
"""Axes that show everywhere, and so say nothing about where to look."""
Importance = NDArray[np.float32]


def importance_maps(grid_px: int, *, characters: int = 48, seed: int = 0) -> Importance:
    """Return the weight of each cell of a picture, for each framing in the order of its axis.

    Args:
        grid_px: Cells in each direction; divides 128.
        characters: Characters per framing; one takes a quarter of a CPU-second.
        seed: Of the characters.

    Returns:
        float32, shape [framings, grid_px, grid_px]; each map has mean 1 and is positive.
    """
    return np.stack(
        [_map_of(framing, grid_px, characters, seed) for framing in AXES["framing"]]
    ).astype(np.float32)


def _map_of(framing: str, grid_px: int, characters: int, seed: int) -> NDArray[np.float64]:
    areas = {a: np.zeros((grid_px, grid_px)) for a in AXES if a not in _WHOLE_PICTURE}
    for number in range(characters):
        rng = random.Random(f"importance {seed} {framing} {number}")
        traits = random_traits(rng, fixed={"framing": framing, "style": "none"})
        drawn = _pixels(traits.values, number)
        for axis in areas:
            others = [v for v in choices_beside(axis, traits.values) if v != traits[axis]]
            if axis in visible_axes(traits) and others:
                changed = _pixels({**traits.values, axis: rng.choice(others)}, number)
                areas[axis] += _cells(np.abs(changed - drawn).sum(axis=-1), grid_px)
    shown = [
        _widened(area / area.sum()) * (2 if axis in _TWICE else 1)
        for axis, area in areas.items()
        if area.any()
    ]
    together = np.mean(shown, axis=0)
    return (1 - SHARE) + SHARE * together / together.mean()


def _pixels(values: dict[str, str], seed: int) -> NDArray[np.float64]:
    return np.asarray(draw_traits(Traits(values), seed, 128), dtype=np.float64)


def _cells(picture: NDArray[np.float64], grid_px: int) -> NDArray[np.float64]:
    side = len(picture) // grid_px
    return picture.reshape(grid_px, side, grid_px, side).mean(axis=(1, 3))


def _widened(area: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `area` spread over each cell's neighbours: latents describe a little more than one."""
    padded = np.pad(area, 1, mode="edge")
    size = len(area)
    shifts = [padded[y : y + size, x : x + size] for y in range(3) for x in range(3)]
    return np.mean(shifts, axis=0)
