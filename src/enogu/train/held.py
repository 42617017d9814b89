"""How the parts of the base are held while training, as the section ``machine`` says."""

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import nn

from enogu.config import MachineConfig
from enogu.families.base import Base
from enogu.frozen import StoreReport, store_frozen

TILE_PX = 512
"""Side of a VAE tile; smaller pictures pass whole."""


def hold_unet(base: Base, settings: MachineConfig, device: torch.device) -> StoreReport:
    """Shorten or park the UNet's weights, then bring the base to its device.

    Args:
        base: The base with its adapters; where :func:`loads_on` says.
        settings: The section ``machine``.
        device: Where the base computes.
    """
    report = store_frozen(
        base.unet,
        form=settings.base_format,
        waiting=settings.offload,
        pin=device.type == "cuda",
    )
    base.device = device
    for module in base.modules().values():
        # diffusers' own `to` warns of formats, which stay as they are.
        nn.Module.to(module, device)
    return report


def loads_on(settings: MachineConfig, device: torch.device) -> torch.device:
    """Return where the UNet is loaded: not on the device when it would not fit there whole."""
    short = settings.base_format != "full" or settings.offload
    return torch.device("cpu") if short else device


def hold_vae(vae: AutoencoderKL, settings: MachineConfig, downscale: int) -> None:
    """Let large pictures pass a VAE in tiles, where the settings want it."""
    if settings.vae_tiling:
        vae.enable_tiling()
        vae.tile_sample_min_size = TILE_PX
        vae.tile_latent_min_size = TILE_PX // downscale
