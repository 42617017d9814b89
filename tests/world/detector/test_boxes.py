"""Boxes and the maps that move them."""

import math

import pytest

from enogu.world.detector.boxes import Affine, Spot, scale_about, turn


def sides(spot):
    return (spot.left, spot.top, spot.right, spot.bottom)


def test_a_turn_of_a_quarter_swaps_width_and_height_about_its_point():
    spot = Spot(label=0, left=8, top=18, right=12, bottom=22 + 4)
    turned = turn(90, 10, 22).of_spot(spot)
    assert sides(turned) == pytest.approx((6, 20, 14, 24))


def test_the_box_of_a_turned_circle_stays_as_it_is():
    spot = Spot(label=1, left=0, top=0, right=10, bottom=10)
    turned = turn(33, 5, 5).of_spot(spot)
    assert sides(turned) == pytest.approx(sides(spot)) and turned.label == 1


def test_the_box_around_a_turned_ellipse_is_the_exact_one():
    a, b, angle = 6.0, 2.0, 30.0
    box = turn(angle).of_spot(Spot(label=0, left=-a, top=-b, right=a, bottom=b))
    steps = [math.tau * i / 20_000 for i in range(20_000)]
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    widest = max(cos * a * math.cos(t) - sin * b * math.sin(t) for t in steps)
    assert box.right == pytest.approx(widest, abs=1e-5)


def test_a_map_and_its_inverse_cancel():
    there = Affine(1.2, -0.3, 5, 0.4, 0.9, -7).after(turn(17, 3, 4)).after(scale_about(1, 2, 0.5))
    back = there.inverse().after(there)
    assert (back.a, back.b, back.c, back.d, back.e, back.f) == pytest.approx((1, 0, 0, 0, 1, 0))


def test_clipping_away_everything_leaves_no_area():
    spot = Spot(label=0, left=-9, top=2, right=-3, bottom=5)
    assert spot.clipped(0, 0, 10, 10).area == 0
    assert Spot(label=0, left=-2, top=-2, right=4, bottom=6).clipped(0, 0, 10, 10).area == 24
