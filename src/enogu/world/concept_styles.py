"""Ways of rendering that no tag of the world names, made from a finished drawing."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

_PAPER = np.array([246, 238, 220], np.float32)
_PALE_PAPER = np.array([252, 249, 242], np.float32)


def render_concept(picture: Image.Image, rendering: str, *, seed: int) -> Image.Image:
    """Return an RGB drawing in one of `RENDERINGS`; equal arguments give equal pictures."""
    return RENDERINGS[rendering](picture, seed)


def _noise(size: tuple[int, int], seed: int, strength: float) -> NDArray[np.float32]:
    noise = np.random.default_rng(seed).normal(0, strength, (size[1], size[0], 1))
    return noise.astype(np.float32)  # [H, W, 1]


def _to_picture(pixels: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def ink_on_paper(picture: Image.Image, seed: int) -> Image.Image:
    """Return `picture` in shades of indigo on rough paper."""
    grey = np.asarray(picture.convert("L"), dtype=np.float32) / 255.0
    # Four tones, as one stirs four pots of ink.
    tones = np.clip(np.round(grey * 3.6) / 3.6, 0, 1)[..., None]
    ink = np.array([28, 38, 92], np.float32)
    return _to_picture(ink + (_PAPER - ink) * tones + _noise(picture.size, seed, 5))


def watercolour(picture: Image.Image, seed: int) -> Image.Image:
    """Return `picture` with thin washes that run into each other under a fine blue-grey line."""
    reach = max(0.8, picture.width / 110)
    wide = picture.filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.GaussianBlur(1.4 * reach))
    mottled = np.random.default_rng(seed).normal(0, 1, (7, 7)).astype(np.float32)
    pools = Image.fromarray(mottled).resize(picture.size, Image.Resampling.BICUBIC)
    strength = np.clip(0.68 + 0.12 * np.asarray(pools, np.float32), 0.35, 0.95)[..., None]
    wash = _PALE_PAPER + (np.asarray(wide, np.float32) - _PALE_PAPER) * strength
    grey = picture.convert("L")
    around = np.asarray(grey.filter(ImageFilter.GaussianBlur(reach)), np.float32)
    line = np.clip((around - np.asarray(grey, np.float32) - 8) / 70, 0, 1)[..., None]
    pixels = wash + (np.array([84, 92, 130], np.float32) - wash) * line
    return _to_picture(pixels + _noise(picture.size, seed + 1, 2.5))


def cut_paper(picture: Image.Image, seed: int) -> Image.Image:
    """Return `picture` in few flat colours; every piece of paper shows its pale cut edge."""
    grey = np.asarray(picture.convert("L"), np.float32)
    reach = max(1, round(picture.width / 128))
    around = picture.filter(ImageFilter.MaxFilter(2 * reach + 1)).convert("L")
    # Where the drawing has a dark line, the paper has a pale edge.
    edge = np.clip((np.asarray(around, np.float32) - grey - 40) / 60, 0, 1)[..., None]
    few = picture.filter(ImageFilter.MaxFilter(2 * reach + 1)).quantize(
        12, dither=Image.Dither.NONE
    )
    pixels = np.asarray(few.convert("RGB"), np.float32) * 0.92 + 10
    pixels += (_PALE_PAPER - pixels) * edge
    return _to_picture(pixels + _noise(picture.size, seed, 3))


RENDERINGS: dict[str, Callable[[Image.Image, int], Image.Image]] = {
    "ink": ink_on_paper,
    "watercolour": watercolour,
    "cut paper": cut_paper,
}
