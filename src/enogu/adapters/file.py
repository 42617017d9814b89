"""Adapter files: reading the header, reading the factors, writing with hashes."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import safetensors.torch
import torch
from torch import Tensor

from enogu.adapters.keys import LayerTensors, ParsedKeys, parse_keys, some_names
from enogu.adapters.origin import Origin, detect_origin
from enogu.errors import AdapterError, BaseModelError, NonFiniteError
from enogu.families.refusals import is_pickle, other_format, pickle_conversion
from enogu.families.safetensors_file import SafetensorsFile, TensorToWrite, write_safetensors

SaveDtype = Literal["fp16", "bf16", "fp32"]

SAVE_DTYPES: dict[str, torch.dtype] = {
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "fp32": torch.float32,
}

# A1111's first hash reads 64 KiB at 1 MiB, whatever the file holds there.
_LEGACY_START, _LEGACY_BYTES = 0x100000, 0x10000


@dataclass(frozen=True, kw_only=True)
class AdapterHeader:
    """What an adapter file says without its tensors being read."""

    file: SafetensorsFile
    keys: ParsedKeys
    origin: Origin

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def metadata(self) -> Mapping[str, str]:
        """The file's `__metadata__`."""
        return self.file.metadata

    def shape(self, tensor: str) -> tuple[int, ...]:
        """Return the shape of a tensor by its name in the file."""
        return self.file.tensors[tensor].shape


@dataclass(frozen=True, kw_only=True)
class LayerNumbers:
    """The trained numbers of one layer, in the dtype of the file (8-bit floats as fp32)."""

    tensors: Mapping[str, Tensor]
    """By our file suffix, without the alpha."""
    alpha: float | None
    """None when the file has none; then it counts as the rank."""


@dataclass(frozen=True, kw_only=True)
class SavedAdapter:
    """What was written."""

    path: Path
    num_bytes: int
    model_hash: str
    """`sshs_model_hash`: SHA-256 of all tensor bytes (AutoV3 shows its first 12 digits)."""
    legacy_hash: str
    """`sshs_legacy_hash`: 8 digits."""


def read_adapter_header(path: Path) -> AdapterHeader:
    """Read what an adapter file holds, without reading its tensors.

    Args:
        path: A `.safetensors` file of any maker.

    Raises:
        AdapterError: The file is missing, empty, cut short, a pickle, or no adapter.
    """
    file = _open(path)
    keys = parse_keys(file.tensors)
    if not keys.layers and not keys.other_kinds:
        raise _not_an_adapter(path, list(file.tensors))
    _check_shapes(file, keys)
    shapes = {
        name: {suffix: file.tensors[tensor].shape for suffix, tensor in layer.tensors.items()}
        for name, layer in keys.layers.items()
    }
    return AdapterHeader(file=file, keys=keys, origin=detect_origin(keys, shapes, file.metadata))


def read_numbers(header: AdapterHeader) -> dict[str, LayerNumbers]:
    """Read the tensors of all layers, by canonical module name.

    Raises:
        AdapterError: A LoRA layer lacks a factor, or a layer holds NaN or Inf.
    """
    incomplete = [
        layer.module
        for layer in header.keys.layers.values()
        if layer.title.startswith("LoRA")
        and not {"lora_down.weight", "lora_up.weight"} <= layer.tensors.keys()
    ]
    if incomplete:
        raise AdapterError(
            f"{header.path}: {len(incomplete)} layers have only one of their two factors: "
            f"{some_names(incomplete)}",
            hint="The file was cut or badly converted. Fetch or export it again.",
        )
    numbers = {name: _read_layer(header.file, layer) for name, layer in header.keys.layers.items()}
    broken = [name for name, layer in numbers.items() if not _is_finite(layer)]
    if broken:
        raise AdapterError(
            f"{header.path}: {len(broken)} of {len(numbers)} layers hold NaN or Inf: "
            f"{some_names(broken)}",
            hint="The training that made it broke down. Use a file saved at an earlier step.",
        )
    return numbers


def save_adapter(
    tensors: Mapping[str, Tensor],
    path: Path,
    metadata: Mapping[str, str],
    dtype: SaveDtype = "fp16",
) -> SavedAdapter:
    """Write an adapter file in one go: a reader sees the old file or the whole new one.

    The two hashes are added to the metadata. They are computed as sd-scripts does, over the file
    as it would be with the `ss_*` keys alone, so that other metadata can be edited later without
    the adapter losing its name in galleries.

    Args:
        tensors: Kohya key to tensor, as `AdapterSet.state_dict()` gives them.
        path: Ends in `.safetensors`; its folder must exist.
        metadata: From `adapter_metadata`.
        dtype: Number format of all tensors, alphas included.

    Returns:
        The place, the size and the hashes.

    Raises:
        NonFiniteError: A tensor holds NaN or Inf.
        AdapterError: A value is too large for fp16, or there is no tensor.
        StorageError: The disk is full or the place cannot be written.
    """
    if not tensors:
        raise AdapterError(f"nothing to save to {path}: the adapter has no layers")
    cast = _cast(tensors, dtype)
    kept = {key: value for key, value in metadata.items() if key.startswith("ss_")}
    model_hash, legacy_hash = _hashes(cast, kept)
    entries = [
        TensorToWrite(name, tuple(tensor.shape), tensor.dtype) for name, tensor in cast.items()
    ]
    complete = {
        **metadata,
        "sshs_model_hash": model_hash,
        "sshs_legacy_hash": legacy_hash,
    }
    write_safetensors(path, entries, cast.__getitem__, dict(sorted(complete.items())))
    return SavedAdapter(
        path=path,
        num_bytes=path.stat().st_size,
        model_hash=model_hash,
        legacy_hash=legacy_hash,
    )


def file_model_hash(file: SafetensorsFile) -> str:
    """Return the SHA-256 of a file's tensor bytes: `sshs_model_hash`, Civitai's AutoV3."""
    digest = hashlib.sha256()
    with file.path.open("rb") as handle:
        handle.seek(file.data_start)
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def file_legacy_hash(path: Path) -> str:
    """Return A1111's old hash of a file as it lies on disk, 8 hexadecimal digits."""
    with path.open("rb") as handle:
        handle.seek(_LEGACY_START)
        return hashlib.sha256(handle.read(_LEGACY_BYTES)).hexdigest()[:8]


def _cast(tensors: Mapping[str, Tensor], dtype: SaveDtype) -> dict[str, Tensor]:
    """Return CPU copies in the save dtype, by name: the order in which the format stores them."""
    target = SAVE_DTYPES[dtype]
    cast: dict[str, Tensor] = {}
    for name, tensor in sorted(tensors.items()):
        if not tensor.isfinite().all():
            raise NonFiniteError(
                f"{name} holds NaN or Inf, so the adapter was not saved; "
                "the files saved before are unchanged",
                hint="Lower train.learning_rate, or train in bf16 or fp32 instead of fp16.",
            )
        small = tensor.detach().to("cpu", target).contiguous()
        if not small.isfinite().all():
            raise AdapterError(
                f"{name} holds values up to {tensor.abs().max().item():g}, "
                f"more than {dtype} can store ({torch.finfo(target).max:g})",
                hint="Save in another number format: --set train.save_dtype=bf16",
            )
        cast[name] = small
    return cast


def _hashes(tensors: dict[str, Tensor], ss_metadata: dict[str, str]) -> tuple[str, str]:
    """Return `sshs_model_hash` and `sshs_legacy_hash`.

    The reference serialiser is used on purpose: where in the file the 64 KiB of the legacy hash
    lie depends on the length of its header.
    """
    serialised = safetensors.torch.save(tensors, ss_metadata)
    start = 8 + int.from_bytes(serialised[:8], "little")
    legacy = serialised[_LEGACY_START : _LEGACY_START + _LEGACY_BYTES]
    model_hash = hashlib.sha256(memoryview(serialised)[start:]).hexdigest()
    return model_hash, hashlib.sha256(legacy).hexdigest()[:8]


def _open(path: Path) -> SafetensorsFile:
    if path.is_dir():
        found = ", ".join(sorted(entry.name for entry in path.glob("*.safetensors"))) or "none"
        raise AdapterError(
            f"{path} is a folder, an adapter is one file; .safetensors files in it: {found}",
            hint="Give the path of the file.",
        )
    if not path.is_file():
        raise AdapterError(
            f"there is no adapter file at {path}", hint="Check the path; it ends in .safetensors."
        )
    if path.stat().st_size == 0:
        raise AdapterError(
            f"{path} is empty (0 bytes)", hint="The download did not finish. Fetch it again."
        )
    if is_pickle(path):
        raise AdapterError(
            f"{path} is a pickle file: opening one can run any program hidden in it, "
            "so only .safetensors is read",
            hint=f"Convert it, which reads tensors only:\n  {pickle_conversion(path)[1]}",
        )
    if other := other_format(path):
        raise AdapterError(f"{path} is {other[0]}, not an adapter file", hint=other[1])
    try:
        return SafetensorsFile.open(path)
    except BaseModelError as error:
        raise AdapterError(error.message, error.hint) from error


def _check_shapes(file: SafetensorsFile, keys: ParsedKeys) -> None:
    """Refuse tensors that cannot be what their names say, whatever layer they are for.

    Raises:
        AdapterError: A tensor without numbers, a factor of LoRA without two axes, an alpha that
            is not one number, or a middle factor that does not go with its neighbours.
    """
    for layer in keys.layers.values():
        shapes = {suffix: file.tensors[name].shape for suffix, name in layer.tensors.items()}
        down, mid = shapes.get("lora_down.weight", (1, 1)), shapes.get("lora_mid.weight")
        wrong = (
            any(0 in shape for shape in shapes.values())
            or any(
                len(shape) not in (2, 4)
                for suffix, shape in shapes.items()
                if suffix.startswith("lora_")
            )
            or math.prod(shapes.get("alpha", ())) != 1
            or (mid is not None and (len(mid) != 4 or mid[1:2] != down[:1]))
        )
        if wrong:
            listed = ", ".join(f"{suffix} {list(shape)}" for suffix, shape in shapes.items())
            raise AdapterError(
                f"{file.path}: the tensors of {layer.module} have impossible shapes: {listed}",
                hint="The file is damaged or was badly converted. Fetch or export it again.",
            )


def _not_an_adapter(path: Path, names: list[str]) -> AdapterError:
    if any(name.startswith(("model.diffusion_model.", "first_stage_model.")) for name in names):
        return AdapterError(
            f"{path} is a base (a full checkpoint), not an adapter",
            hint=f"Use it as the base: --base {path}",
        )
    if any("emb_params" in name or "string_to_param" in name for name in names):
        return AdapterError(
            f"{path} is a textual inversion embedding, not a LoRA",
            hint="Embeddings are not read. Give a LoRA file.",
        )
    return AdapterError(
        f"{path} holds no adapter: {len(names)} tensors, the first are {some_names(names)}",
        hint="A LoRA file has tensors that end in .lora_down.weight or .lora_A.weight.",
    )


def _read_layer(file: SafetensorsFile, layer: LayerTensors) -> LayerNumbers:
    names = dict(layer.tensors)
    alpha = float(file.read(names["alpha"])) if "alpha" in names else None
    names.pop("alpha", None)
    return LayerNumbers(
        tensors={suffix: _read_factor(file, name) for suffix, name in names.items()}, alpha=alpha
    )


def _read_factor(file: SafetensorsFile, name: str) -> Tensor:
    """Read a factor; 8-bit floats become fp32, because no operation takes them as they are."""
    tensor = file.read(name)
    return tensor.float() if tensor.dtype.itemsize == 1 else tensor


def _is_finite(numbers: LayerNumbers) -> bool:
    return math.isfinite(numbers.alpha or 0.0) and all(
        bool(tensor.isfinite().all()) for tensor in numbers.tensors.values()
    )
