"""Borders and letterbox bars: one colour that ends in a straight edge."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from enogu.pictures.pixels import Pixels
from enogu.pictures.trim.result import SIDES, Cut, Reason, Side, TrimSettings
from enogu.pictures.trim.rim import (
    Mask,
    Rim,
    Shares,
    blank_depths,
    deviates,
    profile,
    read_rim,
    same_colour,
)

_SURE = 0.8
"""Share of the side that must leave the border's colour at once. The outline of a subject that
merely stands on paper of one colour does so for less."""

_POSSIBLE = 0.6
"""From here on a person is asked: torn paper, a painting with a ragged edge."""

_OPPOSITE: tuple[tuple[Side, Side], ...] = (("left", "right"), ("top", "bottom"))
_THINNEST_PX = 4

_HAZE_PX = 18
"""JPEG with halved colour disturbs up to 16 pixels beside an edge."""

_SHARP = 0.6
"""Rise of the profile within two lines; ragged edges rise by a tenth as much."""


def find_borders(pixels: Pixels, alpha: Pixels | None, settings: TrimSettings) -> list[Cut]:
    """Find strips of one colour that end in a straight edge.

    Args:
        pixels: uint8 [H, W, 3].
        alpha: uint8 [H, W] or None.
        settings: Tolerance and the thinnest border that counts.

    Returns:
        At most one cut per side; sure where two opposite sides agree. A border whose content has
        the border's own colour at its edge cannot be seen, and is none.
    """
    rims: dict[Side, Rim] = {
        side: read_rim(pixels, alpha, side, settings.tolerance) for side in SIDES
    }
    cuts: list[Cut] = []
    left_over: list[Side] = [side for side in SIDES if rims[side].blank]
    while left_over:
        rim = rims[left_over[0]]
        sides: list[Side] = [s for s in left_over if same_colour(rims[s], rim, settings.tolerance)]
        left_over = [side for side in left_over if side not in sides]
        cuts += _borders_of(pixels, alpha, rim, sides, settings)
    return _judged(cuts)


def _borders_of(
    pixels: Pixels, alpha: Pixels | None, rim: Rim, sides: list[Side], settings: TrimSettings
) -> list[Cut]:
    mask = deviates(pixels, alpha, rim.colour, settings.tolerance)
    blank = blank_depths(mask)
    if blank is None:
        return []
    depths: dict[Side, int] = {side: px if side in sides else 0 for side, px in blank.items()}
    found: dict[Side, tuple[int, float]] = {}
    for side in sides:
        inside = profile(_beside(mask, side, depths), side)
        extra, certainty = straight_edge(inside[depths[side] :])
        found[side] = (depths[side] + extra, certainty)
    height, width = mask.shape
    length = {"left": width, "right": width, "top": height, "bottom": height}
    straight: dict[Side, tuple[int, float]] = {
        side: seen for side, seen in found.items() if seen[1] >= _POSSIBLE
    }
    thick = any(
        px >= max(_THINNEST_PX, settings.min_border * length[side])
        for side, (px, _) in straight.items()
    )
    # A border may be thin on one side when it is wide on another.
    return [
        Cut(side=side, reason="border", px=px, certainty=round(certainty, 3), sure=True)
        for side, (px, certainty) in straight.items()
        if thick and px >= 1 and _spans(side, depths, straight)
    ]


def _spans(side: Side, depths: dict[Side, int], straight: Collection[Side]) -> bool:
    """Tell whether what lies behind the edge runs on to the borders or rims beside it.

    A flat hat on blank paper has a straight edge too, but blank paper on its left and right.
    """
    beside = _OPPOSITE[0] if side in _OPPOSITE[1] else _OPPOSITE[1]
    return all(depths[other] == 0 or other in straight for other in beside)


def _beside(mask: Mask, side: Side, depths: dict[Side, int]) -> Mask:
    """Leave out what the borders of the neighbouring sides cover."""
    height, width = mask.shape
    if side in ("top", "bottom"):
        return mask[:, depths["left"] : width - depths["right"]]
    return mask[depths["top"] : height - depths["bottom"]]


def straight_edge(shares: Shares) -> tuple[int, float]:
    """Find where a profile jumps up, and how much it looks like a ruled line.

    Args:
        shares: Marked share per line, from the first line that is not blank inwards.

    Returns:
        Lines to go on until the edge (the haze of JPEG blocks lies before it), and 0 to 1: the
        share that the edge reaches, less when it takes many lines to get there.
    """
    near = shares[: max(4, min(_HAZE_PX, len(shares) // 10))]
    if not len(near):
        return 0, 0.0
    before = np.concatenate([[0.0, 0.0], near])
    edge = int((near - before[1:-1]).argmax())
    # Resampling spreads a ruled line over two lines of pixels.
    level = float(near[edge : edge + 2].max())
    jump = float((near - before[:-2])[edge : edge + 2].max())
    return edge, min(level, jump / _SHARP)


def _judged(cuts: list[Cut]) -> list[Cut]:
    sides = {cut.side for cut in cuts}
    pairs = [pair for pair in _OPPOSITE if sides.issuperset(pair)]
    reason: Reason = "letterbox" if len(pairs) == 1 and len(sides) == 2 else "border"
    ruled = all(cut.certainty >= _SURE for cut in cuts)
    if not pairs and not ruled:
        return []
    # A lone flat strip may be a drawn floor or sky.
    doubt = 1.0 if pairs else 0.5
    return [
        replace(
            cut,
            reason=reason,
            certainty=round(doubt * cut.certainty, 3),
            sure=ruled and bool(pairs),
        )
        for cut in cuts
    ]
