import json
import math

import pytest
import torch
from diffusers import EulerDiscreteScheduler

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.diffusion.sigmas import (
    SCHEDULES,
    exponential_sigmas,
    karras_sigmas,
    uniform_sigmas,
)
from enogu.errors import ScheduleError

# diffusers turns tensors into arrays with a call that numpy 2 is retiring
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SCHEDULE = NoiseSchedule.scaled_linear()
ZERO = SCHEDULE.with_zero_terminal_snr()


@pytest.mark.shared_data
def test_lists_equal_the_recorded_values(shared_data):
    golden = json.loads((shared_data / "golden" / "samplers.json").read_text("utf-8"))["sigmas"]
    for name, function in (("karras", karras_sigmas), ("exponential", exponential_sigmas)):
        expected = torch.tensor(golden[name], dtype=torch.float64)
        ours = function(len(expected) - 1, float(expected[-2]), float(expected[0]))
        assert torch.allclose(ours, expected, rtol=0, atol=1e-9), name


def test_karras_in_closed_form():
    ours = karras_sigmas(3, 0.1, 10.0)
    middle = ((10 ** (1 / 7) + 0.1 ** (1 / 7)) / 2) ** 7
    expected = torch.tensor([10, middle, 0.1, 0], dtype=torch.float64)
    assert torch.allclose(ours, expected, rtol=1e-12)


def test_exponential_is_a_geometric_row():
    ours = exponential_sigmas(5, 0.01, 100.0)
    expected = torch.tensor([100, 10, 1, 0.1, 0.01, 0], dtype=torch.float64)
    assert torch.allclose(ours, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("karras", {"use_karras_sigmas": True}),
        ("exponential", {"use_exponential_sigmas": True}),
    ],
)
def test_lists_equal_diffusers(name, option):
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        timestep_spacing="linspace",
        **option,
    )
    scheduler.set_timesteps(20)
    ours = SCHEDULES[name](20, SCHEDULE)
    assert torch.allclose(ours, scheduler.sigmas.double(), rtol=2e-5, atol=0)


def test_uniform_walks_the_table_evenly():
    ours = uniform_sigmas(1000, SCHEDULE)
    assert torch.allclose(ours[:-1], SCHEDULE.sigmas.flip(0), rtol=1e-12)
    ten = uniform_sigmas(10, SCHEDULE)
    assert torch.allclose(ten[:-1], SCHEDULE.sigmas[torch.arange(999, -1, -111)], rtol=1e-12)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
@pytest.mark.parametrize("schedule", [SCHEDULE, ZERO])
@pytest.mark.parametrize("n", [1, 2, 20, 500])
def test_every_list_falls_from_the_first_level_to_zero(name, schedule, n):
    sigmas = SCHEDULES[name](n, schedule)
    assert sigmas.shape == (n + 1,)
    assert sigmas.dtype == torch.float64
    assert bool((sigmas.diff() < 0).all())
    assert float(sigmas[0]) == pytest.approx(schedule.sigma_max, rel=1e-12)
    assert float(sigmas[-1]) == 0.0


@pytest.mark.parametrize(
    "bad", [(0, 0.1, 10.0), (5, 0.0, 10.0), (5, 10.0, 0.1), (5, 0.1, math.inf), (5, 0.1, math.nan)]
)
@pytest.mark.parametrize("function", [karras_sigmas, exponential_sigmas])
def test_impossible_ranges_are_refused(function, bad):
    with pytest.raises(ScheduleError, match="a sigma list needs"):
        function(*bad)


def test_rho_must_be_positive():
    with pytest.raises(ScheduleError, match="rho must be above 0"):
        karras_sigmas(5, 0.1, 10.0, rho=0.0)
