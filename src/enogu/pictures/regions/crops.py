"""Extra samples from one picture: the face, the bust, and the whole figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from enogu.errors import ConfigError
from enogu.pictures.box import Box
from enogu.pictures.regions.found import SUBJECT, SURE_FROM, FoundRegion, overlap
from enogu.pictures.regions.framing import Framing, framing_of, reframed_tags

CropKind: TypeAlias = Literal["face", "bust", "full"]

VERSION: Final = 1
"""Rises when the same regions and settings give other crops."""

_FIGURES: Final = ("person", "halfbody", SUBJECT)
_FACE_TO_HEAD: Final = (0.3, 0.55, 0.3, 0.1)
"""By how much a face grows to its head: left, top, right, bottom, as shares of the face."""
_ABOVE: Final = 0.25
"""Air above the head, in head heights."""
_FACE_SIDE: Final = 1.9
_BUST_HEIGHT: Final = 3.2
_BUST_WIDTH: Final = 2.8
_MIN_BUST: Final = 2.2
_MAX_BUST_OF_FIGURE: Final = 0.75
_MARGIN: Final = 0.05
_RIM_PX: Final = 2
_ALREADY_THERE: Final[dict[CropKind, tuple[str, ...]]] = {
    "face": ("portrait", "close-up"),
    "bust": ("portrait", "close-up", "upper_body"),
    "full": (),
}
"""A picture with such a tag already is this crop, or shows too little for it."""


@dataclass(frozen=True, kw_only=True)
class CropSettings:
    """Which crops are made."""

    kinds: tuple[CropKind, ...] = ("face", "bust", "full")
    """Which of the three."""
    min_side_px: int = 256
    """Crops with a shorter side are left out; at least half of the training resolution."""
    max_overlap: float = 0.8
    """Crops that overlap the picture or another crop more are left out, as intersection over
    union, 0 to 1."""
    sure_from: float = SURE_FROM
    """From which score of its region on a crop is sure, 0 to 1."""

    def __post_init__(self) -> None:
        """Check the values."""
        if self.min_side_px < 1:
            raise ConfigError(f"min_side_px must be 1 or more, got {self.min_side_px}")
        for name in ("max_overlap", "sure_from"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be 0 to 1, got {getattr(self, name):g}")


@dataclass(frozen=True, kw_only=True)
class Crop:
    """One extra sample."""

    kind: CropKind
    box: Box
    tags: tuple[str, ...]
    """The picture's caption, made to fit."""
    sure: bool
    """Whether it may be used without a look at it."""
    reason: str
    """Why it is not sure; empty when it is."""


def plan_crops(
    regions: Sequence[FoundRegion],
    tags: Sequence[str],
    width: int,
    height: int,
    settings: CropSettings,
) -> list[Crop]:
    """Choose crops around heads and figures.

    Args:
        regions: What was found: heads, faces, persons, the subject.
        tags: The caption of the picture.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
        settings: Which crops are wanted.

    Returns:
        The crops, face before bust before full. None where no region allows one.
    """
    heads = _heads(regions)
    figures = [region for region in regions if region.kind in _FIGURES]
    whole = Box(0, 0, width, height)
    shown = framing_of(tags)
    planned: list[tuple[CropKind, Box, FoundRegion, Framing | None]] = []
    for head in heads:
        figure = _figure_of(head, figures)
        if shown not in _ALREADY_THERE["face"]:
            planned.append(("face", _face_box(head.box, whole), head, "portrait"))
        bust = _bust_box(head.box, figure, whole)
        if bust is not None and shown not in _ALREADY_THERE["bust"]:
            planned.append(("bust", bust, head, "upper body"))
    for figure in _separate(figures):
        planned.append(("full", _grown(figure.box, _MARGIN, whole), figure, None))
    return _chosen(planned, tags, whole, len(heads), settings)


def _chosen(
    planned: list[tuple[CropKind, Box, FoundRegion, Framing | None]],
    tags: Sequence[str],
    whole: Box,
    num_heads: int,
    settings: CropSettings,
) -> list[Crop]:
    crops: list[Crop] = []
    for kind in settings.kinds:
        for planned_kind, box, region, framing in planned:
            taken = [whole, *(crop.box for crop in crops)]
            if (
                planned_kind != kind
                or min(box.width, box.height) < settings.min_side_px
                or any(overlap(box, other) > settings.max_overlap for other in taken)
            ):
                continue
            doubt = ""
            if region.score < settings.sure_from:
                doubt = f"the {region.kind} was found with a score of {region.score:.2f}"
            elif num_heads > 1:
                doubt = (
                    f"there are {num_heads} heads, and the caption does not say whose tag is whose"
                )
            if kind == "full":
                crop_tags = _full_tags(tags, region.box, whole)
            else:
                crop_tags = reframed_tags(tags, framing)
            crops.append(
                Crop(kind=kind, box=box, tags=tuple(crop_tags), sure=not doubt, reason=doubt)
            )
    return crops


def _full_tags(tags: Sequence[str], figure: Box, whole: Box) -> list[str]:
    """Return the caption of a crop around a figure, which shows as much of it as the picture."""
    shown = framing_of(tags)
    if shown in ("wide_shot", "very_wide_shot", "full_body"):
        return reframed_tags(tags, "full body")
    if shown is not None:
        return list(tags)
    # A figure that goes on below the rim is no whole one; how much is seen of it is not known.
    is_cut = figure.bottom >= whole.bottom - _RIM_PX
    return list(tags) if is_cut else reframed_tags(tags, "full body")


def _heads(regions: Sequence[FoundRegion]) -> list[FoundRegion]:
    heads = [region for region in regions if region.kind == "head"]
    faces = [region for region in regions if region.kind == "face"]
    for face in faces:
        left, top, right, bottom = _FACE_TO_HEAD
        grown = Box(
            max(0, round(face.box.left - left * face.box.width)),
            max(0, round(face.box.top - top * face.box.height)),
            round(face.box.right + right * face.box.width),
            round(face.box.bottom + bottom * face.box.height),
        )
        if not any(_holds(head.box, face.box) for head in heads):
            heads.append(FoundRegion(kind="face", box=grown, score=face.score, source=face.source))
    return heads


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner.left + inner.right) / 2, (inner.top + inner.bottom) / 2
    return outer.left <= x < outer.right and outer.top <= y < outer.bottom


def _figure_of(head: FoundRegion, figures: Sequence[FoundRegion]) -> Box | None:
    around = [figure.box for figure in figures if _holds(figure.box, head.box)]
    return min(around, key=lambda box: box.area, default=None)


def _separate(figures: Sequence[FoundRegion]) -> list[FoundRegion]:
    """Return the persons; the subject's box only where no person was found in it."""
    persons = [figure for figure in figures if figure.kind == "person"]
    return persons or [figure for figure in figures if figure.kind == SUBJECT]


def _face_box(head: Box, whole: Box) -> Box:
    side = _FACE_SIDE * max(head.width, head.height)
    middle = (head.left + head.right) / 2
    top = head.top - _ABOVE * head.height
    return _inside(middle - side / 2, top, middle + side / 2, top + side, whole)


def _bust_box(head: Box, figure: Box | None, whole: Box) -> Box | None:
    top = head.top - _ABOVE * head.height
    bottom = top + _BUST_HEIGHT * head.height
    if figure is not None and bottom - top > _MAX_BUST_OF_FIGURE * figure.height:
        # With a head this large the bust would be nearly the whole figure.
        return None
    if whole.bottom - top < _MIN_BUST * head.height:
        return None
    half = _BUST_WIDTH * head.height / 2
    middle = (head.left + head.right) / 2
    return _inside(middle - half, top, middle + half, bottom, whole)


def _grown(box: Box, margin: float, whole: Box) -> Box:
    more = margin * max(box.width, box.height)
    return _inside(box.left - more, box.top - more, box.right + more, box.bottom + more, whole)


def _inside(left: float, top: float, right: float, bottom: float, whole: Box) -> Box:
    x, y = max(0, round(left)), max(0, round(top))
    return Box(
        min(x, whole.right - 1),
        min(y, whole.bottom - 1),
        max(x + 1, min(whole.right, round(right))),
        max(y + 1, min(whole.bottom, round(bottom))),
    )
