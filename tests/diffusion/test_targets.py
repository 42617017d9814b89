import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.diffusion.targets import (
    check_prediction,
    denoised_at_sigma,
    denoised_from_prediction,
    model_input_at_sigma,
    prediction_target,
)
from enogu.errors import ScheduleError

SCHEDULE = NoiseSchedule.scaled_linear()
ZERO = SCHEDULE.with_zero_terminal_snr()


@pytest.fixture
def pair():
    generator = torch.Generator().manual_seed(3)
    shape = (4, 4, 3, 3)
    return (
        torch.randn(shape, generator=generator, dtype=torch.float64),
        torch.randn(shape, generator=generator, dtype=torch.float64),
        torch.tensor([0, 17, 500, 999]),
    )


def test_epsilon_target_is_the_noise(pair):
    latents, noise, t = pair
    assert torch.equal(prediction_target("epsilon", latents, noise, t, SCHEDULE), noise)


def test_v_target_equals_diffusers(pair):
    latents, noise, t = pair
    theirs = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    expected = theirs.get_velocity(latents, noise, t)
    ours = prediction_target("v_prediction", latents, noise, t, SCHEDULE)
    assert torch.allclose(ours, expected, atol=2e-5)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_a_perfect_prediction_gives_the_latents_back(pair, prediction):
    latents, noise, t = pair
    noisy = SCHEDULE.add_noise(latents, noise, t)
    target = prediction_target(prediction, latents, noise, t, SCHEDULE)
    back = denoised_from_prediction(prediction, target, noisy, t, SCHEDULE)
    assert torch.allclose(back, latents, atol=1e-11)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_sigma_form_gives_the_latents_back(pair, prediction):
    latents, noise, t = pair
    sigma = SCHEDULE.sigmas[t]
    x = latents + sigma.reshape(-1, 1, 1, 1) * noise
    target = prediction_target(prediction, latents, noise, t, SCHEDULE)
    assert torch.allclose(
        model_input_at_sigma(x, sigma), SCHEDULE.add_noise(latents, noise, t), atol=1e-12
    )
    assert torch.allclose(denoised_at_sigma(prediction, target, x, sigma), latents, atol=1e-11)


def test_v_at_zero_terminal_snr_is_minus_the_latents(pair):
    latents, noise, _ = pair
    t = torch.full((4,), 999)
    target = prediction_target("v_prediction", latents, noise, t, ZERO)
    assert torch.equal(target, -latents)
    assert torch.equal(denoised_from_prediction("v_prediction", target, noise, t, ZERO), latents)


def test_half_precision_predictions_are_joined_in_the_dtype_of_the_latents():
    x = torch.randn(2, 4, 2, 2)
    out = denoised_at_sigma("epsilon", torch.ones_like(x, dtype=torch.bfloat16), x, torch.ones(2))
    assert out.dtype == torch.float32
    assert torch.equal(out, x - 1)


def test_epsilon_with_zero_terminal_snr_is_refused(pair):
    latents, noise, t = pair
    with pytest.raises(ScheduleError, match="zero-terminal-SNR"):
        prediction_target("epsilon", latents, noise, t, ZERO)
    with pytest.raises(ScheduleError, match="zero-terminal-SNR"):
        denoised_from_prediction("epsilon", noise, latents, t, ZERO)


def test_unknown_prediction_types_are_refused():
    with pytest.raises(ScheduleError, match=r"'sample'.*epsilon, v_prediction"):
        check_prediction("sample", SCHEDULE)
