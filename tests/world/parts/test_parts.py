"""Every answer on every axis is drawn, and looks different from every other answer."""

import random

import numpy as np
import pytest

from enogu.world.axes import AXES, Traits, visible_axes
from enogu.world.captions import random_traits
from enogu.world.drawing import draw_traits

PLAIN = {
    "style": "none",
    "glasses": "no",
    "headwear": "none",
    "framing": "upper body",
    "clothes": "shirt",
    "prop": "none",
    "arms": "at sides",
    "eyes": "open",
    "background": "grass",
    "tears": "no",
}


def drawn(axis: str, value: str) -> np.ndarray:
    fixed = {**PLAIN, axis: value}
    if axis == "background":
        fixed["time"] = "night" if value == "night sky" else "day"
    base = random_traits(random.Random(3), fixed={**PLAIN, "ahoge": "no", "time": "day"}).values
    traits = Traits({**base, **fixed})
    assert axis in visible_axes(traits)
    return np.asarray(draw_traits(traits, 8, 128)).astype(int)


@pytest.mark.parametrize("axis", AXES)
def test_each_answer_changes_what_can_be_seen(axis: str) -> None:
    pictures = [drawn(axis, value) for value in AXES[axis]]
    for i, first in enumerate(pictures):
        for j, second in enumerate(pictures[:i]):
            changed = (np.abs(first - second).sum(axis=-1) > 60).sum()
            # A mouth is the smallest thing that has its own tag.
            assert changed > 25, (AXES[axis][i], AXES[axis][j])
