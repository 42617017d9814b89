"""Putting an adapter file on a base, whatever program wrote it."""

from pathlib import Path

import torch

from enogu.adapters.adapter_set import AdapterSet, fit_factor
from enogu.adapters.file import AdapterHeader, Factors, read_adapter_header, read_factors
from enogu.adapters.keys import some_names
from enogu.adapters.layers import LoRALayer, module_device
from enogu.adapters.targets import Target, find_targets
from enogu.errors import AdapterError
from enogu.families.base import Base


def load_adapter(base: Base, path: Path, weight: float = 1.0) -> AdapterSet:
    """Attach an adapter file to a base. Several may be attached, one after the other.

    Args:
        base: A base with the parts the adapter changes.
        path: A LoRA in kohya's, diffusers' or PEFT's naming.
        weight: Its strength; 1 is as trained.

    Raises:
        AdapterError: Not an adapter, of a kind that cannot be applied, for another family, or
            with layers or shapes the base does not have.
    """
    header = read_adapter_header(path)
    _refuse_other_kinds(header)
    family = header.origin.family
    if family is not None and family != base.spec.name:
        raise AdapterError(
            f"{path} was made for {header.origin.title} ({header.origin.reason}), but the base "
            f"{base.title} is {base.spec.title}",
            hint="Draw with a base of the same family: --base BASE",
        )
    targets = {name: t for t in find_targets(base) for name in (t.name, *t.aliases)}
    factors = read_factors(header)
    unknown = [name for name in factors if name not in targets]
    problems: list[str] = []
    placed: list[tuple[Target, LoRALayer]] = []
    for name, layer in factors.items():
        if name in unknown:
            continue
        made = _make_layer(targets[name], layer, weight)
        if isinstance(made, str):
            problems.append(made)
        else:
            placed.append((targets[name], made))
    if unknown or problems:
        raise _does_not_fit(base, header, len(factors), unknown, problems)
    warnings = (
        [
            f"{len(header.keys.unknown)} tensors are of no known kind and have no effect: "
            f"{some_names(header.keys.unknown)}"
        ]
        if header.keys.unknown
        else []
    )
    adapter = AdapterSet(placed, title=path.stem, trainable=False, warnings=warnings)
    adapter.attach()
    return adapter


def _make_layer(target: Target, factors: Factors, weight: float) -> LoRALayer | str:
    """Return the layer, or a description of why its factors do not fit."""
    rank = factors.down.shape[0]
    wanted_down, wanted_up = target.shape.down_shape(rank), target.shape.up_shape(rank)
    down, up = fit_factor(factors.down, wanted_down), fit_factor(factors.up, wanted_up)
    if down is None or up is None:
        return (
            f"{target.name} is a {target.shape.kind} layer {target.shape.in_width} → {target.shape.out_width} here, but the file has down "
            f"{tuple(factors.down.shape)} and up {tuple(factors.up.shape)}"
        )
    device = module_device(target.module)
    return LoRALayer(
        target.module,
        target.name,
        down=down.to(device, torch.float32),
        up=up.to(device, torch.float32),
        alpha=float(rank) if factors.alpha is None else factors.alpha,
        multiplier=weight,
    )


def _refuse_other_kinds(header: AdapterHeader) -> None:
    kinds = header.keys.other_kinds
    if kinds:
        counts = ", ".join(
            f"{kind} ({len(set(modules))} layers)" for kind, modules in kinds.items()
        )
        raise AdapterError(
            f"{header.path} holds {counts}; only LoRA can be applied",
            hint="Export it as LoRA with the program that made it.",
        )


def _does_not_fit(
    base: Base, header: AdapterHeader, total: int, unknown: list[str], problems: list[str]
) -> AdapterError:
    lines: list[str] = []
    if unknown:
        lines.append(
            f"{len(unknown)} of {total} layers are not in this base: {some_names(unknown)}"
        )
    if problems:
        lines.append(
            f"{len(problems)} of {total} layers have other sizes: " + "; ".join(problems[:3])
        )
    return AdapterError(
        f"{header.path} does not fit the base {base.title} ({base.spec.title}): "
        + ". ".join(lines),
        hint=f"The file is for {header.origin.title}: {header.origin.reason}. "
        "Draw with the base it was trained on.",
    )
