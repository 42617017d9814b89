"""Judging candidate pairs: first from the thumbnails, then the likely ones from their pixels."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from PIL import Image

from enogu.errors import PictureError
from enogu.pictures.duplicates.align import Mapping, refine, warp
from enogu.pictures.duplicates.descriptors import WINDOWS
from enogu.pictures.duplicates.difference import Difference, measure
from enogu.pictures.duplicates.fingerprint import SIDE, to_ycc
from enogu.pictures.duplicates.result import DuplicateSettings, Verdict
from enogu.pictures.duplicates.search import Candidates
from enogu.pictures.duplicates.table import Floats, Integers, Table
from enogu.pictures.pixels import Pixels

LoadPixels: TypeAlias = Callable[[int], Pixels]
"""Returns uint8 [H, W, 3] of the picture at a place in the sequence of fingerprints."""

_BATCH = 64
_WORK_PX = 128
_LEAST_WORK_PX = 32
_CACHED_PICTURES = 256
_SPOT_SMALL, _SPOT = 2, 4
_HOPELESS = 12.0
"""Worst spot of the thumbnails from which on the pixels need not be looked at."""
_GAINS = (0.6, 1.67)
_QUIET = 3.5
"""Up to here a lone spot that stands out is the rim or a letter; drawn changes give 4 or more."""
_STRETCH = 0.06
"""A copy keeps its proportions to this share."""
_LEAST_COVER = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """A judged pair."""

    whole: int
    inner: int
    verdict: Verdict
    sure: bool
    mirrored: bool
    toned: bool
    frame: tuple[float, float, float, float]
    """Where the content of `inner` lies in the content of `whole`: left, top, right, bottom, as
    shares of its sides."""
    difference: float
    shared: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Screened:
    """A pair whose thumbnails are alike."""

    whole: int
    inner: int
    mirrored: bool
    mapping: Mapping
    """[4], between the thumbnails."""
    variant: Relation | None
    """Set when the thumbnails are already enough to tell that it is not a copy."""

    @property
    def key(self) -> frozenset[int]:
        """The pair without an order."""
        return frozenset((self.whole, self.inner))


def screen(table: Table, candidates: Candidates, settings: DuplicateSettings) -> list[Screened]:
    """Align the thumbnails of candidates and drop the pairs that are unrelated."""
    screened: list[Screened] = []
    for start in range(0, len(candidates), _BATCH):
        rows = np.arange(start, min(start + _BATCH, len(candidates)))
        screened += _screen_batch(table, candidates, rows, settings)
    return screened


def _screen_batch(
    table: Table, candidates: Candidates, rows: Integers, settings: DuplicateSettings
) -> list[Screened]:
    whole, inner = candidates.whole[rows], candidates.inner[rows]
    mirrored = candidates.mirrored[rows]
    seen, there = _ycc(table, whole), _ycc(table, inner)
    there[mirrored] = there[mirrored][:, :, ::-1]
    left, top, right, bottom = np.array(WINDOWS)[candidates.window[rows]].T
    guess = np.stack([1 - left - right, left * SIDE, 1 - top - bottom, top * SIDE], axis=1)
    mapping, together = refine(seen[..., 0], there[..., 0], guess)
    sampled, inside = warp(seen, mapping, SIDE, SIDE)
    figures = measure(sampled, there, inside, _SPOT_SMALL)
    hopeless = figures.worst > _HOPELESS
    wanted = together & _plausible(figures.gain)
    wanted &= ~hopeless | (figures.shared >= settings.min_shared)
    screened: list[Screened] = []
    for place in (int(value) for value in np.flatnonzero(wanted)):
        pair = int(whole[place]), int(inner[place]), bool(mirrored[place])
        shares = mapping[place] / (1, SIDE, 1, SIDE)
        screened.append(
            Screened(
                whole=pair[0],
                inner=pair[1],
                mirrored=pair[2],
                mapping=mapping[place],
                variant=_relation(pair, shares, figures, place) if hopeless[place] else None,
            )
        )
    return screened


class Comparer:
    """Judges screened pairs from the pixels of the pictures.

    Args:
        table: All pictures.
        load_pixels: Small versions of the latest pictures are kept. A picture it cannot read
            (PictureError), or whose size is not that of its fingerprint, has no copies.
        settings: Limits.
    """

    def __init__(self, table: Table, load_pixels: LoadPixels, settings: DuplicateSettings) -> None:
        self._table = table
        self._works = _Works(table, load_pixels)
        self._settings = settings

    def compare(self, pair: Screened) -> Relation | None:
        """Return a copy or a variant, or None for unrelated pictures."""
        if pair.variant is not None:
            return pair.variant
        boxes = self._table.boxes
        longest = min(_longest(boxes[pair.whole]), _longest(boxes[pair.inner]), _WORK_PX)
        side = max(longest, _LEAST_WORK_PX)
        first, second = self._works.get(pair.whole, side), self._works.get(pair.inner, side)
        if first is None or second is None:
            return None
        there, corners = _inner_content(second, pair.mirrored)
        fitted, together = _refined(first.ycc, there, _placed(pair.mapping, first.box, corners))
        if not together:
            return None
        height, width = there.shape[:2]
        sampled, inside = warp(first.ycc[None], fitted, height, width)
        figures = measure(sampled, there[None], inside, _SPOT)
        frame = _as_shares(fitted[0], first.box, width, height)
        covered = float(inside.mean())
        verdict, sure = _verdict(figures, fitted[0], frame, covered, self._settings)
        if verdict == "unrelated":
            return None
        key = pair.whole, pair.inner, pair.mirrored
        return _relation(key, frame, figures, 0, verdict, sure)


def _ycc(table: Table, index: Integers) -> Floats:
    colour = table.colour(index).repeat(2, axis=2).repeat(2, axis=3)
    return np.concatenate([table.luma(index)[..., None], colour.transpose(0, 2, 3, 1)], axis=-1)


def _plausible(gain: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return (gain >= _GAINS[0]) & (gain <= _GAINS[1])


def _relation(
    pair: tuple[int, int, bool],
    mapping: Mapping,
    figures: Difference,
    place: int,
    verdict: Verdict = "variant",
    sure: bool = True,
) -> Relation:
    scale_x, shift_x, scale_y, shift_y = (float(value) for value in mapping)
    return Relation(
        whole=pair[0],
        inner=pair[1],
        verdict=verdict,
        sure=sure,
        mirrored=pair[2],
        toned=bool(figures.tone[place] > 3 or abs(figures.gain[place] - 1) > 0.08),
        frame=(shift_x, shift_y, shift_x + scale_x, shift_y + scale_y),
        difference=round(float(figures.worst[place]), 2),
        shared=round(float(figures.shared[place]), 3),
    )


def _inner_content(work: "_Work", mirrored: bool) -> tuple[Floats, "_Corners"]:
    """Cut the content out, and say where its exact box lies in the cut."""
    left, top, right, bottom = work.mirrored_box() if mirrored else work.box
    ycc = work.ycc[:, ::-1] if mirrored else work.ycc
    row, column = round(top), round(left)
    cut = ycc[row : max(row + 8, round(bottom)), column : max(column + 8, round(right))]
    return cut, (left - column, top - row, right - column, bottom - row)


def _verdict(
    figures: Difference,
    mapping: Mapping,
    frame: Mapping,
    covered: float,
    settings: DuplicateSettings,
) -> tuple[Verdict, bool]:
    worst, contrast = float(figures.worst[0]), float(figures.contrast[0])
    stretch = abs(float(np.log(mapping[0] / mapping[2])))
    scale_x, shift_x, scale_y, shift_y = frame
    width = min(1, shift_x + scale_x) - max(0, shift_x)
    height = min(1, shift_y + scale_y) - max(0, shift_y)
    complete = min(covered, max(0, width) * max(0, height)) >= _LEAST_COVER
    like = bool(_plausible(figures.gain)[0]) and complete and stretch <= _STRETCH
    even = contrast <= settings.max_contrast or worst <= _QUIET
    if like and even and worst <= settings.max_difference:
        return "copy", worst <= settings.sure_difference
    if complete and float(figures.shared[0]) >= settings.min_shared:
        return "variant", worst > 1.4 * settings.max_difference
    return "unrelated", True


def _longest(box: Integers) -> int:
    return int(max(box[2] - box[0], box[3] - box[1]))


def _placed(small: Mapping, whole: "_Corners", inner: "_Corners") -> Mapping:
    """Turn a mapping between content thumbnails into one between work pictures."""
    scale_x = small[0] * (whole[2] - whole[0]) / (inner[2] - inner[0])
    scale_y = small[2] * (whole[3] - whole[1]) / (inner[3] - inner[1])
    left = whole[0] + small[1] / SIDE * (whole[2] - whole[0])
    top = whole[1] + small[3] / SIDE * (whole[3] - whole[1])
    return np.array([scale_x, left - scale_x * inner[0], scale_y, top - scale_y * inner[1]])


def _as_shares(mapping: Mapping, box: "_Corners", width: int, height: int) -> Mapping:
    """Express where the inner picture lies in shares of the whole one's content."""
    across, down = box[2] - box[0], box[3] - box[1]
    return np.array(
        [
            mapping[0] * width / across,
            (mapping[1] - box[0]) / across,
            mapping[2] * height / down,
            (mapping[3] - box[1]) / down,
        ]
    )


def _refined(whole: Floats, inner: Floats, mapping: Mapping) -> tuple[Mapping, bool]:
    """Align at half size, then at full size."""
    fitted = mapping[None].copy()
    together = np.ones(1, dtype=np.bool_)
    for factor in (2, 1):
        pair = [_reduced(ycc[..., 0], factor)[None] for ycc in (whole, inner)]
        if min(*pair[0].shape[1:], *pair[1].shape[1:]) < 8:
            continue
        scaled = fitted / (1, factor, 1, factor)
        scaled, together = refine(pair[0], pair[1], scaled)
        fitted = scaled * (1, factor, 1, factor)
    return fitted, bool(together[0])


def _reduced(values: Floats, factor: int) -> Floats:
    height, width = (size // factor for size in values.shape)
    cut = values[: height * factor, : width * factor]
    return cut.reshape(height, factor, width, factor).mean(axis=(1, 3))


_Corners: TypeAlias = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """A whole picture, reduced so that its content has a given longer side."""

    ycc: Floats
    """[H, W, 3]."""
    box: _Corners

    def mirrored_box(self) -> _Corners:
        left, top, right, bottom = self.box
        width = self.ycc.shape[1]
        return width - right, top, width - left, bottom


class _Works:
    """Reduced pictures, the latest kept."""

    def __init__(self, table: Table, load_pixels: LoadPixels) -> None:
        self._table = table
        self._load_pixels = load_pixels
        self._cache: OrderedDict[int, Pixels | None] = OrderedDict()

    def get(self, index: int, side: int) -> _Work | None:
        """Return a picture with its content `side` pixels long; None when it cannot be read."""
        if index not in self._cache:
            self._cache[index] = self._reduced(index)
            if len(self._cache) > _CACHED_PICTURES:
                self._cache.popitem(last=False)
        self._cache.move_to_end(index)
        pixels = self._cache[index]
        if pixels is None:
            return None
        width, height = (int(value) for value in self._table.sizes[index])
        scale = side / _longest(self._table.boxes[index])
        image = _resized(pixels, max(8, round(width * scale)), max(8, round(height * scale)))
        left, top, right, bottom = (float(value) for value in self._table.boxes[index])
        across, down = image.shape[1] / width, image.shape[0] / height
        return _Work(to_ycc(image), (left * across, top * down, right * across, bottom * down))

    def _reduced(self, index: int) -> Pixels | None:
        try:
            pixels = self._load_pixels(index)
        except PictureError:
            return None
        width, height = (int(value) for value in self._table.sizes[index])
        if pixels.shape[:2] != (height, width):
            # The file changed since its fingerprint was taken.
            return None
        scale = min(1.0, _WORK_PX / _longest(self._table.boxes[index]))
        return _resized(pixels, max(8, round(width * scale)), max(8, round(height * scale)))


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller = width < pixels.shape[1] and height < pixels.shape[0]
    filter_ = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    image = Image.fromarray(pixels).resize((width, height), filter_, reducing_gap=3.0)
    return np.asarray(image)
