"""Checking what a person drew over a picture: a mask, a crop, regions."""

import numpy as np
from PIL import Image

from enogu.errors import PictureError
from enogu.pictures.box import Box
from enogu.pictures.pixels import Pixels
from enogu.pictures.records import JsonValue


def fitted_mask(mask: Pixels, width: int, height: int) -> Pixels:
    """Return a mask that was drawn over a smaller view as large as the picture.

    Args:
        mask: uint8 [h, w], 255 = subject.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.

    Raises:
        PictureError: The view has another aspect than the picture, so it belongs to another one.
    """
    if mask.ndim != 2:
        raise PictureError(f"a mask has one channel, got an array of {mask.ndim} dimensions")
    rows, columns = mask.shape
    if (rows, columns) == (height, width):
        return mask
    # Whole pixels of the view may round a side by one.
    if abs(columns * height - rows * width) > max(width, height):
        raise PictureError(
            f"the mask is {columns}x{rows} and does not fit a picture of {width}x{height}",
            hint="Reload the page; the picture was changed.",
        )
    image = Image.fromarray(mask).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)


def checked_box(value: object, width: int, height: int, where: str) -> Box:
    """Return a box that lies in a picture.

    Args:
        value: ``[left, top, right, bottom]`` in pixels of the upright original.
        width: Of the picture.
        height: Of the picture.
        where: Names the picture in messages.

    Raises:
        ProjectError: It is no box.
        PictureError: It does not lie in the picture.
    """
    box = Box.from_json(value, where=where)
    if box.right > width or box.bottom > height:
        raise PictureError(
            f"{where}: the box {box} does not lie in the picture, which is {width}x{height}"
        )
    return box


def drawn_regions(value: JsonValue, width: int, height: int, where: str) -> list[JsonValue]:
    """Return regions as decisions keep them: ``[kind, left, top, right, bottom]`` each.

    Raises:
        PictureError: A region has no kind or does not lie in the picture.
    """
    if not isinstance(value, list):
        raise PictureError(f"{where}: regions are a list, got {value!r}")
    kept: list[JsonValue] = []
    for one in value:
        if not isinstance(one, list) or len(one) != 5 or not isinstance(one[0], str):
            raise PictureError(
                f"{where}: a region is [kind, left, top, right, bottom], got {one!r}"
            )
        kind = one[0].strip().lower()
        if not kind or len(kind) > 40:
            raise PictureError(f"{where}: a region has a kind such as face, got {one[0]!r}")
        box = checked_box(one[1:], width, height, where)
        kept.append([kind, *box])
    return kept
