"""The same adapter under the names of another program."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from torch import Tensor

from enogu.adapters.file import SaveDtype, read_adapter_header, save_adapter
from enogu.adapters.load import read_layers
from enogu.adapters.targets import Target, find_targets
from enogu.adapters.tools.result import ToolResult, carried, check_output
from enogu.errors import AdapterError
from enogu.families.base import Base
from enogu.families.safetensors_file import TensorEntry

_PEFT_SUFFIXES = {"lora_down.weight": "lora_A.weight", "lora_up.weight": "lora_B.weight"}


def convert_adapter(
    path: Path, out: Path, naming: str, *, base: Base, dtype: SaveDtype | None = None
) -> ToolResult:
    """Write an adapter under other names; no number is changed.

    Args:
        path: An adapter of any naming.
        out: The new file.
        naming: A name in `NAMINGS`.
        base: The base it is for, which knows its layers by all names. Weights are not needed.
        dtype: Number format of the new file; None for that of the old one.

    Raises:
        AdapterError: The file does not fit the base, the naming is unknown, or it has no names
            for this kind of adapter.
    """
    check_output(out, (path.resolve(),))
    if naming not in NAMINGS:
        raise AdapterError(
            f"there is no naming {naming!r} to convert to; known: {', '.join(NAMINGS)}"
        )
    header = read_adapter_header(path)
    numbers = read_layers(header)
    targets = {name: t for t in find_targets(base) for name in (*t.aliases, t.name)}
    absent = [name for name in numbers if name not in targets]
    if absent:
        raise AdapterError(
            f"{path} has {len(absent)} layers that are not in {base.title}, first {absent[0]}",
            hint="Name the base it was made for: --base BASE",
        )
    tensors: dict[str, Tensor] = {}
    alphas: dict[str, float] = {}
    for name, layer in numbers.items():
        target = targets[name]
        for suffix, tensor in layer.tensors.items():
            if naming == "diffusers":
                if suffix not in _PEFT_SUFFIXES:
                    raise AdapterError(
                        f"{path}: diffusers has no names for {suffix} of {name}",
                        hint="Make it plain LoRA first: enogu adapter resize",
                    )
                tensors[f"{NAMINGS[naming](target)}.{_PEFT_SUFFIXES[suffix]}"] = tensor
            else:
                tensors[f"{NAMINGS[naming](target)}.{suffix}"] = tensor
        if layer.alpha is None:
            continue
        if naming == "diffusers":
            alphas[target.path] = layer.alpha
        else:
            tensors[f"{NAMINGS[naming](target)}.alpha"] = torch.tensor(layer.alpha)
    changes: dict[str, str] = {}
    if naming == "diffusers":
        changes["lora_adapter_metadata"] = _peft_metadata(alphas, tensors)
    metadata = carried(header.metadata, f"names of {naming}", changes)
    if naming != "diffusers":
        metadata.pop("lora_adapter_metadata", None)
    saved = save_adapter(tensors, out, metadata, dtype or _dtype_of(header.file.tensors.values()))
    return ToolResult(saved=saved, layers=len(numbers), ranks={}, kept=1.0)


def _lycoris(target: Target) -> str:
    """Return the name that LyCORIS gives when used alone: the path without dots."""
    root, _, inner = target.path.partition(".")
    flat = inner.replace(".", "_")
    return f"lycoris_{flat}" if root == "unet" else f"lycoris_{root}_{flat}"


NAMINGS: dict[str, Callable[[Target], str]] = {
    "kohya": lambda target: target.name,
    "diffusers": lambda target: target.path,
    "lycoris": _lycoris,
}
"""Naming to what a layer is called in it."""


def _peft_metadata(alphas: dict[str, float], tensors: dict[str, Tensor]) -> str:
    """Return ranks and alphas as diffusers keeps them, by component and layer."""
    entries: dict[str, object] = {}
    for component in sorted({path.split(".")[0] for path in alphas}):
        own = {
            path.removeprefix(f"{component}."): alpha
            for path, alpha in alphas.items()
            if path.startswith(f"{component}.")
        }
        ranks = {
            layer: tensors[f"{component}.{layer}.lora_A.weight"].shape[0]
            for layer in own
            if f"{component}.{layer}.lora_A.weight" in tensors
        }
        entries[f"{component}.r"] = max(ranks.values(), default=1)
        entries[f"{component}.lora_alpha"] = max(own.values())
        entries[f"{component}.rank_pattern"] = ranks
        entries[f"{component}.alpha_pattern"] = own
    return json.dumps(entries)


def _dtype_of(entries: Iterable[TensorEntry]) -> SaveDtype:
    """Return the widest number format among the tensors that a file may keep."""
    found = {entry.dtype for entry in entries}
    if "F32" in found:
        return "fp32"
    return "bf16" if "BF16" in found else "fp16"
