"""The part of a picture that a copy must share: without borders, bars and blank margins."""

from enogu.pictures.box import Box
from enogu.pictures.pixels import Pixels
from enogu.pictures.trim import find_trim
from enogu.pictures.trim.result import SIDES, Side
from enogu.pictures.trim.rim import Rim, blank_depths, deviates, read_rim, same_colour

_TOLERANCE = 40
"""Levels; white padding around cream paper is one margin, and the haze of JPEG is none of it."""
_SMALLEST_PX = 8
_STRAY_PIXELS = 1.5


def content_box(pixels: Pixels, alpha: Pixels | None = None) -> Box:
    """Return the tight box around what is drawn.

    Args:
        pixels: uint8 [H, W, 3].
        alpha: uint8 [H, W] or None.

    Returns:
        The whole picture when nothing can be told from its rim.
    """
    outer = find_trim(pixels, alpha).box
    inside = pixels[outer.rows, outer.columns]
    clear = None if alpha is None else alpha[outer.rows, outer.columns]
    rims: dict[Side, Rim] = {side: read_rim(inside, clear, side, _TOLERANCE) for side in SIDES}
    blank: list[Side] = [side for side in SIDES if rims[side].blank]
    if len(blank) < 2:
        return outer
    first = rims[blank[0]]
    mask = deviates(inside, clear, first.colour, _TOLERANCE)
    depths = blank_depths(mask, _STRAY_PIXELS / max(mask.shape))
    if depths is None:
        return outer
    cut = {
        side: depths[side] if side in blank and same_colour(rims[side], first, _TOLERANCE) else 0
        for side in SIDES
    }
    width = outer.width - cut["left"] - cut["right"]
    height = outer.height - cut["top"] - cut["bottom"]
    if width < _SMALLEST_PX or height < _SMALLEST_PX:
        return outer
    left, top = outer.left + cut["left"], outer.top + cut["top"]
    return Box(left, top, left + width, top + height)
