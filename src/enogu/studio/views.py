"""Pictures as the page shows them: upright, small enough for a screen, before and after."""

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.pictures.chain import Loader
from enogu.pictures.pixels import WHITE, Pixels, flatten, parse_colour
from enogu.pictures.read import read_picture
from enogu.pictures.thumbnails import shrunk, to_jpeg

VIEW_PX: Final = 1600
"""Longest side of what is shown; masks are drawn at this size too."""

_QUALITY: Final = 92
_PALE: Final = 0.25
"""How much of the colour of a pixel that is not learnt is left."""


def full_view(path: Path, loader: Loader) -> bytes:
    """Return the upright original as a JPEG of at most :data:`VIEW_PX`.

    Raises:
        PictureError: It cannot be read.
    """
    return to_jpeg(shrunk(_read(path, loader), VIEW_PX), quality=_QUALITY)


def after_view(
    path: Path, loader: Loader, crop: Box | None, changed: Path | None, mask: Path | None
) -> bytes:
    """Return what the steps leave of a picture.

    Args:
        path: The original.
        loader: How it is decoded.
        crop: The part that stays; None for all of it.
        changed: A picture with another background, as large as the original.
        mask: A loss mask, as large as the original; what is not learnt is shown pale.

    Raises:
        PictureError: A file cannot be read.
    """
    pixels = _read(path, loader) if changed is None else _read_changed(changed)
    if mask is not None:
        pixels = _with_pale(pixels, _read_grey(mask.read_bytes()))
    if crop is not None:
        inside = crop.within(Box(0, 0, pixels.shape[1], pixels.shape[0]))
        if inside is not None:
            pixels = np.ascontiguousarray(pixels[inside.rows, inside.columns])
    return to_jpeg(shrunk(pixels, VIEW_PX), quality=_QUALITY)


def _with_pale(pixels: Pixels, mask: Pixels) -> Pixels:
    if mask.shape != pixels.shape[:2]:
        return pixels
    share = (_PALE + (1 - _PALE) * (mask.astype(np.float32) / 255))[..., None]
    return (255 - (255 - pixels.astype(np.float32)) * share).astype(np.uint8)


def mask_view(path: Path) -> bytes:
    """Return a mask as a PNG of at most :data:`VIEW_PX`.

    Raises:
        PictureError: It cannot be read.
    """
    buffer = io.BytesIO()
    Image.fromarray(shrunk(_read_grey(path.read_bytes()), VIEW_PX)).save(
        buffer, "PNG", compress_level=1
    )
    return buffer.getvalue()


def read_drawn_mask(data: bytes) -> Pixels:
    """Read a mask that the page sent: a grey PNG, white for the subject.

    Raises:
        PictureError: It is no PNG, or larger than the page draws.
    """
    mask = _read_grey(data)
    if max(mask.shape) > VIEW_PX + 1:
        raise PictureError(f"a drawn mask is at most {VIEW_PX} pixels long, got {mask.shape}")
    return mask


def _read_grey(data: bytes) -> Pixels:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if max(image.size) > 1 << 15:
                raise PictureError(f"the mask is too large: {image.size[0]}x{image.size[1]}")
            return np.asarray(image.convert("L"), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"the mask is no PNG that can be read ({error})") from error


def _read(path: Path, loader: Loader) -> Pixels:
    return read_picture(
        path, background=loader.background, max_megapixels=loader.max_megapixels
    ).pixels


def _read_changed(path: Path) -> Pixels:
    try:
        with Image.open(path, formats=["PNG"]) as image:
            pixels = np.asarray(image, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise PictureError(f"{path}: a derived picture is damaged ({error})") from error
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return flatten(pixels[..., :3], pixels[..., 3], parse_colour(WHITE))
    return pixels
