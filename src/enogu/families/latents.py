"""Between pixels and latents in model space."""

from typing import cast

import torch
from torch import Tensor

from enogu.families.base import Base


def encode_images(base: Base, images_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Encode pictures to the distribution of their latents.

    Args:
        base: A base with its VAE.
        images_BCHW: [B, 3, H, W], values -1 to 1; H and W multiples of ``base.downscale``.

    Returns:
        Mean and standard deviation in model space (scaled), each [B, 4, H/f, W/f] in the type of
        the VAE; a sample is ``mean + std * noise``.
    """
    images = images_BCHW.to(base.device, base.vae_dtype)
    distribution = base.vae.encode(images, return_dict=False)[0]
    return distribution.mean * base.scaling_factor, distribution.std * base.scaling_factor


def decode_latents(base: Base, latents: Tensor) -> Tensor:
    """Decode latents in model space to pictures.

    Args:
        base: A base with its VAE.
        latents: [B, 4, H/f, W/f], scaled.

    Returns:
        [B, 3, H, W] in the type of the VAE, cut to -1 .. 1.
    """
    raw_latents = latents.to(base.device, base.vae_dtype) / base.scaling_factor
    return base.vae.decode(cast(torch.FloatTensor, raw_latents), return_dict=False)[0].clamp(-1, 1)
