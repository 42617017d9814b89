"""Parts of a picture: what a mask, a person or a detector says of where things are."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from enogu.errors import PictureError
from enogu.pictures.background.model import Background
from enogu.pictures.box import Box

Source: TypeAlias = Literal["mask", "person", "detector"]

SURE_FROM: Final = 0.5
"""From which score on a region is used without a look at it, 0 to 1."""

SUBJECT = "subject"
"""The kind of the box around everything that is not background."""


@dataclass(frozen=True, kw_only=True)
class FoundRegion:
    """A part of a picture."""

    kind: str
    """``subject``, ``person``, ``head``, ``face`` or another label of a detector."""
    box: Box
    score: float
    """How sure the source is, 0 to 1; 1 for what a person drew."""
    source: Source


def subject_region(background: Background) -> FoundRegion | None:
    """Return the subject's box from a background; None where no subject was found.

    Args:
        background: The result for the picture. Where it is unsure the score is one half.
    """
    if background.subject is None:
        return None
    return FoundRegion(
        kind=SUBJECT,
        box=background.subject,
        score=1.0 if background.sure else 0.5,
        source="mask",
    )


def drawn_region(
    kind: str, corners: tuple[float, float, float, float], width: int, height: int
) -> FoundRegion:
    """Take a box that a person drew.

    Args:
        kind: What is in it, such as ``face``.
        corners: Two opposite corners, x and y of each, in pixels of the picture; in any order.
            What lies outside of the picture is left out.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.

    Returns:
        The region, with whole pixels that hold the drawn box.

    Raises:
        PictureError: The kind is empty, or nothing of the box lies in the picture.
    """
    if not kind.strip():
        raise PictureError("a drawn box needs a kind, such as face or head")
    left, right = sorted((corners[0], corners[2]))
    top, bottom = sorted((corners[1], corners[3]))
    left, right = max(0, int(left)), min(width, -int(-right // 1))
    top, bottom = max(0, int(top)), min(height, -int(-bottom // 1))
    if left >= right or top >= bottom:
        raise PictureError(
            f"the box {corners} holds nothing of the picture, which is {width}x{height}",
            hint="Give two corners in pixels, x and y from the upper left.",
        )
    return FoundRegion(
        kind=kind.strip().lower(), box=Box(left, top, right, bottom), score=1.0, source="person"
    )


def overlap(one: Box, other: Box) -> float:
    """Return the intersection over the union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.area + other.area - shared)
