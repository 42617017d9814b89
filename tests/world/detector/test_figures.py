"""Where heads and faces are in figures, held against what is drawn."""

import random

import numpy as np
import pytest

from enogu.world import svg
from enogu.world.detector.boxes import LABELS, Spot
from enogu.world.detector.figures import (
    FigurePlan,
    draw_backdrop,
    draw_figure,
    plan_figure,
    spots_of,
)
from enogu.world.drawing import draw_person, frame_of, traits_for
from enogu.world.look import build_look

SIZE = 128


def look_of(tags, seed):
    return build_look(traits_for(tags, seed), random.Random(f"look {seed}"))


def drawn_head(look, size):
    """Return the extent of what the head adds to the figure, in pixels."""
    scale, foot = frame_of(look)
    place = f"translate(128 256) scale({scale}) translate(0 {-foot})"
    shown = [
        np.asarray(
            svg.render_clear(
                svg.document(svg.group(draw_person(look, with_head=with_head), place)), size
            ),
            dtype=np.int16,
        )
        for with_head in (True, False)
    ]
    changed = (np.abs(shown[0] - shown[1]) > 8).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def fit(spot: Spot, sides):
    other = Spot(label=0, left=sides[0], top=sides[1], right=sides[2], bottom=sides[3])
    shared = spot.clipped(*sides).area
    return shared / (spot.area + other.area - shared)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("framing", ["portrait", "upper body", "full body"])
def test_the_head_box_is_where_a_head_with_short_hair_is_drawn(seed, framing):
    look = look_of(["1girl", "short hair", framing, "standing"][:3], seed)
    if look.traits["headwear"] != "none" or look.traits["hair_style"] != "short":
        pytest.skip("something else grows or sits on this head")
    head = spots_of(FigurePlan(look=look, head_scale=1.0, has_head=True), SIZE)[0]
    assert fit(head, drawn_head(look, SIZE)) > 0.8


def test_a_smaller_head_keeps_its_place_on_the_neck():
    plan = plan_figure(0, 3)
    large, small = (
        spots_of(FigurePlan(look=plan.look, head_scale=scale, has_head=True), 256)[0]
        for scale in (0.9, 0.45)
    )
    assert small.width == pytest.approx(large.width / 2, rel=0.02)
    assert small.bottom == pytest.approx(large.bottom, abs=4)


def test_faces_lie_in_heads():
    for index in range(40):
        spots = spots_of(plan_figure(1, index), SIZE)
        if not spots:
            continue
        head, face = spots
        assert (LABELS[head.label], LABELS[face.label]) == ("head", "face")
        inside = face.clipped(head.left - 1, head.top - 1, head.right + 1, head.bottom + 1)
        assert inside.area == pytest.approx(face.area, rel=0.02)


def test_figures_are_clear_around_and_the_same_again():
    first = draw_figure(4, 0, 64)
    assert (
        first.shape == (64, 64, 4) and (first[..., 3] == 0).any() and (first[..., 3] == 255).any()
    )
    assert np.array_equal(first, draw_figure(4, 0, 64))
    assert not np.array_equal(first, draw_figure(5, 0, 64))
    assert draw_backdrop(4, 0, 64).shape == (64, 64, 3)
