"""Settings of what is minimised: distance, weights, noise, noise levels."""

from typing import Literal, Self

from pydantic import Field, model_validator

from enogu.config.section import Section


class LossConfig(Section):
    """What is minimised."""

    weighting: Literal["none", "min_snr", "debiased"] = "min_snr"
    """How much each noise level counts. One of them, because two would multiply silently."""

    min_snr_gamma: float = Field(default=5.0, gt=0)
    """Cap of the signal-to-noise ratio for `min_snr` (arXiv:2303.09556)."""

    noise_offset: float = Field(default=0.0, ge=0.0, le=1.0)
    """Adds a constant per picture and channel to the noise, so that very dark and very bright
    pictures can be learnt."""

    masked: bool = True
    """Use the loss masks of pictures that have one (see `pictures.alpha_as_mask`)."""

    prior_weight: float = Field(default=1.0, ge=0.0)
    """How much regularisation pictures count beside the others."""

    timestep_min: int = Field(default=0, ge=0, le=999)
    """Lowest timestep that is trained."""

    timestep_max: int = Field(default=1000, ge=1, le=1000)
    """Timesteps below this one are trained."""

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> Self:
        if self.timestep_min >= self.timestep_max:
            raise ValueError(
                f"timestep_min {self.timestep_min} must be below timestep_max {self.timestep_max}"
            )
        return self
