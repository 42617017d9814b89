"""Options change what is drawn only where they are on, and each has a stream of its own."""

import pytest
import torch

from enogu.config import LossConfig
from enogu.diffusion.noise import multires_noise, sample_noise, seeded_generator
from enogu.train import feed as streams
from enogu.train.noise_draws import draw_input_noise, draw_noise, draw_timestep

LATENTS = sample_noise((4, 8, 8), seeded_generator(99)) + 0.5


def at(stream):
    return seeded_generator(1, stream, 2, 3)


def test_plain_noise_is_that_of_its_stream():
    noise = draw_noise(LossConfig(), LATENTS, at)
    assert torch.equal(noise, sample_noise((4, 8, 8), at(streams.NOISE_STREAM)))
    assert draw_input_noise(LossConfig(), noise, at) is noise


@pytest.mark.parametrize(
    ("options", "strength"),
    [
        ({}, 0.2),
        ({"noise_offset_random_strength": True}, "random"),
        ({"adaptive_noise_scale": 0.1}, "adaptive"),
    ],
)
def test_offset_shifts_the_same_noise(options, strength):
    plain = draw_noise(LossConfig(), LATENTS, at)
    shifted = draw_noise(LossConfig(noise_offset=0.2, **options), LATENTS, at)
    shift = sample_noise((4, 1, 1), at(streams.OFFSET_STREAM))
    if strength == "random":
        strength = 0.2 * float(torch.rand(1, generator=at(streams.OFFSET_STRENGTH_STREAM)))
    elif strength == "adaptive":
        strength = 0.2 + 0.1 * LATENTS.mean(dim=(1, 2), keepdim=True).abs()
    assert torch.allclose(shifted - plain, (strength * shift).expand(4, 8, 8), atol=1e-6)


def test_multires_noise_is_put_on_the_same_noise():
    settings = LossConfig(multires_noise_iterations=4, multires_noise_discount=0.5)
    plain = draw_noise(LossConfig(), LATENTS, at)
    expected = multires_noise(plain, at(streams.MULTIRES_STREAM), iterations=4, discount=0.5)
    assert torch.equal(draw_noise(settings, LATENTS, at), expected)


def test_random_perturbation_is_between_none_and_the_whole():
    noise = draw_noise(LossConfig(), LATENTS, at)
    whole = draw_input_noise(LossConfig(ip_noise_gamma=0.1), noise, at) - noise
    settings = LossConfig(ip_noise_gamma=0.1, ip_noise_gamma_random_strength=True)
    share = float(torch.rand(1, generator=at(streams.PERTURBATION_STRENGTH_STREAM)))
    part = draw_input_noise(settings, noise, at) - noise
    assert float(whole.std()) == pytest.approx(0.1, rel=0.15)
    assert torch.allclose(part, share * whole, atol=1e-6)


def test_timesteps_stay_in_the_range_of_the_settings():
    for sampling in ("uniform", "logit_normal"):
        settings = LossConfig(timestep_sampling=sampling, timestep_min=300, timestep_max=303)
        drawn = {
            int(draw_timestep(settings, lambda stream, n=n: seeded_generator(n, stream)))
            for n in range(60)
        }
        assert drawn == {300, 301, 302}
