"""Bases in diffusers' layout: a folder with one subfolder per part."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from enogu.errors import BaseModelError
from enogu.families import FAMILIES
from enogu.families.architecture import Architecture
from enogu.families.checkpoint import Checkpoint
from enogu.families.refusals import PICKLE_SUFFIXES, refuse_pickle
from enogu.families.safetensors_file import SafetensorsFile
from enogu.families.spec import Config, FamilySpec, Part, TextEncoderSpec
from enogu.families.weights import Refs, TensorRef, refs_of

VAE_STEM = "diffusion_pytorch_model"
_STEMS: dict[Part, str] = {
    "unet": "diffusion_pytorch_model",
    "vae": VAE_STEM,
    "text_encoders": "model",
}

_VARIANTS = ("", ".fp32", ".bf16", ".fp16")
"""Tried in this order; the first that is there is read."""

_OLD_VAE_ATTENTION = {
    "query": "to_q",
    "key": "to_k",
    "value": "to_v",
    "proj_attn": "to_out.0",
}
"""Names in VAE folders written before diffusers 0.14."""

_NOT_PARAMETERS = ("position_ids", "logit_scale")
"""Ends of keys that old text encoder files carry and no module has."""


def open_folder(path: Path) -> Checkpoint:
    """Look at a diffusers folder: configs and headers, no tensors.

    Raises:
        BaseModelError: Not a diffusers folder, of an unknown family, or with pickle weights.
    """
    if not (path / "unet" / "config.json").is_file():
        raise _not_a_base(path)
    unet_config = read_json(path / "unet" / "config.json")
    spec, reasons = _family_of(path, unet_config)
    refs: dict[Part, tuple[Refs, ...]] = {}
    files: list[Path] = [path / "unet" / "config.json"]
    refs["unet"] = (read_refs(path / "unet", _STEMS["unet"], files),)
    vae_config: Config = spec.vae
    if (path / "vae" / "config.json").is_file():
        vae_config = read_json(path / "vae" / "config.json")
        files.append(path / "vae" / "config.json")
        refs["vae"] = (current_vae_refs(read_refs(path / "vae", _STEMS["vae"], files)),)
    text_configs = tuple(encoder.config for encoder in spec.text_encoders)
    folders = [path / encoder.folder for encoder in spec.text_encoders]
    if all((folder / "config.json").is_file() for folder in folders):
        text_configs = tuple(read_json(folder / "config.json") for folder in folders)
        files.extend(folder / "config.json" for folder in folders)
        refs["text_encoders"] = tuple(
            _text_refs(encoder, read_refs(folder, _STEMS["text_encoders"], files))
            for encoder, folder in zip(spec.text_encoders, folders, strict=True)
        )
    scheduler_path = path / "scheduler" / "scheduler_config.json"
    scheduler = read_json(scheduler_path) if scheduler_path.is_file() else None
    if scheduler is not None:
        files.append(scheduler_path)
    return Checkpoint(
        path=path,
        layout="diffusers",
        spec=spec,
        architecture=Architecture(unet=unet_config, vae=vae_config, text_encoders=text_configs),
        family_reasons=reasons,
        refs=refs,
        files=tuple(sorted(files)),
        metadata={},
        scheduler=scheduler,
    )


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON object from a file of a base.

    Raises:
        BaseModelError: The file is not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BaseModelError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise BaseModelError(f"{path} must hold a JSON object, got {type(value).__name__}")
    return cast("dict[str, object]", value)


def _family_of(path: Path, unet: Config) -> tuple[FamilySpec, tuple[str, ...]]:
    """Return the family by the UNet's description, with the reasons.

    Raises:
        BaseModelError: A variant with another input or conditioning.
    """
    channels, given_back = unet.get("in_channels", 4), unet.get("out_channels", 4)
    if channels != given_back:
        raise BaseModelError(
            f"{path}: its UNet takes {channels} channels and gives {given_back}, so it is an "
            "inpainting, depth or editing model; training and drawing need one that takes latents "
            "alone",
            hint="Take the plain text-to-image version of the model.",
        )
    width = unet.get("cross_attention_dim")
    if unet.get("addition_embed_type") == "text_time":
        if not (path / "text_encoder_2").is_dir() or width == 1280:
            raise BaseModelError(
                f"{path}: SDXL conditioning with text width {width} and "
                f"{'no' if not (path / 'text_encoder_2').is_dir() else 'a'} text_encoder_2: "
                "this is the SDXL refiner or incomplete",
                hint="Take the SDXL base model, with text_encoder and text_encoder_2.",
            )
        name, sign = "sdxl", "its UNet has size and pooled-text conditioning"
    elif unet.get("use_linear_projection"):
        name, sign = "sd2", "its UNet has linear attention projections"
    else:
        name, sign = "sd1", "its UNet has convolutional attention projections"
    spec = FAMILIES[name]
    size = "the family's" if width == spec.cross_attention_dim else "a size of its own"
    return spec, (sign, f"its text width is {width} ({size})")


def read_refs(folder: Path, stem: str, files: list[Path]) -> Refs:
    """Return references to the weights of one part and note the files they are in.

    Args:
        folder: That of the part.
        stem: How its files are called.
        files: The files are added here.

    Raises:
        BaseModelError: No readable weights.
    """
    for variant in _VARIANTS:
        index = folder / f"{stem}.safetensors.index{variant}.json"
        single = folder / f"{stem}{variant}.safetensors"
        if single.is_file():
            files.append(single)
            return refs_of(SafetensorsFile.open(single))
        if index.is_file():
            return _sharded_refs(folder, index, files)
    pickles = sorted(entry for entry in folder.iterdir() if entry.suffix in PICKLE_SUFFIXES)
    if pickles:
        raise refuse_pickle(pickles[0])
    raise BaseModelError(
        f"{folder} has no weights: {stem}.safetensors is expected there",
        hint="The download did not finish, or only part of it was copied. Fetch the folder again.",
    )


def _sharded_refs(folder: Path, index: Path, files: list[Path]) -> Refs:
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict):
        raise BaseModelError(f"{index} lacks an object weight_map")
    shard_names = sorted({str(name) for name in cast("dict[str, object]", weight_map).values()})
    refs: dict[str, TensorRef] = {}
    for name in shard_names:
        shard = folder / Path(name).name
        if not shard.is_file():
            raise BaseModelError(
                f"{shard} is missing; {index.name} lists {len(shard_names)} weight files",
                hint="The download did not finish. Fetch the folder again.",
            )
        files.append(shard)
        refs.update(refs_of(SafetensorsFile.open(shard)))
    return refs


def current_vae_refs(refs: Refs) -> Refs:
    """Return VAE references under today's names and shapes of the attention layers."""
    renamed: dict[str, TensorRef] = {}
    for name, ref in refs.items():
        if ".attentions." in name:
            stem, _, leaf = name.rpartition(".")
            head, _, layer = stem.rpartition(".")
            if layer in _OLD_VAE_ATTENTION:
                name = f"{head}.{_OLD_VAE_ATTENTION[layer]}.{leaf}"
            if len(ref.shape) == 4:
                ref = TensorRef(ref.file, ref.name, turn="squeeze")
        renamed[name] = ref
    return renamed


def _text_refs(spec: TextEncoderSpec, refs: Refs) -> Refs:
    """Return text encoder references under the names of the installed transformers.

    Files carry ``text_model.`` before every name; since transformers 5.6 only the class with a
    projection still does.
    """
    renamed: dict[str, TensorRef] = {}
    for name, ref in refs.items():
        if name.endswith(_NOT_PARAMETERS):
            continue
        bare = name.removeprefix("text_model.")
        if bare == "text_projection.weight":
            if spec.projected:
                renamed[bare] = ref
            continue
        renamed[f"text_model.{bare}" if spec.projected else bare] = ref
    return renamed


def _not_a_base(path: Path) -> BaseModelError:
    """Return the error for a folder without a UNet description."""
    inside = sorted(entry.name for entry in path.iterdir())
    singles = [name for name in inside if name.endswith(".safetensors")]
    pickles = [name for name in inside if Path(name).suffix in PICKLE_SUFFIXES]
    if not inside:
        return BaseModelError(
            f"{path} is an empty folder", hint="Give the folder or the file that holds the base."
        )
    if singles:
        return BaseModelError(
            f"{path} is not a diffusers folder (no unet/config.json)",
            hint=f"Did you mean the file in it? --base {path / singles[0]}",
        )
    if pickles:
        return refuse_pickle(path / pickles[0])
    if "model_index.json" in inside:
        listed = _model_index_class(read_json(path / "model_index.json"))
        return BaseModelError(
            f"{path} is a diffusers folder of {listed} without a UNet; known are Stable "
            "Diffusion 1.x, 2.x and XL",
            hint="Give a base of one of these families.",
        )
    return BaseModelError(
        f"{path} is not a diffusers folder (no unet/config.json); it holds {', '.join(inside[:5])}",
        hint="Give the folder that holds model_index.json, unet, vae and text_encoder, or a "
        ".safetensors file.",
    )


def _model_index_class(index: Mapping[str, object]) -> str:
    return str(index.get("_class_name", "an unknown pipeline"))
