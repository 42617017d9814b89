import json
import math

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, EulerDiscreteScheduler

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.diffusion.samplers import (
    SAMPLERS,
    ancestral_split,
    sample_dpmpp_2m,
    sample_euler,
    sample_euler_ancestral,
)
from enogu.diffusion.sigmas import SCHEDULES, karras_sigmas
from enogu.errors import ScheduleError

# diffusers turns tensors into arrays with a call that numpy 2 is retiring
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SCHEDULE = NoiseSchedule.scaled_linear()
GOLDEN_NAMES = {"euler": "euler", "euler_a": "euler_ancestral", "dpmpp_2m": "dpmpp_2m"}


def mixture_denoiser(mu, weights, s2):
    """Posterior mean of clean data that are a mixture of Gaussians."""

    def denoise(x, sigma):
        variance = sigma.square()[:, None, None]
        offsets = x[:, None, :] - mu[None]
        scores = weights.log() - offsets.square().sum(-1) / (2 * (s2 + variance[..., 0]))
        means = (s2 * x[:, None, :] + variance * mu[None]) / (s2 + variance)
        return (scores.softmax(-1)[..., None] * means).sum(1)

    return denoise


def gaussian_denoiser(x, sigma):
    """Posterior mean of standard normal data, for which everything is known exactly."""
    return x / (1 + sigma.square()[:, None])


@pytest.mark.shared_data
@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_samplers_equal_the_recorded_values(shared_data, name):
    golden = json.loads((shared_data / "golden" / "samplers.json").read_text("utf-8"))
    mu, weights, x0, noises = (
        torch.tensor(golden[key], dtype=torch.float64)
        for key in ("mu", "weights", "noise0", "noises")
    )
    denoiser = mixture_denoiser(mu, weights, golden["s2"])
    for schedule, results in golden["results"].items():
        sigmas = torch.tensor(golden["sigmas"][schedule], dtype=torch.float64)
        ours = SAMPLERS[name](denoiser, x0 * sigmas[0], sigmas, noise=lambda i: noises[i])
        expected = torch.tensor(results[GOLDEN_NAMES[name]], dtype=torch.float64)
        assert torch.allclose(ours, expected, rtol=0, atol=1e-9), schedule


def start(n=4, dtype=torch.float64):
    return torch.randn(n, 6, generator=torch.Generator().manual_seed(1), dtype=dtype)


def test_one_euler_step_to_zero_is_the_denoised_latents():
    x = start() * 10
    out = sample_euler(gaussian_denoiser, x, torch.tensor([10.0, 0.0]))
    assert torch.allclose(out, x / 101, rtol=1e-12)


@pytest.mark.parametrize(("sampler", "order"), [(sample_euler, 1), (sample_dpmpp_2m, 2)])
def test_deterministic_samplers_converge_with_their_order(sampler, order):
    # for standard normal data the exact path is x(sigma) = x(s0) * sqrt((1+sigma²)/(1+s0²))
    x, first, last = start() * 10.0, 10.0, 0.1
    exact = x * math.sqrt((1 + last**2) / (1 + first**2))

    def error(n):
        sigmas = torch.logspace(1, -1, n + 1, dtype=torch.float64)
        return float((sampler(gaussian_denoiser, x, sigmas) - exact).abs().max())

    observed = math.log2(error(200) / error(400))
    assert observed == pytest.approx(order, abs=0.15)


def test_ancestral_noise_keeps_the_variance():
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(20_000, 1, generator=generator, dtype=torch.float64) * math.sqrt(101)
    sigmas = torch.cat(
        [torch.logspace(1, -2, 300, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)]
    )
    out = sample_euler_ancestral(
        gaussian_denoiser,
        x,
        sigmas,
        noise=lambda _: torch.randn(20_000, 1, generator=generator, dtype=torch.float64),
    )
    assert float(out.std()) == pytest.approx(1.0, abs=0.04)


def test_eta_zero_is_plain_euler():
    sigmas = SCHEDULES["karras"](8, SCHEDULE)
    x = start() * sigmas[0]
    ours = sample_euler_ancestral(gaussian_denoiser, x, sigmas, eta=0.0, noise=lambda _: x)
    assert torch.allclose(ours, sample_euler(gaussian_denoiser, x, sigmas), rtol=1e-12)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0, 3.0])
def test_ancestral_split_keeps_the_level(eta):
    down, up = ancestral_split(5.0, 3.0, eta)
    assert math.hypot(down, up) == pytest.approx(3.0)
    assert down >= 0


@pytest.mark.parametrize(
    ("name", "schedule", "scheduler", "tolerance"),
    [
        (
            "euler",
            "karras",
            EulerDiscreteScheduler(
                beta_start=0.00085,
                beta_end=0.012,
                beta_schedule="scaled_linear",
                use_karras_sigmas=True,
            ),
            1e-5,
        ),
        (
            "euler",
            "exponential",
            EulerDiscreteScheduler(
                beta_start=0.00085,
                beta_end=0.012,
                beta_schedule="scaled_linear",
                use_exponential_sigmas=True,
            ),
            1e-5,
        ),
    ],
)
def test_euler_equals_diffusers(name, schedule, scheduler, tolerance):
    scheduler.set_timesteps(20)
    x = theirs = start(dtype=torch.float32) * scheduler.sigmas[0]
    for index, t in enumerate(scheduler.timesteps):
        sigma = scheduler.sigmas[index].expand(4)
        scheduler.scale_model_input(theirs, t)
        eps = (theirs - gaussian_denoiser(theirs, sigma)) / sigma[:, None]
        theirs = scheduler.step(eps, t, theirs).prev_sample
    ours = SAMPLERS[name](gaussian_denoiser, x, SCHEDULES[schedule](20, SCHEDULE))
    assert torch.allclose(ours, theirs, rtol=0, atol=tolerance * float(theirs.abs().max()))


def test_dpmpp_2m_equals_diffusers_on_the_same_sigmas():
    # diffusers works on x / sqrt(1 + sigma²) and stops at the last level above 0 with
    # final_sigmas_type="zero", as we do; tolerance: it computes in float32
    scheduler = DPMSolverMultistepScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        use_karras_sigmas=True,
        final_sigmas_type="zero",
        lower_order_final=False,
        euler_at_final=True,
    )
    scheduler.set_timesteps(20)
    sigmas = scheduler.sigmas.double()
    unit = start(dtype=torch.float32)
    theirs = unit * sigmas[0].float() / (1 + sigmas[0].float() ** 2).sqrt()
    for index, t in enumerate(scheduler.timesteps):
        sigma = sigmas[index].float()
        x = theirs * (1 + sigma**2).sqrt()
        eps = (x - gaussian_denoiser(x, sigma.expand(4))) / sigma
        theirs = scheduler.step(eps, t, theirs).prev_sample
    ours = sample_dpmpp_2m(gaussian_denoiser, unit.double() * sigmas[0], sigmas)
    assert torch.allclose(ours.float(), theirs, atol=2e-5)


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_samplers_do_not_touch_their_input_and_report_every_step(name):
    sigmas = karras_sigmas(5, 0.03, 14.0)
    x = start(dtype=torch.float32) * 14
    before, seen = x.clone(), []
    SAMPLERS[name](gaussian_denoiser, x, sigmas, noise=lambda _: x, callback=seen.append)
    assert torch.equal(x, before)
    assert [step.index for step in seen] == [0, 1, 2, 3, 4]
    assert all(step.total == 5 and step.denoised.shape == x.shape for step in seen)
    assert [step.sigma for step in seen] == sigmas[:-1].tolist()


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_a_picture_does_not_depend_on_its_batch(name):
    sigmas = SCHEDULES["karras"](6, SCHEDULE)
    x, noise = start() * sigmas[0], start()
    together = SAMPLERS[name](gaussian_denoiser, x, sigmas, noise=lambda _: noise)
    alone = SAMPLERS[name](gaussian_denoiser, x[2:3], sigmas, noise=lambda _: noise[2:3])
    assert torch.equal(together[2:3], alone)


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_samplers_keep_the_dtype_of_the_latents(name):
    x = start(dtype=torch.float32)
    out = SAMPLERS[name](gaussian_denoiser, x, torch.tensor([1.0, 0.5, 0.0]), noise=lambda _: x)
    assert out.dtype == torch.float32


@pytest.mark.parametrize("sigmas", [[1.0], [1.0, 1.0], [0.5, 1.0], [math.inf, 1.0], [1.0, -1.0]])
@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_lists_that_do_not_fall_are_refused(name, sigmas):
    with pytest.raises(ScheduleError, match="fall strictly"):
        SAMPLERS[name](gaussian_denoiser, start(), torch.tensor(sigmas), noise=lambda _: start())


def test_ancestral_sampling_needs_a_noise_source_and_a_sane_eta():
    with pytest.raises(ScheduleError, match="pass noise="):
        sample_euler_ancestral(gaussian_denoiser, start(), torch.tensor([1.0, 0.0]))
    with pytest.raises(ScheduleError, match="eta must be 0 or above"):
        sample_euler_ancestral(
            gaussian_denoiser, start(), torch.tensor([1.0, 0.0]), eta=-1.0, noise=lambda _: start()
        )
