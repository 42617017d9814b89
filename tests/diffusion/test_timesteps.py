import pytest
import torch

from enogu.diffusion.noise import seeded_generator
from enogu.diffusion.timesteps import sample_timesteps
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
