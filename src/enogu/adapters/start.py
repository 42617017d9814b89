"""Where a training starts: from another adapter, or on a base with adapters merged into it."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from enogu.adapters.adapter_set import AdapterSet
from enogu.adapters.inject import refuse_second_training
from enogu.adapters.keys import some_names
from enogu.adapters.kinds import TRAINED, DoRA, DyLoRA, LoRA, Update
from enogu.adapters.layers import AdapterLayer, innermost
from enogu.adapters.load import load_adapter, read_placed
from enogu.adapters.spec import AdapterSpec
from enogu.adapters.targets import Target
from enogu.errors import AdapterError
from enogu.families.base import Base
from enogu.frozen import keep_plain

_TRAINED_KINDS = {*TRAINED, "lora_mid"}


def continue_from(adapter: AdapterSet, base: Base, path: Path) -> list[str]:
    """Fill a fresh adapter with the numbers of a file of the same kind and sizes.

    Names and alphas may be of any convention; the alphas of the file are taken, so that the
    adapter does what the file did. Layers that the file does not have keep their starting numbers.

    Args:
        adapter: Attached to `base`, not trained yet.
        base: Its base.
        path: The file.

    Returns:
        Warnings.

    Raises:
        AdapterError: The file has layers that are not adapted here, or of another kind or size.
    """
    adapter.eject()
    read = read_placed(base, path)
    adapter.attach()
    given = {target.name: layer.update for target, layer in read.placed}
    extra = [name for name in given if name not in adapter.layers]
    if extra:
        raise AdapterError(
            f"{path} has {len(extra)} layers that are not trained here: {some_names(extra)}",
            hint="Switch on what they belong to (train.text_encoder, train.conv_rank, "
            "train.targets, train.blocks), or take all from the file: "
            "--set train.adapter.start_sizes=true",
        )
    wrong = [
        f"{name} is {_describe(update)} in the file and {_describe(adapter.layers[name].update)} "
        "here"
        for name, update in given.items()
        if _sizes(update) != _sizes(adapter.layers[name].update)
    ]
    if wrong:
        raise AdapterError(
            f"{path} does not fit the settings: {len(wrong)} of {len(given)} layers differ; "
            + "; ".join(wrong[:2]),
            hint="Set train.rank, train.conv_rank and train.adapter.kind to those of the file "
            "(enogu inspect FILE), or take them from it: --set train.adapter.start_sizes=true",
        )
    with torch.no_grad():
        for name, update in given.items():
            own = adapter.layers[name].update
            for (_, factor), (_, source) in zip(own.factors(), update.factors(), strict=True):
                factor.copy_(source.reshape(factor.shape))
            if update.alpha is not None:
                own.set_alpha(update.alpha)
    missing = len(adapter.layers) - len(given)
    if not missing:
        return read.warnings
    return [*read.warnings, f"{missing} layers are not in {path.name} and start from nothing"]


def adapter_of_file(base: Base, path: Path, spec: AdapterSpec) -> AdapterSet:
    """Attach a file's adapter for further training, with its own layers, kind, ranks and alphas.

    Args:
        base: The base; everything else in it is frozen.
        path: The file.
        spec: What is left out while training, rates by block, and whether LoRA goes on as DyLoRA.

    Raises:
        AdapterError: It does not fit the base, or is of a kind that is only read.
    """
    read = read_placed(base, path)
    refuse_second_training(base, [target for target, _ in read.placed])
    only_read = {layer.update.title for _, layer in read.placed if not _trainable(layer.update)}
    if only_read:
        raise AdapterError(
            f"{path} holds {', '.join(sorted(only_read))}, which is applied but not trained",
            hint=f"Kinds that are trained: {', '.join(TRAINED)}, with DoRA on top or not.",
        )
    for module in base.modules().values():
        module.requires_grad_(False)
    placed: list[tuple[Target, AdapterLayer]] = []
    for target, layer in read.placed:
        update = layer.update.float()
        if spec.kind == "dylora" and isinstance(update, LoRA):
            update = DyLoRA(
                update.shape,
                down=update.lora_down.detach(),
                up=update.lora_up.detach(),
                alpha=update.alpha or 0.0,
            )
        if update.needs_weight:
            keep_plain(innermost(target.module))
        placed.append((target, AdapterLayer(target.module, target.name, update)))
    adapter = AdapterSet(
        placed,
        title="the new adapter",
        trainable=True,
        warnings=read.warnings,
        rates={target.name: spec.rate(target) for target, _ in placed},
        noise=spec.noise,
    )
    adapter.attach()
    return adapter


def merge_files(base: Base, files: Sequence[tuple[Path, float]]) -> list[str]:
    """Merge adapter files into the weights of a base, one after the other.

    Args:
        base: Its loaded parts are changed; layers of parts that are not loaded are left out.
        files: Path and strength.

    Returns:
        Warnings.

    Raises:
        AdapterError: A file does not fit the base.
    """
    warnings: list[str] = []
    for path, weight in files:
        adapter = load_adapter(base, path, weight)
        warnings.extend(
            f"{path.name}: {text}" for text in adapter.warnings if "not loaded" not in text
        )
        merge_attached(adapter)
    return warnings


@torch.no_grad()
def merge_attached(adapter: AdapterSet) -> None:
    """Add an attached adapter to the weights below it, at its strength, and take it out.

    Sums are taken in fp32 and rounded to the weight's own type.
    """
    for name, layer in adapter.layers.items():
        plain = innermost(adapter.targets[name].module)
        weight = plain.weight
        assert isinstance(weight, Tensor)
        exact = weight.detach().float()
        exact = exact + layer.update.difference(exact, layer.multiplier)
        weight.data.copy_(exact)
        added = layer.update.bias_difference()
        if added is None:
            continue
        bias = plain.bias if isinstance(plain.bias, Tensor) else torch.zeros_like(added).to(weight)
        changed = bias.detach().float() + layer.multiplier * added.to(bias.device).float()
        plain.bias = nn.Parameter(changed.to(weight.dtype), requires_grad=False)
    adapter.eject()


def _trainable(update: Update) -> bool:
    inner = update.inner if isinstance(update, DoRA) else update
    return inner.kind in _TRAINED_KINDS


def _sizes(update: Update) -> dict[str, int]:
    """Return what must be equal: the factors by suffix, each with its number of elements."""
    return {suffix: factor.numel() for suffix, factor in update.factors()}


def _describe(update: Update) -> str:
    return f"{update.title} of rank {update.rank}"
