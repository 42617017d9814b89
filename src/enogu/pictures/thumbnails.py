"""Small copies of pictures, kept under ``work/`` by content, so that a wall of them comes at once.

A file is named by the picture's bytes and by how it was decoded: it never goes stale.
"""

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from enogu.files import content_key, make_dirs, write_bytes_atomic
from enogu.pictures.chain import Loader
from enogu.pictures.pixels import Pixels
from enogu.pictures.read import read_picture

THUMBNAIL_PX: Final = 256
"""Longer side."""

_VERSION: Final = 1


class Thumbnails:
    """A folder of thumbnails, made when they are first asked for.

    Args:
        folder: Where they lie; safe to delete.
        loader: How pictures are decoded.
    """

    def __init__(self, folder: Path, loader: Loader) -> None:
        self._loader = loader
        key = content_key({"loader": loader.digest, "side": THUMBNAIL_PX, "version": _VERSION})
        self._folder = folder / key[:12]

    def path(self, picture_id: str) -> Path:
        """Return the place of a thumbnail, whether or not it is there."""
        return self._folder / picture_id[:2] / f"{picture_id}.jpg"

    def make(self, picture_id: str, original: Path) -> Path:
        """Return the thumbnail of a picture; decode the picture when there is none yet.

        Args:
            picture_id: SHA-256 of the file's bytes.
            original: The file.

        Raises:
            PictureError: The picture cannot be read.
            StorageError: The disk is full.
        """
        path = self.path(picture_id)
        if not path.is_file():
            pixels = read_picture(
                original,
                background=self._loader.background,
                max_megapixels=self._loader.max_megapixels,
            ).pixels
            make_dirs(path.parent)
            write_bytes_atomic(path, to_jpeg(shrunk(pixels, THUMBNAIL_PX), quality=85))
        return path


def shrunk(pixels: Pixels, side_px: int) -> Pixels:
    """Return a picture whose longer side is at most `side_px`; smaller ones stay as they are.

    Args:
        pixels: uint8 [H, W], [H, W, 3] or [H, W, 4].
        side_px: At least 1.
    """
    height, width = pixels.shape[:2]
    scale = side_px / max(height, width)
    if scale >= 1:
        return pixels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    return np.asarray(image)


def to_jpeg(pixels: Pixels, *, quality: int) -> bytes:
    """Return a picture as a JPEG file without colour subsampling.

    Args:
        pixels: uint8 [H, W, 3].
        quality: 1 to 95.
    """
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()
