"""What a tool wrote, and the metadata it carries on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from enogu.adapters.file import SavedAdapter
from enogu.errors import AdapterError

_HASHES = ("sshs_model_hash", "sshs_legacy_hash")


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """A written adapter file.

    Attributes:
        saved: The file.
        layers: How many layers it has.
        ranks: Rank to number of layers.
        kept: Share of the Frobenius norm that was kept, mean over the layers; 1 for exact tools.
        warnings: What the person should know.
    """

    saved: SavedAdapter
    layers: int
    ranks: Mapping[int, int]
    kept: float
    warnings: tuple[str, ...] = ()


def check_output(path: Path, sources: tuple[Path, ...]) -> None:
    """Refuse an output that is a source, exists, or has another ending.

    Raises:
        AdapterError: It is one of these.
    """
    if path.suffix != ".safetensors":
        raise AdapterError(
            f"{path}: the file to write must end in .safetensors", hint=f"{path}.safetensors"
        )
    if path.exists():
        role = "the file that is read" if path.resolve() in sources else "there already"
        raise AdapterError(
            f"{path} is {role}; nothing was written", hint="Choose another name with --out."
        )
    if not path.absolute().parent.is_dir():
        raise AdapterError(
            f"{path}: there is no folder {path.parent}", hint="Make the folder, or choose another."
        )


def carried(metadata: Mapping[str, str], what: str, changes: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of a changed file: what it was, what was done, without its hashes.

    Args:
        metadata: Of the source.
        what: What was done, in front of the comment.
        changes: Keys that have other values now.
    """
    kept = {key: value for key, value in metadata.items() if key not in _HASHES}
    before = kept.get("ss_training_comment", "")
    kept["ss_training_comment"] = f"{what}; {before}" if before not in ("", "None") else what
    return {**kept, **changes}
