"""Making drawings worse on purpose, so that a judge can read what models and files do to them.

A drawn picture is sharp, flat and exactly placed. A model's picture is soft, spotted and a little
crooked, and its colours are off. Everything here depends on (seed, step) alone.
"""

import io

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from enogu.diffusion.noise import seeded_generator

GROUPS = 8
"""Blur and rescaling are chosen once for each of so many groups of a batch, to stay cheap."""
CLEAN_SHARE = 0.15
"""Of the pictures: those that are left as they are."""
WARP_SHARE = 0.6
JPEG_SHARE = 0.15
MAX_SHIFT = 0.06
"""Of the picture's width."""
MAX_TURN = 0.07
"""Radians; also the largest shear."""
MAX_ZOOM = 0.08
MAX_NOISE = 0.09
MAX_BEND = 0.025
"""Of the picture's width: how far a smooth warp moves a point."""
MAX_GAIN = 0.07
MAX_OFFSET = 0.04


def degrade(
    pixels: NDArray[np.uint8], seed: int, step: int, *, clean_share: float = CLEAN_SHARE
) -> Tensor:
    """Return pictures as a judge may meet them.

    Args:
        pixels: uint8 [B, H, W, 3].
        seed: Of everything random.
        step: Equal (seed, step) treat equal pixels equally.
        clean_share: Chance that a picture is left as it is, but for its side, 0 to 1.

    Returns:
        float32 [B, 3, H, W] in [0, 1], channels-last in memory.
    """
    rng = np.random.default_rng((seed, step))
    planes = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))).float().div_(255)
    mirrored = torch.from_numpy(rng.random(len(planes)) < 0.5)
    # Nothing in the world is told by its side.
    planes[mirrored] = planes[mirrored].flip(-1)
    chosen = np.flatnonzero(rng.random(len(planes)) >= clean_share)
    if len(chosen):
        planes[chosen] = _made_worse(planes[chosen], rng, seeded_generator(seed, step))
    return planes.contiguous(memory_format=torch.channels_last)


def _made_worse(pictures: Tensor, rng: np.random.Generator, generator: torch.Generator) -> Tensor:
    count = len(pictures)
    worse = pictures.clone()
    warped = np.flatnonzero(rng.random(count) < WARP_SHARE)
    if len(warped):
        worse[warped] = _warp(worse[warped], generator)
    worse = _shift_colours(worse, generator)
    for group in np.array_split(np.arange(count), min(GROUPS, count)):
        worse[group] = _soften(worse[group], rng)
    worse += noise_for(worse, generator)
    worse.clamp_(0, 1)
    for index in np.flatnonzero(rng.random(count) < JPEG_SHARE):
        worse[index] = as_jpeg(worse[index], int(rng.integers(25, 95)))
    return worse


def _uniform(count: int, width: int, limit: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, width, generator=generator) * 2 - 1) * limit


def _warp(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Shift, turn, shear, zoom, and bend smoothly."""
    count = len(pictures)
    matrices = torch.eye(2, 3).repeat(count, 1, 1)
    matrices[:, :, 2] = _uniform(count, 2, 2 * MAX_SHIFT, generator)
    matrices[:, 0, 1], matrices[:, 1, 0] = _uniform(count, 2, MAX_TURN, generator).unbind(1)
    zoom = _uniform(count, 2, MAX_ZOOM, generator)
    matrices[:, 0, 0] += zoom[:, 0]
    matrices[:, 1, 1] += zoom[:, 0] + 0.4 * zoom[:, 1]
    grid = functional.affine_grid(matrices, list(pictures.shape), align_corners=False)
    bend = torch.randn(count, 2, 5, 5, generator=generator) * MAX_BEND
    smooth = functional.interpolate(
        bend, size=pictures.shape[-2:], mode="bicubic", align_corners=True
    )
    grid += smooth.permute(0, 2, 3, 1)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _shift_colours(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Change gain and offset of each channel, and how colourful the picture is."""
    count = len(pictures)
    gain = 1 + _uniform(count, 3, MAX_GAIN, generator) * _coin(count, generator)
    offset = _uniform(count, 3, MAX_OFFSET, generator) * _coin(count, generator)
    colourful = 1 + _uniform(count, 1, 0.15, generator) * _coin(count, generator)
    grey = pictures.mean(dim=1, keepdim=True)
    shifted = grey + (pictures - grey) * colourful[:, :, None, None]
    return shifted * gain[:, :, None, None] + offset[:, :, None, None]


def _coin(count: int, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, 1, generator=generator) < 0.7).float()


def _soften(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Rescale there and back, and blur with a few passes of a binomial filter."""
    size = pictures.shape[-1]
    if rng.random() < 0.4:
        small = int(size * rng.uniform(0.5, 0.95))
        shrunk = functional.interpolate(
            pictures, size=(small, small), mode="bilinear", antialias=bool(rng.random() < 0.7)
        )
        pictures = functional.interpolate(shrunk, size=(size, size), mode="bilinear")
    for _ in range(int(rng.choice([0, 0, 0, 1, 1, 2, 2, 3]))):
        pictures = blur_once(blur_once(pictures, 2), 3)
    return pictures


def blur_once(pictures: Tensor, dim: int) -> Tensor:
    """Average each pixel with its neighbours along `dim`, weights 1 2 1."""
    length = pictures.shape[dim]
    before = pictures.narrow(dim, 0, length - 2)
    middle = pictures.narrow(dim, 1, length - 2)
    after = pictures.narrow(dim, 2, length - 2)
    blurred = pictures.clone()
    blurred.narrow(dim, 1, length - 2).copy_(0.25 * before + 0.5 * middle + 0.25 * after)
    return blurred


def noise_for(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Return noise of another strength for each picture, as fine as a pixel or twice as coarse."""
    count, _, height, width = pictures.shape
    strength = torch.rand(count, 1, 1, 1, generator=generator).square() * MAX_NOISE
    fine = torch.randn(pictures.shape, generator=generator)
    half = (count, 3, (height + 1) // 2, (width + 1) // 2)
    coarse = functional.interpolate(torch.randn(half, generator=generator), scale_factor=2.0)
    coarse = coarse[:, :, :height, :width]
    kind = torch.rand(count, 1, 1, 1, generator=generator)
    return strength * torch.where(kind < 0.5, fine, coarse)


def as_jpeg(picture: Tensor, quality: int) -> Tensor:
    """Return `picture` [3, H, W] after a JPEG file of `quality` (1 to 95)."""
    pixels = picture.mul(255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(file).convert("RGB"))
    return torch.from_numpy(decoded.copy()).permute(2, 0, 1).float().div_(255)
