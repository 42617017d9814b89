"""How much of a picture is lines of text, told from the form of letters in a row."""

from typing import Final

import numpy as np
from PIL import Image

from enogu.pictures.pixels import Pixels
from enogu.pictures.quality.measures import Greys
from enogu.pictures.regions_of_mask import Mask, find_regions

_LONG_SIDE: Final = 1024
_CONTRAST: Final = 40.0
_SURROUNDINGS: Final = 31
_MIN_HEIGHT: Final = 5
_MAX_HEIGHT_SHARE: Final = 0.07
_MAX_LETTERS: Final = 2000
_MIN_LINE: Final = 5
_GAP: Final = 1.3
_SAME_HEIGHT: Final = 0.55
_SAME_BASELINE: Final = 0.4


def text_share(grey: Greys) -> float:
    """Return the share of a picture covered by lines of text, 0 to 1.

    Letters are small areas of one contrast that stand in a row: near each other, of like height,
    on one line, at least five of them. Rows and columns of writing both count.

    Args:
        grey: float32 [H, W].
    """
    small = _reduced(grey)
    apart = small - _surroundings(small)
    covered = np.zeros(small.shape, dtype=np.bool_)
    for ink in (apart < -_CONTRAST, apart > _CONTRAST):
        letters = _letters(ink)
        for boxes, turned in ((letters, False), (letters[:, [1, 0, 3, 2]], True)):
            for line in _lines(boxes):
                left, top, right, bottom = line[[1, 0, 3, 2]] if turned else line
                covered[top:bottom, left:right] = True
    return float(covered.mean())


def _reduced(grey: Greys) -> Greys:
    scale = _LONG_SIDE / max(grey.shape)
    if scale >= 1:
        return grey
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    eight_bits: Pixels = grey.astype(np.uint8)
    shrunk = Image.fromarray(eight_bits).resize(size, Image.Resampling.BOX)
    return np.asarray(shrunk, dtype=np.float32)


def _surroundings(grey: Greys) -> Greys:
    """Return the mean of a square around each pixel."""
    half = min(_SURROUNDINGS, *grey.shape) // 2
    side = 2 * half + 1
    padded = np.pad(grey, half, mode="edge")
    sums = np.pad(padded.cumsum(axis=0, dtype=np.float64), ((1, 0), (0, 0)))
    rows = sums[side:] - sums[:-side]
    sums = np.pad(rows.cumsum(axis=1), ((0, 0), (1, 0)))
    return ((sums[:, side:] - sums[:, :-side]) / side**2).astype(np.float32)


def _letters(ink: Mask) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Return the boxes of areas that may be letters, [N, 4]: left, top, right, bottom."""
    regions = find_regions(ink)
    boxes = regions.boxes
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    longer, shorter = np.maximum(width, height), np.maximum(1, np.minimum(width, height))
    limit = max(2 * _MIN_HEIGHT, _MAX_HEIGHT_SHARE * max(ink.shape))
    fill = regions.areas / np.maximum(1, width * height)
    good = (longer >= _MIN_HEIGHT) & (longer <= limit) & (longer < 6 * shorter) & (fill > 0.15)
    good[0] = False
    return boxes[good][:_MAX_LETTERS]


def _lines(
    boxes: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the boxes around rows of letters."""
    if len(boxes) < _MIN_LINE:
        return []
    follows = _next_letters(boxes)
    begun = np.ones(len(boxes), dtype=np.bool_)
    begun[follows[follows >= 0]] = False
    lines: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    for start in np.flatnonzero(begun):
        members = [int(start)]
        while (after := int(follows[members[-1]])) >= 0:
            members.append(after)
        if len(members) >= _MIN_LINE:
            line = boxes[members]
            lines.append(np.concatenate([line[:, :2].min(axis=0), line[:, 2:].max(axis=0)]))
    return lines


def _next_letters(
    boxes: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return for each letter the one that follows it to the right, or -1."""
    left, top, right, bottom = boxes.T
    height = bottom - top
    taken = np.zeros(len(boxes), dtype=np.bool_)
    follows = np.full(len(boxes), -1, dtype=np.int64)
    for i in np.argsort(left, kind="stable"):
        gap = left - right[i]
        taller, lower = np.maximum(height, height[i]), np.minimum(height, height[i])
        level = np.minimum(
            np.abs(bottom - bottom[i]), np.abs(top + bottom - top[i] - bottom[i]) / 2
        )
        good = (left > left[i]) & (gap > -0.3 * taller) & (gap < _GAP * taller) & ~taken
        good &= (lower >= _SAME_HEIGHT * taller) & (level < _SAME_BASELINE * taller)
        candidates = np.flatnonzero(good)
        if len(candidates):
            nearest = candidates[np.argmin(gap[candidates])]
            follows[i] = nearest
            taken[nearest] = True
    return follows
