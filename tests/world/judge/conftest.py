from pathlib import Path

import pytest
import torch

from enogu.world.axes import AXES
from enogu.world.judge.judge import Judge
from enogu.world.judge.network import JudgeNet, JudgeShape, fold_batch_norm

TINY = JudgeShape(channels=(4, 4, 8, 8), depths=(0, 1, 0), dropout=0.0)


def random_judge() -> Judge:
    """A judge of right form that has learnt nothing."""
    torch.manual_seed(0)
    net = JudgeNet([len(values) for values in AXES.values()], TINY).eval()
    return Judge(fold_batch_norm(net), AXES, dict.fromkeys(AXES, 1.0), TINY)


@pytest.fixture
def untrained() -> Judge:
    return random_judge()


@pytest.fixture(scope="session")
def mini_dir() -> Path:
    return Path(__file__).parents[3] / "src" / "enogu" / "families" / "mini"
