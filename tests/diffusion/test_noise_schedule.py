import math

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler, rescale_zero_terminal_snr

from enogu.diffusion.noise_schedule import TERMINAL_ALPHA_CUMPROD, NoiseSchedule
from enogu.errors import ScheduleError

SCHEDULE = NoiseSchedule.scaled_linear()
ZERO = SCHEDULE.with_zero_terminal_snr()


def test_first_value_is_one_minus_the_first_beta():
    assert float(SCHEDULE.alphas_cumprod[0]) == pytest.approx(1 - 0.00085, abs=1e-15)
    assert SCHEDULE.alphas_cumprod.dtype == torch.float64
    assert SCHEDULE.num_train_timesteps == 1000


def test_known_sigma_range_of_stable_diffusion():
    assert SCHEDULE.sigma_min == pytest.approx(0.0291675, rel=2e-5)
    assert SCHEDULE.sigma_max == pytest.approx(14.614642, rel=1e-6)


def test_table_equals_diffusers_within_float32_rounding():
    theirs = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"
    ).alphas_cumprod
    assert torch.allclose(SCHEDULE.alphas_cumprod, theirs.double(), rtol=2e-5, atol=0)


def test_zero_terminal_snr_equals_diffusers_rescaling():
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    theirs = torch.cumprod(1 - rescale_zero_terminal_snr(betas), dim=0)
    assert torch.allclose(ZERO.alphas_cumprod, theirs, rtol=1e-9, atol=1e-16)


def test_zero_terminal_snr_ends_in_exactly_zero_and_keeps_the_first_value():
    assert float(ZERO.alphas_cumprod[-1]) == 0.0
    assert float(ZERO.alphas_cumprod[0]) == pytest.approx(1 - 0.00085, abs=1e-15)
    assert ZERO.has_zero_terminal_snr
    assert not SCHEDULE.has_zero_terminal_snr


def test_rescaling_twice_changes_nothing():
    again = ZERO.with_zero_terminal_snr()
    assert torch.allclose(again.alphas_cumprod, ZERO.alphas_cumprod, rtol=1e-12, atol=0)


def test_last_true_sigma_of_zero_terminal_snr_is_infinite_and_the_sampling_one_is_not():
    assert math.isinf(float(ZERO.sigmas[-1]))
    assert float(ZERO.snr[-1]) == 0.0
    assert ZERO.sigma_max == pytest.approx(4518.7637, abs=1e-3)
    assert torch.equal(ZERO.sampling_sigmas[:-1], ZERO.sigmas[:-1])


def test_sampling_sigmas_rise_even_when_the_table_is_longer_than_usual():
    long = NoiseSchedule.scaled_linear(num_train_timesteps=20000).with_zero_terminal_snr()
    assert float(long.alphas_cumprod[-2]) < TERMINAL_ALPHA_CUMPROD
    assert bool((long.sampling_sigmas.diff() > 0).all())


def test_snr_and_sigma_are_two_faces_of_one_quantity():
    assert torch.allclose(SCHEDULE.snr, SCHEDULE.sigmas**-2, rtol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_add_noise_is_the_forward_process(dtype):
    x, noise = torch.randn(3, 4, 2, 2, dtype=dtype), torch.randn(3, 4, 2, 2, dtype=dtype)
    t = torch.tensor([0, 500, 999])
    out = SCHEDULE.add_noise(x, noise, t)
    assert out.dtype == dtype
    for i in range(3):
        a = float(SCHEDULE.alphas_cumprod[t[i]])
        expected = math.sqrt(a) * x[i] + math.sqrt(1 - a) * noise[i]
        assert torch.allclose(out[i], expected, rtol=1e-6)


def test_add_noise_at_the_last_step_of_zero_terminal_snr_is_the_noise():
    x, noise = torch.randn(1, 4, 2, 2), torch.randn(1, 4, 2, 2)
    assert torch.equal(ZERO.add_noise(x, noise, torch.tensor([999])), noise)


def test_sigma_to_t_hits_every_table_entry():
    t = SCHEDULE.sigma_to_t(SCHEDULE.sigmas)
    assert torch.allclose(t, torch.arange(1000, dtype=torch.float64), atol=1e-9)


@pytest.mark.parametrize("schedule", [SCHEDULE, ZERO])
def test_t_to_sigma_and_back_between_entries(schedule):
    t = torch.rand(200, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 999
    assert torch.allclose(schedule.sigma_to_t(schedule.t_to_sigma(t)), t, atol=1e-7)


def test_halfway_between_entries_is_the_geometric_mean():
    expected = math.sqrt(float(SCHEDULE.sigmas[10]) * float(SCHEDULE.sigmas[11]))
    assert float(SCHEDULE.t_to_sigma(torch.tensor(10.5))) == pytest.approx(expected, rel=1e-12)


def test_sigmas_beyond_the_table_get_the_ends():
    t = SCHEDULE.sigma_to_t(torch.tensor([1e-6, 1e6]))
    assert t.tolist() == [0.0, 999.0]
    assert t.dtype == torch.float32


@pytest.mark.parametrize(
    "table",
    [
        torch.tensor([0.9, 0.95], dtype=torch.float64),
        torch.tensor([1.0, 0.5], dtype=torch.float64),
        torch.tensor([0.5, -0.1], dtype=torch.float64),
        torch.tensor([0.9, float("nan")], dtype=torch.float64),
        torch.tensor([0.9], dtype=torch.float64),
        torch.tensor([0.9, 0.5]),
    ],
)
def test_impossible_tables_are_refused(table):
    with pytest.raises(ScheduleError, match="alphas_cumprod must"):
        NoiseSchedule(table)


@pytest.mark.parametrize("bad", [(0.0, 0.012, 1000), (0.00085, 1.0, 1000), (0.00085, 0.012, 1)])
def test_impossible_beta_ranges_are_refused(bad):
    with pytest.raises(ScheduleError, match="betas in"):
        NoiseSchedule.scaled_linear(*bad)


@pytest.mark.parametrize("t", [torch.tensor([-1]), torch.tensor([1000]), torch.tensor([3.0])])
def test_timesteps_outside_the_table_are_refused(t):
    with pytest.raises(ScheduleError, match="timesteps must be"):
        SCHEDULE.add_noise(torch.zeros(1, 1), torch.zeros(1, 1), t)
