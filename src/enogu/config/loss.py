"""Settings of what is minimised: distance, weights, noise, noise levels."""

from typing import Literal

from pydantic import Field

from enogu.config.section import Section


class LossConfig(Section):
    """What is minimised. `docs/concepts/loss.md` has the formulas and shows the weights."""

    type: Literal["l2", "huber", "smooth_l1"] = "l2"
    """How the distance from the target counts. `huber` and `smooth_l1` let a few very wrong pixels
    pull less."""

    huber_schedule: Literal["constant", "exponential", "snr"] = "snr"
    """How the constant of `huber` and `smooth_l1` depends on the noise level."""

    huber_c: float = Field(default=0.1, gt=0, le=1)
    """Where `huber` and `smooth_l1` turn from the square to the absolute value."""

    huber_scale: float = Field(default=1.0, gt=0, le=100)
    """Multiplies the constant, except with the schedule `snr`."""

    weighting: Literal["none", "min_snr", "debiased"] = "min_snr"
    """How much each noise level counts. One of them, because two would multiply silently."""

    min_snr_gamma: float = Field(default=5.0, gt=0)
    """Cap of the signal-to-noise ratio for `min_snr` (arXiv:2303.09556)."""

    scale_v_pred_loss_like_noise_pred: bool = False
    """Weigh the noise levels of a v-prediction base as those of a noise-prediction base."""

    v_pred_like_loss: float = Field(default=0.0, ge=0.0, le=10)
    """Share of a v-prediction loss that is added when the base predicts noise; 0.1 is usual."""

    noise_offset: float = Field(default=0.0, ge=0.0, le=1.0)
    """Adds a constant per picture and channel to the noise, so that very dark and very bright
    pictures can be learnt."""

    noise_offset_random_strength: bool = False
    """Draw the offset of each picture between 0 and `noise_offset`."""

    adaptive_noise_scale: float = Field(default=0.0, ge=-10.0, le=10.0)
    """Adds this many times a channel's mean to `noise_offset`, which then grows with how dark or
    bright the picture is."""

    multires_noise_iterations: int = Field(default=0, ge=0, le=16)
    """Sizes of coarser noise that are added to the noise; 6 to 10 are usual, 0 switches it off."""

    multires_noise_discount: float = Field(default=0.3, gt=0.0, le=1.0)
    """Weight of each coarser size by that of the size before."""

    ip_noise_gamma: float = Field(default=0.0, ge=0.0, le=1.0)
    """Adds noise to the input that the target does not know of (input perturbation,
    arXiv:2301.11706); 0.1 is usual, against overfitting."""

    ip_noise_gamma_random_strength: bool = False
    """Draw the strength of each picture between 0 and `ip_noise_gamma`."""

    masked: bool = True
    """Use the loss masks of pictures that have one (see `pictures.alpha_as_mask`)."""

    masked_prior: float = Field(default=0.0, ge=0.0, le=100)
    """Where a mask hides a picture, hold the prediction at the base's own, with this weight. Costs
    a second forward pass for pictures with a mask."""

    prior_weight: float = Field(default=1.0, ge=0.0)
    """How much regularisation pictures count beside the others."""

    base_prior: float = Field(default=0.0, ge=0.0, le=100)
    """Hold what the base predicts for the caption without the trigger, with this weight: what
    regularisation pictures do, without any. Doubles the time of a step and more."""

    timestep_min: int = Field(default=0, ge=0, le=999)
    """Lowest timestep that is trained."""

    timestep_max: int = Field(default=1000, ge=1, le=1000)
    """Timesteps below this one are trained."""

    timestep_sampling: Literal["uniform", "logit_normal"] = "uniform"
    """How timesteps are drawn from the range: all alike, or its middle more often."""

    logit_mean: float = Field(default=0.0, ge=-10, le=10)
    """Of `logit_normal`: above 0 looks at noisier pictures, below 0 at cleaner ones."""

    logit_std: float = Field(default=1.0, gt=0, le=10)
    """Of `logit_normal`: how widely the timesteps spread."""
