"""Connected regions of a mask, with numpy alone.

A mask is cut into runs along its rows; runs that touch in neighbouring rows are joined. The work
grows with the number of runs and not of pixels, so drawings with large flat areas cost little.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
"""bool [H, W]."""
Labels: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
"""int32 [H, W]: 0 outside of the mask, 1 and up inside."""
Counts: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Regions:
    """The connected regions of a mask, numbered from 1; entry 0 of each array is not used."""

    labels: Labels
    areas: Counts
    """Pixels of each region, int64 [count + 1]."""
    boxes: Counts
    """Left, top, right, bottom of each region, the last two exclusive; int64 [count + 1, 4]."""

    @property
    def count(self) -> int:
        """How many regions there are."""
        return len(self.areas) - 1

    def at_rim(self) -> Mask:
        """Return which regions touch the rim of the picture, bool [count + 1]."""
        touching = np.zeros(len(self.areas), dtype=np.bool_)
        for side in (self.labels[0], self.labels[-1], self.labels[:, 0], self.labels[:, -1]):
            touching[side] = True
        touching[0] = False
        return touching

    def mask_of(self, chosen: Mask) -> Mask:
        """Return the pixels of the regions where `chosen`, bool [count + 1], is true."""
        chosen = chosen.copy()
        chosen[0] = False
        return chosen[self.labels]


def find_regions(mask: Mask) -> Regions:
    """Find the regions of a mask; pixels belong together when they share a side.

    Args:
        mask: bool [H, W], at least one pixel.

    Returns:
        The regions in the order of their topmost, then leftmost pixel.
    """
    height, width = mask.shape
    # One column that is never set keeps the runs of different rows apart.
    stride = width + 1
    padded = np.zeros(height * stride + 1, dtype=np.bool_)
    padded[1:].reshape(height, stride)[:, :width] = mask
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    starts, ends = changes[::2], changes[1::2]
    numbers = _joined(starts, ends, stride)
    count = int(numbers.max(initial=0))
    marks = np.zeros(height * stride, dtype=np.int32)
    marks[starts] = numbers
    marks[ends] -= numbers
    labels = np.cumsum(marks, dtype=np.int32).reshape(height, stride)[:, :width]
    areas = np.zeros(count + 1, dtype=np.int64)
    np.add.at(areas, numbers, ends - starts)
    boxes = np.zeros((count + 1, 4), dtype=np.int64)
    boxes[1:, :2] = max(height, width)
    rows = starts // stride
    np.minimum.at(boxes[:, 0], numbers, starts % stride)
    np.minimum.at(boxes[:, 1], numbers, rows)
    np.maximum.at(boxes[:, 2], numbers, ends - rows * stride)
    np.maximum.at(boxes[:, 3], numbers, rows + 1)
    return Regions(labels=np.ascontiguousarray(labels), areas=areas, boxes=boxes)


def _joined(starts: Counts, ends: Counts, stride: int) -> Labels:
    """Return for each run the number of its region, from 1."""
    # Runs of the next row that overlap run i are those from first[i] up to last[i].
    first = np.searchsorted(ends, starts + stride, side="right")
    last = np.searchsorted(starts, ends + stride, side="left")
    overlaps = np.maximum(last - first, 0)
    above = np.repeat(np.arange(len(starts)), overlaps)
    within = np.arange(len(above)) - np.repeat(np.cumsum(overlaps) - overlaps, overlaps)
    below = np.repeat(first, overlaps) + within
    roots = np.arange(len(starts))
    while True:
        upper, lower = roots[above], roots[below]
        apart = upper != lower
        if not apart.any():
            break
        # Every root hangs itself below the smallest root that touches it.
        above, below, upper, lower = above[apart], below[apart], upper[apart], lower[apart]
        smallest = np.minimum(upper, lower)
        np.minimum.at(roots, upper, smallest)
        np.minimum.at(roots, lower, smallest)
        while True:
            shorter = roots[roots]
            if np.array_equal(shorter, roots):
                break
            roots = shorter
    return (np.unique(roots, return_inverse=True)[1] + 1).astype(np.int32)


def grow(mask: Mask, steps: int) -> Mask:
    """Widen a mask by `steps` pixels, alternating between a diamond and a square (an octagon)."""
    for step in range(steps):
        mask = _grown_once(mask, corners=step % 2 == 1)
    return mask


def shrink(mask: Mask, steps: int) -> Mask:
    """Narrow a mask by `steps` pixels; outside of the picture counts as mask."""
    return ~grow(~mask, steps)


def grow_within(mask: Mask, limits: Mask, steps: int) -> Mask:
    """Widen a mask by `steps` pixels without ever leaving `limits`, so not across gaps in them."""
    for step in range(steps):
        mask = _grown_once(mask, corners=step % 2 == 1) & limits
    return mask


def _grown_once(mask: Mask, *, corners: bool) -> Mask:
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    sideways = out if corners else mask
    wide = out.copy() if corners else out
    wide[:, 1:] |= sideways[:, :-1]
    wide[:, :-1] |= sideways[:, 1:]
    return wide
