"""An adapter with other ranks: by singular values, or by cutting the first ranks of DyLoRA."""

from collections import Counter
from pathlib import Path

import torch
from torch import Tensor

from enogu.adapters.file import SaveDtype, read_adapter_header, save_adapter
from enogu.adapters.load import read_layers
from enogu.adapters.tools.dense import dense_layers
from enogu.adapters.tools.low_rank_of import RankRule, kohya_tensors, low_rank_of
from enogu.adapters.tools.result import ToolResult, carried, check_output
from enogu.errors import AdapterError
from enogu.families.base import Base


def resize_adapter(
    path: Path, out: Path, rule: RankRule, *, base: Base | None = None, dtype: SaveDtype = "fp16"
) -> ToolResult:
    """Write an adapter as plain LoRA of other ranks, as near to it as these ranks allow.

    Args:
        path: An adapter of any kind; differences of biases and norms are kept as they are.
        out: The new file.
        rule: Chooses the rank of each layer.
        base: Needed for kinds that depend on the base.
        dtype: Number format of the new file.

    Raises:
        AdapterError: The file needs a base or does not fit it; or `out` cannot be written.
    """
    check_output(out, (path.resolve(),))
    tensors: dict[str, Tensor] = {}
    ranks: Counter[int] = Counter()
    kept: list[float] = []
    for layer in dense_layers(path, base):
        if layer.weight.dim() == 1:
            tensors[f"{layer.name}.w_norm"] = layer.weight
            if layer.bias is not None:
                tensors[f"{layer.name}.b_norm"] = layer.bias
            continue
        factors = low_rank_of(layer.weight, rule)
        tensors |= kohya_tensors(layer.name, factors)
        if layer.bias is not None:
            tensors[f"{layer.name}.diff_b"] = layer.bias
        ranks[factors.rank] += 1
        kept.append(factors.kept)
    header = read_adapter_header(path)
    stated = str(rule.rank) if rule.rule is None else "Dynamic"
    how = f"rank {rule.rank}" if rule.rule is None else f"{rule.rule} {rule.goal:g}"
    metadata = carried(
        header.metadata,
        f"resized to {how}",
        {
            "ss_network_module": "networks.lora",
            "ss_network_dim": stated,
            "ss_network_alpha": stated if rule.rule else str(float(rule.rank)),
        },
    )
    saved = save_adapter(tensors, out, metadata, dtype)
    return ToolResult(
        saved=saved,
        layers=sum(ranks.values()),
        ranks=dict(sorted(ranks.items())),
        kept=sum(kept) / len(kept) if kept else 1.0,
    )


def cut_dylora(path: Path, out: Path, rank: int) -> ToolResult:
    """Write the first `rank` ranks of a DyLoRA as an adapter of their own, with the same alpha.

    Args:
        path: A LoRA file, trained as DyLoRA.
        out: The new file.
        rank: 1 or more, at most that of the file.

    Raises:
        AdapterError: The file is no plain LoRA or was not trained so, or has fewer ranks.
    """
    check_output(out, (path.resolve(),))
    header = read_adapter_header(path)
    if header.metadata.get("ss_network_module", "networks.dylora") != "networks.dylora":
        raise AdapterError(
            f"{path} was not trained as DyLoRA: its ranks cannot be cut one by one",
            hint="Resize it by singular values: leave out --cut.",
        )
    tensors: dict[str, Tensor] = {}
    for name, layer in read_layers(header).items():
        if set(layer.tensors) != {"lora_down.weight", "lora_up.weight"}:
            raise AdapterError(f"{path}: {name} is no plain LoRA: {', '.join(layer.tensors)}")
        down, up = layer.tensors["lora_down.weight"], layer.tensors["lora_up.weight"]
        if not 1 <= rank <= down.shape[0]:
            raise AdapterError(
                f"{path}: {name} has {down.shape[0]} ranks, so between 1 and that many can be "
                f"cut, got {rank}"
            )
        alpha = float(down.shape[0]) if layer.alpha is None else layer.alpha
        tensors[f"{name}.lora_down.weight"] = down[:rank].contiguous()
        tensors[f"{name}.lora_up.weight"] = up[:, :rank].contiguous()
        tensors[f"{name}.alpha"] = torch.tensor(alpha)
    metadata = carried(
        header.metadata,
        f"first {rank} ranks of DyLoRA",
        {"ss_network_module": "networks.lora", "ss_network_dim": str(rank)},
    )
    count = len(header.keys.layers)
    saved = save_adapter(tensors, out, metadata, "fp16")
    return ToolResult(saved=saved, layers=count, ranks={rank: count}, kept=1.0)
