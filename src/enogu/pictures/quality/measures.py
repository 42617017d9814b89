"""Measuring sharpness, blocks, noise, brightness and emptiness of drawings."""

import functools
from typing import Any, Final, TypeAlias

import numpy as np

from enogu.pictures.pixels import Pixels

Greys: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]
"""float32 [H, W], 0 to 255."""

_WINDOW_PX: Final = 9
_MIN_EDGE_SHARE: Final = 0.12
_MIN_EDGE_LEVELS: Final = 6.0
_MIN_EDGES: Final = 60
_SAMPLED_PX: Final = 400_000
_SHARPER_QUARTER: Final = 75
_BLOCK_PX: Final = 8
_BLOCK_STEP: Final = 20.0
_MIN_BLOCK_SIDE: Final = 64
_NOISE_GAIN: Final = 6.0
_TO_DEVIATION: Final = 1.4826
_DRAWN_LEVELS: Final = 16.0
_DRAWN_CELL_PX: Final = 4
_MAX_PIXEL_SIZE: Final = 16


def to_grey(pixels: Pixels) -> Greys:
    """Return Rec. 601 luma, float32 [H, W].

    Args:
        pixels: uint8 [H, W, 3].
    """
    grey = pixels[..., 0] * np.float32(0.299)
    grey += pixels[..., 1] * np.float32(0.587)
    grey += pixels[..., 2] * np.float32(0.114)
    return grey


def sharpness(grey: Greys) -> float | None:
    """Return how steep the sharper edges are; see `Measures.sharpness`."""
    low, high = np.percentile(_thinned(grey, _SAMPLED_PX), (1, 99))
    least = max(_MIN_EDGE_LEVELS, _MIN_EDGE_SHARE * float(high - low))
    steepness = [
        _steepness(_some_rows(axis), least) for axis in (grey, grey.T) if axis.shape[1] > _WINDOW_PX
    ]
    edges = np.concatenate(steepness) if steepness else np.zeros(0, dtype=np.float32)
    if len(edges) < _MIN_EDGES:
        return None
    return float(np.percentile(edges, _SHARPER_QUARTER))


def _some_rows(grey: Greys) -> Greys:
    step = max(1, grey.size // _SAMPLED_PX)
    return np.ascontiguousarray(grey[::step])


def _steepness(grey: Greys, least: float) -> Greys:
    """Return the largest step of each edge along the rows, as a share of the edge's height."""
    steps = np.abs(np.diff(grey, axis=1))
    heights = _highest(grey, _WINDOW_PX) + _highest(-grey, _WINDOW_PX)
    largest = _highest(steps, _WINDOW_PX - 1)
    middle = steps[:, _WINDOW_PX // 2 : _WINDOW_PX // 2 + heights.shape[1]]
    # An edge counts once, where its steepest step is in the middle of the window.
    edges = (middle >= largest) & (heights > least)
    return (middle[edges] / heights[edges]).astype(np.float32)


def _highest(values: Greys, length: int) -> Greys:
    """Return the maximum of each window along the rows, [H, W - length + 1]."""
    reached = 1
    while reached < length:
        step = min(reached, length - reached)
        values = np.maximum(values[:, :-step], values[:, step:])
        reached += step
    return values


def blocks(grey: Greys) -> float:
    """Return how far steps at every eighth pixel stand out, in both directions at once.

    The grid may begin anywhere, as a cropped JPEG has it. A drawn line at one place cannot pass
    for a grid in both directions, and pixel art has its steps at more than one place in eight.
    """
    if min(grey.shape) < _MIN_BLOCK_SIDE:
        return 1.0
    found: list[float] = []
    for axis in (grey, grey.T):
        # Long edges of the drawing must not hide the small steps between blocks.
        steps = np.minimum(np.abs(np.diff(_some_rows(axis), axis=1)), _BLOCK_STEP)
        columns = steps.mean(axis=0)
        columns = columns[: len(columns) // _BLOCK_PX * _BLOCK_PX].reshape(-1, _BLOCK_PX)
        by_place = np.sort(columns.mean(axis=0)) + 0.05
        found.append(float(by_place[-1] / by_place[-2]))
    return min(found)


def noise(grey: Greys) -> float:
    """Return the standard deviation of noise, in levels.

    The Laplacian of J. Immerkaer, "Fast Noise Variance Estimation" (1996), with the median in
    place of the mean, so that lines do not count as noise.
    """
    if min(grey.shape) < 3:
        return 0.0
    g = _some_rows_in_threes(grey)
    middle = g[1]
    edges = g[0, :, 1:-1] + g[2, :, 1:-1] + middle[:, :-2] + middle[:, 2:]
    corners = g[0, :, :-2] + g[0, :, 2:] + g[2, :, :-2] + g[2, :, 2:]
    laplacian = np.abs(4 * middle[:, 1:-1] - 2 * edges + corners)
    return float(np.median(laplacian)) * _TO_DEVIATION / _NOISE_GAIN


def _some_rows_in_threes(grey: Greys) -> Greys:
    """Return some rows with the ones above and below, [3, N, W]."""
    step = max(1, grey.size // _SAMPLED_PX)
    rows = np.arange(1, len(grey) - 1, step)
    return np.stack([grey[rows - 1], grey[rows], grey[rows + 1]])


def brightness(grey: Greys) -> float:
    """Return the 99th percentile of the grey levels."""
    return float(np.percentile(_thinned(grey, _SAMPLED_PX), 99))


def drawn_share(pixels: Pixels) -> float:
    """Return the share of the picture near a visible edge, 0 to 1, in cells of 4 pixels.

    Args:
        pixels: uint8 [H, W, 3]; colours count, since red on green may have one grey.
    """
    height, width = pixels.shape[:2]
    cell = min(_DRAWN_CELL_PX, height, width)
    whole = pixels[: height // cell * cell, : width // cell * cell]
    highest, lowest = _by_cell(whole, cell, np.maximum), _by_cell(whole, cell, np.minimum)
    inside = (highest - lowest).max(axis=2) > _DRAWN_LEVELS
    corners = whole[::cell, ::cell].astype(np.int16)
    # A border of colours that falls exactly between two cells shows in neither.
    down = np.abs(np.diff(corners, axis=0)).max(axis=2) > _DRAWN_LEVELS
    right = np.abs(np.diff(corners, axis=1)).max(axis=2) > _DRAWN_LEVELS
    inside[1:] |= down
    inside[:, 1:] |= right
    return float(inside.mean())


def _by_cell(pixels: Pixels, cell: int, choose: np.ufunc) -> Pixels:
    """Return the largest or least value in each cell, [H / cell, W / cell, 3]."""
    # By slices, since numpy reduces short axes slowly.
    rows = functools.reduce(choose, [pixels[i::cell] for i in range(cell)])
    return functools.reduce(choose, [rows[:, i::cell] for i in range(cell)])


def pixel_size(grey: Greys) -> int:
    """Return the side of the squares of enlarged pixel art; 1 for everything else."""
    sizes = [_run_of_equals(axis) for axis in (grey, grey.T)]
    return min(sizes)


def _run_of_equals(grey: Greys) -> int:
    changes = np.flatnonzero((np.diff(_some_rows(grey), axis=1) != 0).any(axis=0)) + 1
    if len(changes) < 4:
        return 1
    # Every change lies at the same place in each square, wherever the first one begins.
    size = int(np.gcd.reduce(np.diff(changes)))
    return size if 2 <= size <= _MAX_PIXEL_SIZE else 1


def _thinned(grey: Greys, wanted: int) -> Greys:
    step = max(1, round((grey.size / wanted) ** 0.5))
    return grey[::step, ::step]
