"""One sample as the bytes of its files; runs in a process of its own."""

import io
import shutil
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from enogu.errors import PictureError
from enogu.pictures.exporting.model import ExportSettings, Sample
from enogu.pictures.fit import fit_mask
from enogu.pictures.orientation import UPRIGHT
from enogu.pictures.pixels import Pixels, may_have_alpha
from enogu.pictures.read import Picture, read_picture
from enogu.pictures.read_fitted import FittedPicture, read_fitted
from enogu.pictures.record_pixels import read_mask, read_record
from enogu.pictures.scan import PictureRecord
from enogu.pictures.sniff import FORMAT_SUFFIXES

_PNG_LEVEL: Final = 1
_COPIED: Final = ("PNG", "JPEG", "WebP")
"""Formats that every trainer reads; a plain file of them is passed on as it is."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The files of one sample."""

    picture: bytes
    suffix: str
    width: int
    height: int
    mask: bytes | None
    refusal: str | None = None
    """Why there is nothing, when there is not."""


@dataclass(frozen=True, kw_only=True)
class Renderer:
    """Turns samples into files.

    Args:
        settings: How pictures are written.
        mask_in_alpha: Put the mask into the alpha channel of the picture, as kohya reads it.
    """

    settings: ExportSettings
    mask_in_alpha: bool = False

    def __call__(self, sample: Sample) -> Rendered:
        """Return the files of a sample; a picture that fails is told, not raised."""
        try:
            return self._render(sample)
        except PictureError as error:
            return Rendered(
                picture=b"", suffix="", width=0, height=0, mask=None, refusal=error.message
            )

    def _render(self, sample: Sample) -> Rendered:
        record, settings = sample.record, self.settings
        mask = read_mask(record, max_megapixels=settings.max_megapixels) if settings.masks else None
        if mask is None and sample.fit is None and _is_plain(record):
            return _copied(record, settings.max_megapixels)
        if mask is not None and sample.fit is not None:
            mask = fit_mask(mask, sample.fit)
        picture = self._read(sample)
        pixels, alpha = picture.pixels, picture.alpha
        own = sample.alpha_as_mask
        by_alpha = settings.alpha_as_mask if own is None else own
        if mask is None and settings.masks and by_alpha:
            mask = alpha
        if mask is not None and self.mask_in_alpha:
            pixels, mask = np.dstack([pixels, mask]), None
        elif mask is None and alpha is not None and settings.keep_alpha:
            pixels = np.dstack([pixels, alpha])
        return Rendered(
            picture=png_bytes(pixels),
            suffix=".png",
            width=pixels.shape[1],
            height=pixels.shape[0],
            mask=None if mask is None else png_bytes(mask),
        )

    def _read(self, sample: Sample) -> Picture | FittedPicture:
        record, settings = sample.record, self.settings
        background = sample.background or settings.background
        if sample.fit is None:
            return read_record(
                record, background=background, max_megapixels=settings.max_megapixels
            )
        return read_fitted(
            record.pixels_path,
            sample.fit,
            crop=record.crop,
            shrink=settings.shrink,
            background=background,
            max_megapixels=settings.max_megapixels,
        )


def png_bytes(pixels: Pixels) -> bytes:
    """Return a PNG file of uint8 [H, W], [H, W, 3] or [H, W, 4]."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=_PNG_LEVEL)
    return buffer.getvalue()


def _is_plain(record: PictureRecord) -> bool:
    """Tell whether every program sees the same in the file as we do."""
    if record.crop is not None or record.derived_path is not None or record.format not in _COPIED:
        return False
    try:
        with Image.open(record.path) as image:
            return (
                image.mode == "RGB"
                and not may_have_alpha(image)
                and not image.info.get("icc_profile")
                and getattr(image, "n_frames", 1) == 1
                and image.getexif().get(0x0112, UPRIGHT) == UPRIGHT
            )
    except (OSError, SyntaxError, ValueError):
        return False


def _copied(record: PictureRecord, max_megapixels: float) -> Rendered:
    # Decoded once more, so that nothing broken is passed on.
    read_picture(record.path, max_megapixels=max_megapixels)
    buffer = io.BytesIO()
    try:
        with record.path.open("rb") as handle:
            shutil.copyfileobj(handle, buffer)
    except OSError as error:
        raise PictureError(f"{record.path}: cannot be read ({error.strerror})") from error
    return Rendered(
        picture=buffer.getvalue(),
        suffix=FORMAT_SUFFIXES[record.format][0],
        width=record.width,
        height=record.height,
        mask=None,
    )
