"""Which rectangle a picture is trained in: both rules of the peers, and a better one.

Pure arithmetic. Four modes, one result (:class:`BucketFit`):

- ``list``: sd-scripts' default. A fixed list of sizes, the nearest ratio wins, small pictures
  are enlarged.
- ``no_upscale``: sd-scripts with ``bucket_no_upscale``. No list; large pictures shrink, small
  ones keep their size; what does not divide by the step is cut off.
- ``aspects``: OneTrainer's. Nine ratios from 1 to 4, both ways, at equal area; small pictures are
  enlarged.
- ``fit``: ours. Every size on the grid is a candidate, not only the largest of each width; the
  one that wastes least wins, counting what is cut off and what of the resolution stays unused.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np

from enogu.errors import ConfigError
from enogu.pictures.box import Box

BucketMode = Literal["fit", "list", "no_upscale", "aspects"]

_ASPECTS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0)

# What `fit` charges: 5 % of the base's area left unused weighs as much as 1 % of the picture cut
# off. benchmarks/bucket_loss.py compares the outcome with the peers' rules.
_UNUSED_WEIGHT = 0.2
# Bases draw badly far below their own resolution.
_SMALLEST_AREA_SHARE = 0.5


class BucketSize(NamedTuple):
    """A size in whole pixels, width first."""

    width: int
    height: int

    @property
    def area(self) -> int:
        """Pixels in all."""
        return self.width * self.height

    @property
    def ratio(self) -> float:
        """Width divided by height."""
        return self.width / self.height

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketFit:
    """How one picture becomes one bucket: scale to `resized`, then cut out the bucket."""

    source: BucketSize
    """The upright picture."""
    bucket: BucketSize
    resized: BucketSize
    """The whole picture after scaling; covers the bucket."""
    crop_left: int
    """Pixels of `resized` left of the bucket."""
    crop_top: int
    """Pixels of `resized` above the bucket."""

    def keeping(self, boxes: Sequence[Box]) -> "BucketFit":
        """Return the fit with its window moved so that it shows certain parts of the picture.

        The window moves as little as possible. A box that is larger than the window shows its
        upper part, where heads are, and the middle of its width.

        Args:
            boxes: In pixels of the source, most important first; a later one never takes from an
                earlier one.
        """
        scale_x = self.resized.width / self.source.width
        scale_y = self.resized.height / self.source.height
        across = [(box.left * scale_x, box.right * scale_x) for box in boxes]
        down = [(box.top * scale_y, box.bottom * scale_y) for box in boxes]
        return replace(
            self,
            crop_left=_window(self.resized.width, self.bucket.width, self.crop_left, across, 0.5),
            crop_top=_window(self.resized.height, self.bucket.height, self.crop_top, down, 0.0),
        )

    def moved(self, zoom: float, across: float, down: float, boxes: Sequence[Box]) -> "BucketFit":
        """Return a closer fit with its window elsewhere, but still on what must be kept.

        Args:
            zoom: At least 1: how much larger the picture is scaled.
            across: Where the window lies, 0 (left) to 1 (right).
            down: Where the window lies, 0 (top) to 1 (bottom).
            boxes: As for :meth:`keeping`.
        """
        width = max(self.bucket.width, round(self.resized.width * zoom))
        height = max(self.bucket.height, round(self.resized.height * zoom))
        return replace(
            self,
            resized=BucketSize(width, height),
            crop_left=round(across * (width - self.bucket.width)),
            crop_top=round(down * (height - self.bucket.height)),
        ).keeping(boxes)

    def shows(self, box: Box) -> float:
        """Return the share of a box, in pixels of the source, that the window shows; 0 to 1."""
        scale_x = self.source.width / self.resized.width
        scale_y = self.source.height / self.resized.height
        left, right = self.crop_left * scale_x, (self.crop_left + self.bucket.width) * scale_x
        top, bottom = self.crop_top * scale_y, (self.crop_top + self.bucket.height) * scale_y
        width = min(right, box.right) - max(left, box.left)
        height = min(bottom, box.bottom) - max(top, box.top)
        return max(0.0, width) * max(0.0, height) / box.area

    @property
    def scale(self) -> float:
        """Size after scaling divided by size before; the larger of both directions."""
        return max(self.resized.width / self.source.width, self.resized.height / self.source.height)

    @property
    def upscale(self) -> float:
        """How much the picture is enlarged; 1.0 when it is not."""
        return max(1.0, self.scale)

    @property
    def lost(self) -> float:
        """Share of the picture's area that is cut off, 0 to 1."""
        return 1.0 - self.bucket.area / self.resized.area


def _window(
    length: int, window: int, start: int, spans: Sequence[tuple[float, float]], place: float
) -> int:
    """Return where a window begins that keeps the spans as far as it can.

    Args:
        length: Of what the window slides over.
        window: Its length, at most `length`.
        start: Where it begins when nothing moves it.
        spans: Begin and end of each, most important first.
        place: Where a window lies in a span that is longer: 0 at its begin, 0.5 in its middle.
    """
    low, high = 0, length - window
    for begin, end in spans:
        first, last = math.ceil(end - window), math.floor(begin)
        if first > last:
            first = last = round(begin + place * (end - begin - window))
        # What an earlier span asks for stands: only the nearest end of its range is left.
        if last < low:
            high = low
        elif first > high:
            low = high
        else:
            low, high = max(low, first), min(high, last)
    return min(max(start, low), high)


def make_buckets(
    resolution: BucketSize, *, min_px: int, max_px: int, step: int
) -> tuple[BucketSize, ...]:
    """Return sd-scripts' list of buckets.

    Args:
        resolution: Its area bounds every bucket.
        min_px: Shortest side; rounded down to the step.
        max_px: Longest side; rounded up to the step.
        step: Sides are multiples of this.

    Returns:
        Sorted by width, then height. 512², 256 to 1024, step 64 gives 17.

    Raises:
        ConfigError: The limits exclude the resolution itself.
    """
    min_px, max_px = _checked_limits(resolution, min_px, max_px, step)
    side = math.isqrt(resolution.area) // step * step
    sizes = {BucketSize(side, side)}
    for width in range(min_px, max_px + 1, step):
        height = min(max_px, resolution.area // width // step * step)
        if height >= min_px:
            sizes |= {BucketSize(width, height), BucketSize(height, width)}
    return tuple(sorted(sizes))


def choose_bucket(size: BucketSize, buckets: Sequence[BucketSize]) -> BucketFit:
    """Choose as sd-scripts does: the same size, else the nearest ratio (first wins).

    Args:
        size: The upright picture.
        buckets: As :func:`make_buckets` gives them.
    """
    bucket = size
    if size not in buckets:
        bucket = min(buckets, key=lambda candidate: abs(candidate.ratio - size.ratio))
    return cover(size, bucket)


def choose_no_upscale(size: BucketSize, *, max_area: int, step: int) -> BucketFit:
    """Choose as sd-scripts does with ``bucket_no_upscale``.

    Args:
        size: The upright picture.
        max_area: Larger pictures are shrunk to about this many pixels.
        step: Sides of the bucket are multiples of this.

    Returns:
        The fit. A picture narrower than one step, which sd-scripts cannot train, is enlarged to it.
    """
    resized = size if size.area <= max_area else _shrunk(size, max_area, step)
    if min(resized) < step:
        resized = _covering(size, BucketSize(step, step))
    bucket = BucketSize(resized.width // step * step, resized.height // step * step)
    return _centred(size, bucket, resized)


def _shrunk(size: BucketSize, max_area: int, step: int) -> BucketSize:
    width = math.sqrt(max_area * size.ratio)
    height = max_area / width
    by_width = max(step, _rounded_down(width, step))
    by_height = max(step, _rounded_down(height, step))
    ratio_by_width = by_width / max(step, _rounded_down(by_width / size.ratio, step))
    ratio_by_height = max(step, _rounded_down(by_height * size.ratio, step)) / by_height
    if abs(ratio_by_width - size.ratio) < abs(ratio_by_height - size.ratio):
        return BucketSize(by_width, int(by_width / size.ratio + 0.5))
    return BucketSize(int(by_height * size.ratio + 0.5), by_height)


def choose_aspect(size: BucketSize, *, resolution: BucketSize, step: int) -> BucketFit:
    """Choose as OneTrainer does: the nearest of nine ratios and their inverses.

    Args:
        size: The upright picture.
        resolution: Each bucket has about its area; rounding to the step may go above it.
        step: Sides of the bucket are multiples of this.
    """
    buckets = _aspect_buckets(resolution.area, step)
    # Height over width, and the plain difference: 0.5 is nearer to 0.6 than 2 is to 1.75.
    ratio = size.height / size.width
    bucket = min(buckets, key=lambda one: (abs(one.height / one.width - ratio), one))
    taller = ratio > bucket.height / bucket.width
    scale = bucket.width / size.width if taller else bucket.height / size.height
    resized = (
        BucketSize(bucket.width, round(size.height * scale))
        if taller
        else BucketSize(round(size.width * scale), bucket.height)
    )
    return _centred(size, bucket, resized)


@lru_cache(maxsize=16)
def _aspect_buckets(area: int, step: int) -> tuple[BucketSize, ...]:
    sizes: set[BucketSize] = set()
    for aspect in _ASPECTS:
        short = max(step, round(math.sqrt(area / aspect) / step) * step)
        long = max(step, round(math.sqrt(area * aspect) / step) * step)
        sizes |= {BucketSize(short, long), BucketSize(long, short)}
    return tuple(sorted(sizes))


def _rounded_down(value: float, step: int) -> int:
    return int(value + 0.5) // step * step


def cover(size: BucketSize, bucket: BucketSize) -> BucketFit:
    """Scale a picture so that it just covers a bucket, and cut the rest off evenly."""
    return _centred(size, bucket, _covering(size, bucket))


def choose_fit(
    size: BucketSize, *, resolution: BucketSize, min_px: int, max_px: int, step: int
) -> BucketFit:
    """Choose the size on the grid that wastes least of the picture and of the base.

    Minimised is ``lost + 0.2 * unused``, where `unused` is the share of the resolution's area that
    the bucket leaves free. No bucket is larger than the resolution's area, so memory and time are
    bounded as in the other modes, and none is below half of it. As in ``list``, small pictures are
    enlarged.

    Args:
        size: The upright picture.
        resolution: Its area bounds every bucket.
        min_px: Shortest side; rounded down to the step.
        max_px: Longest side; rounded up to the step.
        step: Sides are multiples of this.

    Raises:
        ConfigError: The limits exclude the resolution itself.
    """
    min_px, max_px = _checked_limits(resolution, min_px, max_px, step)
    candidates = _grid(resolution.area, min_px, max_px, step)
    width, height = candidates[:, 0], candidates[:, 1]
    scale = np.maximum(width / size.width, height / size.height)
    area = width * height
    lost = 1 - area / (size.area * scale**2)
    unused = 1 - area / resolution.area
    cost = lost + _UNUSED_WEIGHT * unused
    # Rounding makes ties stable across machines; the grid is sorted by area, largest first.
    best = candidates[int(np.argmin(np.round(cost, 9)))]
    return cover(size, BucketSize(int(best[0]), int(best[1])))


@lru_cache(maxsize=16)
def _grid(max_area: int, min_px: int, max_px: int, step: int) -> np.ndarray[Any, Any]:
    sides = range(min_px, max_px + 1, step)
    sizes = [
        BucketSize(width, height)
        for width in sides
        for height in sides
        if _SMALLEST_AREA_SHARE * max_area <= width * height <= max_area
    ]
    sizes.sort(key=lambda size: (-size.area, size.width))
    return np.array(sizes, dtype=np.float64)


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketRule:
    """One mode with its limits: what a project decides once and asks for every picture."""

    resolution: BucketSize
    step: int
    mode: BucketMode = "fit"
    min_px: int
    max_px: int

    def choose(self, size: BucketSize) -> BucketFit:
        """Find the bucket of one upright picture.

        Raises:
            ConfigError: The limits exclude the resolution itself.
        """
        if self.mode == "no_upscale":
            return choose_no_upscale(size, max_area=self.resolution.area, step=self.step)
        if self.mode == "list":
            return choose_bucket(size, _cached_buckets(self))
        if self.mode == "aspects":
            return choose_aspect(size, resolution=self.resolution, step=self.step)
        return choose_fit(
            size,
            resolution=self.resolution,
            min_px=self.min_px,
            max_px=self.max_px,
            step=self.step,
        )


@lru_cache(maxsize=16)
def _cached_buckets(rule: BucketRule) -> tuple[BucketSize, ...]:
    return make_buckets(rule.resolution, min_px=rule.min_px, max_px=rule.max_px, step=rule.step)


def _covering(size: BucketSize, bucket: BucketSize) -> BucketSize:
    wider = size.ratio > bucket.ratio
    scale = bucket.height / size.height if wider else bucket.width / size.width
    return BucketSize(int(size.width * scale + 0.5), int(size.height * scale + 0.5))


def _centred(size: BucketSize, bucket: BucketSize, resized: BucketSize) -> BucketFit:
    return BucketFit(
        source=size,
        bucket=bucket,
        resized=resized,
        crop_left=(resized.width - bucket.width) // 2,
        crop_top=(resized.height - bucket.height) // 2,
    )


def _checked_limits(resolution: BucketSize, min_px: int, max_px: int, step: int) -> tuple[int, int]:
    if step < 1 or min_px < 1:
        raise ConfigError(f"bucket step and shortest side must be 1 or more, got {step}, {min_px}")
    low = max(step, min_px // step * step)
    high = -(-max_px // step) * step
    if low > min(resolution) or high < max(resolution):
        raise ConfigError(
            f"buckets from {low} to {high} pixels (step {step}) leave out the resolution "
            f"{resolution} itself",
            hint="Set pictures.bucket_min at most to its short side and pictures.bucket_max at "
            "least to its long side.",
        )
    return low, high
