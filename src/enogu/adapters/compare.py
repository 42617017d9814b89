"""What two adapter files have in common and what they do not."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from enogu.adapters.effect import effect_of
from enogu.adapters.file import LayerNumbers, read_adapter_header
from enogu.adapters.load import read_layers
from enogu.adapters.place import BlockNames, block_order
from enogu.adapters.summary import AdapterSummary, inspect_adapter

_BOOKKEEPING = ("sshs_", "ss_session_id", "ss_training_started_at", "ss_training_finished_at")
_BULKY = ("ss_tag_frequency", "ss_bucket_info", "ss_dataset_dirs", "ss_datasets")


@dataclass(frozen=True, kw_only=True)
class BlockDifference:
    """How two adapters differ in one block.

    Attributes:
        block: Its name.
        layers: Layers that both have.
        first: Norm of what the first adds.
        second: Norm of what the second adds.
        difference: Norm of the difference of both.
        cosine: 1 for the same direction, 0 for unrelated ones, -1 for opposite ones.
    """

    block: str
    layers: int
    first: float
    second: float
    difference: float
    cosine: float


@dataclass(frozen=True, kw_only=True)
class AdapterComparison:
    """Two adapter files side by side.

    Attributes:
        first: The first file.
        second: The second file.
        facts: What the files are, where it differs: name to both values.
        settings: Metadata that differs: key to both values, empty where one lacks it.
        tags: Tags whose counts differ, the largest differences first: tag to both counts.
        only_first: Layers that the second lacks.
        only_second: Layers that the first lacks.
        equal_layers: Layers whose numbers are equal, bit for bit.
        blocks: Differences by block, of layers that both have.
        unmeasured: Layers whose difference depends on the base, or whose sizes differ.
    """

    first: Path
    second: Path
    facts: Mapping[str, tuple[str, str]]
    settings: Mapping[str, tuple[str, str]]
    tags: Mapping[str, tuple[int, int]]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    equal_layers: int
    blocks: tuple[BlockDifference, ...]
    unmeasured: int

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        values: dict[str, object] = asdict(self)
        values.update(first=str(self.first), second=str(self.second))
        return values


def compare_adapters(first: Path, second: Path) -> AdapterComparison:
    """Compare two adapter files: what they say, which layers they have, and what they change.

    Args:
        first: An adapter file of any maker.
        second: Another.

    Raises:
        AdapterError: One of them is no adapter, of a kind that cannot be applied, or broken.
    """
    one, two = inspect_adapter(first), inspect_adapter(second)
    ours, theirs = (_canonical(path) for path in (first, second))
    common = [name for name in ours if name in theirs]
    blocks, unmeasured = _blocks(ours, theirs, common)
    return AdapterComparison(
        first=first,
        second=second,
        facts=_differing(_facts(one), _facts(two)),
        settings=_differing(_settings(one), _settings(two)),
        tags=_tags(one, two),
        only_first=tuple(name for name in ours if name not in theirs),
        only_second=tuple(name for name in theirs if name not in ours),
        equal_layers=sum(_equal(ours[name], theirs[name]) for name in common),
        blocks=blocks,
        unmeasured=unmeasured,
    )


def _canonical(path: Path) -> dict[str, LayerNumbers]:
    """Read the layers of a file, the only text encoder under one name for all programs."""
    layers = read_layers(read_adapter_header(path))
    return {name.replace("lora_text_encoder_", "lora_te_"): layer for name, layer in layers.items()}


def _facts(summary: AdapterSummary) -> dict[str, str]:
    return {
        "family": str(summary.family),
        "maker": summary.maker,
        "kinds": ", ".join(f"{kind} ({count})" for kind, count in summary.kinds.items()),
        "layers": ", ".join(f"{part} ({count})" for part, count in summary.modules.items()),
        "ranks": ", ".join(f"{rank} ({count})" for rank, count in summary.ranks.items()),
        "alphas": ", ".join(f"{alpha} ({count})" for alpha, count in summary.alphas.items()),
        "number format": ", ".join(summary.dtypes),
        "bytes": str(summary.num_bytes),
        "trigger": summary.trigger,
        "base": f"{summary.base_title} {summary.base_hash[:10]}".strip(),
        "buckets": ", ".join(f"{size} ({count})" for size, count in summary.buckets.items()),
        "AutoV3": summary.hashes.model_hash[:12],
    }


def _settings(summary: AdapterSummary) -> dict[str, str]:
    return {
        key: value
        for key, value in summary.metadata.items()
        if not key.startswith(_BOOKKEEPING) and key not in _BULKY
    }


def _differing(one: Mapping[str, str], two: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    names = dict.fromkeys((*one, *two))
    return {
        name: (one.get(name, ""), two.get(name, ""))
        for name in names
        if one.get(name, "") != two.get(name, "")
    }


def _tags(one: AdapterSummary, two: AdapterSummary) -> dict[str, tuple[int, int]]:
    ours, theirs = dict(one.tags), dict(two.tags)
    pairs = {tag: (ours.get(tag, 0), theirs.get(tag, 0)) for tag in dict.fromkeys((*ours, *theirs))}
    differing = [(tag, pair) for tag, pair in pairs.items() if pair[0] != pair[1]]
    return dict(sorted(differing, key=lambda item: -abs(item[1][0] - item[1][1])))


def _equal(one: LayerNumbers, two: LayerNumbers) -> bool:
    return (
        one.alpha == two.alpha
        and one.tensors.keys() == two.tensors.keys()
        and all(
            tensor.dtype == two.tensors[name].dtype and torch.equal(tensor, two.tensors[name])
            for name, tensor in one.tensors.items()
        )
    )


def _blocks(
    ours: Mapping[str, LayerNumbers], theirs: Mapping[str, LayerNumbers], common: list[str]
) -> tuple[tuple[BlockDifference, ...], int]:
    names = BlockNames(ours)
    sums: defaultdict[str, tuple[float, float, float]] = defaultdict(lambda: (0.0, 0.0, 0.0))
    counts: Counter[str] = Counter()
    unmeasured = 0
    for name in common:
        one, two = effect_of(ours[name]), effect_of(theirs[name])
        if one is None or two is None or one.shape != two.shape:
            unmeasured += 1
            continue
        label = names.of(name)
        counts[label] += 1
        first, second, both = sums[label]
        sums[label] = (
            first + one.norm() ** 2,
            second + two.norm() ** 2,
            both + one.inner(two),
        )
    found = tuple(_block(name, counts[name], sums[name]) for name in sorted(sums, key=block_order))
    return found, unmeasured


def _block(label: str, layers: int, sums: tuple[float, float, float]) -> BlockDifference:
    """Put sums of squares and of products into words: |a - b|² = |a|² + |b|² - 2ab."""
    first, second, both = sums
    lengths = (first * second) ** 0.5
    return BlockDifference(
        block=label,
        layers=layers,
        first=first**0.5,
        second=second**0.5,
        difference=max(0.0, first + second - 2 * both) ** 0.5,
        cosine=both / lengths if lengths else 0.0,
    )
