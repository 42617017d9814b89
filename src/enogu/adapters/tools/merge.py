"""Several adapters in one, and adapters in a base."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from enogu.adapters.blocks import BlockLayout
from enogu.adapters.file import SaveDtype, read_adapter_header, save_adapter
from enogu.adapters.start import merge_files
from enogu.adapters.targets import find_targets
from enogu.adapters.tools.dense import dense_layers
from enogu.adapters.tools.low_rank_of import RankRule, kohya_tensors, low_rank_of
from enogu.adapters.tools.result import ToolResult, carried, check_output
from enogu.errors import AdapterError
from enogu.families.base import Base
from enogu.families.single_file_write import save_single_file


@dataclass(frozen=True, kw_only=True)
class MergeSource:
    """One adapter of a merge.

    Attributes:
        path: The file.
        weight: Its strength.
        blocks: By block label (`IN01`, `MID`, `OUT05`, and `TE` for text encoders), what the
            strength is multiplied by there; 1 for those not named.
    """

    path: Path
    weight: float = 1.0
    blocks: Mapping[str, float] | None = None


def merge_adapters(
    sources: Sequence[MergeSource],
    out: Path,
    rule: RankRule,
    *,
    base: Base | None = None,
    dtype: SaveDtype = "fp16",
) -> ToolResult:
    """Write the sum of adapters, each at its strength, as one LoRA.

    The sum is exact where the rule allows the sum of all ranks; else it is the nearest of its rank.

    Args:
        sources: At least one.
        out: The new file.
        rule: Chooses the rank of each layer.
        base: Needed for kinds that depend on it, for strengths by block, and to bring files of
            different naming together.
        dtype: Number format of the new file.

    Raises:
        AdapterError: Strengths by block without a base, an unknown block, or files that do not
            fit one another.
    """
    check_output(out, tuple(source.path.resolve() for source in sources))
    sums: dict[str, Tensor] = {}
    biases: dict[str, Tensor] = {}
    for source in sources:
        strength = _strengths(source, base)
        for layer in dense_layers(source.path, base):
            added = layer.weight * strength(layer.name)
            before = sums.get(layer.name)
            if before is not None and before.shape != added.shape:
                raise AdapterError(
                    f"{layer.name} is {tuple(before.shape)} in an earlier file and "
                    f"{tuple(added.shape)} in {source.path}: they are for different bases"
                )
            sums[layer.name] = added if before is None else before + added
            if layer.bias is not None:
                bias = layer.bias * strength(layer.name)
                biases[layer.name] = biases.get(layer.name, 0) + bias
    tensors: dict[str, Tensor] = {}
    ranks: Counter[int] = Counter()
    kept: list[float] = []
    for name, weight in sums.items():
        if weight.dim() == 1:
            tensors[f"{name}.w_norm"] = weight
            if name in biases:
                tensors[f"{name}.b_norm"] = biases[name]
            continue
        factors = low_rank_of(weight, rule)
        tensors |= kohya_tensors(name, factors)
        if name in biases:
            tensors[f"{name}.diff_b"] = biases[name]
        ranks[factors.rank] += 1
        kept.append(factors.kept)
    names = ", ".join(f"{source.path.stem}:{source.weight:g}" for source in sources)
    first = read_adapter_header(sources[0].path).metadata
    kept_keys = ("ss_v2", "ss_base_model_version", "ss_sd_model_name")
    metadata = carried(
        {key: first[key] for key in kept_keys if key in first},
        f"merged: {names}",
        {
            "ss_network_module": "networks.lora",
            "ss_network_dim": str(rule.rank) if rule.rule is None else "Dynamic",
            "ss_network_alpha": str(float(rule.rank)) if rule.rule is None else "Dynamic",
            "ss_network_args": "{}",
        },
    )
    return ToolResult(
        saved=save_adapter(tensors, out, metadata, dtype),
        layers=sum(ranks.values()),
        ranks=dict(sorted(ranks.items())),
        kept=sum(kept) / len(kept) if kept else 1.0,
    )


def merge_into_base(
    base: Base, files: Sequence[tuple[Path, float]], out: Path, dtype: torch.dtype
) -> list[str]:
    """Add adapters to the weights of a base and write it as one file.

    Args:
        base: With all parts; its weights are changed.
        files: Paths and strengths.
        out: The new file, in the original key layout that other programs read.
        dtype: Number format of the new file.

    Returns:
        Warnings.

    Raises:
        AdapterError: A file does not fit the base, or `out` cannot be written.
    """
    check_output(out, tuple(path.resolve() for path, _ in files))
    warnings = merge_files(base, files)
    names = ", ".join(f"{path.stem}:{weight:g}" for path, weight in files)
    save_single_file(
        base,
        out,
        dtype,
        metadata={
            "modelspec.prediction_type": "v" if base.prediction == "v_prediction" else "epsilon",
            "modelspec.title": out.stem,
            "modelspec.merged_from": f"{base.title}, {names}",
        },
        markers=("ztsnr", "v_pred") if base.zero_terminal_snr else (),
    )
    return warnings


def parse_blocks(text: str, layout: BlockLayout) -> dict[str, float]:
    """Read strengths by block.

    Args:
        text: `IN04=0.5,MID=0`, or one number for each block in order, perhaps with one for the
            text encoders in front.
        layout: The blocks of the base.

    Raises:
        AdapterError: A value is no number, or there are too many or too few.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    try:
        if any("=" in part for part in parts):
            pairs = [part.split("=", 1) for part in parts]
            return {label.strip().upper(): float(value) for label, value in pairs}
        values = [float(part) for part in parts]
    except ValueError as error:
        raise AdapterError(
            f"strengths by block: {text!r} cannot be read ({error})",
            hint="Write IN04=0.5,MID=0 or one number per block, with commas.",
        ) from error
    labels = layout.labels
    if len(values) == len(labels) + 1:
        labels = ("TE", *labels)
    if len(values) != len(labels):
        raise AdapterError(
            f"strengths by block: {len(values)} numbers, but this base has {len(labels)} blocks "
            f"(or {len(labels) + 1} with the text encoders in front)"
        )
    return dict(zip(labels, values, strict=True))


def _strengths(source: MergeSource, base: Base | None) -> "Strength":
    if not source.blocks:
        return Strength(weight=source.weight, labels={}, blocks={})
    if base is None:
        raise AdapterError(
            f"strengths by block of {source.path.name} need the base, which says what belongs to "
            "which block",
            hint="Name it with --base BASE.",
        )
    layout = BlockLayout.of_base(base)
    known = (*layout.labels, "TE")
    unknown = [label for label in source.blocks if label not in known]
    if unknown:
        raise AdapterError(
            f"{source.path.name}: this base has no block {unknown[0]!r}; it has {', '.join(known)}"
        )
    labels = {
        target.name: (layout.label(target.path) or "") if target.part == "unet" else "TE"
        for target in find_targets(base)
    }
    return Strength(weight=source.weight, labels=labels, blocks=dict(source.blocks))


@dataclass(frozen=True, kw_only=True)
class Strength:
    """How strong an adapter is in each layer."""

    weight: float
    labels: dict[str, str]
    blocks: dict[str, float]

    def __call__(self, name: str) -> float:
        """Return the strength in a layer."""
        return self.weight * self.blocks.get(self.labels.get(name, ""), 1.0)
