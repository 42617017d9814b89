"""Degraded pictures: the same from the same seed, in range, and worse in many ways."""

import numpy as np
import torch

from enogu.world.judge.degrade import CLEAN_SHARE, degrade


def checks(count: int) -> np.ndarray:
    rows, columns = np.indices((64, 64)) // 8
    board = ((rows + columns) % 2 * 200 + 20).astype(np.uint8)
    return np.repeat(np.repeat(board[None, :, :, None], 3, axis=3), count, axis=0)


def test_equal_seed_and_step_degrade_alike() -> None:
    torch.manual_seed(1)
    first = degrade(checks(8), 3, 5)
    torch.manual_seed(2)
    assert torch.equal(first, degrade(checks(8), 3, 5))
    assert not torch.equal(first, degrade(checks(8), 3, 6))


def test_the_result_is_a_picture_in_range() -> None:
    worse = degrade(checks(16), 0, 0)
    assert worse.shape == (16, 3, 64, 64)
    assert worse.is_contiguous(memory_format=torch.channels_last)
    assert float(worse.min()) >= 0 and float(worse.max()) <= 1


def test_some_pictures_stay_clean_and_the_others_do_not() -> None:
    pixels = checks(400)
    worse = degrade(pixels, 0, 1)
    clean = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    distance = torch.minimum(
        (worse - clean).abs().mean(dim=(1, 2, 3)),
        (worse - clean.flip(-1)).abs().mean(dim=(1, 2, 3)),
    )
    share = float((distance < 1e-6).float().mean())
    assert abs(share - CLEAN_SHARE) < 0.06
    assert float(distance.mean()) > 0.05


def test_the_originals_are_left_alone() -> None:
    pixels = checks(4)
    degrade(pixels, 0, 2)
    assert np.array_equal(pixels, checks(4))
