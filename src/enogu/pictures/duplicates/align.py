"""Laying one picture over another: scale and shift by least squares, many pairs at once.

Gauss-Newton on brightness as in Lucas and Kanade (1981), with the tone (gain and offset) fitted
along, after a light blur. Legend: P pairs, H, W rows and columns of the whole picture A, h, w of
the inner picture B, C channels.
"""

from typing import Any, TypeAlias

import numpy as np

from enogu.pictures.duplicates.table import Floats

Mapping: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
"""[P, 4]: scale and shift in x, then in y; a point x of B lies at ``scale * x + shift`` in A.
Coordinates count from the outer edge of the first pixel."""

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

_ROUNDS = 6
_LEAST_OVERLAP = 0.3
_LARGEST_STEP = np.array([0.1, 3.0, 0.1, 3.0])
_DAMPING = 1e-4
_SMALLEST_GAIN = 0.3
_STILL_PX = 0.02


def warp(whole: Floats, mapping: Mapping, height: int, width: int) -> tuple[Floats, Mask]:
    """Sample A where the pixels of B lie, by linear interpolation.

    Args:
        whole: A, float32 [P, H, W, C].
        mapping: From B to A.
        height: h.
        width: w.

    Returns:
        float32 [P, h, w, C] and which of it lies inside A, [P, h, w].
    """
    x = mapping[:, :1] * (np.arange(width) + 0.5) + mapping[:, 1:2] - 0.5
    y = mapping[:, 2:3] * (np.arange(height) + 0.5) + mapping[:, 3:] - 0.5
    x0, fx, inside_x = _between(x, whole.shape[2])
    y0, fy, inside_y = _between(y, whole.shape[1])
    pair = np.arange(len(whole))[:, None, None]
    row, column = y0[:, :, None], x0[:, None, :]
    fx, fy = fx[:, None, :, None], fy[:, :, None, None]
    upper = whole[pair, row, column] * (1 - fx) + whole[pair, row, column + 1] * fx
    lower = whole[pair, row + 1, column] * (1 - fx) + whole[pair, row + 1, column + 1] * fx
    return upper * (1 - fy) + lower * fy, inside_y[:, :, None] & inside_x[:, None, :]


def _between(place: Mapping, size: int) -> tuple[np.ndarray[Any, np.dtype[np.int64]], Floats, Mask]:
    inside = (place >= -0.6) & (place <= size - 0.4)
    place = np.clip(place, 0, size - 1)
    low = np.minimum(place.astype(np.int64), size - 2)
    return low, (place - low).astype(np.float32), inside


def refine(whole: Floats, inner: Floats, mapping: Mapping) -> tuple[Mapping, Mask]:
    """Improve mappings from B to A.

    Args:
        whole: Luma of A, float32 [P, H, W]; at least 2 x 2.
        inner: Luma of B, float32 [P, h, w]; at least 2 x 2.
        mapping: First guess, within about a tenth of the width.

    Returns:
        The better mappings, and bool [P]: False where the pictures drifted apart.
    """
    smooth, target = blur(whole)[..., None], blur(inner)
    _, height, width = inner.shape
    middle_x, middle_y = width / 2, height / 2
    along_x = np.arange(width) + 0.5 - middle_x
    along_y = (np.arange(height) + 0.5 - middle_y)[:, None]
    mapping, together = mapping.copy(), np.ones(len(whole), dtype=np.bool_)
    for _ in range(_ROUNDS):
        seen, inside = warp(smooth, mapping, height, width)
        seen = seen[..., 0]
        together &= inside.mean(axis=(1, 2)) >= _LEAST_OVERLAP
        slope_x = np.gradient(seen, axis=2) / mapping[:, 0, None, None]
        slope_y = np.gradient(seen, axis=1) / mapping[:, 2, None, None]
        columns = (along_x * slope_x, slope_x, along_y * slope_y, slope_y, seen, 1.0)
        weight = inside.astype(np.float64)
        design = np.stack([(weight * column).reshape(len(seen), -1) for column in columns], axis=1)
        values = (weight * target).reshape(len(seen), -1, 1)
        normal = design @ design.transpose(0, 2, 1)
        damped = np.arange(6)
        normal[:, damped, damped] = normal[:, damped, damped] * (1 + _DAMPING) + 1e-3
        solved = np.linalg.solve(normal, design @ values)[..., 0]
        gain = np.where(np.abs(solved[:, 4]) > _SMALLEST_GAIN, solved[:, 4], 1.0)
        step = np.clip(solved[:, :4] / gain[:, None], -_LARGEST_STEP, _LARGEST_STEP)
        step[~together] = 0
        mapping[:, 0] += step[:, 0]
        mapping[:, 1] += step[:, 1] - step[:, 0] * middle_x
        mapping[:, 2] += step[:, 2]
        mapping[:, 3] += step[:, 3] - step[:, 2] * middle_y
        together &= (mapping[:, 0] > 0.2) & (mapping[:, 2] > 0.2)
        mapping[~together] = (1.0, 0.0, 1.0, 0.0)
        moved = np.abs(step * np.array([width, 1, height, 1])).max(initial=0.0)
        if moved < _STILL_PX:
            break
    return mapping, together


def blur(values: Floats) -> Floats:
    """Blur [P, h, w] with 1-2-1 along both axes."""
    for axis in (1, 2):
        before = np.concatenate([values.take([0], axis), values], axis).take(
            range(values.shape[axis]), axis
        )
        after = np.concatenate(
            [values.take(range(1, values.shape[axis]), axis), values.take([-1], axis)], axis
        )
        values = (before + 2 * values + after) / 4
    return values
