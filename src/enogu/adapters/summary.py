"""What is in an adapter file of any maker, read from its header."""

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from enogu.adapters.file import (
    AdapterHeader,
    file_legacy_hash,
    file_model_hash,
    read_adapter_header,
    read_factors,
)
from enogu.adapters.keys import LayerTensors, some_names
from enogu.errors import AdapterError
from enogu.files import sha256_file


@dataclass(frozen=True, kw_only=True)
class AdapterHashes:
    """By what names galleries and programs know the file."""

    file: str
    """SHA-256 of the whole file; AutoV2 is its first 10 digits."""
    model_hash: str
    """SHA-256 of all after the header; AutoV3 is its first 12 digits."""
    stated_model_hash: str
    """``sshs_model_hash`` of the metadata; empty when there is none."""
    legacy: str
    """A1111's old hash, 8 digits."""


@dataclass(frozen=True, kw_only=True)
class AdapterSummary:
    """What an adapter file holds."""

    path: Path
    num_bytes: int
    family: str | None
    made_for: str
    """Title of the family or architecture, and what tells it."""
    kinds: dict[str, int]
    """Kind (LoRA, LoHa …) to number of layers."""
    conventions: tuple[str, ...]
    """Naming in the file: kohya, diffusers, peft."""
    modules: dict[str, int]
    """Part of the base to number of LoRA layers."""
    ranks: dict[int, int]
    """Rank to number of layers."""
    alphas: dict[str, int]
    """Alpha (`none` where the file has none) to number of layers; empty unless tensors are read."""
    dtypes: tuple[str, ...]
    num_parameters: int
    trigger: str
    base_title: str
    base_hash: str
    tags: tuple[tuple[str, int], ...]
    """Tags of the training captions with their counts, most frequent first."""
    metadata: dict[str, str]
    hashes: AdapterHashes
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values for JSON."""
        values = dataclasses.asdict(self)
        values["path"] = str(self.path)
        return values


def inspect_adapter(path: Path, *, deep: bool = False) -> AdapterSummary:
    """Read what an adapter file says about itself.

    Args:
        path: A `.safetensors` file of any maker.
        deep: Also read the tensors: alphas, and whether any number is NaN or Inf.

    Raises:
        AdapterError: The file is missing, damaged, a pickle, or no adapter.
    """
    header = read_adapter_header(path)
    layers = header.keys.layers
    alphas, warnings = _read_alphas(header) if deep else ({}, [])
    metadata = dict(header.metadata)
    kinds = {"LoRA": len(layers)} if layers else {}
    kinds |= {kind: len(set(modules)) for kind, modules in header.keys.other_kinds.items()}
    return AdapterSummary(
        path=path,
        num_bytes=path.stat().st_size,
        family=header.origin.family,
        made_for=f"{header.origin.title} ({header.origin.reason})",
        kinds=kinds,
        conventions=tuple(sorted(header.keys.conventions)),
        modules=dict(Counter(_part(name) for name in layers)),
        ranks=dict(sorted(Counter(_ranks(header, layers)).items())),
        alphas=alphas,
        dtypes=tuple(sorted({entry.dtype for entry in header.file.tensors.values()})),
        num_parameters=sum(entry.num_elements for entry in header.file.tensors.values()),
        trigger=metadata.get("modelspec.trigger_phrase", ""),
        base_title=metadata.get("ss_sd_model_name", ""),
        base_hash=metadata.get("ss_new_sd_model_hash", ""),
        tags=_tags(metadata),
        metadata=metadata,
        hashes=AdapterHashes(
            file=sha256_file(path),
            model_hash=file_model_hash(header.file),
            stated_model_hash=metadata.get("sshs_model_hash", ""),
            legacy=file_legacy_hash(path),
        ),
        warnings=(*_warnings(header, layers), *warnings),
    )


def _part(name: str) -> str:
    if name.startswith("lora_unet_"):
        return "UNet"
    return "text encoder 2" if name.startswith("lora_te2_") else "text encoder"


def _ranks(header: AdapterHeader, layers: dict[str, LayerTensors]) -> list[int]:
    downs = [layer.tensors["down"] for layer in layers.values() if "down" in layer.tensors]
    return [header.shape(name)[0] for name in downs]


def _tags(metadata: dict[str, str]) -> tuple[tuple[str, int], ...]:
    """Return the tag counts of ``ss_tag_frequency``, all folders together."""
    try:
        folders = json.loads(metadata.get("ss_tag_frequency", "{}"))
        counts: Counter[str] = Counter()
        for tags in folders.values():
            counts.update({str(tag).strip(): int(count) for tag, count in tags.items()})
    except (ValueError, AttributeError, TypeError):
        return ()
    return tuple(counts.most_common())


def _warnings(header: AdapterHeader, layers: dict[str, LayerTensors]) -> list[str]:
    found: list[str] = []
    bare = sum("alpha" not in layer.tensors for layer in layers.values())
    if layers and bare and header.keys.conventions == {"kohya"}:
        found.append(f"{bare} of {len(layers)} layers have no alpha; the rank is taken")
    incomplete = [n for n, layer in layers.items() if not {"down", "up"} <= layer.tensors.keys()]
    if incomplete:
        found.append(f"{len(incomplete)} layers have only one factor, first {incomplete[0]}")
    if header.keys.unknown:
        found.append(
            f"{len(header.keys.unknown)} tensors are of no known kind: "
            f"{some_names(header.keys.unknown)}"
        )
    if not header.metadata:
        found.append("the file says nothing about its making (no metadata)")
    return found


def _read_alphas(header: AdapterHeader) -> tuple[dict[str, int], list[str]]:
    try:
        factors = read_factors(header)
    except AdapterError as error:
        return {}, [error.message]
    counts = Counter(
        "none" if layer.alpha is None else f"{layer.alpha:g}" for layer in factors.values()
    )
    untouched = sum(bool(torch.all(layer.up == 0)) for layer in factors.values())
    notes = (
        [f"{untouched} of {len(factors)} layers were never trained (all zero)"] if untouched else []
    )
    return dict(counts), notes
