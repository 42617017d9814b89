"""Making pictures unlike the drawn world: other colours, line drawings, soft or spotted ones."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from enogu.diffusion.noise import seeded_generator
from enogu.world.judge.degrade import as_jpeg, blur_once, noise_for

GREY_SHARE: Final = 0.15
LINES_SHARE: Final = 0.15
HUE_SHARE: Final = 0.4
CLEAN_SHARE: Final = 0.15
SOFT_SHARE: Final = 0.35
NOISE_SHARE: Final = 0.3
JPEG_SHARE: Final = 0.15
_LUMA: Final = (0.299, 0.587, 0.114)


def vary(pixels: NDArray[np.uint8], seed: int, step: int) -> Tensor:
    """Return pictures as other hands, cameras and files would have made them.

    Args:
        pixels: uint8 [B, H, W, 3].
        seed: Of everything random.
        step: Equal (seed, step) treat equal pixels equally.

    Returns:
        float32 [B, 3, H, W] in [0, 1], channels-last in memory.
    """
    rng = np.random.default_rng((seed, step))
    generator = seeded_generator(seed, step)
    planes = torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2))).float().div_(255)
    changed = np.flatnonzero(rng.random(len(planes)) >= CLEAN_SHARE)
    for i in changed:
        picture = planes[i : i + 1]
        if rng.random() < HUE_SHARE:
            picture = _turn_hue(picture, rng)
        kind = rng.random()
        if kind < LINES_SHARE:
            picture = _as_lines(picture, rng)
        elif kind < LINES_SHARE + GREY_SHARE:
            picture = _grey(picture)
        picture = _tone(picture, rng)
        if rng.random() < SOFT_SHARE:
            picture = _soft(picture, rng)
        if rng.random() < NOISE_SHARE:
            picture = picture + noise_for(picture, generator)
        picture = picture.clamp(0, 1)
        planes[i] = picture[0]
        if rng.random() < JPEG_SHARE:
            planes[i] = as_jpeg(planes[i], int(rng.integers(20, 95)))
    return planes.contiguous(memory_format=torch.channels_last)


def _grey(picture: Tensor) -> Tensor:
    weights = torch.tensor(_LUMA).view(1, 3, 1, 1)
    return (picture * weights).sum(dim=1, keepdim=True).expand(-1, 3, -1, -1)


def _turn_hue(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """Turn all colours about the axis of grey."""
    angle = rng.uniform(0, 2 * np.pi)
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    even, side = (1 - cos) / 3, sin / 3**0.5
    matrix = torch.tensor(
        [
            [cos + even, even - side, even + side],
            [even + side, cos + even, even - side],
            [even - side, even + side, cos + even],
        ]
    )
    return torch.einsum("dc,bchw->bdhw", matrix, picture)


def _as_lines(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """Keep the edges only: dark lines on white, now and then on a tone or light on dark."""
    grey = _grey(picture)[:, :1]
    wide = functional.avg_pool2d(grey, 5, stride=1, padding=2, count_include_pad=False)
    edges = ((grey - wide).abs() * float(rng.uniform(4, 10))).clamp(0, 1)
    lines = 1 - edges
    if rng.random() < 0.4:
        lines = lines * 0.75 + grey * 0.25
    if rng.random() < 0.15:
        lines = 1 - lines
    return lines.expand(-1, 3, -1, -1)


def _tone(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """Change contrast, brightness, gamma, and how colourful the picture is."""
    grey = _grey(picture)
    picture = grey + (picture - grey) * float(rng.uniform(0.3, 1.4))
    picture = picture.clamp(0, 1) ** float(np.exp(rng.uniform(-0.5, 0.5)))
    gain = torch.from_numpy(rng.uniform(0.75, 1.15, (1, 3, 1, 1))).float()
    offset = torch.from_numpy(rng.uniform(-0.1, 0.15, (1, 3, 1, 1))).float()
    return picture * gain + offset


def _soft(picture: Tensor, rng: np.random.Generator) -> Tensor:
    """Shrink and enlarge, or blur."""
    side = picture.shape[-1]
    if rng.random() < 0.5:
        small = int(side * rng.uniform(0.4, 0.9))
        mode = "nearest" if rng.random() < 0.3 else "bilinear"
        shrunk = functional.interpolate(
            picture, size=(small, small), mode="bilinear", antialias=True
        )
        return functional.interpolate(shrunk, size=(side, side), mode=mode)
    for _ in range(int(rng.integers(1, 4))):
        picture = blur_once(blur_once(picture, 2), 3)
    return picture
