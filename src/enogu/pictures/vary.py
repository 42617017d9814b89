"""Small changes of colour and crop, within limits, that make several versions of one picture.

White, black and grey stay what they are, so that paper stays paper and lines stay lines.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from enogu.pictures.box import Box
from enogu.pictures.buckets import BucketFit
from enogu.pictures.pixels import Pixels

_MOST_HUE: Final = 40.0
"""Degrees that a colour is turned by at a strength of 1; at 0.1, hair stays the colour it is."""
_ROWS_AT_ONCE: Final = 256


@dataclass(frozen=True, kw_only=True)
class ColourShift:
    """One change of colours."""

    gamma: float
    """Exponent of the brightness; 1 changes nothing, less is lighter."""
    saturation: float
    """Factor on the distance to grey."""
    hue: float
    """Turn of the colours in degrees."""


@dataclass(frozen=True, kw_only=True)
class Variation:
    """One version of a picture; both parts may be missing."""

    colour: ColourShift | None
    zoom: float
    """Factor of at least 1 on the scale; what grows beyond the bucket is cut off."""
    across: float
    """Where the window lies, 0 (left) to 1 (right)."""
    down: float
    """Where the window lies, 0 (top) to 1 (bottom)."""

    def fit(self, fit: BucketFit, keep: Sequence[Box]) -> BucketFit:
        """Return the fit of this version: closer, and elsewhere, but with what must be kept."""
        return fit.moved(self.zoom, self.across, self.down, keep)


def draw_variation(name: str, number: int, *, colour: float, crop: float) -> Variation | None:
    """Draw one version of a picture; the same arguments give the same one.

    Args:
        name: Of the picture and its part; versions of different pictures differ.
        number: 0 for the picture as it is, which gives None; from 1 on changed ones.
        colour: Strength of the changes of colour, 0 to 1.
        crop: Share of the picture's sides that may be cut off, 0 to 0.5.
    """
    if number == 0:
        return None
    rng = random.Random(f"{name}/{number}")
    strengths = [rng.uniform(-1, 1) for _ in range(3)]
    places = [rng.random() for _ in range(3)]
    shift = None
    if colour > 0:
        shift = ColourShift(
            gamma=2 ** (strengths[0] * colour),
            saturation=1 + strengths[1] * colour,
            hue=strengths[2] * colour * _MOST_HUE,
        )
    return Variation(
        colour=shift, zoom=1 / (1 - places[0] * crop), across=places[1], down=places[2]
    )


def shift_colours(pixels: Pixels, shift: ColourShift) -> Pixels:
    """Change the colours of a picture; greys keep their colour, black and white stay.

    Args:
        pixels: uint8 [H, W, 3].
        shift: The change.

    Returns:
        uint8 [H, W, 3].
    """
    out = np.empty_like(pixels)
    for top in range(0, len(pixels), _ROWS_AT_ONCE):
        rows = slice(top, top + _ROWS_AT_ONCE)
        out[rows] = _shifted(pixels[rows].astype(np.float32) / np.float32(255), shift)
    return out


_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _shifted(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]], shift: ColourShift
) -> Pixels:
    luma = values @ _LUMA
    brighter = np.power(luma, shift.gamma)
    blue, red = values[..., 2] - luma, values[..., 0] - luma
    # Colour must fade with the light, or dark parts would glow.
    scale = shift.saturation * np.divide(brighter, luma, out=np.ones_like(luma), where=luma > 1e-3)
    cosine, sine = math.cos(math.radians(shift.hue)), math.sin(math.radians(shift.hue))
    blue, red = scale * (cosine * blue - sine * red), scale * (sine * blue + cosine * red)
    green = brighter - (_LUMA[0] * red + _LUMA[2] * blue) / _LUMA[1]
    mixed = np.stack([brighter + red, green, brighter + blue], axis=-1)
    return (mixed.clip(0, 1) * 255 + 0.5).astype(np.uint8)
