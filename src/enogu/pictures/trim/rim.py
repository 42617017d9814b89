"""Seen from the rim: which pixels leave its colour, and how deep the one colour reaches."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from enogu.pictures.pixels import Colour, Pixels
from enogu.pictures.trim.result import SIDES, Side

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
Shares: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

BLANK_SHARE = 0.002
"""A line still counts as blank with this share of stray pixels: dust, a dead scanner dot."""

_OPAQUE = 8


@dataclass(frozen=True, slots=True)
class Rim:
    """The colour of one outer line, or transparency."""

    colour: Colour | None
    """None: the line is transparent."""
    blank: bool
    """Whether the whole line has this colour."""


def outer_line(pixels: Pixels, side: Side) -> Pixels:
    """Return the outermost row or column of `side`: [n, ...]."""
    index = 0 if side in ("left", "top") else -1
    return pixels[index] if side in ("top", "bottom") else pixels[:, index]


def read_rim(pixels: Pixels, alpha: Pixels | None, side: Side, tolerance: int) -> Rim:
    """Look at the outermost line of one side.

    Args:
        pixels: uint8 [H, W, 3].
        alpha: uint8 [H, W] or None.
        side: Which line.
        tolerance: Levels a channel may differ from the median of the line.
    """
    if alpha is not None:
        clear = outer_line(alpha, side) <= _OPAQUE
        if clear.mean() >= 1 - BLANK_SHARE:
            return Rim(None, True)
    line = outer_line(pixels, side)
    colour = line_colour(line)
    stray = deviates(line[None], None, colour, tolerance)
    return Rim(colour, bool(stray.mean() <= BLANK_SHARE))


def line_colour(line: Pixels) -> Colour:
    """Return the median of a line [n, 3] per channel."""
    red, green, blue = (int(value) for value in np.median(line, axis=0))
    return red, green, blue


def deviates(pixels: Pixels, alpha: Pixels | None, colour: Colour | None, tolerance: int) -> Mask:
    """Mark what is not of the rim's colour: bool [H, W].

    Where `colour` is None the opaque pixels are marked.
    """
    if colour is None:
        if alpha is None:
            raise ValueError("a transparent rim needs an alpha channel")
        return alpha > _OPAQUE
    marked = np.zeros(pixels.shape[:2], dtype=np.bool_)
    for channel, level in enumerate(colour):
        values = pixels[..., channel]
        if level - tolerance > 0:
            marked |= values < level - tolerance
        if level + tolerance < 255:
            marked |= values > level + tolerance
    return marked


def profile(mask: Mask, side: Side) -> Shares:
    """Return the share of marked pixels per line, the outermost line of `side` first."""
    shares = mask.mean(axis=1 if side in ("top", "bottom") else 0)
    return shares if side in ("left", "top") else shares[::-1]


def depth(shares: Shares, limit: float = BLANK_SHARE) -> int:
    """Return how many outer lines are blank; the number of lines when all are."""
    filled = np.flatnonzero(shares > limit)
    return int(filled[0]) if len(filled) else len(shares)


def same_colour(first: Rim, second: Rim, tolerance: int) -> bool:
    """Tell whether two blank lines have one colour."""
    if first.colour is None or second.colour is None:
        return first.colour is second.colour
    pairs = zip(first.colour, second.colour, strict=True)
    return all(abs(one - other) <= tolerance for one, other in pairs)


def inner_mask(mask: Mask, depths: dict[Side, int]) -> Mask:
    """Cut blank lines off a mask."""
    height, width = mask.shape
    return mask[depths["top"] : height - depths["bottom"], depths["left"] : width - depths["right"]]


def blank_depths(mask: Mask, limit: float = BLANK_SHARE) -> dict[Side, int] | None:
    """Return the blank lines of each side, or None when nothing is marked."""
    depths: dict[Side, int] = {side: depth(profile(mask, side), limit) for side in SIDES}
    return None if depths["top"] >= mask.shape[0] or depths["left"] >= mask.shape[1] else depths
