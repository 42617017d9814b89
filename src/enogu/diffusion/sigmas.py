"""Lists of noise levels that a sampler walks down.

Every list is float64 [n + 1], falls strictly and ends in exactly 0; n is the number of model
calls. The numbers are those of k-diffusion, which A1111 and its relatives use.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.errors import ScheduleError


def karras_sigmas(n: int, sigma_min: float, sigma_max: float, rho: float = 7.0) -> Tensor:
    """Return noise levels that lie denser near zero (arXiv:2206.00364, Eq. 5).

    Args:
        n: Model calls, at least 1.
        sigma_min: Last level above 0, in units of the latents.
        sigma_max: First level, same unit.
        rho: Larger values move steps towards zero.

    Returns:
        float64 [n + 1], falling, the last exactly 0.

    Raises:
        ScheduleError: n below 1, rho not above 0, or not 0 < sigma_min < sigma_max < infinity.
    """
    _check_range(n, sigma_min, sigma_max)
    if not rho > 0:
        raise ScheduleError(f"rho must be above 0, got {rho!r}; 7 is usual")
    ramp = torch.linspace(0, 1, n, dtype=torch.float64)
    low, high = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    return _end_in_zero((high + ramp * (low - high)) ** rho)


def exponential_sigmas(n: int, sigma_min: float, sigma_max: float) -> Tensor:
    """Return noise levels in a constant ratio.

    Args:
        n: Model calls, at least 1.
        sigma_min: Last level above 0, in units of the latents.
        sigma_max: First level, same unit.

    Returns:
        float64 [n + 1], falling, the last exactly 0.

    Raises:
        ScheduleError: n below 1, or not 0 < sigma_min < sigma_max < infinity.
    """
    _check_range(n, sigma_min, sigma_max)
    logs = torch.linspace(math.log(sigma_max), math.log(sigma_min), n, dtype=torch.float64)
    return _end_in_zero(logs.exp())


def uniform_sigmas(n: int, schedule: NoiseSchedule) -> Tensor:
    """Return noise levels at evenly spaced timesteps from the last to the first.

    "Uniform" in A1111, "normal" in ComfyUI, `get_sigmas` in k-diffusion.

    Args:
        n: Model calls, at least 1.
        schedule: The schedule the model was trained with.

    Returns:
        float64 [n + 1], falling, the last exactly 0.

    Raises:
        ScheduleError: n below 1.
    """
    _check_range(n, schedule.sigma_min, schedule.sigma_max)
    last = schedule.num_train_timesteps - 1
    return _end_in_zero(schedule.t_to_sigma(torch.linspace(last, 0, n, dtype=torch.float64)))


def _karras(n: int, schedule: NoiseSchedule) -> Tensor:
    return karras_sigmas(n, schedule.sigma_min, schedule.sigma_max)


def _exponential(n: int, schedule: NoiseSchedule) -> Tensor:
    return exponential_sigmas(n, schedule.sigma_min, schedule.sigma_max)


SCHEDULES: dict[str, Callable[[int, NoiseSchedule], Tensor]] = {
    "karras": _karras,
    "uniform": uniform_sigmas,
    "exponential": _exponential,
}
"""Name in a recipe → function of (model calls, noise schedule of the base)."""


def _check_range(n: int, sigma_min: float, sigma_max: float) -> None:
    if n < 1:
        raise ScheduleError(f"a sigma list needs 1 step or more, got {n!r}; 20 is usual")
    if not 0 < sigma_min < sigma_max < math.inf:
        raise ScheduleError(
            "a sigma list needs 0 < sigma_min < sigma_max < infinity, "
            f"got {sigma_min!r} and {sigma_max!r}"
        )


def _end_in_zero(sigmas: Tensor) -> Tensor:
    return torch.cat([sigmas, sigmas.new_zeros(1)])
