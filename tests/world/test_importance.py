"""Where a picture says most about its tags."""

import numpy as np

from enogu.world.axes import AXES
from enogu.world.importance import SHARE, importance_maps


def test_each_map_is_positive_with_mean_one_and_the_face_counts_most() -> None:
    maps = importance_maps(16, characters=3)
    assert maps.shape == (len(AXES["framing"]), 16, 16)
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), 1.0, rtol=1e-5)
    assert maps.min() >= 1 - SHARE - 1e-6
    # In a portrait the eyes lie a little below the middle; nothing but background is in a corner.
    portrait = maps[AXES["framing"].index("portrait")]
    assert portrait[7:11, 4:12].mean() > 2 * portrait[:3, :2].mean()


def test_equal_seeds_give_equal_maps() -> None:
    first, second = (importance_maps(8, characters=1, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)
