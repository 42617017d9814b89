"""The noise of pictures: one generator each, so that no picture depends on its neighbours.

This is A1111 with its setting "Random number generator source: CPU": picture by picture
`torch.manual_seed(seed)`, first the starting latents, then, from the same generator, what an
ancestral sampler adds step by step.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from enogu.diffusion.noise import sample_noise


class PictureNoise:
    """Unit noise for a batch of pictures.

    Args:
        seeds: One per picture, 0 to 2^63 - 1.
        shape: Shape of one picture's latents, (C, H, W).
        device: Where the noise is wanted; it is always drawn on the CPU.
    """

    def __init__(
        self, seeds: Sequence[int], shape: tuple[int, int, int], device: torch.device | str = "cpu"
    ) -> None:
        self._generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        self._shape = shape
        self._device = device

    def next(self) -> Tensor:
        """Return fresh float32 noise, [B, C, H, W]; every call advances every generator."""
        noise = [sample_noise(self._shape, generator) for generator in self._generators]
        return torch.stack(noise).to(self._device)
