"""Writing a base as one file in the original key layout, the way back of ``single_file``.

Fused and turned tensors are made when their turn comes, so a file of any size needs little memory.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from enogu.families.architecture import Architecture
from enogu.families.base import Base
from enogu.families.ldm_names import OPEN_CLIP_FUSED
from enogu.families.safetensors_file import TensorToWrite, write_safetensors
from enogu.families.single_file import architecture_metadata, text_key, unet_keys, vae_keys
from enogu.families.spec import FamilySpec, TextEncoderSpec

Shapes = Mapping[str, Mapping[str, tuple[int, ...]]]
"""Module folder (``unet``, ``vae``, ``text_encoder`` …) -> parameter -> shape."""


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of the file and the parameters it is made of."""

    key: str
    shape: tuple[int, ...]
    module: str
    """Folder name of the module the parameters belong to."""
    names: tuple[str, ...]
    """One parameter, or q, k and v of OpenCLIP in this order."""
    turn: Literal["none", "unsqueeze", "transpose"] = "none"

    def make(self, read: Callable[[str, str], Tensor]) -> Tensor:
        """Return the tensor of the file; `read` gives a parameter by module and name."""
        tensor = torch.cat([read(self.module, name) for name in self.names])
        return tensor.T if self.turn == "transpose" else tensor.reshape(self.shape)


def stored_tensors(
    spec: FamilySpec, architecture: Architecture, shapes: Shapes
) -> Iterator[StoredTensor]:
    """Yield what a single-file checkpoint of this architecture holds, in the order of writing."""
    for name, key in unet_keys(architecture).items():
        yield StoredTensor(key, shapes["unet"][name], "unet", (name,))
    for name, key in vae_keys(architecture).items():
        shape = shapes["vae"][name]
        # the original has 1x1 convolutions where the library has linear layers
        flat = ".attentions." in name and len(shape) == 2
        turn: Literal["none", "unsqueeze"] = "unsqueeze" if flat else "none"
        yield StoredTensor(key, (*shape, 1, 1) if flat else shape, "vae", (name,), turn)
    for encoder in spec.text_encoders:
        yield from _stored_text(encoder, shapes[encoder.folder])


def write_single_file(
    spec: FamilySpec,
    architecture: Architecture,
    shapes: Shapes,
    read: Callable[[str, str], Tensor],
    path: Path,
    *,
    dtype: torch.dtype,
    metadata: Mapping[str, str],
    markers: tuple[str, ...] = (),
) -> None:
    """Write a checkpoint in the original layout.

    Args:
        spec: The family.
        architecture: Sizes; those that are not the family's are stated in the metadata.
        shapes: Shapes of all parameters.
        read: Gives a parameter by module folder and name.
        path: The file.
        dtype: Type of all tensors.
        metadata: Further metadata.
        markers: Keys written as empty tensors, e.g. ``v_pred``.

    Raises:
        StorageError: No room or not allowed to write.
    """
    stored = {item.key: item for item in stored_tensors(spec, architecture, shapes)}
    entries = [TensorToWrite(key, item.shape, dtype) for key, item in stored.items()]
    entries += [TensorToWrite(marker, (0,), dtype) for marker in markers]
    own_sizes = architecture != Architecture.of_family(spec)
    write_safetensors(
        path,
        entries,
        lambda key: stored[key].make(read) if key in stored else torch.empty(0),
        {**(architecture_metadata(architecture) if own_sizes else {}), **metadata},
    )


def save_single_file(
    base: Base,
    path: Path,
    dtype: torch.dtype = torch.float32,
    *,
    metadata: Mapping[str, str] | None = None,
    markers: tuple[str, ...] = (),
) -> None:
    """Write a base as one file in the original (LDM/sgm) key layout.

    Args:
        base: A base with all parts, without adapters.
        path: The file to write.
        dtype: Type of the tensors in the file.
        metadata: Further metadata, e.g. ``modelspec.prediction_type``.
        markers: Empty keys, e.g. ``v_pred`` and ``ztsnr``.

    Raises:
        StorageError: No room or not allowed to write.
    """
    states = {folder: module.state_dict() for folder, module in base.modules().items()}
    write_single_file(
        base.spec,
        architecture_of(base),
        {
            folder: {name: tuple(value.shape) for name, value in state.items()}
            for folder, state in states.items()
        },
        lambda folder, name: states[folder][name],
        path,
        dtype=dtype,
        metadata=metadata or {},
        markers=markers,
    )


def architecture_of(base: Base) -> Architecture:
    """Return the sizes of a loaded base with all parts."""
    return Architecture(
        unet=_public(base.unet.config),
        vae=_public(base.vae.config),
        text_encoders=tuple(_public(encoder.config.to_dict()) for encoder in base.text_encoders),
    )


def _stored_text(
    spec: TextEncoderSpec, shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[StoredTensor]:
    every_key = {f"{spec.single_file_prefix}text_model.{name}": None for name in shapes}
    groups: dict[str, list[str]] = {}
    for name in shapes:
        groups.setdefault(text_key(spec, name, every_key), []).append(name)
    for key, names in groups.items():
        if len(names) > 1:
            names.sort(key=lambda name: OPEN_CLIP_FUSED[name.split(".")[-2]])
        first = shapes[names[0]]
        if key.endswith(".text_projection"):
            yield StoredTensor(key, first[::-1], spec.folder, tuple(names), "transpose")
        else:
            shape = (first[0] * len(names), *first[1:])
            yield StoredTensor(key, shape, spec.folder, tuple(names))


def _public(config: Mapping[str, object]) -> dict[str, object]:
    """Return the part of a library's config that plain JSON can hold."""
    return {
        key: value
        for key, value in config.items()
        if not key.startswith("_") and isinstance(value, bool | int | float | str | list | tuple)
    }
