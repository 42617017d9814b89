"""Samplers: plain functions that walk latents down a list of noise levels.

The equations are those of k-diffusion, whose numbers users know from their other tools. A
sampler knows nothing of models, prompts or guidance; a `Denoiser` hides them. Coefficients are
computed in float64 and applied in the dtype of the latents.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from enogu.errors import ScheduleError

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""(x [B, ...], sigma [B]) → expected clean latents [B, ...]; x = clean + sigma * noise."""

NoiseSource = Callable[[int], Tensor]
"""Step index (0 for the first step) → fresh unit noise in the shape of x."""


@dataclass(frozen=True, kw_only=True)
class SamplerStep:
    """What a callback is told after each model call."""

    index: int
    """Number of the step, from 0."""
    total: int
    """Number of steps in all."""
    sigma: float
    """Noise level at which the model was called."""
    x: Tensor
    """Latents after the step, [B, ...]."""
    denoised: Tensor
    """The model's present idea of the clean latents, [B, ...]."""


StepCallback = Callable[[SamplerStep], None]
"""Called after every step; raise an exception in it to stop."""


class Sampler(Protocol):
    """The one form all samplers have."""

    def __call__(
        self,
        denoiser: Denoiser,
        x: Tensor,
        sigmas: Tensor,
        *,
        noise: NoiseSource | None = None,
        callback: StepCallback | None = None,
    ) -> Tensor:
        """Return the clean latents; see :func:`sample_euler` for the arguments."""
        ...


def sample_euler(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSource | None = None,
    callback: StepCallback | None = None,
) -> Tensor:
    """Follow the probability-flow ODE with Euler steps ("Euler" in A1111).

    Args:
        denoiser: The model with everything around it.
        x: [B, ...], floating; at the start unit noise times sigmas[0].
        sigmas: [n + 1], falling, at least two values; see :mod:`enogu.diffusion.sigmas`.
        noise: Not used; here so that all samplers are called alike.
        callback: Called after every step.

    Returns:
        [B, ...] in the dtype of `x`, at noise level sigmas[-1].

    Raises:
        ScheduleError: The sigmas are not a falling list.
    """
    del noise
    levels = _levels(sigmas)
    for index, (sigma, sigma_next) in enumerate(itertools.pairwise(levels)):
        denoised = denoiser(x, _per_sample(sigma, x))
        x = _euler_step(x, denoised, sigma, sigma_next)
        _report(callback, index, levels, x, denoised)
    return x


def sample_euler_ancestral(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    eta: float = 1.0,
    noise: NoiseSource | None = None,
    callback: StepCallback | None = None,
) -> Tensor:
    """Take Euler steps too far down and add fresh noise back ("Euler a" in A1111).

    Args:
        denoiser: The model with everything around it.
        x: [B, ...], floating; at the start unit noise times sigmas[0].
        sigmas: [n + 1], falling, at least two values.
        eta: Share of the noise that is fresh; 0 gives :func:`sample_euler`.
        noise: Source of the fresh noise, asked once per step except for a step to 0; required.
        callback: Called after every step.

    Returns:
        [B, ...] in the dtype of `x`, at noise level sigmas[-1].

    Raises:
        ScheduleError: No noise source, a negative eta, or sigmas that are not a falling list.
    """
    if noise is None:
        raise ScheduleError("sample_euler_ancestral adds noise at every step; pass noise=")
    if not eta >= 0:
        raise ScheduleError(f"eta must be 0 or above, got {eta!r}; 1 is usual")
    levels = _levels(sigmas)
    for index, (sigma, sigma_next) in enumerate(itertools.pairwise(levels)):
        denoised = denoiser(x, _per_sample(sigma, x))
        sigma_down, sigma_up = ancestral_split(sigma, sigma_next, eta)
        x = _euler_step(x, denoised, sigma, sigma_down)
        if sigma_next > 0:
            x = x + noise(index).to(x.device, x.dtype) * sigma_up
        _report(callback, index, levels, x, denoised)
    return x


def sample_dpmpp_2m(
    denoiser: Denoiser,
    x: Tensor,
    sigmas: Tensor,
    *,
    noise: NoiseSource | None = None,
    callback: StepCallback | None = None,
) -> Tensor:
    """Solve the ODE in log sigma with two steps of memory (arXiv:2211.01095, "DPM++ 2M").

    The first step and a step to 0 are of first order.

    Args:
        denoiser: The model with everything around it.
        x: [B, ...], floating; at the start unit noise times sigmas[0].
        sigmas: [n + 1], falling, at least two values.
        noise: Not used; here so that all samplers are called alike.
        callback: Called after every step.

    Returns:
        [B, ...] in the dtype of `x`, at noise level sigmas[-1].

    Raises:
        ScheduleError: The sigmas are not a falling list.
    """
    del noise
    levels = _levels(sigmas)
    previous: Tensor | None = None
    for index, (sigma, sigma_next) in enumerate(itertools.pairwise(levels)):
        denoised = denoiser(x, _per_sample(sigma, x))
        estimate = denoised
        if previous is not None and sigma_next > 0:
            step = math.log(sigma / sigma_next)
            last_step = math.log(levels[index - 1] / sigma)
            extrapolation = step / (2 * last_step)
            estimate = (1 + extrapolation) * denoised - extrapolation * previous
        ratio = sigma_next / sigma
        x = ratio * x + (1 - ratio) * estimate
        previous = denoised
        _report(callback, index, levels, x, denoised)
    return x


SAMPLERS: dict[str, Sampler] = {
    "euler": sample_euler,
    "euler_a": sample_euler_ancestral,
    "dpmpp_2m": sample_dpmpp_2m,
}
"""Name in a recipe → sampler."""


def ancestral_split(sigma: float, sigma_next: float, eta: float = 1.0) -> tuple[float, float]:
    """Split a step into the part walked down and the noise added back.

    Args:
        sigma: Present level, above 0.
        sigma_next: Level to arrive at, 0 .. sigma.
        eta: Share of the noise that is fresh.

    Returns:
        (sigma_down, sigma_up) with sigma_down² + sigma_up² = sigma_next².
    """
    fresh = eta * sigma_next * math.sqrt(sigma**2 - sigma_next**2) / sigma
    sigma_up = min(sigma_next, fresh)
    return math.sqrt(sigma_next**2 - sigma_up**2), sigma_up


def _euler_step(x: Tensor, denoised: Tensor, sigma: float, sigma_next: float) -> Tensor:
    return x + (x - denoised) * ((sigma_next - sigma) / sigma)


def _levels(sigmas: Tensor) -> list[float]:
    levels = [float(value) for value in sigmas.to("cpu", torch.float64)]
    falling = all(a > b for a, b in itertools.pairwise(levels))
    if len(levels) < 2 or not falling or levels[-1] < 0 or math.isinf(levels[0]):
        raise ScheduleError(
            "sigmas must be two values or more that fall strictly, finite and not negative, "
            f"got {levels}"
        )
    return levels


def _per_sample(sigma: float, x: Tensor) -> Tensor:
    return torch.full((x.shape[0],), sigma, dtype=x.dtype, device=x.device)


def _report(
    callback: StepCallback | None, index: int, levels: list[float], x: Tensor, denoised: Tensor
) -> None:
    if callback is not None:
        callback(
            SamplerStep(
                index=index, total=len(levels) - 1, sigma=levels[index], x=x, denoised=denoised
            )
        )
