"""What is in an adapter file of any maker, read from its header."""

import dataclasses
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
    read_numbers,
)
from enogu.adapters.keys import LayerTensors, some_names
from enogu.adapters.kinds import kind_of
from enogu.adapters.peft_alpha import read_peft_alphas
from enogu.adapters.training_records import bucket_counts, tag_counts
from enogu.errors import AdapterError
from enogu.files import sha256_file

_ZERO_AT_FIRST = {"lora_up.weight", "hada_w2_a", "lokr_w2", "lokr_w2_b", "oft_blocks", "diff"}
"""What is zero before training; where it still is, the layer does nothing."""


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
    maker: str
    """Program that wrote the file, as far as it tells."""
    made_for: str
    """Title of the family or architecture, and what tells it."""
    kinds: dict[str, int]
    """Kind (LoRA, LoHa …) to number of layers."""
    conventions: tuple[str, ...]
    """Naming in the file: kohya, diffusers, peft."""
    modules: dict[str, int]
    """Part of the base to number of adapted layers."""
    ranks: dict[int, int]
    """Rank to number of layers."""
    ranks_by_part: dict[str, dict[int, int]]
    """The same for each part of the base."""
    alphas: dict[str, int]
    """Alpha (`none` where the file has none, which counts as the rank) to number of layers."""
    dtypes: tuple[str, ...]
    num_parameters: int
    trigger: str
    base_title: str
    base_hash: str
    tags: tuple[tuple[str, int], ...]
    """Tags of the training captions with their counts, most frequent first."""
    buckets: dict[str, int]
    """Sizes that were trained, `WIDTHxHEIGHT`, to number of pictures."""
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
        deep: Also read the numbers: whether any number is NaN or Inf, or a layer untrained.

    Raises:
        AdapterError: The file is missing, damaged, a pickle, or no adapter.
    """
    header = read_adapter_header(path)
    layers = header.keys.layers
    metadata = dict(header.metadata)
    kinds = dict(Counter(layer.title for layer in layers.values()))
    hashes = _hashes(header)
    kinds |= {kind: len(set(modules)) for kind, modules in header.keys.other_kinds.items()}
    return AdapterSummary(
        path=path,
        num_bytes=path.stat().st_size,
        family=header.origin.family,
        maker=_maker(header),
        made_for=f"{header.origin.title} ({header.origin.reason})",
        kinds=kinds,
        conventions=tuple(sorted(header.keys.conventions)),
        modules=dict(Counter(_part(name) for name in layers)),
        ranks=_ranks(header, layers),
        ranks_by_part={
            part: _ranks(header, {name: layers[name] for name in layers if _part(name) == part})
            for part in sorted({_part(name) for name in layers})
        },
        alphas=_alphas(header),
        dtypes=tuple(sorted({entry.dtype for entry in header.file.tensors.values()})),
        num_parameters=sum(entry.num_elements for entry in header.file.tensors.values()),
        trigger=metadata.get("modelspec.trigger_phrase", ""),
        base_title=metadata.get("ss_sd_model_name", ""),
        base_hash=metadata.get("ss_new_sd_model_hash", ""),
        tags=tag_counts(metadata),
        buckets=bucket_counts(metadata),
        metadata=metadata,
        hashes=hashes,
        warnings=(
            *_warnings(header, layers),
            *_hash_warnings(hashes),
            *(_number_warnings(header) if deep else []),
        ),
    )


def _part(name: str) -> str:
    if name.startswith("lora_unet_"):
        return "UNet"
    return "text encoder 2" if name.startswith("lora_te2_") else "text encoder"


def _ranks(header: AdapterHeader, layers: dict[str, LayerTensors]) -> dict[int, int]:
    ranks = (_rank(header, layer) for layer in layers.values())
    return dict(sorted(Counter(rank for rank in ranks if rank is not None).items()))


def _rank(header: AdapterHeader, layer: LayerTensors) -> int | None:
    kind = kind_of(layer.tensors)
    shapes = {suffix: header.shape(name) for suffix, name in layer.tensors.items()}
    return None if kind is None else kind.rank_of(shapes)


def _alphas(header: AdapterHeader) -> dict[str, int]:
    """Count the alphas. They are single numbers, so reading them costs next to nothing."""
    stated = read_peft_alphas(header.path, header.metadata)
    counts: Counter[str] = Counter()
    for layer in header.keys.layers.values():
        rank = _rank(header, layer)
        if "alpha" in layer.tensors:
            counts[f"{float(header.file.read(layer.tensors['alpha'])):g}"] += 1
        elif rank is not None:
            alpha = (
                stated.alpha(layer.module, rank) if "lora_down.weight" in layer.tensors else None
            )
            counts["none" if alpha is None else f"{alpha:g}"] += 1
    return dict(counts)


def _maker(header: AdapterHeader) -> str:
    metadata = header.metadata
    stated = metadata.get("modelspec.implementation_version") or metadata.get("software")
    if stated:
        return stated
    if "ss_sd_scripts_commit_hash" in metadata or "ss_network_module" in metadata:
        return "sd-scripts or compatible"
    if header.keys.conventions & {"peft", "diffusers"}:
        return "diffusers or PEFT"
    return "unknown"


def _hashes(header: AdapterHeader) -> AdapterHashes:
    return AdapterHashes(
        file=sha256_file(header.path),
        model_hash=file_model_hash(header.file),
        stated_model_hash=header.metadata.get("sshs_model_hash", ""),
        legacy=file_legacy_hash(header.path),
    )


def _hash_warnings(hashes: AdapterHashes) -> list[str]:
    if hashes.stated_model_hash in ("", hashes.model_hash):
        return []
    return [
        f"the tensors were changed after the file was made: their hash is "
        f"{hashes.model_hash[:12]}, the file states {hashes.stated_model_hash[:12]}"
    ]


def _warnings(header: AdapterHeader, layers: dict[str, LayerTensors]) -> list[str]:
    found: list[str] = []
    bare = _alphas(header).get("none", 0)
    if bare:
        found.append(f"{bare} of {len(layers)} layers have no alpha; their rank counts as alpha")
    for part in sorted({_part(name) for name in layers}):
        linear = {
            name: layer
            for name, layer in layers.items()
            if _part(name) == part and not _is_wide(header, layer)
        }
        ranks = _ranks(header, linear)
        if len(ranks) > 1:
            found.append(f"{part}: ranks are mixed, from {min(ranks)} to {max(ranks)}")
    if header.keys.other_kinds:
        found.append(f"it cannot be applied: {', '.join(header.keys.other_kinds)}")
    pair = {"lora_down.weight", "lora_up.weight"}
    incomplete = [n for n, layer in layers.items() if len(pair & layer.tensors.keys()) == 1]
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


def _is_wide(header: AdapterHeader, layer: LayerTensors) -> bool:
    """Whether a layer is a convolution wider than 1x1; those often have a rank of their own."""
    down = layer.tensors.get("lora_down.weight")
    shape = header.shape(down) if down is not None else ()
    cores = ("lora_mid.weight", "hada_t1", "lokr_t2")
    return any(size != 1 for size in shape[2:]) or any(core in layer.tensors for core in cores)


def _number_warnings(header: AdapterHeader) -> list[str]:
    """Read all factors and tell of broken and of untrained ones."""
    try:
        numbers = read_numbers(header)
    except AdapterError as error:
        return [error.message]
    untouched = sum(
        any(
            bool(torch.all(layer.tensors[name] == 0))
            for name in _ZERO_AT_FIRST & layer.tensors.keys()
        )
        for layer in numbers.values()
    )
    if not untouched:
        return []
    return [f"{untouched} of {len(numbers)} layers were never trained (all zero)"]
