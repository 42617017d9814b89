"""From a whole picture to exactly the pixels that are trained.

Shrinking averages areas as OpenCV's ``INTER_AREA`` does, which is what the peers use; Pillow's
``BOX`` filter is not the same at fractional scales, because it counts a source pixel wholly or
not at all. Growing uses Pillow's Lanczos.
"""

from typing import Any

import numpy as np
from PIL import Image

from enogu.pictures.buckets import BucketFit, BucketSize
from enogu.pictures.pixels import Pixels


def fit_pixels(pixels: Pixels, fit: BucketFit) -> Pixels:
    """Scale a picture, or its alpha or mask, and cut the bucket out.

    Args:
        pixels: uint8 [H, W, 3] or [H, W]; H and W as in `fit.source`.
        fit: From :mod:`enogu.pictures.buckets`.

    Returns:
        uint8 [bucket height, bucket width, 3] or [bucket height, bucket width].

    Raises:
        ValueError: `pixels` is not the picture `fit` was made for.
    """
    return _resized_window(
        pixels, fit, fit.crop_left, fit.crop_top, fit.bucket.width, fit.bucket.height
    )


def resize_whole(pixels: Pixels, fit: BucketFit) -> Pixels:
    """Scale as :func:`fit_pixels` does, but keep what the bucket cuts off.

    Returns:
        uint8 [resized height, resized width, ...].
    """
    return _resized_window(pixels, fit, 0, 0, fit.resized.width, fit.resized.height)


def _resized_window(
    pixels: Pixels, fit: BucketFit, left: int, top: int, width: int, height: int
) -> Pixels:
    if pixels.shape[:2] != (fit.source.height, fit.source.width):
        raise ValueError(
            f"the picture is {pixels.shape[1]}x{pixels.shape[0]}, its fit is for {fit.source}"
        )
    resized = fit.resized
    if resized == fit.source:
        return np.ascontiguousarray(pixels[top : top + height, left : left + width])
    # The peers' rule: only when both sides shrink.
    if resized.width < fit.source.width and resized.height < fit.source.height:
        return _shrunk(pixels, resized, slice(left, left + width), slice(top, top + height))
    grown = Image.fromarray(pixels).resize(resized, Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(grown)[top : top + height, left : left + width])


def _shrunk(pixels: Pixels, size: BucketSize, columns: slice, rows: slice) -> Pixels:
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
