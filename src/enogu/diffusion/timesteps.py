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
    if n < 1 or not 0 <= low < high:
        raise ScheduleError(
            f"cannot draw {n!r} timesteps from {low!r} up to {high!r}; "
            "the range must start at 0 or above and hold one timestep or more"
        )
    return torch.randint(low, high, (n,), generator=generator)
