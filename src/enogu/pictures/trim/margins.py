"""Blank margins around a free-standing drawing, and small writing that stands alone in them."""

import numpy as np

from enogu.pictures.pixels import Pixels
from enogu.pictures.trim.result import SIDES, Cut, Side, TrimSettings
from enogu.pictures.trim.rim import (
    Mask,
    Shares,
    blank_depths,
    depth,
    deviates,
    inner_mask,
    profile,
    read_rim,
    same_colour,
)

_SIGNATURE_HEIGHT = 0.08
"""Of the drawing's own height."""
_SIGNATURE_WIDTH = 0.45
_SIGNATURE_MARKED = 0.5
"""Most of the signature's box that may be inked: writing is thin, a detached shoe is not."""
_GAP = 0.01
_STRAY_PIXELS = 1.5


def find_margins(pixels: Pixels, alpha: Pixels | None, settings: TrimSettings) -> list[Cut]:
    """Propose cuts around a drawing that stands on one colour.

    Such a margin is part of the artist's composition, so no cut here is sure. A signature is
    proposed only where a straight cut takes nothing else away.

    Args:
        pixels: uint8 [H, W, 3].
        alpha: uint8 [H, W] or None.
        settings: Tolerance, least content, air to leave.

    Returns:
        At most two cuts per side.
    """
    rims = [read_rim(pixels, alpha, side, settings.tolerance) for side in SIDES]
    blank = [rim for rim in rims if rim.blank]
    if len(blank) < 2:
        return []
    rim = blank[0]
    sides: list[Side] = [
        side
        for side, other in zip(SIDES, rims, strict=True)
        if other.blank and same_colour(rim, other, settings.tolerance)
    ]
    mask = deviates(pixels, alpha, rim.colour, settings.tolerance)
    depths = _tight_depths(mask)
    if depths is None:
        return []
    cuts: list[Cut] = []
    for side in sides:
        signature = _signature(profile(inner_mask(mask, depths), side), mask, side, depths)
        if signature is not None:
            cuts.append(signature)
            mask = _without(mask, side, signature.px)
            tight = _tight_depths(mask)
            depths = tight if tight is not None else depths
    taken: dict[Side, int] = {cut.side: cut.px for cut in cuts}
    return cuts + _blank_cuts(mask.shape, depths, sides, taken, settings)


def _tight_depths(mask: Mask) -> dict[Side, int] | None:
    longest = max(mask.shape)
    return blank_depths(mask, _STRAY_PIXELS / longest)


def _without(mask: Mask, side: Side, px: int) -> Mask:
    cleared = mask.copy()
    lines = cleared if side in ("top", "bottom") else cleared.T
    lines[slice(0, px) if side in ("left", "top") else slice(len(lines) - px, None)] = False
    return cleared


def _signature(shares: Shares, mask: Mask, side: Side, depths: dict[Side, int]) -> Cut | None:
    """See whether the drawing's outermost lines are a small thing apart from the rest."""
    most = int(_SIGNATURE_HEIGHT * len(shares))
    gap = max(3, int(_GAP * len(shares)))
    free = np.flatnonzero(shares[: most + gap] <= 0)
    if not len(free):
        return None
    height = int(free[0])
    rest = depth(shares[height:], 0.0)
    if not 4 <= height <= most or rest < gap or height + rest >= len(shares):
        return None
    px = depths[side] + height
    lines = mask if side in ("top", "bottom") else mask.T
    lines = lines if side in ("left", "top") else lines[::-1]
    writing: Mask = np.any(lines[depths[side] : px], axis=0)
    where = np.flatnonzero(writing)
    width = int(where[-1] - where[0]) + 1
    marked = lines[depths[side] : px, where[0] : where[-1] + 1].mean()
    if width < 2 * height or width > _SIGNATURE_WIDTH * len(writing) or marked > _SIGNATURE_MARKED:
        return None
    return Cut(side=side, reason="signature", px=px + rest // 2, certainty=0.4, sure=False)


def _blank_cuts(
    shape: tuple[int, ...],
    depths: dict[Side, int],
    sides: list[Side],
    taken: dict[Side, int],
    settings: TrimSettings,
) -> list[Cut]:
    height, width = shape
    inner_width = width - depths["left"] - depths["right"]
    inner_height = height - depths["top"] - depths["bottom"]
    content = inner_width * inner_height / (width * height)
    if content >= settings.min_content:
        return []
    air = round(settings.margin * max(inner_width, inner_height))
    cuts: list[Cut] = []
    for side in sides:
        px = depths[side] - air - taken.get(side, 0)
        if px > 0:
            certainty = round(0.5 * (1 - content / settings.min_content), 3)
            cuts.append(
                Cut(side=side, reason="blank margin", px=px, certainty=certainty, sure=False)
            )
    return cuts
