import numpy as np
import pytest

from enogu.pictures.regions_of_mask import find_regions, grow, grow_within, shrink


def flooded(mask):
    """The same by plain flood fill, one pixel after the other."""
    labels = np.zeros(mask.shape, dtype=int)
    count = 0
    for start in zip(*np.nonzero(mask), strict=True):
        if labels[start]:
            continue
        count += 1
        todo = [start]
        labels[start] = count
        while todo:
            y, x = todo.pop()
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                inside = 0 <= near[0] < mask.shape[0] and 0 <= near[1] < mask.shape[1]
                if inside and mask[near] and not labels[near]:
                    labels[near] = count
                    todo.append(near)
    return labels


@pytest.mark.parametrize("share", [0.0, 0.3, 0.55, 0.6, 0.8, 1.0])
@pytest.mark.parametrize("shape", [(23, 31), (1, 17), (17, 1), (1, 1)])
def test_regions_are_those_of_a_flood_fill(share, shape):
    mask = np.random.default_rng(7).random(shape) < share
    regions = find_regions(mask)
    expected = flooded(mask)
    assert np.array_equal(regions.labels, expected)
    assert regions.count == expected.max()
    for number in range(1, regions.count + 1):
        rows, columns = np.nonzero(expected == number)
        assert regions.areas[number] == len(rows)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert regions.boxes[number].tolist() == box


def test_a_spiral_is_one_region():
    mask = np.zeros((21, 21), dtype=bool)
    y = x = 0
    mask[0, 0] = True
    for turn, (down, right) in enumerate([(0, 1), (1, 0), (0, -1), (-1, 0)] * 5):
        for _ in range(max(0, 20 - 2 * (turn // 2 + turn % 2))):
            y, x = y + down, x + right
            mask[y, x] = True
    regions = find_regions(mask)
    assert regions.count == 1
    assert regions.areas[1] == mask.sum() > 150


def test_regions_at_the_rim_are_told_from_those_inside():
    mask = np.zeros((9, 9), dtype=bool)
    mask[0, 3] = mask[4, 4] = mask[8, 8] = True
    regions = find_regions(mask)
    assert regions.at_rim().tolist() == [False, True, False, True]
    assert np.argwhere(regions.mask_of(~regions.at_rim())).tolist() == [[4, 4]]


def test_shrinking_takes_back_what_growing_gave_a_rectangle():
    mask = np.zeros((20, 20), dtype=bool)
    mask[6:14, 7:13] = True
    assert np.array_equal(shrink(grow(mask, 3), 3), mask)
    assert grow(mask, 3).sum() > mask.sum() > shrink(mask, 2).sum() > 0


def test_shrinking_counts_the_outside_as_mask():
    assert shrink(np.ones((5, 5), dtype=bool), 2).all()


def test_growing_within_limits_does_not_cross_a_wall():
    limits = np.ones((11, 11), dtype=bool)
    limits[:, 5] = False
    mask = np.zeros((11, 11), dtype=bool)
    mask[5, 4] = True
    assert grow(mask, 4)[:, 6:].any()
    assert not grow_within(mask, limits, 4)[:, 5:].any()
    assert grow_within(mask, limits, 4)[5, 0]
