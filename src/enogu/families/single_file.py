"""Bases in the original layout: one `.safetensors` file with LDM (SD1, SD2) or sgm (SDXL) keys."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import cast

import torch

from enogu.errors import BaseModelError
from enogu.families import FAMILIES
from enogu.families.architecture import (
    Architecture,
    block_widths,
    build_text_encoder,
    build_unet,
    build_vae,
)
from enogu.families.checkpoint import Checkpoint
from enogu.families.kohya_names import unet_layout
from enogu.families.ldm_names import OPEN_CLIP_FUSED, open_clip_name, unet_ldm_name, vae_ldm_name
from enogu.families.refusals import looks_like_adapter, refuse_keys, refuse_other_format
from enogu.families.safetensors_file import SafetensorsFile
from enogu.families.spec import FamilySpec, Part, TextEncoderSpec
from enogu.families.weights import Refs, TensorRef

UNET_PREFIX = "model.diffusion_model."
VAE_PREFIX = "first_stage_model."
ARCHITECTURE_KEY = "enogu.architecture"
"""Metadata key of a file whose sizes are not the family's: an :class:`Architecture` as JSON."""

MARKERS = ("v_pred", "ztsnr")
"""Keys without weights by which model makers state v-prediction and zero terminal SNR."""

_FAMILY_BY_WIDTH = {768: "sd1", 1024: "sd2", 2048: "sdxl"}


def open_single_file(path: Path) -> Checkpoint:
    """Look at a single-file checkpoint: header only, no tensors.

    Raises:
        BaseModelError: A pickle, a damaged file, an adapter, or an unknown family.
    """
    refuse_other_format(path)
    file = SafetensorsFile.open(path)
    names = file.tensors
    if looks_like_adapter(names) or f"{UNET_PREFIX}input_blocks.0.0.weight" not in names:
        raise refuse_keys(path, names)
    if edm := [name for name in names if name.startswith("edm_")]:
        raise BaseModelError(
            f"{path} uses the EDM noise schedule (key {edm[0]}), like Playground 2.5 and CosXL; "
            "known are epsilon and v-prediction with the schedule of Stable Diffusion",
            hint="Take a base with the usual schedule.",
        )
    spec, reasons = _family_of(path, file)
    architecture = _architecture_of(spec, file)
    refs: dict[Part, tuple[Refs, ...]] = {"unet": (_unet_refs(architecture, file),)}
    if any(name.startswith(VAE_PREFIX) for name in names):
        refs["vae"] = (vae_refs(architecture, file),)
    prefixes = [encoder.single_file_prefix for encoder in spec.text_encoders]
    if all(any(name.startswith(prefix) for name in names) for prefix in prefixes):
        refs["text_encoders"] = tuple(
            _text_refs(encoder, config, file)
            for encoder, config in zip(spec.text_encoders, architecture.text_encoders, strict=True)
        )
    return Checkpoint(
        path=path,
        layout="single_file",
        spec=spec,
        architecture=architecture,
        family_reasons=reasons,
        refs=refs,
        files=(path,),
        metadata=file.metadata,
        markers=frozenset(marker for marker in MARKERS if marker in names),
    )


def _family_of(path: Path, file: SafetensorsFile) -> tuple[FamilySpec, tuple[str, ...]]:
    """Return the family by the keys of the text encoders and the width of the cross-attention."""
    channels = file.tensors[f"{UNET_PREFIX}input_blocks.0.0.weight"].shape[1]
    if channels != 4:
        raise BaseModelError(
            f"{path}: its UNet takes {channels} channels, so it is an inpainting, depth or "
            "editing model; training and drawing need one with 4",
            hint="Take the plain text-to-image version of the model.",
        )
    widths = {
        entry.shape[1]
        for name, entry in file.tensors.items()
        if name.endswith("transformer_blocks.0.attn2.to_k.weight")
    }
    if len(widths) != 1:
        raise refuse_keys(path, file.tensors)
    width = widths.pop()
    for name, spec in FAMILIES.items():
        prefixes = [encoder.single_file_prefix for encoder in spec.text_encoders]
        if all(any(key.startswith(prefix) for key in file.tensors) for prefix in prefixes):
            return spec, (f"its text encoder keys begin with {prefixes[-1]}", f"text width {width}")
        if _FAMILY_BY_WIDTH.get(width) == name:
            return spec, (f"its text width is {width}",)
    raise refuse_keys(path, file.tensors)


def _architecture_of(spec: FamilySpec, file: SafetensorsFile) -> Architecture:
    text = file.metadata.get(ARCHITECTURE_KEY)
    if text is None:
        return Architecture.of_family(spec)
    try:
        values = json.loads(text)
        return Architecture(
            unet=values["unet"],
            vae=values["vae"],
            text_encoders=tuple(values["text_encoders"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BaseModelError(
            f"{file.path}: the metadata {ARCHITECTURE_KEY} cannot be read: {error}"
        ) from error


def architecture_metadata(architecture: Architecture) -> dict[str, str]:
    """Return the metadata by which a single file states sizes of its own."""
    return {ARCHITECTURE_KEY: json.dumps(asdict(architecture))}


def _expected(build: Callable[[], torch.nn.Module]) -> list[str]:
    with torch.device("meta"):
        return list(build().state_dict())


def _reference(file: SafetensorsFile, key: str, *, squeeze: bool = False) -> TensorRef:
    flat = squeeze and key in file.tensors and len(file.tensors[key].shape) == 4
    return TensorRef(file, key, turn="squeeze" if flat else "none")


def unet_keys(architecture: Architecture) -> dict[str, str]:
    """Return the file's key of each UNet parameter."""
    layers, levels = unet_layout(architecture.unet)
    return {
        name: UNET_PREFIX + unet_ldm_name(name, layers_per_block=layers, attention_levels=levels)
        for name in _expected(lambda: build_unet(architecture.unet))
    }


def vae_keys(architecture: Architecture) -> dict[str, str]:
    """Return the file's key of each VAE parameter."""
    levels = len(block_widths(architecture.vae))
    return {
        name: VAE_PREFIX + vae_ldm_name(name, num_levels=levels)
        for name in _expected(lambda: build_vae(architecture.vae))
    }


def _unet_refs(architecture: Architecture, file: SafetensorsFile) -> Refs:
    linear = bool(architecture.unet.get("use_linear_projection"))
    keys = unet_keys(architecture)
    refs = {
        name: _reference(file, key, squeeze=linear and ".proj_" in name)
        for name, key in keys.items()
        if key in file.tensors
    }
    known = set(keys.values())
    # A key too many means another network: left out, it would compute something else.
    extra = [key for key in file.tensors if key.startswith(UNET_PREFIX) and key not in known]
    return {**refs, **{key: TensorRef(file, key) for key in extra}}


def vae_refs(
    architecture: Architecture, file: SafetensorsFile, *, prefix: str = VAE_PREFIX
) -> Refs:
    """Return where the parameters of a VAE in the original layout are read from.

    Args:
        architecture: Says which there are.
        file: A base, or a VAE alone.
        prefix: What its keys begin with.
    """
    keys = {
        name: prefix + key.removeprefix(VAE_PREFIX) for name, key in vae_keys(architecture).items()
    }
    return {
        name: _reference(file, key, squeeze=".attentions." in name)
        for name, key in keys.items()
        if key in file.tensors
    }


def text_key(spec: TextEncoderSpec, name: str, file_keys: Mapping[str, object]) -> str:
    """Return the file's key of a text-encoder parameter; q, k and v of OpenCLIP share one."""
    bare = name.removeprefix("text_model.")
    if spec.single_file_layout == "open_clip":
        return spec.single_file_prefix + open_clip_name(bare)
    full = f"{spec.single_file_prefix}text_model.{bare}"
    # Some SD1 files were saved without the level text_model.
    return full if full in file_keys else spec.single_file_prefix + bare


def _text_refs(spec: TextEncoderSpec, config: Mapping[str, object], file: SafetensorsFile) -> Refs:
    refs: dict[str, TensorRef] = {}
    width = cast(int, config["hidden_size"])
    for name in _expected(lambda: build_text_encoder(spec, config)):
        key = text_key(spec, name, file.tensors)
        if key not in file.tensors:
            continue
        if "attn.in_proj_" in key:
            place = OPEN_CLIP_FUSED[name.split(".")[-2]]
            refs[name] = TensorRef(file, key, rows=(place * width, (place + 1) * width))
        elif name == "text_projection.weight" and spec.single_file_layout == "open_clip":
            refs[name] = TensorRef(file, key, turn="transpose")
        else:
            refs[name] = TensorRef(file, key)
    return refs
