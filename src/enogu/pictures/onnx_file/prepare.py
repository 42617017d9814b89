"""From a picture to the array a network wants, and from its answer back to the picture."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from enogu.pictures.onnx_file.card import InputCard
from enogu.pictures.pixels import Pixels

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a picture lies in the input of a network."""

    source_width: int
    """The picture's own size, in pixels."""
    source_height: int
    left: int
    """Where it begins in the input, in pixels."""
    top: int
    width: int
    """How large it is in the input, in pixels."""
    height: int

    def to_source_x(self, x: Array) -> Array:
        """Return positions along the width of the input as positions in the picture."""
        return ((x - self.left) * (self.source_width / self.width)).astype(np.float32)

    def to_source_y(self, y: Array) -> Array:
        """Return positions along the height of the input as positions in the picture."""
        return ((y - self.top) * (self.source_height / self.height)).astype(np.float32)


def place(source_width: int, source_height: int, card: InputCard) -> Placement:
    """Work out where a picture goes in the input.

    Letterboxing scales the longer side to the input's, cuts the other to whole pixels, and puts
    the odd pixel of padding to the right and below, as anime-segmentation does.
    """
    if card.fit == "stretch":
        width, height = card.width, card.height
    else:
        # Whole numbers throughout, so that the longer side fills the input exactly.
        if source_width * card.height >= source_height * card.width:
            width, height = card.width, source_height * card.width // source_width
        else:
            width, height = source_width * card.height // source_height, card.height
        width, height = max(1, width), max(1, height)
    return Placement(
        source_width=source_width,
        source_height=source_height,
        left=(card.width - width) // 2,
        top=(card.height - height) // 2,
        width=width,
        height=height,
    )


def to_input(pixels: Pixels, card: InputCard) -> tuple[Array, Placement]:
    """Turn a picture into the input of a network.

    Args:
        pixels: uint8 [H, W, 3], RGB.
        card: What the network wants.

    Returns:
        float32 [1, 3, height, width] or [1, height, width, 3], and where the picture lies in it.
    """
    height, width = pixels.shape[:2]
    placed = place(width, height, card)
    scaled = _values(resized(pixels, placed.width, placed.height, card.sampling), card)
    whole = np.full((card.height, card.width, 3), card.padding / card.divide_by, dtype=np.float32)
    rows = slice(placed.top, placed.top + placed.height)
    columns = slice(placed.left, placed.left + placed.width)
    whole[rows, columns] = scaled
    return _batch_of_one(whole, card), placed


def scaled_input(pixels: Pixels, card: InputCard) -> Array:
    """Turn a picture that has the size of the input already into the input of a network.

    Args:
        pixels: uint8 [height, width, 3], RGB.
        card: What the network wants; its `fit`, `padding` and `sampling` do not apply.

    Returns:
        float32 [1, 3, height, width] or [1, height, width, 3].
    """
    return _batch_of_one(_values(pixels.astype(np.float32), card), card)


def _values(scaled: Array, card: InputCard) -> Array:
    if card.channels == "BGR":
        scaled = scaled[..., ::-1]
    mean, std = (np.array(three, dtype=np.float32) for three in (card.mean, card.std))
    return (scaled / np.float32(card.divide_by) - mean) / std


def _batch_of_one(whole: Array, card: InputCard) -> Array:
    if card.layout == "NCHW":
        whole = whole.transpose(2, 0, 1)
    return np.ascontiguousarray(whole[None], dtype=np.float32)


def from_output(values: Array, placed: Placement, card: InputCard) -> Array:
    """Cut the picture's part out of a map that the network answered and scale it to the picture.

    Args:
        values: float32 [h, w], for the whole input; may be coarser than the input.
        placed: From :func:`to_input`.
        card: The same card.

    Returns:
        float32 [source height, source width].
    """
    if values.shape != (card.height, card.width):
        values = resized(values, card.width, card.height, "linear")
    rows = slice(placed.top, placed.top + placed.height)
    columns = slice(placed.left, placed.left + placed.width)
    return resized(values[rows, columns], placed.source_width, placed.source_height, "linear")


def resized(
    values: np.ndarray[Any, np.dtype[Any]], width: int, height: int, sampling: str
) -> Array:
    """Scale a picture or a map.

    Args:
        values: [H, W] or [H, W, C], any number type.
        width: New width in pixels.
        height: New height in pixels.
        sampling: ``linear`` or ``smooth``, see `InputCard.sampling`.

    Returns:
        float32 [height, width, ...].
    """
    if sampling == "smooth" and values.dtype == np.uint8:
        image = Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(image, dtype=np.float32)
    rows = _along(values.astype(np.float32), height)
    return np.ascontiguousarray(_along(rows.swapaxes(0, 1), width).swapaxes(0, 1))


def _along(values: Array, length: int) -> Array:
    """Interpolate along the first axis between the two nearest pixel centres."""
    old = len(values)
    if old == length:
        return values
    at = ((np.arange(length) + 0.5) * (old / length) - 0.5).clip(0, old - 1)
    below = np.floor(at).astype(np.intp)
    above = np.minimum(below + 1, old - 1)
    share = (at - below).astype(np.float32).reshape(-1, *([1] * (values.ndim - 1)))
    return (values[below] * (1 - share) + values[above] * share).astype(np.float32)
