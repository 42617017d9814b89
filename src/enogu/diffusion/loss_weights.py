"""Weights of the loss over the timesteps, as functions of the signal-to-noise ratio.

The formulas and their order are those of sd-scripts, so that a known setting means the same
here; unlike there, the ratio is always that of the schedule in use, after any rescaling to zero
terminal SNR. All functions keep the dtype and shape of `snr`.
"""

import torch
from torch import Tensor

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.diffusion.targets import PredictionType, check_prediction
from enogu.errors import ScheduleError

_MAX_SNR = 1000.0
"""Cap of sd-scripts on the ratio in the debiased and v-like-noise weights."""


def _refuse_zero_snr(snr: Tensor, name: str) -> None:
    if bool((snr <= 0).any()):
        raise ScheduleError(
            f"the {name} weight of epsilon prediction is not finite where the signal-to-noise "
            f"ratio is 0, got a ratio of {float(snr.min())!r}",
            hint="Zero terminal SNR needs v-prediction.",
        )


def min_snr_weights(snr: Tensor, gamma: float, v: bool) -> Tensor:
    """Return min-SNR-gamma weights (arXiv:2303.09556).

    Args:
        snr: Signal-to-noise ratios, at least 0; above 0 for epsilon.
        gamma: Ratio above which easy timesteps are weighted down, above 0; 5 is usual.
        v: Whether the model predicts v.

    Returns:
        min(snr, gamma) / snr, for v min(snr, gamma) / (snr + 1), which is 0 at ratio 0.

    Raises:
        ScheduleError: gamma not above 0, or epsilon with a ratio of 0.
    """
    if not gamma > 0:
        raise ScheduleError(f"min-SNR gamma must be above 0, got {gamma!r}; 5 is usual")
    if v:
        return snr.clamp(max=gamma) / (snr + 1)
    _refuse_zero_snr(snr, "min-SNR")
    return snr.clamp(max=gamma) / snr


def debiased_weights(snr: Tensor, v: bool) -> Tensor:
    """Return debiased-estimation weights (arXiv:2310.08442).

    Args:
        snr: Signal-to-noise ratios, at least 0; above 0 for epsilon. Capped at 1000.
        v: Whether the model predicts v.

    Returns:
        1 / sqrt(snr), for v 1 / (snr + 1).

    Raises:
        ScheduleError: Epsilon with a ratio of 0.
    """
    capped = snr.clamp(max=_MAX_SNR)
    if v:
        return 1 / (capped + 1)
    _refuse_zero_snr(snr, "debiased-estimation")
    return capped.rsqrt()


def v_like_noise_weights(snr: Tensor) -> Tensor:
    """Return weights that give a v-prediction loss the profile of an epsilon loss.

    Args:
        snr: Signal-to-noise ratios, at least 0. Capped at 1000.

    Returns:
        snr / (snr + 1).
    """
    capped = snr.clamp(max=_MAX_SNR)
    return capped / (capped + 1)


def v_pred_like_weights(snr: Tensor, strength: float) -> Tensor:
    """Return weights that add a share of a v-prediction loss to an epsilon loss.

    The inverse of :func:`v_like_noise_weights` turns an epsilon loss into a v loss; the weight is
    one plus that times `strength` (sd-scripts' `v_pred_like_loss`): it grows where the picture
    is nearly all noise.

    Args:
        snr: Signal-to-noise ratios, above 0. Capped at 1000.
        strength: Share of the v loss, at least 0.

    Returns:
        1 + strength * (snr + 1) / snr.

    Raises:
        ScheduleError: A ratio of 0, or a negative strength.
    """
    if not strength >= 0:
        raise ScheduleError(f"the v-prediction-like share must be 0 or more, got {strength!r}")
    _refuse_zero_snr(snr, "v-prediction-like")
    return 1 + strength / v_like_noise_weights(snr)


def timestep_loss_weights(
    schedule: NoiseSchedule,
    timesteps: Tensor,
    prediction: PredictionType,
    *,
    min_snr_gamma: float | None = None,
    debiased: bool = False,
    v_like_noise: bool = False,
    v_pred_like: float = 0.0,
) -> Tensor:
    """Return the weight of each sample's loss, all chosen weightings multiplied.

    Args:
        schedule: The schedule in use, already rescaled if it is.
        timesteps: integer [B], 0 .. T-1.
        prediction: What the model predicts.
        min_snr_gamma: Gamma of min-SNR; None leaves it out.
        debiased: Whether to use debiased estimation; not together with min-SNR.
        v_like_noise: Whether to give a v loss the epsilon profile; v only.
        v_pred_like: Share of a v loss that is added to an epsilon loss; epsilon only.

    Returns:
        float64 [B] on the device of `timesteps`; ones when nothing is chosen.

    Raises:
        ScheduleError: Weightings that exclude each other, or epsilon with zero terminal SNR.
    """
    check_prediction(prediction, schedule)
    v = prediction == "v_prediction"
    if min_snr_gamma is not None and debiased:
        raise ScheduleError(
            f"min-SNR (gamma {min_snr_gamma!r}) and debiased estimation both reweight the "
            "timesteps; choose one"
        )
    if v_like_noise and not v:
        raise ScheduleError(
            f"the v-like-noise weight is for v-prediction, the model predicts {prediction!r}"
        )
    if v_pred_like and v:
        raise ScheduleError(
            f"the v-prediction-like loss is for epsilon prediction, the model predicts "
            f"{prediction!r} already"
        )
    schedule.check_timesteps(timesteps)
    snr = schedule.snr[timesteps.to(schedule.alphas_cumprod.device)]
    weights = torch.ones_like(snr)
    if min_snr_gamma is not None:
        weights = weights * min_snr_weights(snr, min_snr_gamma, v)
    if v_like_noise:
        weights = weights * v_like_noise_weights(snr)
    if v_pred_like:
        weights = weights * v_pred_like_weights(snr, v_pred_like)
    if debiased:
        weights = weights * debiased_weights(snr, v)
    return weights.to(timesteps.device)
