"""What the model is asked to predict, and the clean picture its prediction stands for."""

from typing import Literal, get_args

from torch import Tensor

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.errors import ScheduleError

PredictionType = Literal["epsilon", "v_prediction"]
"""`epsilon`: the noise; `v_prediction`: sqrt(a) * noise - sqrt(1 - a) * latents."""

PREDICTION_TYPES: tuple[str, ...] = get_args(PredictionType)


def check_prediction(prediction: PredictionType, schedule: NoiseSchedule) -> None:
    """Refuse a prediction type that the schedule makes impossible.

    Raises:
        ScheduleError: Unknown type, or epsilon with zero terminal SNR: at the last timestep the
            input is the noise itself, so the prediction says nothing about the picture.
    """
    if prediction not in PREDICTION_TYPES:
        raise ScheduleError(
            f"unknown prediction type {prediction!r}; known: {', '.join(PREDICTION_TYPES)}"
        )
    if prediction == "epsilon" and schedule.has_zero_terminal_snr:
        raise ScheduleError(
            "epsilon prediction cannot be used with a zero-terminal-SNR schedule: its last "
            "timestep holds no picture, so the noise prediction there cannot be turned into one",
            hint="Use v-prediction, or switch zero terminal SNR off.",
        )


def prediction_target(
    prediction: PredictionType,
    latents: Tensor,
    noise: Tensor,
    timesteps: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    """Return the training target of a model of the given prediction type.

    Args:
        prediction: What the model predicts.
        latents: [B, ...], model space.
        noise: same shape; with noise offset, the offset noise.
        timesteps: integer [B], 0 .. T-1.
        schedule: The schedule the noisy latents were made with.

    Returns:
        [B, ...] in the dtype of `latents`; v as in arXiv:2202.00512, Appendix D.

    Raises:
        ScheduleError: Epsilon with zero terminal SNR, or a timestep outside the table.
    """
    check_prediction(prediction, schedule)
    if prediction == "epsilon":
        return noise.to(latents.dtype)
    signal = schedule.gather(timesteps, latents)
    return (
        signal.sqrt().to(latents.dtype) * noise.to(latents.dtype)
        - (1 - signal).sqrt().to(latents.dtype) * latents
    )


def denoised_from_prediction(
    prediction: PredictionType,
    model_pred: Tensor,
    noisy_latents: Tensor,
    timesteps: Tensor,
    schedule: NoiseSchedule,
) -> Tensor:
    """Return the clean latents that a prediction at whole timesteps stands for.

    Args:
        prediction: What `model_pred` is.
        model_pred: [B, ...].
        noisy_latents: same shape, made by :meth:`NoiseSchedule.add_noise`.
        timesteps: integer [B], 0 .. T-1.
        schedule: The schedule of the noisy latents.

    Returns:
        [B, ...] in the dtype of `noisy_latents`.

    Raises:
        ScheduleError: Epsilon with zero terminal SNR, or a timestep outside the table.
    """
    check_prediction(prediction, schedule)
    signal = schedule.gather(timesteps, noisy_latents)
    signal_scale = signal.sqrt().to(noisy_latents.dtype)
    noise_scale = (1 - signal).sqrt().to(noisy_latents.dtype)
    model_pred = model_pred.to(noisy_latents.dtype)
    if prediction == "epsilon":
        return (noisy_latents - noise_scale * model_pred) / signal_scale
    return signal_scale * noisy_latents - noise_scale * model_pred


def model_input_at_sigma(x: Tensor, sigma: Tensor) -> Tensor:
    """Return what the model sees for sampler latents: x scaled back to unit variance.

    Args:
        x: [B, ...], clean latents plus sigma times noise.
        sigma: [B].
    """
    return x / _broadcast(sigma, x).square().add(1).sqrt()


def denoised_at_sigma(
    prediction: PredictionType, model_pred: Tensor, x: Tensor, sigma: Tensor
) -> Tensor:
    """Return the clean latents that a prediction at noise level sigma stands for.

    The same map as :func:`denoised_from_prediction`, in the samplers' units (the eps and v
    wrappers of k-diffusion).

    Args:
        prediction: What `model_pred` is.
        model_pred: [B, ...], the model's answer to :func:`model_input_at_sigma`.
        x: [B, ...], clean latents plus sigma times noise.
        sigma: [B], finite.

    Returns:
        [B, ...] in the dtype of `x`.
    """
    level = _broadcast(sigma, x)
    model_pred = model_pred.to(x.dtype)
    if prediction == "epsilon":
        return x - level * model_pred
    variance = level.square() + 1
    return x / variance - model_pred * (level / variance.sqrt())


def _broadcast(sigma: Tensor, x: Tensor) -> Tensor:
    return sigma.to(x.device, x.dtype).reshape(-1, *([1] * (x.ndim - 1)))
