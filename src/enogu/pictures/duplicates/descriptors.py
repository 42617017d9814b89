"""Thumbnails as short vectors: the slow waves of luma and colour.

A mirrored picture has the same vector with the odd part negated, so both are compared at once.
A crop of a picture resembles the picture's own inner part, so vectors of inner windows are
computed from the same thumbnail: resampling and transform are one small matrix per axis.
"""

from typing import Any, TypeAlias

import numpy as np

from enogu.pictures.duplicates.fingerprint import SIDE
from enogu.pictures.duplicates.table import Floats, Integers, Table

Window: TypeAlias = tuple[float, float, float, float]
"""Shares cut off at left, top, right and bottom."""

WINDOWS: tuple[Window, ...] = (
    (0.0, 0.0, 0.0, 0.0),
    (0.06, 0.06, 0.06, 0.06),
    (0.0, 0.0, 0.0, 0.08),
    (0.0, 0.08, 0.0, 0.0),
    (0.08, 0.0, 0.0, 0.0),
    (0.0, 0.0, 0.08, 0.0),
)
"""The whole first. Crops between them are near enough to one to be found."""

_WAVES = 6
_COLOUR_WAVES = 3
_COLOUR_WEIGHT = 0.5

_order = np.add.outer(np.arange(_WAVES), np.arange(_WAVES))
_LUMA = (_order <= _WAVES) & (_order > 0)
"""Without the mean: brightness says nothing."""


def _odd() -> np.ndarray[Any, np.dtype[np.bool_]]:
    luma = np.broadcast_to(np.arange(_WAVES) % 2 == 1, _LUMA.shape)[_LUMA]
    colour = np.broadcast_to(np.arange(_COLOUR_WAVES) % 2 == 1, (_COLOUR_WAVES,) * 2).ravel()
    return np.concatenate([luma, colour, colour])


ODD = _odd()
"""bool [D]: components that a mirror negates."""


def describe(table: Table, index: Integers, window: Window) -> Floats:
    """Return unit vectors, float32 [n, D], of the inner window of pictures.

    A picture without any variation gives zeros.
    """
    left, top, right, bottom = window
    luma = _waves(SIDE, _WAVES, top, bottom) @ table.luma(index)
    luma = luma @ _waves(SIDE, _WAVES, left, right).T
    half = SIDE // 2
    colour = _waves(half, _COLOUR_WAVES, top, bottom) @ table.colour(index)
    colour = colour @ _waves(half, _COLOUR_WAVES, left, right).T
    # Half the side has half the sum of squares per unit of area on each axis.
    weight = 2 * _COLOUR_WEIGHT
    vectors = np.concatenate(
        [luma[:, _LUMA], weight * colour.reshape(len(colour), -1)], axis=1, dtype=np.float32
    )
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(norm > 1, vectors / np.maximum(norm, 1), 0).astype(np.float32)


def _waves(side: int, count: int, before: float, after: float) -> Floats:
    """Return [count, side]: resampling of a window to the whole side, then the cosine transform."""
    at = np.arange(side)
    # DCT-II, orthonormal.
    transform = np.cos(np.pi * np.outer(np.arange(count), at + 0.5) / side) * np.sqrt(2 / side)
    transform[0] /= np.sqrt(2)
    place = np.clip(before * side + (at + 0.5) * (1 - before - after) - 0.5, 0, side - 1)
    low = np.minimum(place.astype(np.int64), side - 2)
    part = place - low
    resample = np.zeros((side, side))
    resample[at, low] = 1 - part
    resample[at, low + 1] = part
    return (transform @ resample).astype(np.float32)
