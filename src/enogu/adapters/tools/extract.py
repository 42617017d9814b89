"""A LoRA out of two bases: what the second has learnt beyond the first."""

from collections import Counter
from pathlib import Path

import torch
from torch import Tensor

from enogu.adapters.file import SaveDtype, save_adapter
from enogu.adapters.targets import Target, find_targets
from enogu.adapters.tools.low_rank_of import RankRule, kohya_tensors, low_rank_of
from enogu.adapters.tools.result import ToolResult, check_output
from enogu.errors import AdapterError
from enogu.families.base import Base

DEFAULT_LEAST = 1e-4
"""Differences up to this are taken as none: files in half precision differ by about as much."""


@torch.no_grad()
def extract_adapter(
    original: Base,
    tuned: Base,
    out: Path,
    rule: RankRule,
    *,
    convolutions: bool = False,
    least: float = DEFAULT_LEAST,
    dtype: SaveDtype = "fp16",
) -> ToolResult:
    """Write the difference of two bases as a LoRA.

    Args:
        original: The base it will be used on.
        tuned: A base of the same architecture.
        out: The new file.
        rule: Chooses the rank of each layer.
        convolutions: Also take the 3x3 convolutions and the rest of the residual blocks.
        least: Layers whose largest difference is not above this are left out.
        dtype: Number format of the new file.

    Raises:
        AdapterError: The bases have other layers, or do not differ.
    """
    check_output(out, ())
    groups = ("usual", "convolution") if convolutions else ("usual",)
    first = {t.name: t for t in find_targets(original) if t.group in groups}
    second = {t.name: t for t in find_targets(tuned) if t.group in groups}
    odd = [
        name
        for name in first.keys() | second.keys()
        if name not in first or name not in second or first[name].shape != second[name].shape
    ]
    if odd:
        raise AdapterError(
            f"{original.title} ({original.spec.title}) and {tuned.title} ({tuned.spec.title}) are "
            f"not of one architecture: {len(odd)} layers differ, for example {min(odd)}"
        )
    tensors: dict[str, Tensor] = {}
    ranks: Counter[int] = Counter()
    kept: list[float] = []
    for name, target in first.items():
        difference = _weight(second[name]) - _weight(target)
        if float(difference.abs().max()) <= least:
            continue
        factors = low_rank_of(difference, rule)
        layer = kohya_tensors(name, factors)
        if target.stored_as_convolution:
            layer = {key: t[:, :, None, None] if t.dim() == 2 else t for key, t in layer.items()}
        tensors |= layer
        ranks[factors.rank] += 1
        kept.append(factors.kept)
    if not tensors:
        raise AdapterError(
            f"{tuned.title} does not differ from {original.title} in any of {len(first)} layers "
            f"by more than {least:g}",
            hint="Lower --least, or check that these are the two files you mean.",
        )
    family = original.spec
    metadata = {
        "ss_v2": str(family.name == "sd2"),
        "ss_base_model_version": family.kohya_version_for(original.prediction),
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(rule.rank) if rule.rule is None else "Dynamic",
        "ss_network_alpha": str(float(rule.rank)) if rule.rule is None else "Dynamic",
        "ss_network_args": "{}",
        "ss_sd_model_name": original.title,
        "ss_training_comment": f"extracted: {tuned.title} - {original.title}",
    }
    return ToolResult(
        saved=save_adapter(tensors, out, metadata, dtype),
        layers=sum(ranks.values()),
        ranks=dict(sorted(ranks.items())),
        kept=sum(kept) / len(kept),
    )


def _weight(target: Target) -> Tensor:
    weight = target.module.weight
    assert isinstance(weight, Tensor)
    return weight.detach().float()
