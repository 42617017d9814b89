"""The discrete noise schedule of Stable Diffusion: how much signal is left at each timestep.

Two units for one quantity are used: the model's `timesteps` (0 .. T-1) and the noise level
`sigma` = sqrt((1 - alphas_cumprod) / alphas_cumprod) of the samplers, where the clean picture
has weight 1 and the noise weight sigma (arXiv:2206.00364). Between table entries sigma is
interpolated in its logarithm, as k-diffusion does, so that every sigma has a timestep.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from enogu.errors import ScheduleError

TERMINAL_ALPHA_CUMPROD = 4.8973451890853435e-08
"""Signal left at the last timestep when sampling a zero-terminal-SNR schedule.

The true value is 0, for which sigma is infinite and no sampler can start. A1111, Forge and
ComfyUI all start from this value, sigma 4518.76, and so do we: with a Karras schedule every
sigma depends on the first one, so another cap would give another picture for the same seed.
"""


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """Share of signal power left at each timestep of the forward process.

    Args:
        alphas_cumprod: float64 [T], strictly falling, within [0, 1); only the last may be 0.

    Raises:
        ScheduleError: The table is not such a sequence.
    """

    alphas_cumprod: Tensor

    def __post_init__(self) -> None:
        table = self.alphas_cumprod
        if table.ndim != 1 or table.numel() < 2 or table.dtype != torch.float64:
            raise ScheduleError(
                "alphas_cumprod must be a float64 vector of 2 values or more, "
                f"got {table.dtype} of shape {tuple(table.shape)}"
            )
        inside = bool(torch.isfinite(table).all()) and float(table[-1]) >= 0 and float(table[0]) < 1
        if not inside or not bool((table.diff() < 0).all()):
            raise ScheduleError(
                "alphas_cumprod must fall strictly and lie in [0, 1), got "
                f"{float(table[0])!r} first and {float(table[-1])!r} last of {table.numel()}; "
                "check the beta range of the base's scheduler config"
            )

    @classmethod
    def from_betas(cls, betas: Tensor) -> "NoiseSchedule":
        """Return the schedule that adds noise of variance `betas[t]` at step t.

        Args:
            betas: float [T], each in (0, 1).

        Raises:
            ScheduleError: The betas give no valid table.
        """
        return cls(torch.cumprod(1.0 - betas.to(torch.float64), dim=0))

    @classmethod
    def scaled_linear(
        cls, beta_start: float = 0.00085, beta_end: float = 0.012, num_train_timesteps: int = 1000
    ) -> "NoiseSchedule":
        """Return the schedule of SD1, SD2 and SDXL: sqrt(beta) grows linearly.

        Args:
            beta_start: First beta, in (0, 1).
            beta_end: Last beta, in (0, 1).
            num_train_timesteps: Length T of the table, at least 2.

        Raises:
            ScheduleError: A beta outside (0, 1) or fewer than 2 timesteps.
        """
        if not (0 < beta_start < 1 and 0 < beta_end < 1 and num_train_timesteps >= 2):
            raise ScheduleError(
                "a scaled-linear schedule needs betas in (0, 1) and 2 timesteps or more, got "
                f"{beta_start!r} .. {beta_end!r} over {num_train_timesteps!r}; "
                "Stable Diffusion has 0.00085 .. 0.012 over 1000"
            )
        roots = torch.linspace(
            beta_start**0.5, beta_end**0.5, num_train_timesteps, dtype=torch.float64
        )
        return cls.from_betas(roots**2)

    def with_zero_terminal_snr(self) -> "NoiseSchedule":
        """Return the schedule rescaled so that nothing of the picture is left at the last step.

        sqrt(alphas_cumprod) is shifted and scaled so that its last value becomes exactly 0 and
        its first stays (arXiv:2305.08891, Algorithm 1). A schedule that already ends in 0 comes
        back unchanged.
        """
        roots = self.alphas_cumprod.sqrt()
        rescaled = (roots - roots[-1]) * (roots[0] / (roots[0] - roots[-1]))
        return NoiseSchedule(rescaled**2)

    @property
    def num_train_timesteps(self) -> int:
        """Length T of the table; timesteps run from 0 to T-1."""
        return self.alphas_cumprod.numel()

    @property
    def has_zero_terminal_snr(self) -> bool:
        """Whether the last timestep is pure noise; only v-prediction can learn from it."""
        return float(self.alphas_cumprod[-1]) == 0.0

    @property
    def snr(self) -> Tensor:
        """Signal-to-noise ratio, float64 [T], falling; 0 at the end with zero terminal SNR."""
        return self.alphas_cumprod / (1.0 - self.alphas_cumprod)

    @property
    def sigmas(self) -> Tensor:
        """True noise levels, float64 [T], rising; the last is infinite with zero terminal SNR."""
        return self.snr.rsqrt()

    @property
    def sampling_sigmas(self) -> Tensor:
        """Noise levels for samplers, float64 [T], rising and finite.

        Equal to `sigmas` except for the last value of a zero-terminal-SNR schedule, which is
        that of `TERMINAL_ALPHA_CUMPROD`.
        """
        if not self.has_zero_terminal_snr:
            return self.sigmas
        capped = self.alphas_cumprod.clone()
        # a very long table may already lie below the usual cap one step earlier
        capped[-1] = min(TERMINAL_ALPHA_CUMPROD, float(capped[-2]) / 4)
        return NoiseSchedule(capped).sigmas

    @property
    def sigma_min(self) -> float:
        """Smallest noise level the model was trained on."""
        return float(self.sampling_sigmas[0])

    @property
    def sigma_max(self) -> float:
        """Noise level that sampling starts from; finite."""
        return float(self.sampling_sigmas[-1])

    def gather(self, timesteps: Tensor, like: Tensor) -> Tensor:
        """Return alphas_cumprod at `timesteps`, float64, shaped to broadcast over `like`.

        Args:
            timesteps: integer [B], within 0 .. T-1.
            like: [B, ...]; gives the number of dimensions and the device.

        Raises:
            ScheduleError: A timestep outside the table or not whole.
        """
        self.check_timesteps(timesteps)
        values = self.alphas_cumprod[timesteps.to(self.alphas_cumprod.device)]
        return values.to(like.device).reshape(-1, *([1] * (like.ndim - 1)))

    def check_timesteps(self, timesteps: Tensor) -> None:
        """Refuse timesteps that are not indices of the table.

        Raises:
            ScheduleError: A timestep outside 0 .. T-1, or a tensor that is not of integers.
        """
        if timesteps.is_floating_point() or timesteps.dtype == torch.bool:
            raise ScheduleError(f"timesteps must be whole numbers, got {timesteps.dtype}")
        low, high = int(timesteps.min()), int(timesteps.max())
        if low < 0 or high >= self.num_train_timesteps:
            raise ScheduleError(
                f"timesteps must be 0 to {self.num_train_timesteps - 1}, got {low} to {high}"
            )

    def add_noise(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Return latents as they are after `timesteps` steps of the forward process.

        Args:
            latents: [B, ...], model space (scaled).
            noise: same shape.
            timesteps: integer [B], 0 .. T-1.

        Returns:
            sqrt(a) * latents + sqrt(1 - a) * noise in the dtype of `latents`.

        Raises:
            ScheduleError: A timestep outside the table.
        """
        signal = self.gather(timesteps, latents)
        return signal.sqrt().to(latents.dtype) * latents + (1 - signal).sqrt().to(
            latents.dtype
        ) * noise.to(latents.dtype)

    def sigma_to_t(self, sigma: Tensor) -> Tensor:
        """Return the fractional timestep of each noise level, interpolating in log sigma.

        Args:
            sigma: positive, any shape; beyond the table the first or last timestep is given.

        Returns:
            Values in 0 .. T-1, the dtype, device and shape of `sigma`.
        """
        table = self.sampling_sigmas.log()
        log_sigma = sigma.detach().to(table.device, torch.float64).log()
        low = (torch.searchsorted(table, log_sigma, right=True) - 1).clamp(0, table.numel() - 2)
        weight = ((log_sigma - table[low]) / (table[low + 1] - table[low])).clamp(0, 1)
        return (low + weight).to(sigma.device, sigma.dtype)

    def t_to_sigma(self, timesteps: Tensor) -> Tensor:
        """Return the noise level at whole or fractional timesteps, interpolating in log sigma.

        Args:
            timesteps: 0 .. T-1, any shape; values beyond are clamped.

        Returns:
            float64, the shape and device of `timesteps`.
        """
        table = self.sampling_sigmas.log()
        t = timesteps.detach().to(table.device, torch.float64).clamp(0, table.numel() - 1)
        low = t.floor().long().clamp(max=table.numel() - 2)
        weight = t - low
        return ((1 - weight) * table[low] + weight * table[low + 1]).exp().to(timesteps.device)
