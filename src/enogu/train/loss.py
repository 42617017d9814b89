"""The loss of one training step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from enogu.config import LossConfig
from enogu.diffusion.distance import distance, huber_constants
from enogu.diffusion.loss_weights import timestep_loss_weights
from enogu.diffusion.targets import prediction_target
from enogu.families.base import Base
from enogu.families.denoise import predict
from enogu.families.text import TextFeatures
from enogu.train.base_answers import BaseAnswers, noisy_latents_of
from enogu.train.batch import Batch


@dataclass(frozen=True)
class StepLoss:
    """What one forward pass gave.

    Attributes:
        loss: Scalar with gradient; the mean over the batch.
        per_picture: float32 [B] without gradient, weights applied.
    """

    loss: Tensor
    per_picture: Tensor


def compute_loss(
    base: Base,
    batch: Batch,
    features: TextFeatures,
    settings: LossConfig,
    answers: BaseAnswers | None = None,
) -> StepLoss:
    """Predict, compare with the target, and weigh.

    The distance is averaged over the pixels of each picture (with a mask: over what it keeps),
    then multiplied by the weight of its noise level and of the picture. What is held of the
    base's own answers is added before the weights:

    - ``masked_prior`` · mean((1 - mask) · distance(prediction, the base's own));
    - ``base_prior`` · mean(distance(prediction without trigger, the base's own without trigger)),
      the prior-preservation term of DreamBooth (arXiv:2208.12242, equation 2) with the model's own
      output in place of generated pictures.

    Args:
        base: A base with its UNet.
        batch: Latents, noise and timesteps.
        features: Text features of the batch.
        settings: The section ``train.loss``.
        answers: What the base itself predicts, where the settings hold on to it.
    """
    noisy_latents = noisy_latents_of(base, batch)
    constants = _robust_constants(base, batch, settings)
    model_pred = predict(base, noisy_latents, batch.timesteps, features, batch.sizes).float()
    target = prediction_target(
        base.prediction, batch.latents, batch.noise, batch.timesteps, base.schedule
    )
    mask = batch.mask if settings.masked else None
    error = distance(settings.type, model_pred, target, constants)
    per_picture = masked_mean(error, mask)
    if answers is not None and answers.own is not None and mask is not None:
        held = distance(settings.type, model_pred, answers.own, constants)
        per_picture = per_picture + settings.masked_prior * masked_mean(held, 1 - mask)
    if answers is not None and answers.general is not None and answers.general_features:
        general_pred = predict(
            base, noisy_latents, batch.timesteps, answers.general_features, batch.sizes
        ).float()
        held = distance(settings.type, general_pred, answers.general, constants)
        per_picture = per_picture + settings.base_prior * masked_mean(held, None)
    weights = timestep_loss_weights(
        base.schedule,
        batch.timesteps,
        base.prediction,
        min_snr_gamma=settings.min_snr_gamma if settings.weighting == "min_snr" else None,
        debiased=settings.weighting == "debiased",
        v_like_noise=settings.scale_v_pred_loss_like_noise_pred,
        v_pred_like=settings.v_pred_like_loss,
    )
    per_picture = per_picture * weights.to(per_picture) * batch.weights
    return StepLoss(per_picture.mean(), per_picture.detach())


def _robust_constants(base: Base, batch: Batch, settings: LossConfig) -> Tensor | None:
    if settings.type == "l2":
        return None
    return huber_constants(
        base.schedule,
        batch.timesteps,
        kind=settings.huber_schedule,
        c=settings.huber_c,
        scale=settings.huber_scale,
    )


def masked_mean(error: Tensor, mask: Tensor | None) -> Tensor:
    """Return the mean per picture, over all pixels as sd-scripts does.

    Args:
        error: [B, C, h, w].
        mask: [B, 1, h, w] in 0..1, or None. What is masked out counts as no error; the mean is
            still taken over the whole picture, so that a small subject does not count more.

    Returns:
        [B].
    """
    if mask is not None:
        error = error * mask
    return error.mean(dim=tuple(range(1, error.ndim)))


def first_non_finite(tensors: dict[str, Tensor]) -> str | None:
    """Return the name of the first tensor that holds NaN or Inf, or None."""
    for name, value in tensors.items():
        if not bool(torch.isfinite(value).all()):
            return name
    return None
