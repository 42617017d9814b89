"""What is remembered of a picture so that its copies can be found later: 1.6 kB."""

import hashlib
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.pictures.duplicates.content import content_box
from enogu.pictures.pixels import Pixels

VERSION = 1
"""Rises when the same pixels give other bytes."""

SIDE = 32
"""Pixels of the square luma thumbnail; the colour thumbnails have half of it."""

_HASH_BYTES = 16
_SMOOTH = Image.Resampling.BILINEAR
_HEAD = struct.Struct(f"<H6I{_HASH_BYTES}s")
THUMBNAIL_BYTES = SIDE * SIDE + 2 * (SIDE // 2) ** 2
FINGERPRINT_BYTES = _HEAD.size + THUMBNAIL_BYTES


@dataclass(frozen=True, kw_only=True, slots=True)
class Fingerprint:
    """Size, content box, a hash of the pixels and a small thumbnail of the content."""

    width: int
    height: int
    box: Box
    """The content, in pixels of the picture."""
    pixel_hash: bytes
    """16 bytes: equal for equal sizes and pixels, whatever the file format."""
    thumbnail: bytes
    """The content squeezed to a square: luma 32 x 32, then blue and red difference 16 x 16."""

    def to_bytes(self) -> bytes:
        """Return :data:`FINGERPRINT_BYTES` bytes for a database."""
        box = self.box
        numbers = (self.width, self.height, box.left, box.top, box.right, box.bottom)
        return _HEAD.pack(VERSION, *numbers, self.pixel_hash) + self.thumbnail

    @classmethod
    def from_bytes(cls, data: bytes) -> "Fingerprint":
        """Read what :meth:`to_bytes` wrote.

        Raises:
            PictureError: The bytes are damaged or of another version.
        """
        again = "Compute the fingerprint again from the picture."
        version = int.from_bytes(data[:2], "little")
        if len(data) != FINGERPRINT_BYTES or version != VERSION:
            raise PictureError(
                f"a fingerprint of version {VERSION} has {FINGERPRINT_BYTES} bytes, got version "
                f"{version} with {len(data)} bytes",
                hint=again,
            )
        _, width, height, left, top, right, bottom, pixel_hash = _HEAD.unpack_from(data)
        if not (left < right <= width and top < bottom <= height):
            raise PictureError(
                f"a fingerprint says that the content {left},{top},{right},{bottom} lies in a "
                f"picture of {width}x{height}",
                hint=again,
            )
        return cls(
            width=width,
            height=height,
            box=Box(left, top, right, bottom),
            pixel_hash=pixel_hash,
            thumbnail=data[_HEAD.size :],
        )


def fingerprint(pixels: Pixels, alpha: Pixels | None = None) -> Fingerprint:
    """Compute the fingerprint of a decoded picture.

    Args:
        pixels: uint8 [H, W, 3], upright sRGB, laid on its background.
        alpha: uint8 [H, W], used to find the content only.

    Returns:
        The same for the same pixels on every machine with the same Pillow.
    """
    height, width = pixels.shape[:2]
    box = content_box(pixels, alpha)
    digest = hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=_HASH_BYTES)
    digest.update(struct.pack("<2I", width, height))
    corners = (box.left, box.top, box.right, box.bottom)
    filter_ = Image.Resampling.BOX if min(box.width, box.height) >= SIDE else _SMOOTH
    small = Image.fromarray(pixels).resize((SIDE, SIDE), filter_, box=corners, reducing_gap=2.0)
    return Fingerprint(
        width=width,
        height=height,
        box=box,
        pixel_hash=digest.digest(),
        thumbnail=_packed(np.asarray(small)),
    )


def to_ycc(rgb: Pixels) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return luma (ITU-R BT.601) and the differences of blue and red to it: float32 [..., 3]."""
    values = rgb.astype(np.float32)
    luma = values @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.stack([luma, values[..., 2] - luma, values[..., 0] - luma], axis=-1)


def _packed(rgb: Pixels) -> bytes:
    ycc = to_ycc(rgb)
    luma = np.rint(ycc[..., 0]).astype(np.uint8)
    half = SIDE // 2
    colour = ycc[..., 1:].reshape(half, 2, half, 2, 2).mean(axis=(1, 3))
    # Differences reach 226 either way.
    signed = np.clip(np.rint(colour / 2), -128, 127).astype(np.int8)
    return luma.tobytes() + signed.transpose(2, 0, 1).tobytes()
