"""Looking at the rim of a picture: is what lies there one flat or smooth background?"""

from dataclasses import dataclass

import numpy as np

from enogu.pictures.background.surface import Floats, Places, Surface, distances, fit_surface
from enogu.pictures.pixels import Pixels

_MIN_PX = 16
"""Where a side is shorter there are fewer pixels than a smooth surface needs to be told from."""
_RIM_SHARE = 0.012
_SAMPLES_PER_SIDE = 600
_BIN_LEVELS = 16
_FLAT_SCATTER = 6.0
"""A rim with more scatter around one colour is not flat; JPEG of quality 40 has about 2."""
_SMOOTH_SCATTER = 9.0
_FLAT_REACH = 14.0
_MIN_SHARE = 0.6
_MIN_SIDE_SHARE = 0.5
_MIN_SIDES = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Rim:
    """A background that could be fitted to the rim."""

    surface: Surface
    scatter: float
    """Standard deviation of the noise around the surface, in levels."""
    share: float
    """Share of the rim that belongs to the background, 0 to 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sides:
    colours: Floats
    rows: Places
    columns: Places
    side: Places
    """0 to 3 for top, bottom, left, right."""
    size: tuple[int, int]


def read_rim(pixels: Pixels) -> Rim | None:
    """Fit one colour, or a smooth change of colour, to the rim.

    Args:
        pixels: uint8 [H, W, 3].

    Returns:
        The background; None where the rim is neither flat nor smooth, as in a drawn scene, or
        where the picture is hardly more than a rim.
    """
    if min(pixels.shape[:2]) < _MIN_PX:
        return None
    sides = _sides(pixels)
    return _flat(sides) or _smooth(sides)


def _sides(pixels: Pixels) -> _Sides:
    height, width = pixels.shape[:2]
    depth = max(1, min(round(_RIM_SHARE * min(height, width)), height // 2, width // 2))
    parts: list[tuple[Places, Places]] = []
    for count, length, is_row, last in (
        (depth, width, True, False),
        (depth, width, True, True),
        (depth, height, False, False),
        (depth, height, False, True),
    ):
        step = max(1, count * length // _SAMPLES_PER_SIDE)
        places = np.arange(0, count * length, step)
        across, along = places // length, places % length
        if last:
            across = (height if is_row else width) - 1 - across
        parts.append((across, along) if is_row else (along, across))
    rows = np.concatenate([part[0] for part in parts])
    columns = np.concatenate([part[1] for part in parts])
    side = np.concatenate([np.full(len(part[0]), i) for i, part in enumerate(parts)])
    return _Sides(
        colours=pixels[rows, columns].astype(np.float32),
        rows=rows,
        columns=columns,
        side=side,
        size=(height, width),
    )


def _flat(sides: _Sides) -> Rim | None:
    colours = sides.colours
    bins = (colours // _BIN_LEVELS).astype(np.int64) @ np.array([256, 16, 1])
    fullest = np.bincount(bins).argmax()
    centre = np.median(colours[bins == fullest], axis=0)
    near = distances(colours, centre) < _FLAT_REACH
    if near.mean() < _MIN_SHARE:
        return None
    surface, scatter = fit_surface(
        colours[near], sides.rows[near], sides.columns[near], sides.size, 0
    )
    if scatter > _FLAT_SCATTER:
        return None
    return _checked(sides, surface, scatter)


def _smooth(sides: _Sides) -> Rim | None:
    surface, scatter = fit_surface(sides.colours, sides.rows, sides.columns, sides.size, 2)
    return None if scatter > _SMOOTH_SCATTER else _checked(sides, surface, scatter)


def _checked(sides: _Sides, surface: Surface, scatter: float) -> Rim | None:
    below = surface.colours_at(sides.rows, sides.columns, *sides.size)
    near = distances(sides.colours, below) < max(_FLAT_REACH, 4 * scatter)
    by_side = [near[sides.side == i].mean() for i in range(4)]
    covered = sum(share >= _MIN_SIDE_SHARE for share in by_side)
    if near.mean() < _MIN_SHARE or covered < _MIN_SIDES:
        return None
    return Rim(surface=surface, scatter=scatter, share=float(near.mean()))
