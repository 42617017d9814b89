"""A judge of colours that learns nothing, to hold the trained one against.

It knows how pictures are made. For a character with all traits but one it draws the same
character in two far-apart colours: the pixels that differ are the region of that colour. How the
region looks in each colour is drawn too, so light and rendering style are accounted for. The colour
that is nearest there, at the best of a few small shifts, is the answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enogu.world.axes import AXES, Traits, visible_axes
from enogu.world.drawing import draw_traits
from enogu.world.judge.judge import Judge
from enogu.world.judge.pictures import draw_judge_picture, judge_traits
from enogu.world.judge.reader import INPUT_PX
from enogu.world.pool import TEST_SEED
from enogu.world.vocabulary import PLAIN_BACKGROUNDS

COLOUR_AXES: dict[str, tuple[str, ...]] = {
    "hair_colour": AXES["hair_colour"],
    "eye_colour": AXES["eye_colour"],
    "clothes_colour": AXES["clothes_colour"],
    "background": PLAIN_BACKGROUNDS,
}
"""Axes that are colours, with the answers that are."""

_FIRST_SEED = 8_000_000
_SEEDS = 4
"""Drawings whose regions are laid over each other, as the look of the picture is not known."""
_MIN_DIFFERENCE = 60
"""Sum over the channels from which on a pixel counts as part of the region."""
_MIN_SHARE = 0.74
_MIN_PIXELS = 12
_SHIFTS = (-4, -2, 0, 2, 4)
"""Pixels, in both directions."""

Region = NDArray[np.bool_]
Colours = NDArray[np.float32]


class ColourReader:
    """Reads one colour of a character whose other traits are known.

    Args:
        traits: The character; its own answer on `axis` does not matter.
        axis: One of `COLOUR_AXES`.
    """

    def __init__(self, traits: Traits, axis: str) -> None:
        self.values = COLOUR_AXES[axis]
        regions: list[Region] = []
        first: dict[str, Colours] = {}
        for seed in range(_FIRST_SEED, _FIRST_SEED + _SEEDS):
            wanted = self.values if not first else (self.values[0], self._farthest)
            drawn = {value: _draw(traits, axis, value, seed) for value in wanted}
            if not first:
                first = drawn
                self._farthest = max(
                    self.values, key=lambda v: float(np.abs(drawn[v] - drawn[self.values[0]]).sum())
                )
            difference = np.abs(drawn[self.values[0]] - drawn[self._farthest]).sum(axis=-1)
            regions.append(difference > _MIN_DIFFERENCE)
        self.region: Region = _common(regions)
        self.expected: Colours = np.stack([first[v][self.region] for v in self.values])
        """Shape [answers, pixels of the region, 3]."""

    def read(self, picture: Image.Image) -> str:
        """Return the colour nearest to `picture` in the region, small shifts tried."""
        small = picture.convert("RGB").resize((INPUT_PX, INPUT_PX), Image.Resampling.BOX)
        pixels = np.asarray(small, dtype=np.float32)
        errors = [
            np.abs(pixels[np.roll(self.region, (dy, dx), axis=(0, 1))] - self.expected).mean((1, 2))
            for dy in _SHIFTS
            for dx in _SHIFTS
        ]
        return self.values[int(np.min(errors, axis=0).argmin())]


def _draw(traits: Traits, axis: str, value: str, seed: int) -> Colours:
    changed = Traits({**traits.values, axis: value}, traits.stated)
    return np.asarray(draw_traits(changed, seed, INPUT_PX), dtype=np.float32)


def _common(regions: list[Region]) -> Region:
    """Return the pixels that belong to most regions; at least some, however small the thing is."""
    shares = np.mean(regions, axis=0)
    region = shares >= _MIN_SHARE
    if region.sum() >= _MIN_PIXELS:
        return region
    order = np.argsort(-shares, axis=None, kind="stable")[:_MIN_PIXELS]
    chosen = np.zeros(shares.size, bool)
    chosen[order] = True
    return chosen.reshape(shares.shape)


def colour_axes(traits: Traits) -> list[str]:
    """Return the axes of `traits` that are colours and can be seen."""
    visible = set(visible_axes(traits))
    return [a for a, values in COLOUR_AXES.items() if a in visible and traits[a] in values]


@dataclass(frozen=True, kw_only=True)
class ColourAgreement:
    """The two judges on one axis."""

    axis: str
    plain_right: int
    judge_right: int
    agree: int
    total: int


def measure_colour_agreement(
    judge: Judge, count: int, *, progress: Callable[[int, int], None] | None = None
) -> list[ColourAgreement]:
    """Let both judges read the colours of `count` fresh drawings.

    Args:
        judge: The trained one.
        count: Drawings; about a CPU-second each.
        progress: Called with (drawings done, drawings in all).
    """
    counts = {axis: np.zeros(4, int) for axis in COLOUR_AXES}
    for index in range(count):
        traits = judge_traits(TEST_SEED, index)
        pixels = draw_judge_picture(TEST_SEED, index, INPUT_PX)
        answers = judge(pixels[None]).answers[0]
        for axis in colour_axes(traits):
            plain = ColourReader(traits, axis).read(Image.fromarray(pixels))
            truth = traits[axis]
            counts[axis] += (plain == truth, answers[axis] == truth, plain == answers[axis], 1)
        if progress is not None:
            progress(index + 1, count)
    return [
        ColourAgreement(
            axis=axis, plain_right=int(p), judge_right=int(j), agree=int(a), total=int(n)
        )
        for axis, (p, j, a, n) in counts.items()
    ]
