"""Reading `.safetensors` tensor by tensor, and writing them the same way.

The format is 8 bytes of header length, a JSON header, and the tensors' bytes. Tensors are read
straight into their own memory: mapping the file, as the library does, would count the whole
checkpoint a second time in the process's memory while it loads.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from enogu.errors import BaseModelError
from enogu.files import atomic_path

_DTYPES: dict[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}

MAX_HEADER_BYTES = 100_000_000
"""The limit of the reference implementation."""


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One line of the header."""

    dtype: str
    """Name in the format, e.g. ``F16``."""
    shape: tuple[int, ...]
    start: int
    """First byte, counted from the end of the header."""
    end: int

    @property
    def num_elements(self) -> int:
        """Product of the shape."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class SafetensorsFile:
    """A checked header; tensors are read on request."""

    path: Path
    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]
    data_start: int
    """Offset in the file of the first tensor byte."""
    num_bytes: int
    """Size of the file."""

    @classmethod
    def open(cls, path: Path) -> "SafetensorsFile":
        """Read and check the header; no tensor is read.

        Raises:
            BaseModelError: The file is empty, cut short, or not in this format.
        """
        num_bytes = path.stat().st_size
        with path.open("rb") as handle:
            length_bytes = handle.read(8)
            length = int.from_bytes(length_bytes, "little")
            if len(length_bytes) < 8 or not 2 <= length <= MAX_HEADER_BYTES:
                raise _broken(path, f"it has {num_bytes} bytes and no valid header")
            raw = handle.read(length)
        if len(raw) < length:
            raise _truncated(path, num_bytes, 8 + length)
        return cls._parse(path, raw, num_bytes)

    @classmethod
    def _parse(cls, path: Path, raw: bytes, num_bytes: int) -> "SafetensorsFile":
        try:
            header = json.loads(raw.decode("utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise _broken(path, f"its header is not JSON ({error})") from error
        if not isinstance(header, dict):
            raise _broken(path, "its header is not a JSON object")
        entries = cast("dict[str, object]", header)
        raw_metadata = entries.pop("__metadata__", None) or {}
        if not isinstance(raw_metadata, dict):
            raise _broken(path, "its __metadata__ is not a JSON object")
        metadata = {
            str(key): str(value) for key, value in cast("dict[str, object]", raw_metadata).items()
        }
        tensors = {name: _parse_entry(path, name, entry) for name, entry in entries.items()}
        expected = 8 + len(raw) + max((entry.end for entry in tensors.values()), default=0)
        if expected > num_bytes:
            raise _truncated(path, num_bytes, expected)
        return cls(path, tensors, metadata, 8 + len(raw), num_bytes)

    def read(self, name: str, rows: tuple[int, int] | None = None) -> Tensor:
        """Read one tensor, or some of its rows along the first axis, into new memory.

        Args:
            name: A key of `tensors`.
            rows: First row and the row after the last; None for all.

        Raises:
            BaseModelError: The file ended early, so it was changed since its header was read.
        """
        entry = self.tensors[name]
        shape, start, length = entry.shape, entry.start, entry.end - entry.start
        if rows is not None:
            row_bytes = length // max(1, shape[0])
            shape = (rows[1] - rows[0], *shape[1:])
            start, length = start + rows[0] * row_bytes, (rows[1] - rows[0]) * row_bytes
        tensor = torch.empty(shape, dtype=_DTYPES[entry.dtype])
        if length:
            buffer = _bytes_of(tensor)
            with self.path.open("rb", buffering=0) as handle:
                handle.seek(self.data_start + start)
                position = 0
                while position < length:
                    count = handle.readinto(buffer[position:])
                    if not count:
                        raise _truncated(self.path, self.data_start + start + position, None)
                    position += count
        return tensor


@dataclass(frozen=True)
class TensorToWrite:
    """One tensor of a file to be written, made when its turn comes."""

    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype


def write_safetensors(
    path: Path,
    entries: Iterable[TensorToWrite],
    make: Callable[[str], Tensor],
    metadata: Mapping[str, str],
) -> None:
    """Write a file tensor by tensor, so that its size never has to fit in memory.

    Args:
        path: The final place; it is replaced when all is written.
        entries: Names, shapes and types, in the order in which they are written.
        make: Called once per entry; gives a tensor of that shape, cast here to the type.
        metadata: Goes into the header.

    Raises:
        StorageError: No room or not allowed to write.
    """
    entries = list(entries)
    with atomic_path(path) as temporary, temporary.open("wb") as handle:
        handle.write(header_bytes(entries, metadata))
        for entry in entries:
            tensor = make(entry.name).detach().to("cpu", entry.dtype).contiguous()
            assert tuple(tensor.shape) == entry.shape, (entry, tensor.shape)
            handle.write(_bytes_of(tensor))


def header_bytes(entries: Sequence[TensorToWrite], metadata: Mapping[str, str]) -> bytes:
    """Return what a file begins with: 8 bytes of length, then the header padded to 8 bytes."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for entry in entries:
        end = offset + math.prod(entry.shape) * entry.dtype.itemsize
        header[entry.name] = {
            "dtype": _NAMES[entry.dtype],
            "shape": list(entry.shape),
            "data_offsets": [offset, end],
        }
        offset = end
    raw = json.dumps(header, ensure_ascii=False).encode("utf-8")
    raw += b" " * (-len(raw) % 8)
    return len(raw).to_bytes(8, "little") + raw


def _bytes_of(tensor: Tensor) -> memoryview:
    """Return the memory of a contiguous CPU tensor of any type."""
    array = tensor.view(-1).view(torch.uint8).numpy()
    return memoryview(cast(bytearray, array))  # numpy's stubs do not declare the buffer protocol


def _parse_entry(path: Path, name: str, value: object) -> TensorEntry:
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    dtype, shape, offsets = fields.get("dtype"), fields.get("shape"), fields.get("data_offsets")
    if (
        not isinstance(dtype, str)
        or not _is_sizes(shape)
        or not _is_sizes(offsets)
        or len(cast("list[int]", offsets)) != 2
    ):
        raise _broken(path, f"the entry of tensor {name!r} is {value!r}")
    if dtype not in _DTYPES:
        raise _broken(path, f"tensor {name!r} has type {dtype!r}; known: {', '.join(_DTYPES)}")
    start, end = cast("list[int]", offsets)
    entry = TensorEntry(dtype, tuple(cast("list[int]", shape)), start, end)
    if end - start != entry.num_elements * _DTYPES[dtype].itemsize:
        raise _broken(path, f"tensor {name!r} has {end - start} bytes for {dtype} {shape}")
    return entry


def _is_sizes(value: object) -> bool:
    """Whether `value` is a list of whole numbers, none negative."""
    return isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) and item >= 0
        for item in cast("list[object]", value)
    )


def _broken(path: Path, reason: str) -> BaseModelError:
    return BaseModelError(
        f"{path} is not a readable .safetensors file: {reason}",
        hint="Download or export it again and compare its size and SHA-256 with the source.",
    )


def _truncated(path: Path, num_bytes: int, expected: int | None) -> BaseModelError:
    wanted = f" of {expected}" if expected is not None else ""
    return BaseModelError(
        f"{path} is cut short: it ends after {num_bytes}{wanted} bytes",
        hint="The download or copy did not finish. Fetch the file again.",
    )
