"""`enogu inspect`: what is in an adapter file or a base."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.common import Common, console, gib, print_json
from enogu.config import EMBEDDED_BASES
from enogu.errors import AdapterError, ConfigError
from enogu.project import find_adapter, find_project

if TYPE_CHECKING:
    from enogu.adapters.block_norms import BlockNorms

_TAGS_SHOWN = 20
_LONGEST = 100


def inspect(
    path: str,
    *,
    deep: Annotated[bool, Parameter(negative=())] = False,
    norms: Path | None = None,
    base: str | None = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Show what is in a LoRA (rank, keys, tags, hashes) or in a base, from its header.

    Example: enogu inspect runs/latest

    Args:
        path: A LoRA file, a run folder, a base, or the name of an embedded one.
        deep: Also read the numbers: whether any is broken; of a base: its hashes.
        norms: Measure how much each block is changed, or holds, and draw it into this file (.svg).
        base: The base a LoRA is for; with it --norms measures kinds such as DoRA too.
    """
    if base is not None and norms is None:
        raise ConfigError("--base is for --norms alone: all else is read from the file itself")
    place = Path(path).expanduser()
    if path in EMBEDDED_BASES or (place.is_dir() and (place / "unet").is_dir()):
        _inspect_base(path, common, deep=deep, norms=norms)
        return
    if not place.exists() and place.parts and place.parts[0] == "runs":
        place = find_project(common.project) / place
    file = find_adapter(place)
    try:
        _inspect_adapter(file, common, deep=deep, norms=norms, base=base)
    except AdapterError:
        from enogu.errors import BaseModelError

        try:
            _inspect_base(str(file), common, deep=deep, norms=norms)
        except BaseModelError:
            # It is neither; what it says as an adapter is the clearer message.
            pass
        else:
            return
        raise


def _inspect_adapter(
    file: Path, common: Common, *, deep: bool, norms: Path | None, base: str | None
) -> None:
    from enogu.adapters import inspect_adapter

    summary = inspect_adapter(file, deep=deep)
    measured = None if norms is None else _adapter_norms(file, norms, base)
    if common.json:
        more = {} if measured is None else {"block_norms": measured.to_dict()}
        print_json(summary.to_dict() | more)
        return
    ranks = ", ".join(f"{rank} ({count} layers)" for rank, count in summary.ranks.items())
    parts = ", ".join(f"{part}: {count}" for part, count in summary.modules.items())
    kinds = ", ".join(f"{kind} ({count})" for kind, count in summary.kinds.items())
    lines = {
        "File": f"{summary.path}, {gib(summary.num_bytes)}",
        "Kind": f"{kinds}; names as {', '.join(summary.conventions) or 'unknown'}",
        "Made for": summary.made_for,
        "Layers": parts,
        "Rank": ranks,
        "Alpha": ", ".join(f"{a} ({n} layers)" for a, n in summary.alphas.items())
        or summary.metadata.get("ss_network_alpha", ""),
        "Numbers": f"{summary.num_parameters:,} in {', '.join(summary.dtypes)}",
        "Trigger": summary.trigger,
        "Base": f"{summary.base_title} {summary.base_hash[:10]}".strip(),
        "Trained": _training(summary.metadata),
        "SHA-256": f"{summary.hashes.file} (AutoV2 {summary.hashes.file[:10]})",
        "AutoV3": summary.hashes.model_hash[:12],
        "Old hash": summary.hashes.legacy,
        "Buckets": ", ".join(f"{size} ({count})" for size, count in summary.buckets.items()),
        "Tags": ", ".join(f"{tag} ({count})" for tag, count in summary.tags[:_TAGS_SHOWN]),
    }
    for name, text in lines.items():
        if text:
            console.print(f"{name:<10} {escape(text)}")
    for name, text in _settings(summary.metadata).items():
        console.print(f"  [dim]{escape(name)}[/] {escape(text)}")
    if measured is not None:
        _show_norms(measured, norms)
    for warning in summary.warnings:
        console.print(f"[yellow]note[/]       {escape(warning)}")


def _adapter_norms(file: Path, out: Path, reference: str | None) -> "BlockNorms":
    from enogu.adapters.block_norms import block_norms
    from enogu.families.load import load_base

    _check_drawing(out)
    parts = ("unet", "text_encoders")
    base = None if reference is None else load_base(reference, parts=parts)
    return _drawn(block_norms(file, base), out)


def _check_drawing(out: Path) -> None:
    if out.suffix.lower() != ".svg":
        raise ConfigError(f"--norms writes a drawing: the file must end in .svg, got {out}")


def _drawn(measured: "BlockNorms", out: Path) -> "BlockNorms":
    from enogu.adapters.block_norms import norms_svg
    from enogu.files import write_text_atomic

    write_text_atomic(out, norms_svg(measured))
    return measured


def _show_norms(measured: "BlockNorms", out: Path | None) -> None:
    for block, norm in measured.norms.items():
        console.print(f"{block:<10} {norm:.3g} ({measured.layers[block]} layers)")
    if measured.unmeasured:
        console.print(
            f"{measured.unmeasured} layers cannot be measured without the base: add --base BASE"
        )
    console.print(f"Drawn into {escape(str(out))}")


def _settings(metadata: dict[str, str]) -> dict[str, str]:
    """Return what the file says of its making and is short enough to show."""
    return {
        key: value
        for key, value in sorted(metadata.items())
        if key.startswith(("ss_", "modelspec.")) and len(value) <= _LONGEST and value != "None"
    }


def _training(metadata: dict[str, str]) -> str:
    names = {
        "ss_steps": "steps",
        "ss_num_train_images": "pictures",
        "ss_learning_rate": "learning rate",
        "ss_optimizer": "optimiser",
        "ss_seed": "seed",
    }
    return ", ".join(f"{word} {metadata[key]}" for key, word in names.items() if key in metadata)


def _inspect_base(reference: str, common: Common, *, deep: bool, norms: Path | None) -> None:
    from enogu.families.detect import inspect_base
    from enogu.families.load import content_hash, legacy_hash

    info = inspect_base(reference)
    measured = None
    if norms is not None:
        from enogu.adapters.block_norms import base_norms

        _check_drawing(norms)
        measured = _drawn(base_norms(info), norms)
    metadata = dict(info.checkpoint.metadata)
    hashes = {"sha256": content_hash(info), "legacy": legacy_hash(info)} if deep else {}
    if common.json:
        print_json(
            {
                "path": str(info.checkpoint.path),
                "family": info.spec.name,
                "layout": info.layout,
                "prediction": info.prediction,
                "certainty": info.certainty,
                "zero_terminal_snr": info.zero_terminal_snr,
                "native_resolution": info.native_resolution,
                "num_parameters": info.num_parameters,
                "num_bytes": info.num_bytes,
                "reasons": list(info.reasons),
                "metadata": metadata,
                **hashes,
                **({} if measured is None else {"block_norms": measured.to_dict()}),
            }
        )
        return
    console.print(f"Base       {escape(info.title)}, {info.spec.title}, {gib(info.num_bytes)}")
    console.print(
        f"Predicts   {info.prediction} ({info.certainty})"
        + (", zero terminal SNR" if info.zero_terminal_snr else "")
    )
    console.print(f"Size       {info.native_resolution} pixels")
    for part, count in info.num_parameters.items():
        console.print(f"{part:<14} {count:,} parameters")
    for reason in info.reasons:
        console.print(f"           {escape(reason)}")
    for name, text in hashes.items():
        if text:
            console.print(f"{name:<14} {text}")
    for name, text in _settings(metadata).items():
        console.print(f"  [dim]{escape(name)}[/] {escape(text)}")
    if measured is not None:
        _show_norms(measured, norms)
