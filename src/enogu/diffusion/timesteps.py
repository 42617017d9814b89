"""Which timesteps a training step looks at."""

import torch
from torch import Tensor

from enogu.errors import ScheduleError


def sample_timesteps(n: int, generator: torch.Generator, low: int = 0, high: int = 1000) -> Tensor:
    """Return timesteps drawn uniformly, each independent of the others.

    Args:
        n: How many, at least 1.
        generator: CPU generator; it is advanced.
        low: Smallest timestep, at least 0.
        high: One above the largest timestep, above `low`.

    Returns:
        int64 [n], each in low .. high-1.

    Raises:
        ScheduleError: An empty or negative range, or n below 1.
    """
    _check_range(n, low, high)
    return torch.randint(low, high, (n,), generator=generator)


def sample_logit_normal_timesteps(
    n: int,
    generator: torch.Generator,
    low: int = 0,
    high: int = 1000,
    *,
    mean: float = 0.0,
    std: float = 1.0,
) -> Tensor:
    """Return timesteps whose place in the range has a normally distributed logit.

    t = low + floor((high - low) / (1 + exp(-(mean + std * z)))), z standard normal: the middle of
    the range is drawn most often, its ends hardly ever (arXiv:2403.03206, section 3.1, there for
    rectified flow). A mean above 0 looks at noisier pictures.

    Args:
        n: How many, at least 1.
        generator: CPU generator; it is advanced.
        low: Smallest timestep, at least 0.
        high: One above the largest timestep, above `low`.
        mean: Of the logit.
        std: Of the logit, above 0.

    Returns:
        int64 [n], each in low .. high-1.

    Raises:
        ScheduleError: An empty or negative range, n below 1, or a std not above 0.
    """
    _check_range(n, low, high)
    if not std > 0:
        raise ScheduleError(f"the std of logit-normal timesteps must be above 0, got {std!r}")
    logits = mean + std * torch.randn(n, generator=generator, dtype=torch.float64)
    places = (logits.sigmoid() * (high - low)).floor().long()
    # a logit above 37 rounds to a share of exactly 1
    return low + places.clamp(max=high - low - 1)


def _check_range(n: int, low: int, high: int) -> None:
    if n < 1 or not 0 <= low < high:
        raise ScheduleError(
            f"cannot draw {n!r} timesteps from {low!r} up to {high!r}; "
            "the range must start at 0 or above and hold one timestep or more"
        )
