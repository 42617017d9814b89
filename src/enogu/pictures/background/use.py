"""Using a mask: the subject on one colour, cut out, or the mask itself for the loss."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from enogu.errors import PictureError
from enogu.pictures.background.model import Background
from enogu.pictures.pixels import Colour, Pixels, flatten
from enogu.tags.names import normal_name

_COLOUR_WORDS: Final = frozenset(
    {
        "aqua",
        "beige",
        "black",
        "blue",
        "brown",
        "green",
        "grey",
        "gray",
        "lavender",
        "orange",
        "pink",
        "purple",
        "red",
        "tan",
        "teal",
        "two-tone",
        "white",
        "yellow",
        "gradient",
        "transparent",
        "multicolored",
    }
)
"""Danbooru's words before ``background`` that say how an empty background looks."""
_WHITE_FROM: Final = 250
_BLACK_TO: Final = 5


def on_colour(found: Background, colour: Colour) -> Pixels:
    """Lay the subject on one colour.

    Args:
        found: A background with a mask.
        colour: The new background.

    Returns:
        uint8 [H, W, 3]. Nothing of the old background is left.

    Raises:
        PictureError: There is no mask.
    """
    mask, foreground = _parts(found)
    return flatten(foreground, mask, colour)


def cut_out(found: Background) -> Pixels:
    """Return the subject with everything else transparent.

    Returns:
        uint8 [H, W, 4]. Where alpha is 0 the colour is white, so that the old background cannot
        come back in a program that drops the alpha.

    Raises:
        PictureError: There is no mask.
    """
    mask, foreground = _parts(found)
    out = np.empty((*mask.shape, 4), dtype=np.uint8)
    out[..., :3] = np.where(mask[..., None] > 0, foreground, np.uint8(255))
    out[..., 3] = mask
    return out


def loss_mask(found: Background, *, background_weight: float = 0.0) -> Pixels:
    """Return how much each pixel counts in training.

    Args:
        found: A background with a mask.
        background_weight: What the background counts beside the subject, 0 to 1.

    Returns:
        uint8 [H, W], 255 = full weight.

    Raises:
        PictureError: There is no mask.
    """
    mask, _ = _parts(found)
    least = round(min(1.0, max(0.0, background_weight)) * 255)
    return (least + (mask.astype(np.uint16) * (255 - least) + 127) // 255).astype(np.uint8)


def background_tags(tags: Sequence[str], colour: Colour | None) -> list[str]:
    """Make a caption say what the background is now.

    Args:
        tags: The caption's tags.
        colour: The new background; None for a transparent one.

    Returns:
        The tags in their order, without those of the old background, and with the tag of the new
        one at the end where it has one: ``white background``, ``black background``,
        ``transparent background``, else ``simple background``.
    """
    new = _tag_of(colour)
    kept = [tag for tag in tags if not _says_background(tag)]
    if new in (normal_name(tag).replace("_", " ") for tag in kept):
        return kept
    return [*kept, new]


def _tag_of(colour: Colour | None) -> str:
    if colour is None:
        return "transparent background"
    if min(colour) >= _WHITE_FROM:
        return "white background"
    if max(colour) <= _BLACK_TO:
        return "black background"
    return "simple background"


def _says_background(tag: str) -> bool:
    word, _, rest = normal_name(tag).partition("_")
    return rest == "background" and word in _COLOUR_WORDS


def _parts(found: Background) -> tuple[Pixels, Pixels]:
    if found.mask is None or found.foreground is None:
        raise PictureError(
            f"the subject was not told from its background ({found.reason})",
            hint="Draw a mask by hand, or name a model file for it; or leave the picture as it is.",
        )
    return found.mask, found.foreground
