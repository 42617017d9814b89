"""A loaded base: the modules of one checkpoint and what is known about it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from enogu.diffusion.noise_schedule import NoiseSchedule
from enogu.errors import BaseModelError
from enogu.families.spec import FamilySpec, Part, PredictionType

TextEncoder = CLIPTextModel | CLIPTextModelWithProjection


@dataclass(kw_only=True, eq=False)
class Base:
    """One checkpoint of a family, ready to run.

    The parts are frozen (no parameter requires a gradient) and in evaluation mode. A part that
    was not loaded, or was dropped to free memory, raises :class:`BaseModelError` when used.
    """

    spec: FamilySpec
    path: Path | None
    """File or folder it came from; None for a model built in memory."""
    title: str
    """Name for people: the file's stem or the folder's name."""
    prediction: PredictionType
    schedule: NoiseSchedule
    """The noise schedule it was trained with; rescaled if `zero_terminal_snr`."""
    zero_terminal_snr: bool
    native_resolution: int
    """Side in pixels of the square pictures it was trained on."""
    downscale: int
    """Pixels per latent along a side; 8 for the public families."""
    bucket_step: int
    """Width and height in pixels must be multiples of this."""
    scaling_factor: float
    """``latents = raw_latents * scaling_factor``."""
    dtype: torch.dtype
    """Compute type of UNet and text encoders. The VAE has `vae_dtype`."""
    device: torch.device
    tokenizers: list[CLIPTokenizer]
    """One per text encoder; empty when the text encoders were not loaded."""
    hash_content: Callable[[], str]
    """Computes `content_hash` when it is first asked for."""
    hash_legacy: Callable[[], str]
    """Computes `legacy_hash` when it is first asked for."""
    loaded_unet: UNet2DConditionModel | None = None
    loaded_vae: AutoencoderKL | None = None
    loaded_text_encoders: list[TextEncoder] = field(default_factory=list[TextEncoder])

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 that names the weights: of the single file, or over the folder's files."""
        return self.hash_content()

    @cached_property
    def legacy_hash(self) -> str:
        """A1111's old hash, 8 hexadecimal digits; empty unless the base is one file."""
        return self.hash_legacy()

    @property
    def unet(self) -> UNet2DConditionModel:
        """The noise predictor."""
        if self.loaded_unet is None:
            raise self._absent("unet")
        return self.loaded_unet

    @property
    def vae(self) -> AutoencoderKL:
        """The autoencoder between pixels and latents."""
        if self.loaded_vae is None:
            raise self._absent("vae")
        return self.loaded_vae

    @property
    def text_encoders(self) -> list[TextEncoder]:
        """The text encoders, in the order of ``spec.text_encoders``."""
        if not self.loaded_text_encoders:
            raise self._absent("text_encoders")
        return self.loaded_text_encoders

    @property
    def vae_dtype(self) -> torch.dtype:
        """Compute type of the VAE: float32 where `dtype` is float16, in which it overflows."""
        return vae_dtype_for(self.dtype)

    def has(self, part: Part) -> bool:
        """Return whether `part` is loaded."""
        return bool(
            {
                "unet": self.loaded_unet,
                "vae": self.loaded_vae,
                "text_encoders": self.loaded_text_encoders,
            }[part]
        )

    def drop(self, part: Part) -> None:
        """Forget `part` so that its memory can be used for something else."""
        if part == "unet":
            self.loaded_unet = None
        elif part == "vae":
            self.loaded_vae = None
        else:
            self.loaded_text_encoders = []

    def borrow(self, other: "Base", parts: Collection[Part]) -> None:
        """Take over `parts` of another load of the same base, with its tokenizers."""
        for part in parts:
            if part == "unet":
                self.loaded_unet = other.loaded_unet
            elif part == "vae":
                self.loaded_vae = other.loaded_vae
            else:
                self.loaded_text_encoders = other.loaded_text_encoders
                self.tokenizers = other.tokenizers

    def modules(self) -> dict[str, nn.Module]:
        """Return the loaded modules by folder name: ``unet``, ``vae``, ``text_encoder`` …."""
        named: dict[str, nn.Module] = {}
        if self.loaded_unet is not None:
            named["unet"] = self.loaded_unet
        if self.loaded_vae is not None:
            named["vae"] = self.loaded_vae
        for encoder_spec, encoder in zip(
            self.spec.text_encoders, self.loaded_text_encoders, strict=False
        ):
            named[encoder_spec.folder] = encoder
        return named

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> Self:
        """Move the parts to `device` and change their type; returns self.

        The VAE follows `vae_dtype`, so it stays in float32 when `dtype` is float16.
        """
        self.device = torch.device(device) if device is not None else self.device
        self.dtype = dtype if dtype is not None else self.dtype
        for name, module in self.modules().items():
            module.to(self.device, self.vae_dtype if name == "vae" else self.dtype)
        return self

    def _absent(self, part: Part) -> BaseModelError:
        return BaseModelError(
            f"the {part} of {self.title} is needed here and is not loaded",
            hint=f"Load the base with parts including {part!r}, or do not drop it before.",
        )


def vae_dtype_for(dtype: torch.dtype) -> torch.dtype:
    """Return the type the VAE runs in when the base runs in `dtype`.

    SDXL's VAE gives NaN in float16, and float16 VAEs are a common cause of black pictures in the
    other families, so float16 becomes float32; bfloat16 and float32 stay.
    """
    return torch.float32 if dtype == torch.float16 else dtype


def text_body(encoder: TextEncoder) -> CLIPTextModel:
    """Return embeddings, layers and final norm of a text encoder, without its projection."""
    body = encoder.text_model if isinstance(encoder, CLIPTextModelWithProjection) else encoder
    assert isinstance(body, CLIPTextModel)
    return body
