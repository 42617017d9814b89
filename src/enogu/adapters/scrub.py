"""Taking what is private out of a file's metadata; the tensors stay as they are, bit for bit."""

import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from enogu.adapters.metadata import MINIMUM_KEYS
from enogu.adapters.tools.result import check_output
from enogu.errors import AdapterError
from enogu.families.safetensors_file import SafetensorsFile
from enogu.files import atomic_path

KEPT_KEYS = frozenset(
    {
        *MINIMUM_KEYS,
        "format",
        "lora_adapter_metadata",
        "sshs_model_hash",
        "sshs_legacy_hash",
        *(
            f"modelspec.{name}"
            for name in (
                "sai_model_spec",
                "architecture",
                "implementation",
                "implementation_version",
                "prediction_type",
                "resolution",
                "timestep_range",
                "encoder_layer",
            )
        ),
    }
)
"""What may stay: what programs need to load the file. A list of what stays, so that a key that is
new to us goes."""


@dataclass(frozen=True, kw_only=True)
class Scrubbed:
    """What was written.

    Attributes:
        path: The new file.
        kept: Keys that are still there.
        removed: Keys that are not.
    """

    path: Path
    kept: tuple[str, ...]
    removed: tuple[str, ...]


def scrub(path: Path, out: Path, *, keep: Collection[str] = ()) -> Scrubbed:
    """Write a copy of a file without the private part of its metadata.

    Tags, names of folders, pictures and bases, comments, times, seeds and counts go. The
    tensors are copied byte by byte, so hashes over the tensors stay what they were.

    Args:
        path: An adapter or a base, as `.safetensors`.
        out: The file to write.
        keep: Further keys that stay.

    Raises:
        AdapterError: The output exists, or a key to keep is not in the file.
        BaseModelError: The file is not in this format.
        StorageError: The place cannot be written.
    """
    check_output(out, (path.resolve(),))
    file = SafetensorsFile.open(path)
    missing = [key for key in keep if key not in file.metadata]
    if missing:
        raise AdapterError(
            f"{path} has no key {', '.join(missing)} in its metadata",
            hint="enogu inspect --json shows all keys.",
        )
    wanted = KEPT_KEYS | set(keep)
    kept = {key: value for key, value in file.metadata.items() if key in wanted}
    with path.open("rb") as source:
        length = int.from_bytes(source.read(8), "little")
        header: dict[str, object] = json.loads(source.read(length))
    header.pop("__metadata__", None)
    if kept:
        header = {"__metadata__": kept, **header}
    raw = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    raw += b" " * (-len(raw) % 8)
    with atomic_path(out) as temporary, temporary.open("wb") as target, path.open("rb") as source:
        target.write(len(raw).to_bytes(8, "little") + raw)
        source.seek(file.data_start)
        shutil.copyfileobj(source, target, 1 << 20)
    return Scrubbed(
        path=out,
        kept=tuple(sorted(kept)),
        removed=tuple(sorted(set(file.metadata) - set(kept))),
    )
