"""What is drawn for one picture of one step: its noise, and the noise of its input."""

from collections.abc import Callable

import torch
from torch import Tensor

from enogu.config import LossConfig
from enogu.diffusion.noise import (
    apply_noise_offset,
    multires_noise,
    noise_offset_strength,
    sample_noise,
)
from enogu.diffusion.timesteps import sample_logit_normal_timesteps, sample_timesteps
from enogu.train import feed as streams

Streams = Callable[[int], torch.Generator]
"""Gives the generator of a stream at the place that is being drawn."""


def draw_noise(settings: LossConfig, latents: Tensor, at: Streams) -> Tensor:
    """Return the noise that hides a picture; it is the target of noise prediction too.

    Plain noise, then the offset, then coarser noise, in the order of sd-scripts.

    Args:
        settings: The section ``train.loss``.
        latents: [C, h, w], model space.
        at: Gives the generator of each stream.
    """
    noise = sample_noise(latents.shape, at(streams.NOISE_STREAM))
    if settings.noise_offset:
        offset: float | Tensor = settings.noise_offset
        if settings.noise_offset_random_strength:
            offset *= _share(at(streams.OFFSET_STRENGTH_STREAM))
        if settings.adaptive_noise_scale:
            offset = noise_offset_strength(offset, latents, adaptive=settings.adaptive_noise_scale)
        noise = apply_noise_offset(noise, offset, at(streams.OFFSET_STREAM))
    if settings.multires_noise_iterations:
        noise = multires_noise(
            noise,
            at(streams.MULTIRES_STREAM),
            iterations=settings.multires_noise_iterations,
            discount=settings.multires_noise_discount,
        )
    return noise


def draw_input_noise(settings: LossConfig, noise: Tensor, at: Streams) -> Tensor:
    """Return the noise the model sees: noise + gamma * randn with input perturbation.

    The target keeps `noise`, so that the model learns on inputs slightly off the path, as it
    meets them when drawing (arXiv:2301.11706, equation 7; `ip_noise_gamma` of sd-scripts).

    Args:
        settings: The section ``train.loss``.
        noise: [C, h, w].
        at: Gives the generator of each stream.

    Returns:
        `noise` itself when the perturbation is off.
    """
    gamma = settings.ip_noise_gamma
    if not gamma:
        return noise
    if settings.ip_noise_gamma_random_strength:
        gamma *= _share(at(streams.PERTURBATION_STRENGTH_STREAM))
    return noise + gamma * sample_noise(noise.shape, at(streams.PERTURBATION_STREAM))


def draw_timestep(settings: LossConfig, at: Streams) -> Tensor:
    """Return the timestep of a picture, int64 [1]."""
    generator = at(streams.TIMESTEP_STREAM)
    low, high = settings.timestep_min, settings.timestep_max
    if settings.timestep_sampling == "uniform":
        return sample_timesteps(1, generator, low, high)
    return sample_logit_normal_timesteps(
        1, generator, low, high, mean=settings.logit_mean, std=settings.logit_std
    )


def _share(generator: torch.Generator) -> float:
    return float(torch.rand(1, generator=generator))
