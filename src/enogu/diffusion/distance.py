"""How far a prediction is from its target: squared error, Huber, smooth L1.

The two robust distances grow like the square near 0 and like the absolute value far away, so a
few wild pixels pull less. Where one becomes the other, their constant c, may depend on the noise
level. Forms and names are those of sd-scripts, so that a known setting means the same here.
"""

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.errors import ScheduleError

DistanceType = Literal["l2", "huber", "smooth_l1"]
HuberSchedule = Literal["constant", "exponential", "snr"]

DISTANCE_TYPES: tuple[str, ...] = get_args(DistanceType)
HUBER_SCHEDULES: tuple[str, ...] = get_args(HuberSchedule)


def distance(
    kind: DistanceType, model_pred: Tensor, target: Tensor, c: Tensor | None = None
) -> Tensor:
    """Return the distance of every number of a prediction from its target.

    With d = model_pred - target: ``l2`` is d²; ``huber`` is 2c(sqrt(d² + c²) - c), near d² for
    small d; ``smooth_l1`` is 2(sqrt(d² + c²) - c), near 2|d| for large d. They are the
    pseudo-Huber losses of sd-scripts, introduced there for diffusion by arXiv:2403.16728.

    Args:
        kind: Which distance.
        model_pred: [B, ...].
        target: same shape.
        c: [B], above 0; needed by the two robust distances and not read by ``l2``.

    Returns:
        [B, ...], not averaged.

    Raises:
        ScheduleError: An unknown distance, or a robust one without c.
    """
    difference = model_pred - target
    if kind == "l2":
        return difference.square()
    if kind not in DISTANCE_TYPES:
        raise ScheduleError(f"unknown distance {kind!r}; known: {', '.join(DISTANCE_TYPES)}")
    if c is None:
        raise ScheduleError(f"the distance {kind!r} needs its constant c, got none")
    c = c.to(difference).reshape(-1, *([1] * (difference.ndim - 1)))
    factor = 2 * c if kind == "huber" else 2
    return factor * ((difference.square() + c.square()).sqrt() - c)


def huber_constants(
    schedule: NoiseSchedule,
    timesteps: Tensor,
    *,
    kind: HuberSchedule = "snr",
    c: float = 0.1,
    scale: float = 1.0,
) -> Tensor:
    """Return the constant c of the robust distances at each timestep.

    ``constant``: c·scale. ``exponential``: c^(t/T)·scale, so scale where the picture is clean and
    c·scale where it is noise. ``snr``: (1 - c) / (1 + sigma)² + c, from about 1 to c; it knows no
    scale. From sd-scripts (`get_huber_threshold_if_needed`), after arXiv:2403.16728.

    Args:
        schedule: The noise schedule in use.
        timesteps: integer [B], 0 .. T-1.
        kind: How c depends on the timestep.
        c: In (0, 1].
        scale: Above 0.

    Returns:
        float64 [B] on the device of `timesteps`.

    Raises:
        ScheduleError: An unknown kind, or c or scale out of range.
    """
    if kind not in HUBER_SCHEDULES:
        raise ScheduleError(f"unknown Huber schedule {kind!r}; known: {', '.join(HUBER_SCHEDULES)}")
    if not (0 < c <= 1 and scale > 0):
        raise ScheduleError(
            f"the Huber constant must be above 0 and at most 1 and its scale above 0, "
            f"got {c!r} and {scale!r}; 0.1 and 1 are usual"
        )
    schedule.check_timesteps(timesteps)
    if kind == "constant":
        return torch.full_like(timesteps, c * scale, dtype=torch.float64)
    if kind == "exponential":
        share = timesteps.to(torch.float64) / schedule.num_train_timesteps
        return (share * math.log(c)).exp() * scale
    sigma = schedule.sigmas[timesteps.to(schedule.alphas_cumprod.device)]
    return ((1 - c) / (1 + sigma).square() + c).to(timesteps.device)
