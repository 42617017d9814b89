"""From a whole picture to exactly the pixels that are trained.

Colours shrink with Lanczos, or by averaging areas as OpenCV's ``INTER_AREA`` does, which is what
sd-scripts uses; masks always by area, because Lanczos would swing over at their edges. Pillow's
``BOX`` filter is not the same as areas at fractional scales, because it counts a source pixel
wholly or not at all. Growing uses Pillow's Lanczos.
"""

from typing import Any, Literal

import numpy as np
from PIL import Image

from enogu.pictures.box import Box
from enogu.pictures.buckets import BucketFit, BucketSize
from enogu.pictures.lanczos import shrink_window
from enogu.pictures.pixels import Pixels

Shrink = Literal["lanczos", "area"]
"""How colours are shrunk."""


def shrinks(fit: BucketFit) -> bool:
    """Tell whether a picture is shrunk: as in sd-scripts, only when both sides get smaller."""
    return fit.resized.width < fit.source.width and fit.resized.height < fit.source.height


def window_of(fit: BucketFit) -> Box:
    """Return where the bucket lies in the scaled picture."""
    left, top = fit.crop_left, fit.crop_top
    return Box(left, top, left + fit.bucket.width, top + fit.bucket.height)


def fit_pixels(pixels: Pixels, fit: BucketFit, *, shrink: Shrink = "lanczos") -> Pixels:
    """Scale a picture and cut the bucket out.

    Args:
        pixels: uint8 [H, W, 3]; H and W as in `fit.source`.
        fit: From :mod:`enogu.pictures.buckets`.
        shrink: The filter for pictures that get smaller.

    Returns:
        uint8 [bucket height, bucket width, 3].

    Raises:
        ValueError: `pixels` is not the picture `fit` was made for.
    """
    return _resized_window(pixels, fit, window_of(fit), shrink)


def fit_mask(mask: Pixels, fit: BucketFit) -> Pixels:
    """Scale a mask or an alpha channel and cut the bucket out.

    Args:
        mask: uint8 [H, W]; as large as `fit.source`.
        fit: As for the picture.

    Returns:
        uint8 [bucket height, bucket width].

    Raises:
        ValueError: `mask` does not belong to the picture `fit` was made for.
    """
    return _resized_window(mask, fit, window_of(fit), "area")


def resize_whole(pixels: Pixels, fit: BucketFit) -> Pixels:
    """Scale as :func:`fit_pixels` does, but keep what the bucket cuts off.

    Returns:
        uint8 [resized height, resized width, 3].
    """
    return _resized_window(pixels, fit, Box(0, 0, *fit.resized), "lanczos")


def _resized_window(pixels: Pixels, fit: BucketFit, window: Box, shrink: Shrink) -> Pixels:
    if pixels.shape[:2] != (fit.source.height, fit.source.width):
        raise ValueError(
            f"the picture is {pixels.shape[1]}x{pixels.shape[0]}, its fit is for {fit.source}"
        )
    if fit.resized == fit.source:
        return np.ascontiguousarray(pixels[window.rows, window.columns])
    if not shrinks(fit):
        grown = Image.fromarray(pixels).resize(fit.resized, Image.Resampling.LANCZOS)
        return np.ascontiguousarray(np.asarray(grown)[window.rows, window.columns])
    if shrink == "area":
        return _by_area(pixels, fit.resized, window.columns, window.rows)
    image = Image.fromarray(pixels)
    return np.asarray(shrink_window(image, fit.source, fit.resized, window))


def _by_area(pixels: Pixels, size: BucketSize, columns: slice, rows: slice) -> Pixels:
    height, width = pixels.shape[:2]
    channels = pixels.shape[2:]
    sums = area_sums(pixels.reshape(height, -1), size.height, rows)
    # Columns become the first axis, so that both passes multiply contiguous memory.
    turned = sums.reshape(len(sums), width, -1).swapaxes(0, 1).reshape(width, -1)
    sums = area_sums(turned, size.width, columns)
    covered = (height / size.height) * (width / size.width)
    upright = sums.reshape(len(sums), rows.stop - rows.start, *channels).swapaxes(0, 1)
    # Halves go up, as in OpenCV's own path for exact halving.
    return np.ascontiguousarray((upright / covered + 0.5).clip(0, 255).astype(np.uint8))


def area_sums(
    values: np.ndarray[Any, Any], size: int, wanted: slice
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Shrink the first axis by summing; a row counts by the share of it that is covered.

    Args:
        values: Real, [N, M].
        size: The new length of the axis, less than N.
        wanted: Which positions of the shrunk axis to compute; start and stop set.

    Returns:
        float32 [wanted, M]. Divide by N / size for the average. Left undivided, because sums of
        whole pixels are exact and so are then the ties when rounding.
    """
    length = len(values)
    edges = np.arange(wanted.start, wanted.stop + 1) * (length / size)
    edges = np.minimum(edges, length)
    whole = edges.astype(np.int64)
    share = (edges - whole).astype(np.float32)
    out = np.empty((len(edges) - 1, values.shape[1]), dtype=np.float32)
    # A loop over plain sums costs half of a matrix product, and wakes no other threads.
    for i, row in enumerate(out):
        first, last = whole[i], whole[i + 1]
        np.add.reduce(values[first:last], axis=0, dtype=np.float32, out=row)
        if share[i]:
            row -= values[first] * share[i]
        if share[i + 1]:
            row += values[last] * share[i + 1]
    return out
