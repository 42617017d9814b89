"""What a family is, as typed data: an architecture with its conventions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Config = Mapping[str, object]
"""Keyword arguments of a library model class, as in its ``config.json``."""

PredictionType = Literal["epsilon", "v_prediction"]
"""What the UNet was trained to output. Same words as :mod:`enogu.diffusion.targets`."""

Part = Literal["unet", "vae", "text_encoders"]
"""What a base consists of; a caller may load only some of it."""

ALL_PARTS: tuple[Part, ...] = ("unet", "vae", "text_encoders")


@dataclass(frozen=True, kw_only=True, slots=True)
class TextEncoderSpec:
    """One text encoder of a family."""

    folder: str
    """Subfolder of a diffusers base that holds its weights."""
    tokenizer_folder: str
    """Subfolder of a diffusers base that holds its tokenizer."""
    config: Config
    """Arguments of ``CLIPTextConfig`` at real size."""
    projected: bool = False
    """Has a projection, so it gives a pooled vector (``CLIPTextModelWithProjection``)."""
    padding: Literal["eos", "zero"] = "eos"
    """How a chunk is filled up to 75 tokens: CLIP-L repeats the end token, OpenCLIP uses id 0."""
    default_skip: int = 1
    """Hidden state taken when no clip skip is asked for, counted from the last (1)."""
    final_norm: bool = True
    """Whether the final layer norm is applied to the hidden state that is taken."""
    kohya_prefix: str = "lora_te"
    """Start of the names of its modules in adapter files."""
    single_file_prefix: str = "cond_stage_model.transformer."
    """Start of its keys in a single-file checkpoint."""
    single_file_layout: Literal["clip", "open_clip"] = "clip"
    """Whose key names a single-file checkpoint uses for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FamilySpec:
    """An architecture with its conventions."""

    name: str
    """Short name: ``sd1``, ``sd2``, ``sdxl``."""
    title: str
    """Name for people."""
    native_resolution: int
    """Side in pixels of the square pictures the family was trained on."""
    bucket_step: int
    """Width and height of a training picture must be multiples of this, in pixels."""
    scaling_factor: float
    """``latents = raw_latents * scaling_factor``."""
    default_prediction: PredictionType
    """Taken when a base gives no sign of its own."""
    kohya_base_version: str
    """Value of ``ss_base_model_version`` for epsilon prediction."""
    modelspec_architecture: str
    """Value of ``modelspec.architecture`` of a base of this family (epsilon prediction)."""
    unet: Config
    """Arguments of ``UNet2DConditionModel`` at real size."""
    vae: Config
    """Arguments of ``AutoencoderKL`` at real size."""
    text_encoders: tuple[TextEncoderSpec, ...]
    """One encoder, or two whose hidden states are joined along the last axis."""
    size_conditioning: bool = False
    """The UNet is told original size, crop and target size, and a pooled text vector (SDXL)."""
    kohya_unet_names: Literal["diffusers", "sgm"] = "diffusers"
    """Which module names adapter files use for the UNet."""
    v_prediction_resolution: int | None = None
    """Native side in pixels of the family's v-prediction models, where it differs."""
    v_prediction_architecture: str | None = None
    """``modelspec.architecture`` of the family's v-prediction models, where it differs."""
    v_prediction_suffix: str = "_v"
    """Appended to ``kohya_base_version`` for v-prediction."""

    @property
    def cross_attention_dim(self) -> int:
        """Width of the text features at real size."""
        width = self.unet["cross_attention_dim"]
        assert isinstance(width, int)
        return width

    def resolution_for(self, prediction: PredictionType) -> int:
        """Return the native side in pixels of a base with this prediction type."""
        if prediction == "v_prediction" and self.v_prediction_resolution is not None:
            return self.v_prediction_resolution
        return self.native_resolution

    def kohya_version_for(self, prediction: PredictionType) -> str:
        """Return ``ss_base_model_version`` as sd-scripts writes it, e.g. ``sd_v2_v``."""
        suffix = self.v_prediction_suffix if prediction == "v_prediction" else ""
        return self.kohya_base_version + suffix

    def modelspec_architecture_for(self, prediction: PredictionType) -> str:
        """Return ``modelspec.architecture`` of a base; adapters append ``/lora``."""
        if prediction == "v_prediction" and self.v_prediction_architecture is not None:
            return self.v_prediction_architecture
        return self.modelspec_architecture
