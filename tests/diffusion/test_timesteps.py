import math

import pytest
import torch

from enogu.diffusion.noise import seeded_generator
from enogu.diffusion.timesteps import sample_logit_normal_timesteps, sample_timesteps
from enogu.errors import ScheduleError


def test_every_timestep_of_the_range_is_drawn_and_no_other():
    t = sample_timesteps(2000, seeded_generator(1), 10, 20)
    assert t.dtype == torch.int64
    assert t.unique().tolist() == list(range(10, 20))


def test_the_default_range_is_the_whole_table():
    t = sample_timesteps(20_000, seeded_generator(2))
    assert (int(t.min()), int(t.max())) == (0, 999)
    assert float(t.double().mean()) == pytest.approx(499.5, abs=10)


@pytest.mark.parametrize("bad", [(0, 0, 10), (1, 5, 5), (1, 6, 5), (1, -1, 5)])
def test_empty_ranges_are_refused(bad):
    n, low, high = bad
    with pytest.raises(ScheduleError, match="cannot draw"):
        sample_timesteps(n, seeded_generator(1), low, high)


@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (0.5, 0.7)])
def test_logit_normal_timesteps_follow_their_distribution(mean, std):
    n = 40_000
    t = sample_logit_normal_timesteps(n, seeded_generator(3), 100, 300, mean=mean, std=std)
    assert (t.dtype, int(t.min()) >= 100, int(t.max()) <= 299) == (torch.int64, True, True)
    for share in (0.1, 0.3, 0.5, 0.8):
        logit = math.log(share / (1 - share))
        expected = 0.5 * (1 + math.erf((logit - mean) / std / math.sqrt(2)))
        below = float((t < 100 + share * 200).double().mean())
        assert below == pytest.approx(expected, abs=4 * 0.5 / math.sqrt(n))


def test_logit_normal_timesteps_stay_in_the_range_when_the_logit_is_huge():
    t = sample_logit_normal_timesteps(50, seeded_generator(1), 0, 10, mean=10.0, std=10.0)
    assert int(t.max()) == 9


def test_logit_normal_refuses_a_spread_of_nothing_and_an_empty_range():
    with pytest.raises(ScheduleError, match=r"above 0, got 0\.0"):
        sample_logit_normal_timesteps(1, seeded_generator(1), std=0.0)
    with pytest.raises(ScheduleError, match="cannot draw"):
        sample_logit_normal_timesteps(1, seeded_generator(1), 5, 5)
