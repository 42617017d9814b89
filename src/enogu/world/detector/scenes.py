"""Pictures to learn from: figures put on other backgrounds, many or few, large or small.

Everything here depends on the random generator alone, so a batch is a function of (seed, step).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from enogu.world.detector.boxes import Affine, Spot, scale_about, turn
from enogu.world.detector.figures import draw_backdrop, draw_figure, plan_figure, spots_of
from enogu.world.pool import Pool

Pixels = NDArray[np.uint8]

PADDING: Final = 114
"""Grey of the bars beside a picture that is not square."""
_NUM_FIGURES: Final = (0.06, 0.48, 0.2, 0.12, 0.08, 0.06)
"""Chances of 0, 1, 2 … figures."""
_SMALLEST_HEAD: Final = 0.06
"""Height of a head, of the picture's side."""
_LARGEST_HEAD: Final = 0.85
_LARGEST_OF_MANY: Final = 0.4
_MAX_TURN: Final = 25.0
"""Degrees."""
_MAX_HIDDEN: Final = 0.3
"""Of a head: how much a later figure may cover."""
_MIN_SEEN: Final = 0.4
"""Of a box: less inside the picture is not asked for."""
_MIN_SIDE_PX: Final = 5.0
_BARS_SHARE: Final = 0.3
_BACKDROP_SHARE: Final = 0.5
_SHAPES_SHARE: Final = 0.4


@dataclass(frozen=True, kw_only=True)
class SceneParts:
    """What scenes are put together from."""

    figures: Pool
    """RGBA."""
    spots: Sequence[Sequence[Spot]]
    """Of each figure, in its pixels; none for bodies without a head."""
    backdrops: Pool

    @classmethod
    def of_pools(cls, figures: Pool, backdrops: Pool) -> "SceneParts":
        """Work out where the heads are in a pool of figures, and return both pools."""
        size = figures.pixels.shape[1]
        spots = [spots_of(plan_figure(figures.seed, i), size) for i in range(len(figures))]
        return cls(figures=figures, spots=spots, backdrops=backdrops)


def draw_parts(seed: int, num_figures: int, num_backdrops: int, size: int) -> SceneParts:
    """Draw what scenes need, in memory; for small numbers."""
    figures = np.stack([draw_figure(seed, i, size) for i in range(num_figures)])
    backdrops = np.stack([draw_backdrop(seed, i, size) for i in range(num_backdrops)])
    return SceneParts.of_pools(Pool(pixels=figures, seed=seed), Pool(pixels=backdrops, seed=seed))


def compose(parts: SceneParts, rng: np.random.Generator, side: int) -> tuple[Pixels, list[Spot]]:
    """Put one picture together.

    Args:
        parts: Figures and backgrounds.
        rng: Where all chances come from.
        side: Width and height in pixels.

    Returns:
        uint8 [side, side, 3], and the heads and faces in it.
    """
    left, top, right, bottom = _frame(rng, side)
    canvas = _background(parts, rng, side)
    spots: list[Spot] = []
    number = int(rng.choice(len(_NUM_FIGURES), p=_NUM_FIGURES))
    for _ in range(number):
        index = int(rng.integers(len(parts.spots)))
        own = parts.spots[index]
        sprite = Image.fromarray(np.asarray(parts.figures.pixels[index]))
        where = _placing(own, sprite.width, (left, top, right, bottom), number, rng)
        layer = _moved(sprite, where, side)
        covered = np.asarray(layer.getchannel("A")) > 127
        if any(_share_of(covered, spot) > _MAX_HIDDEN for spot in spots):
            continue
        canvas.alpha_composite(layer)
        spots += [where.of_spot(spot) for spot in own]
    pixels = np.array(canvas.convert("RGB"))
    bars = np.ones((side, side), dtype=bool)
    bars[top:bottom, left:right] = False
    pixels[bars] = PADDING
    return pixels, _seen(spots, left, top, right, bottom)


def _frame(rng: np.random.Generator, side: int) -> tuple[int, int, int, int]:
    """Return the part that is not bars: left, top, right, bottom."""
    if rng.random() >= _BARS_SHARE:
        return 0, 0, side, side
    bar = int(side * rng.uniform(0.05, 0.25))
    return (bar, 0, side - bar, side) if rng.random() < 0.5 else (0, bar, side, side - bar)


def _background(parts: SceneParts, rng: np.random.Generator, side: int) -> Image.Image:
    if rng.random() < _BACKDROP_SHARE:
        index = int(rng.integers(len(parts.backdrops)))
        picture = Image.fromarray(np.asarray(parts.backdrops.pixels[index]))
        whole = picture.width
        part = rng.uniform(0.4, 1.0) * whole
        x, y = rng.uniform(0, whole - part, size=2)
        picture = picture.resize((side, side), box=(x, y, x + part, y + part))
    elif rng.random() < 0.4:
        colour = (255, 255, 255) if rng.random() < 0.5 else tuple(rng.integers(0, 256, 3).tolist())
        picture = Image.new("RGB", (side, side), colour)
    else:
        # A few random colours blended into one another: gradients, walls, skies.
        cells = int(rng.integers(2, 7))
        few = rng.integers(0, 256, (cells, cells, 3)).astype(np.uint8)
        picture = Image.fromarray(few).resize((side, side), Image.Resampling.BICUBIC)
    if rng.random() < _SHAPES_SHARE:
        _strew_shapes(picture, rng)
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture.convert("RGBA")


def _strew_shapes(picture: Image.Image, rng: np.random.Generator) -> None:
    """Draw round and square things that are no heads."""
    pen = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(1, 9))):
        x, y = rng.uniform(0, picture.width, size=2)
        rx, ry = picture.width * np.exp(rng.uniform(np.log(0.02), np.log(0.3), size=2))
        fill = tuple(rng.integers(0, 256, 3).tolist())
        outline = tuple((rng.integers(0, 256, 3) // 3).tolist()) if rng.random() < 0.6 else fill
        shape = pen.ellipse if rng.random() < 0.6 else pen.rectangle
        line = int(rng.integers(1, 4))
        shape((x - rx, y - ry, x + rx, y + ry), fill=fill, outline=outline, width=line)


def _placing(
    spots: Sequence[Spot],
    size: int,
    frame: tuple[int, int, int, int],
    number: int,
    rng: np.random.Generator,
) -> Affine:
    """Choose where a figure goes: size and place of its head, mirrored or not, turned, squeezed."""
    left, top, right, bottom = frame
    side = max(right - left, bottom - top)
    largest = _LARGEST_HEAD if number == 1 else _LARGEST_OF_MANY
    share = float(np.exp(rng.uniform(np.log(_SMALLEST_HEAD), np.log(largest))))
    whole = Spot(label=0, left=size / 3, top=size / 3, right=size / 1.5, bottom=size / 1.5)
    head = spots[0] if spots else whole
    scale = share * side / max(head.height, 1.0)
    squeeze = float(np.exp(rng.uniform(-0.22, 0.22)))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    x, y = (head.left + head.right) / 2, (head.top + head.bottom) / 2
    half = 0.35 * share * side
    beside = min(half, 0.4 * (right - left))
    to_x = rng.uniform(left + beside, right - beside)
    # Heads are more often in the upper half, with a body below them.
    above = min(half, 0.4 * (bottom - top))
    to_y = top + above + (bottom - top - 2 * above) * float(rng.beta(1.2, 1.8))
    angle = float(rng.normal(0, 6)) if rng.random() < 0.7 else rng.uniform(-_MAX_TURN, _MAX_TURN)
    shrunk = Affine(mirror * scale * squeeze, 0, 0, 0, scale / squeeze, 0)
    centred = shrunk.after(Affine(1, 0, -x, 0, 1, -y))
    return Affine(1, 0, to_x, 0, 1, to_y).after(turn(angle)).after(centred)


def _moved(sprite: Image.Image, where: Affine, side: int) -> Image.Image:
    """Return a layer of `side` pixels with the sprite on it."""
    size = (abs(where.a * where.e - where.b * where.d)) ** 0.5
    factor = max(1, int(1 / size)) if size < 1 else 1
    if factor > 1:
        # Sampling alone would skip pixels.
        sprite = sprite.reduce(factor)
        where = where.after(scale_about(0, 0, factor))
    back = where.inverse()
    return sprite.transform(
        (side, side),
        Image.Transform.AFFINE,
        (back.a, back.b, back.c, back.d, back.e, back.f),
        Image.Resampling.BILINEAR,
    )


def _share_of(covered: NDArray[np.bool_], spot: Spot) -> float:
    rows = slice(max(0, int(spot.top)), max(0, int(spot.bottom)))
    columns = slice(max(0, int(spot.left)), max(0, int(spot.right)))
    part = covered[rows, columns]
    return float(part.mean()) if part.size else 0.0


def _seen(spots: Sequence[Spot], left: int, top: int, right: int, bottom: int) -> list[Spot]:
    seen: list[Spot] = []
    for spot in spots:
        part = spot.clipped(left, top, right, bottom)
        if part.area >= _MIN_SEEN * spot.area and min(part.width, part.height) >= _MIN_SIDE_PX:
            seen.append(part)
    return seen
