"""Bars with text along the top or bottom, as reposts and caption programs add them."""

import numpy as np

from enogu.pictures.pixels import Colour, Pixels
from enogu.pictures.trim.result import Cut, Side, TrimSettings
from enogu.pictures.trim.rim import Mask, deviates, line_colour, outer_line, profile

_FILLED = 0.6
_MOST_INK = 0.6
_THINNEST = 0.015
_FEWEST_STROKES = 6
_INK_CONTRAST = 60
_LOWEST_WRITING_PX = 4
_FREE = 0.02
_SETTLE_LINES = 3
_NEARLY_BLANK = 0.1
_HAZE_PX = 18


def find_text_bar(pixels: Pixels, settings: TrimSettings) -> Cut | None:
    """Find a bar of one colour with writing in it, bounded by a straight edge.

    Args:
        pixels: uint8 [H, W, 3].
        settings: Tolerance and the highest bar that counts.

    Returns:
        A sure cut at the bottom or the top, or None.
    """
    for side in ("bottom", "top"):
        colour = line_colour(outer_line(pixels, side))
        height = len(pixels)
        most = int(settings.max_text_bar * height)
        strip = _outer(pixels, side, most + _SETTLE_LINES)
        # JPEG leaves a haze around letters: twice the tolerance still is far from ink.
        mask = deviates(strip, None, colour, 2 * settings.tolerance)
        px = _bar_height(mask)
        if px is None or px < max(8, _THINNEST * height):
            continue
        strokes = _strokes(strip[:px], colour)
        if strokes >= _FEWEST_STROKES:
            certainty = round(min(1.0, 0.5 + strokes / (4 * _FEWEST_STROKES)), 3)
            return Cut(side=side, reason="text bar", px=px, certainty=certainty, sure=True)
    return None


def _outer(pixels: Pixels, side: Side, lines: int) -> Pixels:
    """Return the outer rows of the top or bottom, outermost first."""
    return pixels[:lines] if side == "top" else pixels[::-1][:lines]


def _bar_height(mask: Mask) -> int | None:
    """Return the rows up to the picture, or None when it does not begin at once."""
    shares = profile(mask, "top")
    filled = shares >= _FILLED
    for row in np.flatnonzero(filled):
        after = filled[row : row + _SETTLE_LINES]
        if len(after) == _SETTLE_LINES and after.all():
            bar = shares[:row]
            ok = row > 0 and bar.max() <= _MOST_INK and bar[0] <= _NEARLY_BLANK
            return int(row) if ok and bar[-_HAZE_PX:].min() <= _NEARLY_BLANK else None
    return None


def _strokes(bar: Pixels, colour: Colour) -> int:
    """Count letters: runs of columns that hold ink in the rows of the writing."""
    ink = deviates(bar, None, colour, _INK_CONTRAST)
    rows = profile(ink, "top")
    blank = np.flatnonzero(rows <= _FREE)
    # Writing stands free of the bar's own edges; behind the last free row JPEG's haze begins.
    if not len(blank) or blank[0] != 0:
        return 0
    ink, rows = ink[: blank[-1]], rows[: blank[-1]]
    if np.count_nonzero(rows) < _LOWEST_WRITING_PX:
        return 0
    columns = ink.any(axis=0)
    return int(np.count_nonzero(np.diff(columns.astype(np.int8)) == 1))
