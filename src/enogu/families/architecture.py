"""From descriptions to modules: build parts without memory, and read sizes off a description."""

from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from enogu.errors import BaseModelError
from enogu.families.base import TextEncoder
from enogu.families.spec import Config, FamilySpec, TextEncoderSpec

ModuleT = TypeVar("ModuleT", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Sizes of the parts of one base, as arguments of the library classes."""

    unet: Config
    vae: Config
    text_encoders: tuple[Config, ...]

    @classmethod
    def of_family(cls, spec: FamilySpec) -> "Architecture":
        """Return the sizes the family has in public checkpoints."""
        return cls(
            unet=spec.unet,
            vae=spec.vae,
            text_encoders=tuple(encoder.config for encoder in spec.text_encoders),
        )

    @property
    def downscale(self) -> int:
        """Pixels per latent along a side: each VAE level but the last halves it."""
        return 2 ** (len(block_widths(self.vae)) - 1)

    @property
    def bucket_step(self) -> int:
        """Smallest multiple of pixels at which every level of the UNet gets whole latents."""
        return max(32, self.downscale * 2 ** (len(block_widths(self.unet)) - 1))

    @property
    def scaling_factor(self) -> float | None:
        """``scaling_factor`` of the VAE where the description states it."""
        value = self.vae.get("scaling_factor")
        return float(value) if isinstance(value, int | float) else None


def block_widths(config: Config) -> tuple[int, ...]:
    """Return ``block_out_channels`` of a UNet or VAE description.

    Raises:
        BaseModelError: The entry is missing or not a list of numbers.
    """
    widths = config.get("block_out_channels")
    if not isinstance(widths, list | tuple) or not widths:
        raise BaseModelError(
            f"config.json lacks a list block_out_channels, got {widths!r}; "
            "it is not a UNet2DConditionModel or AutoencoderKL description"
        )
    return tuple(int(width) for width in cast("list[int]", widths))


def build_unet(config: Config) -> UNet2DConditionModel:
    """Build a UNet on the current default device; use ``torch.device("meta")`` for none."""
    return cast(UNet2DConditionModel, UNet2DConditionModel.from_config(_plain(config)))


def build_vae(config: Config) -> AutoencoderKL:
    """Build an autoencoder on the current default device."""
    return cast(AutoencoderKL, AutoencoderKL.from_config(_plain(config)))


def build_text_encoder(spec: TextEncoderSpec, config: Config) -> TextEncoder:
    """Build a text encoder on the current default device."""
    text_config = CLIPTextConfig.from_dict(_plain(config))
    return (
        CLIPTextModelWithProjection(text_config) if spec.projected else CLIPTextModel(text_config)
    )


def freeze(module: ModuleT) -> ModuleT:
    """Switch off gradients and training behaviour such as dropout; returns the module."""
    return module.requires_grad_(False).eval()


def restore_position_ids(module: nn.Module, device: torch.device) -> None:
    """Give text encoders built on the meta device their table 0, 1, 2 …, which no file holds."""
    for child in module.modules():
        table = getattr(child, "position_ids", None)
        if isinstance(table, torch.Tensor) and table.is_meta:
            child.position_ids = torch.arange(table.shape[-1], device=device).expand(1, -1)


def _plain(config: Config) -> dict[str, object]:
    """Return a dict of lists: the libraries write configs as JSON, where tuples are lists."""
    plain = {
        key: list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value
        for key, value in config.items()
        if not key.startswith("_")
    }
    return plain
