"""The eight EXIF orientations: finding the value and turning pixels upright."""

from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image

from enogu.pictures.box import Box

UPRIGHT = 1


def exif_orientation(image: Image.Image, handle: BinaryIO) -> int:
    """Return the EXIF orientation of an opened picture, without decoding it.

    Args:
        image: The opened picture.
        handle: The file behind it; its position is kept.

    Returns:
        1 to 8 (EXIF 2.32, tag 0x0112); 1, upright, when there is none.

    Raises:
        SyntaxError, ValueError, struct.error: The EXIF block is damaged.
    """
    if image.format == "TIFF":
        # Pillow turns TIFF upright itself, and reports the upright size already when opened.
        return UPRIGHT
    if image.format != "PNG":
        value = image.getexif().get(ExifTags.Base.Orientation, UPRIGHT)
    else:
        # PngImageFile.getexif() decodes the whole picture to look behind the pixels.
        block = image.info.get("exif") or _png_chunk(handle, b"eXIf")
        exif = Image.Exif()
        if block:
            exif.load(block)
        value = exif.get(ExifTags.Base.Orientation, UPRIGHT)
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def _png_chunk(handle: BinaryIO, kind: bytes) -> bytes | None:
    position = handle.tell()
    try:
        handle.seek(8)
        while len(head := handle.read(8)) == 8:
            length = int.from_bytes(head[:4], "big")
            if head[4:] == kind:
                return handle.read(length)
            handle.seek(length + 4, 1)
        return None
    finally:
        handle.seek(position)


def turned_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return width and height after turning upright, or those stored of an upright size."""
    return (size[1], size[0]) if orientation >= 5 else size


def turn_upright(
    pixels: np.ndarray[Any, np.dtype[np.uint8]], orientation: int
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Turn stored pixels the way the camera or program meant them to be seen.

    Args:
        pixels: uint8 [H, W] or [H, W, C].
        orientation: 1 to 8.

    Returns:
        uint8, contiguous; height and width are exchanged for 5 to 8.
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def stored_box(box: Box, size: tuple[int, int], orientation: int) -> Box:
    """Return where a part of the upright picture lies in the stored one.

    Args:
        box: In the upright picture.
        size: Width and height of the upright picture.
        orientation: 1 to 8.
    """
    left, top, right, bottom = box
    if orientation in (2, 3, 6, 7):
        left, right = size[0] - right, size[0] - left
    if orientation in (3, 4, 7, 8):
        top, bottom = size[1] - bottom, size[1] - top
    if orientation in (5, 6, 7, 8):
        left, top, right, bottom = top, left, bottom, right
    return Box(left, top, right, bottom)
