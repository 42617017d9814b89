"""What remains different between two pictures that lie over each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from enogu.pictures.duplicates.align import Mask, blur
from enogu.pictures.duplicates.table import Floats

_NOISE = 4.0
"""Levels by which the mean of a spot may differ anywhere."""
_PER_SLOPE = 0.35
"""Further levels per level of slope: recompression and resampling disturb lines."""
_COLOUR = 0.5
_AGREES = 4.0
_BUSY = 3.0
_ROUNDS = 3
_KEPT = 0.9
_LARGEST_TINT = 12.0
_SATURATION = (0.6, 1.4)


@dataclass(frozen=True, kw_only=True, eq=False)
class Difference:
    """Figures of P pairs, each float [P]."""

    worst: Floats
    """Worst spot as a multiple of what the lines there let expect."""
    contrast: Floats
    """Worst spot over the 95th percentile of all spots, in levels of at least one."""
    shared: Floats
    """Part of the spots with lines that agree, 0 to 1; 1 when there are no lines."""
    gain: Floats
    """Contrast of the inner picture over that of the whole one."""
    tone: Floats
    """Mean change of brightness that the tone fit took out, in levels."""


def measure(whole: Floats, inner: Floats, inside: Mask, spot: int) -> Difference:
    """Compare after fitting the tone: one gain and offset, one saturation.

    Args:
        whole: A as sampled at the pixels of B, YCC float32 [P, h, w, 3].
        inner: B, [P, h, w, 3].
        inside: Which pixels count, [P, h, w].
        spot: Side of the square whose mean is compared, in pixels.
    """
    gain, offset = _fit(whole[..., 0], inner[..., 0], inside, None)
    limits = np.multiply.outer(np.array(_SATURATION), gain)
    valid = _spot_mean(inside.astype(np.float32), spot) > 0.999
    total = np.zeros(valid.shape, dtype=np.float32)
    for channel in range(3):
        seen, there = whole[..., channel], inner[..., channel]
        if channel:
            factor, shift = _fit(seen, there, inside, limits)
            shift = np.clip(shift, -_LARGEST_TINT, _LARGEST_TINT)
        else:
            factor, shift = gain, offset
        rest = (there - _wide(factor) * seen - _wide(shift)) * inside
        total += np.abs(_spot_mean(rest, spot)) * (_COLOUR if channel else 1.0)
    total[~valid] = 0
    slope = np.maximum(_slope(inner[..., 0]), _slope(whole[..., 0]) * _wide(np.abs(gain)))
    busy = _spot_mean(slope, spot)
    relative = total / (_NOISE + _PER_SLOPE * _spot_mean(_slope(inner[..., 0]), spot))
    pairs = len(whole)
    lines = valid & (busy > _BUSY)
    agreeing = (lines & (relative < _AGREES)).reshape(pairs, -1).sum(axis=1)
    number = lines.reshape(pairs, -1).sum(axis=1)
    flat = total.reshape(pairs, -1)
    return Difference(
        worst=relative.reshape(pairs, -1).max(axis=1),
        contrast=flat.max(axis=1) / np.maximum(1, _percentile(flat, valid.reshape(pairs, -1))),
        shared=np.where(number > 0, agreeing / np.maximum(number, 1), 1.0),
        gain=gain,
        tone=np.abs(_mean((_wide(gain) - 1) * whole[..., 0] + _wide(offset), inside)),
    )


def _fit(seen: Floats, there: Floats, inside: Mask, limits: Floats | None) -> tuple[Floats, Floats]:
    """Fit gain and offset by least squares, three times without the tenth that fits worst."""
    weight = inside.astype(np.float32)
    gain, offset = np.ones(len(seen), dtype=np.float32), np.zeros(len(seen), dtype=np.float32)
    for _ in range(_ROUNDS):
        mean_seen, mean_there = _mean(seen, weight), _mean(there, weight)
        spread = seen - _wide(mean_seen)
        variance = _mean(spread * spread, weight)
        gain = _mean(spread * there, weight) / np.maximum(variance, 1e-3)
        if limits is not None:
            # Hardly any colour: nothing to fit a saturation to.
            grey = variance < 25
            gain = np.where(grey, limits.mean(axis=0), np.clip(gain, limits[0], limits[1]))
        offset = mean_there - gain * mean_seen
        rest = np.abs(there - _wide(gain) * seen - _wide(offset)).reshape(len(seen), -1)
        limit = np.maximum(4, np.quantile(rest, _KEPT, axis=1))
        weight = (rest <= limit[:, None]).reshape(seen.shape) * inside.astype(np.float32)
    return gain, offset


def _mean(values: Floats, weight: np.ndarray[Any, Any]) -> Floats:
    weight = weight.astype(np.float32)
    return (values * weight).sum(axis=(1, 2)) / np.maximum(weight.sum(axis=(1, 2)), 1)


def _wide(values: Floats) -> Floats:
    return values[:, None, None]


def _slope(luma: Floats) -> Floats:
    smooth = blur(luma)
    return np.hypot(np.gradient(smooth, axis=1), np.gradient(smooth, axis=2))


def _spot_mean(values: Floats, spot: int) -> Floats:
    """Return the mean of every square of `spot` pixels, [P, h - spot + 1, w - spot + 1]."""
    padded = np.pad(values.astype(np.float64), ((0, 0), (1, 0), (1, 0)))
    sums = padded.cumsum(axis=1).cumsum(axis=2)
    square = sums[:, spot:, spot:] - sums[:, :-spot, spot:] - sums[:, spot:, :-spot]
    return ((square + sums[:, :-spot, :-spot]) / spot**2).astype(np.float32)


def _percentile(values: Floats, valid: Mask) -> Floats:
    """Return the 95th percentile of the valid values of each row."""
    ordered = np.sort(np.where(valid, values, -1), axis=1)
    skipped = (~valid).sum(axis=1)
    place = skipped + np.floor(0.95 * (valid.sum(axis=1) - 1)).astype(np.int64)
    last = values.shape[1] - 1
    return ordered[np.arange(len(values)), np.clip(place, 0, last)]
