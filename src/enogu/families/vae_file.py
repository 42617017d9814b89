"""A VAE on its own, in place of the one that a base brings."""

from collections.abc import Mapping
from pathlib import Path

import torch

from enogu.errors import BaseModelError
from enogu.families.architecture import Architecture, build_vae
from enogu.families.folder import VAE_STEM, current_vae_refs, read_refs
from enogu.families.refusals import PICKLE_SUFFIXES, refuse_missing, refuse_pickle
from enogu.families.safetensors_file import SafetensorsFile, TensorEntry
from enogu.families.single_file import VAE_PREFIX, vae_refs
from enogu.families.weights import Refs, check_refs, refs_of

_DIFFUSERS_SIGN, _ORIGINAL_SIGN = "encoder.down_blocks.0.", "encoder.down.0."


def open_vae(path: Path, architecture: Architecture) -> Refs:
    """Return where the parameters of a VAE are read from.

    Args:
        path: A `.safetensors` file in the original layout or that of diffusers, or a folder of
            diffusers.
        architecture: That of the base it is for.

    Raises:
        BaseModelError: It is missing, no VAE, or of a form that is not read.
    """
    if path.is_dir():
        inside = path / "vae" if (path / "vae").is_dir() else path
        return current_vae_refs(read_refs(inside, VAE_STEM, []))
    if not path.is_file():
        raise refuse_missing(path)
    if path.suffix.lower() in PICKLE_SUFFIXES:
        raise refuse_pickle(path)
    file = SafetensorsFile.open(path)
    if _has(file.tensors, _DIFFUSERS_SIGN):
        return current_vae_refs(refs_of(file))
    prefix = VAE_PREFIX if _has(file.tensors, VAE_PREFIX + _ORIGINAL_SIGN) else ""
    if not _has(file.tensors, prefix + _ORIGINAL_SIGN):
        first = ", ".join(list(file.tensors)[:3])
        raise BaseModelError(
            f"{path} is no VAE: it has {len(file.tensors)} tensors, such as {first}",
            hint="model.vae takes a VAE as .safetensors, or a folder of diffusers. Empty: the VAE "
            "of the base.",
        )
    return vae_refs(architecture, file, prefix=prefix)


def check_vae(path: Path, architecture: Architecture) -> None:
    """Refuse a VAE that does not fit a base, from its header alone.

    Args:
        path: As in :func:`open_vae`.
        architecture: That of the base.

    Raises:
        BaseModelError: It is missing, no VAE, incomplete, or of other sizes.
    """
    with torch.device("meta"):
        vae = build_vae(architecture.vae)
    expected = {name: tuple(value.shape) for name, value in vae.state_dict().items()}
    check_refs(expected, open_vae(path, architecture), f"the VAE {path}")


def _has(tensors: Mapping[str, TensorEntry], start: str) -> bool:
    return any(name.startswith(start) for name in tensors)
