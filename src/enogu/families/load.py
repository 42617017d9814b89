"""Loading a base: headers first, then the wanted parts, tensor by tensor. Never a network call."""

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Literal

import torch

from enogu.config import ModelConfig
from enogu.families.architecture import build_text_encoder, build_unet, build_vae, freeze
from enogu.families.base import Base, vae_dtype_for
from enogu.families.detect import BaseInfo, inspect_base
from enogu.families.refusals import refuse_missing
from enogu.families.spec import ALL_PARTS, Part
from enogu.families.tokenizers import find_tokenizers
from enogu.families.vae_file import open_vae
from enogu.families.weights import fill_module
from enogu.files import sha256_file

_LEGACY_OFFSET = 0x100000
_LEGACY_BYTES = 0x10000


def load_base(
    reference: str | Path,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
    prediction: Literal["auto", "epsilon", "v_prediction"] = "auto",
    zero_terminal_snr: Literal["auto", "on", "off"] = "auto",
    vae: str | Path = "",
    tokenizer: str | Path | None = None,
    allow_hub: bool = False,
    parts: Collection[Part] = ALL_PARTS,
) -> Base:
    """Load a base, or some of its parts.

    Args:
        reference: ``mini``, ``mini-v``, a diffusers folder, or a `.safetensors` file.
        dtype: Compute type of UNet and text encoders.
        device: Where the parts are put.
        prediction: As in :func:`~enogu.families.detect.inspect_base`.
        zero_terminal_snr: Likewise.
        vae: A VAE in place of the base's; empty for that of the base.
        tokenizer: A folder with tokenizer files, for a base that brings none.
        allow_hub: Whether a missing tokenizer may be fetched from the hub.
        parts: What to load; tokenizers come with the text encoders.

    Returns:
        A frozen base.

    Raises:
        BaseModelError: The base is missing, damaged, unknown, lacks a wanted part, contradicts a
            setting, or no tokenizer was found.
    """
    info = inspect_base(reference, prediction=prediction, zero_terminal_snr=zero_terminal_snr)
    device = torch.device(device)
    base = Base(
        spec=info.spec,
        path=info.checkpoint.path,
        title=info.title,
        prediction=info.prediction,
        schedule=info.schedule,
        zero_terminal_snr=info.zero_terminal_snr,
        native_resolution=info.native_resolution,
        downscale=info.downscale,
        bucket_step=info.bucket_step,
        scaling_factor=info.scaling_factor,
        dtype=dtype,
        device=device,
        tokenizers=[],
        hash_content=lambda: content_hash(info),
        hash_legacy=lambda: legacy_hash(info),
    )
    if "text_encoders" in parts:
        base.tokenizers = find_tokenizers(info, tokenizer, allow_hub=allow_hub)
        _load_text_encoders(base, info)
    if "vae" in parts:
        _load_vae(base, info, Path(vae).expanduser() if vae else None)
    if "unet" in parts:
        _load_unet(base, info)
    return base


def load_configured_base(
    reference: str | Path,
    settings: ModelConfig,
    *,
    dtype: torch.dtype,
    device: torch.device,
    parts: Collection[Part] = ALL_PARTS,
) -> Base:
    """Load a base as :func:`load_base` does, with what the section ``model`` says."""
    return load_base(
        reference,
        dtype=dtype,
        device=device,
        prediction=settings.prediction,
        zero_terminal_snr=settings.zero_terminal_snr,
        vae=settings.vae,
        tokenizer=settings.tokenizer,
        allow_hub=settings.allow_hub,
        parts=parts,
    )


def content_hash(info: BaseInfo) -> str:
    """Return the SHA-256 that names a base: of its one file, or over all files of its folder."""
    checkpoint = info.checkpoint
    if checkpoint.layout == "single_file":
        return sha256_file(checkpoint.path)
    return _hash_of_files(checkpoint.path, checkpoint.files)


def content_of(path: Path) -> str:
    """Return the SHA-256 that names a part in a file or folder of its own.

    Raises:
        BaseModelError: Nothing is there.
    """
    if path.is_file():
        return sha256_file(path)
    if not path.is_dir():
        raise refuse_missing(path)
    return _hash_of_files(path, sorted(path.rglob("*.safetensors")))


def _hash_of_files(folder: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(folder).as_posix()
        digest.update(f"{name} {sha256_file(file)}\n".encode())
    return digest.hexdigest()


def legacy_hash(info: BaseInfo) -> str:
    """Return A1111's old hash of a single file: 8 digits over 64 KiB at 1 MiB; else empty."""
    if info.checkpoint.layout != "single_file":
        return ""
    with info.checkpoint.path.open("rb") as handle:
        handle.seek(_LEGACY_OFFSET)
        return hashlib.sha256(handle.read(_LEGACY_BYTES)).hexdigest()[:8]


def _load_unet(base: Base, info: BaseInfo) -> None:
    (refs,) = info.checkpoint.refs_for("unet")
    with torch.device("meta"):
        unet = build_unet(info.architecture.unet)
    fill_module(unet, refs, dtype=base.dtype, device=base.device, what=f"the UNet of {base.path}")
    base.loaded_unet = freeze(unet)


def _load_vae(base: Base, info: BaseInfo, path: Path | None) -> None:
    if path is None:
        (refs,) = info.checkpoint.refs_for("vae")
        what = f"the VAE of {base.path}"
    else:
        refs, what = open_vae(path, info.architecture), f"the VAE {path}"
    with torch.device("meta"):
        vae = build_vae(info.architecture.vae)
    dtype = vae_dtype_for(base.dtype)
    fill_module(vae, refs, dtype=dtype, device=base.device, what=what)
    base.loaded_vae = freeze(vae)


def _load_text_encoders(base: Base, info: BaseInfo) -> None:
    all_refs = info.checkpoint.refs_for("text_encoders")
    for spec, config, refs in zip(
        info.spec.text_encoders, info.architecture.text_encoders, all_refs, strict=True
    ):
        with torch.device("meta"):
            encoder = build_text_encoder(spec, config)
        what = f"the text encoder {spec.folder} of {base.path}"
        fill_module(encoder, refs, dtype=base.dtype, device=base.device, what=what)
        base.loaded_text_encoders.append(freeze(encoder))
