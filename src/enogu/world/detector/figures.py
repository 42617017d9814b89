"""Figures of the drawn world without a background, and where their heads and faces are.

A head is the skull with the hair on it. Tails, hats, horns and animal ears are not counted in: what
a crop needs is the place and the size of the head, and these do not depend on what it wears.
"""

import random
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from enogu.world import styles, svg
from enogu.world.captions import random_traits
from enogu.world.detector.boxes import LABELS, Affine, Spot, scale_about, turn
from enogu.world.drawing import draw_person, frame_of
from enogu.world.look import Look, build_look
from enogu.world.parts.background import draw_background

NECK_Y: Final = 176.0
"""Where head and body meet, in units of the figure: the point that a smaller head keeps."""
_HEAD: Final = (-76.0, 10.0, 76.0, 178.0)
"""Left, top, right, bottom of the head in units of the figure, hair included."""
_FACE: Final = (-58.0, 84.0, 58.0, 177.5)
"""From the hairline to the chin."""
_USUAL_SHARE: Final = 0.4
"""Of the figures: those with the proportions of the drawn world."""
_SMALLEST_HEAD: Final = 0.42
"""Relative to the drawn world, whose heads are large."""
_HEADLESS_SHARE: Final = 0.04


@dataclass(frozen=True, kw_only=True)
class FigurePlan:
    """What figure `index` of a pool looks like."""

    look: Look
    head_scale: float
    """Size of the head, 1 as in the drawn world."""
    has_head: bool
    """False for bodies alone, which teach that a body is no head."""


def plan_figure(seed: int, index: int) -> FigurePlan:
    """Return the plan of figure `index` of the pool with `seed`."""
    rng = random.Random(f"figure {seed} {index}")
    traits = random_traits(rng)
    look = build_look(traits, rng)
    usual = rng.random() < _USUAL_SHARE
    return FigurePlan(
        look=look,
        head_scale=1.0 if usual else rng.uniform(_SMALLEST_HEAD, 0.95),
        has_head=rng.random() >= _HEADLESS_SHARE,
    )


def draw_figure(seed: int, index: int, size: int) -> NDArray[np.uint8]:
    """Draw figure `index` of the pool with `seed` as uint8 [size, size, 4], clear around it."""
    plan = plan_figure(seed, index)
    scale, foot = frame_of(plan.look)
    shrink = f"translate(0 {NECK_Y}) scale({plan.head_scale:.4f}) translate(0 {-NECK_Y})"
    person = draw_person(plan.look, shrink, with_head=plan.has_head)
    document = svg.document(
        svg.group(person, f"translate(128 256) scale({scale}) translate(0 {-foot})")
    )
    style = plan.look.traits["style"]
    if style == "pixel art":
        grid = min(styles.PIXEL_GRID, size)
        small = svg.render_clear(document, grid)
        # Pixels are there or not; half-clear ones would give the style away.
        small.putalpha(small.getchannel("A").point([0] * 128 + [255] * 128))
        picture = small.resize((size, size), Image.Resampling.NEAREST)
    else:
        picture = svg.render_clear(document, size)
    if style == "monochrome":
        alpha = picture.getchannel("A")
        picture = picture.convert("L").convert("RGBA")
        picture.putalpha(alpha)
    return np.asarray(picture, dtype=np.uint8)


def spots_of(plan: FigurePlan, size: int) -> list[Spot]:
    """Return where head and face are in a drawing of `size` pixels, clipped to it."""
    if not plan.has_head:
        return []
    look, (scale, foot) = plan.look, frame_of(plan.look)
    unit = size / svg.VIEW
    on_picture = Affine(scale * unit, 0, 128 * unit, 0, scale * unit, (256 - scale * foot) * unit)
    head_turn = Affine(1, 0, look.head_dx, 0, 1, look.head_dy).after(turn(look.tilt, 0, 170))
    whole = on_picture.after(head_turn).after(scale_about(0, NECK_Y, plan.head_scale))
    spots: list[Spot] = []
    for label, (left, top, right, bottom) in zip(range(len(LABELS)), (_HEAD, _FACE), strict=True):
        plain = Spot(label=label, left=left, top=top, right=right, bottom=bottom)
        spots.append(whole.of_spot(plain).clipped(0, 0, size, size))
    return spots


def draw_backdrop(seed: int, index: int, size: int) -> NDArray[np.uint8]:
    """Draw a background of the drawn world, without anybody, as uint8 [size, size, 3]."""
    rng = random.Random(f"backdrop {seed} {index}")
    traits = random_traits(rng)
    look = build_look(traits, rng)
    picture = styles.render_styled(svg.document(draw_background(look)), traits["style"], size)
    return np.asarray(picture, dtype=np.uint8)
