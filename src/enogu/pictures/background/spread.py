"""From the rim inwards: which pixels belong to the background."""

from dataclasses import dataclass

import numpy as np

from enogu.pictures.background.model import Enclosed
from enogu.pictures.background.rim import Rim
from enogu.pictures.background.surface import Floats, Surface, distance_map, fit_surface
from enogu.pictures.pixels import Pixels
from enogu.pictures.regions_of_mask import Mask, find_regions, grow_within, shrink

_BASE_REACH = 8.0
"""Levels that JPEG and soft shading add to the noise."""
_NOISE_REACH = 3.5
_MAX_REACH = 32.0
_REFITS = 2
_WORTH_BENDING = 1.0
"""By how many levels a curved surface must fit better than one colour to be believed."""
_REFIT_SAMPLES = 3000
_DOOR_SHARE = 0.003
"""Half the width of a gap in an outline, as a share of the shorter side, that still holds."""
_ROOM_SHARE = 0.002
"""Areas behind such a gap count when they are at least this share of the picture."""
_RINGING = 0.12
"""What JPEG leaves beside a contour, as a share of the contour's own contrast."""
_RINGING_PX = 4
_MIN_SPECK_PX = 6
_SPECKS = ((3e-5, 3.0), (1e-3, 2.0))
"""Islands up to this share of the picture are noise when nothing in them stands out by more than
this many times the reach."""
_HOLE_REACH = 0.6
_MIN_HOLE_SHARE = 3e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """The background of a picture before its edge is softened."""

    background: Mask
    surface: Surface
    distance: Floats
    """How far each pixel is from the surface, float32 [H, W], in levels."""
    reach: float
    """Up to which distance a pixel counts as background, in levels."""
    enclosed: float
    """Share of the picture that has the background's colour and was left with the subject."""


def spread_from_rim(pixels: Pixels, rim: Rim, enclosed: Enclosed) -> Spread:
    """Follow the background from the rim inwards.

    The surface is fitted again to what was found, so that it follows shading that the rim alone
    does not show. A gap of few pixels in an outline does not let the background into the subject.

    Args:
        pixels: uint8 [H, W, 3].
        rim: The background as seen at the rim.
        enclosed: What becomes of areas of its colour that the rim does not reach.
    """
    surface, scatter = rim.surface, rim.scatter
    distance = distance_map(pixels, surface)
    reach = _reach(scatter)
    found = _from_rim(distance < reach)
    for _ in range(_REFITS):
        rows, columns = np.nonzero(shrink(found, 2))
        if len(rows) < 200:
            break
        step = max(1, len(rows) // _REFIT_SAMPLES)
        rows, columns = rows[::step], columns[::step]
        colours = pixels[rows, columns].astype(np.float32)
        size = (found.shape[0], found.shape[1])
        bent, bent_scatter = fit_surface(colours, rows, columns, size, 3)
        level, level_scatter = fit_surface(colours, rows, columns, size, 0)
        is_level = bent_scatter > level_scatter - _WORTH_BENDING
        if is_level and surface.degree == 0:
            break
        surface, scatter = (level, level_scatter) if is_level else (bent, bent_scatter)
        distance = distance_map(pixels, surface)
        reach = _reach(scatter)
        found = _from_rim(distance < reach)
    found = _over_ringing(found, distance)
    near = distance < reach
    take_enclosed = _takes_enclosed(enclosed, surface)
    found = _without_rooms(found)
    held = near & ~found
    if take_enclosed:
        found |= _holes(held, distance < _HOLE_REACH * reach)
        held = near & ~found
    found |= _specks(~found, distance, reach)
    return Spread(
        background=found,
        surface=surface,
        distance=distance,
        reach=reach,
        enclosed=float((held & ~found).mean()),
    )


def _reach(scatter: float) -> float:
    return min(_MAX_REACH, _BASE_REACH + _NOISE_REACH * scatter)


def _from_rim(near: Mask) -> Mask:
    regions = find_regions(near)
    return regions.mask_of(regions.at_rim())


def _over_ringing(found: Mask, distance: Floats) -> Mask:
    """Let the background run up to contours, over the ripples that JPEG leaves beside them."""
    strongest = _highest_around(np.minimum(distance, 255).astype(np.uint8), _RINGING_PX)
    weak = distance < _RINGING * strongest
    return grow_within(found, found | weak, _RINGING_PX)


def _highest_around(values: Pixels, radius: int) -> Pixels:
    """Return the largest value in a square around each pixel, uint8 [H, W]."""
    for axis in (0, 1):
        moved = np.pad(values, [(radius, radius) if i == axis else (0, 0) for i in (0, 1)])
        length = values.shape[axis]
        reached, wanted = 1, 2 * radius + 1
        while reached < wanted:
            step = min(reached, wanted - reached)
            end = moved.shape[axis] - step
            low = moved.take(range(end), axis=axis)
            moved = np.maximum(low, moved.take(range(step, end + step), axis=axis))
            reached += step
        values = moved.take(range(length), axis=axis)
    return values


def _takes_enclosed(enclosed: Enclosed, surface: Surface) -> bool:
    if enclosed != "auto":
        return enclosed == "background"
    mean = surface.coefficients[0]
    return bool(mean.min() < 225 and mean.max() > 30)


def _without_rooms(found: Mask) -> Mask:
    """Take away areas that only a narrow gap joins to the rest: white clothes behind open lines."""
    door = max(1, round(_DOOR_SHARE * min(found.shape)))
    core = shrink(found, door)
    open_air = _from_rim(core)
    # What a brush of that width can reach, plus the corners it is too thick for.
    reached = grow_within(open_air, found, door + 1)
    rooms = find_regions(found & ~reached)
    deep = np.bincount(rooms.labels.ravel(), weights=core.ravel(), minlength=rooms.count + 1)
    chosen = (rooms.areas >= _ROOM_SHARE * found.size) & (deep > 0.5 * rooms.areas)
    return found & ~rooms.mask_of(chosen)


def _holes(held: Mask, close: Mask) -> Mask:
    regions = find_regions(held)
    good = np.bincount(regions.labels.ravel(), weights=close.ravel(), minlength=regions.count + 1)
    chosen = (regions.areas >= _MIN_HOLE_SHARE * held.size) & (good > 0.8 * regions.areas)
    return regions.mask_of(chosen)


def _specks(subject: Mask, distance: Floats, reach: float) -> Mask:
    """Return islands of the subject that are nothing but noise of the background."""
    regions = find_regions(subject)
    strongest = np.zeros(regions.count + 1, dtype=np.float32)
    flat = regions.labels.ravel()
    inside = np.flatnonzero(flat)
    np.maximum.at(strongest, flat[inside], distance.ravel()[inside])
    noise = np.zeros(regions.count + 1, dtype=np.bool_)
    for share, contrast in _SPECKS:
        small = regions.areas < max(_MIN_SPECK_PX, share * subject.size)
        noise |= small & (strongest < contrast * reach)
    return regions.mask_of(noise)
