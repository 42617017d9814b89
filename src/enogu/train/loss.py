"""The loss of one training step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from enogu.config import LossConfig
from enogu.diffusion.loss_weights import timestep_loss_weights
from enogu.diffusion.targets import prediction_target
from enogu.families.base import Base
from enogu.families.denoise import predict
from enogu.families.text import TextFeatures
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
    base: Base, batch: Batch, features: TextFeatures, settings: LossConfig
) -> StepLoss:
    """Predict, compare with the target, and weigh.

    The squared error is averaged over the pixels of each picture (with a mask: over what it
    keeps), then multiplied by the weight of its noise level and of the picture.

    Args:
        base: A base with its UNet.
        batch: Latents, noise and timesteps.
        features: Text features of the batch.
        settings: The section ``train.loss``.
    """
    noisy_latents = base.schedule.add_noise(batch.latents, batch.noise, batch.timesteps)
    model_pred = predict(base, noisy_latents, batch.timesteps, features, batch.sizes)
    target = prediction_target(
        base.prediction, batch.latents, batch.noise, batch.timesteps, base.schedule
    )
    error = (model_pred.float() - target).square()
    per_picture = masked_mean(error, batch.mask if settings.masked else None)
    weights = timestep_loss_weights(
        base.schedule,
        batch.timesteps,
        base.prediction,
        min_snr_gamma=settings.min_snr_gamma if settings.weighting == "min_snr" else None,
        debiased=settings.weighting == "debiased",
    )
    per_picture = per_picture * weights.to(per_picture) * batch.weights
    return StepLoss(per_picture.mean(), per_picture.detach())


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
