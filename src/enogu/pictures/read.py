"""One loader for all steps: whatever a picture file holds becomes upright 8-bit sRGB.

Order: content decides the format → size checked from the header → decode → ICC to sRGB →
16 bit to 8 → composite on the background (alpha kept apart) → EXIF orientation.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, JpegImagePlugin

from enogu.pictures.complete import looks_complete
from enogu.pictures.opened import OpenedPicture, decoding, open_picture
from enogu.pictures.orientation import turn_upright, turned_size
from enogu.pictures.pixels import (
    WHITE,
    Colour,
    Pixels,
    flatten,
    may_have_alpha,
    parse_colour,
    profile_name,
    to_srgb,
)
from enogu.pictures.plain_png import decode_plain_png

DEFAULT_MAX_MEGAPIXELS = 100.0

LOADER_VERSION = 1
"""Raise when the pixels that a file gives change, so that what was made from them is made anew."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """A decoded picture, upright, in sRGB, laid on the background."""

    pixels: Pixels
    """uint8 [H, W, 3]."""
    alpha: Pixels | None
    """uint8 [H, W], 255 = opaque; None where the picture is opaque throughout."""
    format: str
    """By content: PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF."""
    orientation: int
    """As stored in the file, EXIF 1 to 8; `pixels` are upright whatever it says."""
    profile: str | None
    """What the embedded colour profile calls itself; None where there is none to be read."""
    prompt: str | None
    """The positive prompt that a drawing program of AI pictures left in the file, if any."""
    notes: tuple[str, ...]
    """What was repaired or converted, in plain words."""

    @property
    def width(self) -> int:
        """Width in pixels, after turning upright."""
        return self.pixels.shape[1]

    @property
    def height(self) -> int:
        """Height in pixels, after turning upright."""
        return self.pixels.shape[0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """A picture in sRGB as it is stored: not turned upright yet, and not laid on a background."""

    colour: Image.Image | Pixels
    """RGB; what is hidden under transparent parts is still in it."""
    alpha: Pixels | None
    """uint8 [H, W], 255 = opaque; None where the picture is opaque throughout."""
    extent: tuple[float, float]
    """Width and height of the stored picture in pixels of `colour`; less than whole pixels only
    where it was decoded smaller."""
    size: tuple[int, int]
    """Width and height of the stored picture in its own pixels."""
    format: str
    orientation: int
    profile: str | None
    prompt: str | None
    notes: tuple[str, ...]

    @property
    def image(self) -> Image.Image:
        """The colours for Pillow."""
        return self.colour if isinstance(self.colour, Image.Image) else Image.fromarray(self.colour)


@dataclass(frozen=True, kw_only=True)
class PictureHeader:
    """What the header of a picture says, without decoding it."""

    width: int
    """Pixels, after turning upright."""
    height: int
    """Pixels, after turning upright."""
    format: str
    has_alpha: bool
    """Whether it can have transparent parts; a decoded one may prove opaque."""
    prompt: str | None
    """The positive prompt that a drawing program of AI pictures left in the file, if any."""
    notes: tuple[str, ...]


def read_picture(
    path: Path, *, background: str = WHITE, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS
) -> Picture:
    """Read a picture file of any supported format.

    Args:
        path: The file; its name need not tell the true format.
        background: The colour put behind transparent parts, as ``#rrggbb``.
        max_megapixels: Larger pictures are refused from their header, before memory is taken.

    Returns:
        The picture, upright, 8-bit sRGB, flattened.

    Raises:
        PictureError: The file is missing, empty, not a picture, damaged, or too large.
        ConfigError: `background` is not a colour.
    """
    below = parse_colour(background)
    return upright(decode_picture(path, max_megapixels=max_megapixels), below)


def upright(decoded: Decoded, background: Colour) -> Picture:
    """Return a decoded picture as it is meant to be seen, laid on a background."""
    colour = np.asarray(decoded.colour, dtype=np.uint8)
    pixels = turn_upright(flatten(colour, decoded.alpha, background), decoded.orientation)
    alpha = decoded.alpha
    return Picture(
        pixels=pixels,
        alpha=None if alpha is None else turn_upright(alpha, decoded.orientation),
        format=decoded.format,
        orientation=decoded.orientation,
        profile=decoded.profile,
        prompt=decoded.prompt,
        notes=decoded.notes,
    )


def decode_picture(
    path: Path,
    *,
    max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    least: tuple[int, int] | None = None,
) -> Decoded:
    """Decode a picture file of any supported format.

    Args:
        path: The file.
        max_megapixels: Larger pictures are refused from their header, before memory is taken.
        least: A smaller picture will do, but it must be at least this wide and high, once upright.
            JPEG files then decode to a half, a quarter or an eighth at once, which leaves out
            frequencies instead of averaging pixels; other formats decode whole.

    Raises:
        PictureError: As :func:`read_picture`.
    """
    with open_picture(path, max_megapixels) as opened:
        size = opened.image.size
        extent = _drafted(opened, least)
        with decoding(path, opened):
            colour, alpha, converted = _to_srgb(opened)
        return Decoded(
            colour=colour,
            alpha=alpha,
            extent=extent,
            size=size,
            format=opened.format,
            orientation=opened.orientation,
            profile=profile_name(opened.image),
            prompt=_embedded_prompt(opened.image),
            notes=(*opened.notes, *converted),
        )


def _drafted(opened: OpenedPicture, least: tuple[int, int] | None) -> tuple[float, float]:
    """Let a picture decode smaller where it can; return what its sides will be."""
    image, found = opened.image, None
    if least is not None and isinstance(image, JpegImagePlugin.JpegImageFile):
        # None: the colours stay as they are stored.
        found = image.draft(None, turned_size(least, opened.orientation))
    if found is None:
        return float(image.width), float(image.height)
    _, (_, _, width, height) = found
    return float(width), float(height)


def _to_srgb(opened: OpenedPicture) -> tuple[Image.Image | Pixels, Pixels | None, list[str]]:
    stored = opened.image
    pixels = decode_plain_png(stored, opened.handle) if opened.format == "PNG" else None
    if pixels is None:
        stored.load()
        return to_srgb(stored)
    profile = stored.info.get("icc_profile")
    if stored.mode == "RGB" and not profile:
        return pixels, None, []
    image = Image.fromarray(pixels)
    image.info["icc_profile"] = profile
    return to_srgb(image)


def read_header(
    path: Path, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS, verify: bool = False
) -> PictureHeader:
    """Read size, format and notes of a picture; cheap, because nothing is decoded.

    Args:
        path: The file.
        max_megapixels: Larger pictures are refused.
        verify: Decode as well, to be sure that the whole file is sound. Without it a file is
            decoded only when its end looks cut off.

    Raises:
        PictureError: As :func:`read_picture`; damage inside the file is found only by `verify`.
    """
    with open_picture(path, max_megapixels) as opened:
        image = opened.image
        width, height = turned_size(image.size, opened.orientation)
        has_alpha = may_have_alpha(image)
        if verify or not looks_complete(opened.handle, opened.format):
            with decoding(path, opened):
                image.load()
                if has_alpha:
                    has_alpha = to_srgb(image)[1] is not None
        return PictureHeader(
            width=width,
            height=height,
            format=opened.format,
            has_alpha=has_alpha,
            prompt=_embedded_prompt(image),
            notes=tuple(opened.notes),
        )


def _embedded_prompt(image: Image.Image) -> str | None:
    text = image.info.get("parameters")
    if not isinstance(text, str):
        return None
    for mark in ("\nNegative prompt:", "\nSteps:"):
        text = text.partition(mark)[0]
    return text.strip() or None
