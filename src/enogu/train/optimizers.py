"""Optimisers and learning-rate schedules, by the names used in the settings."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch

from enogu.adapters import ParameterGroup
from enogu.config import TrainConfig
from enogu.errors import MissingExtraError
from enogu.families.kohya_names import LoraPart
from enogu.machine import OPTIONAL_PACKAGES

ParameterGroups = Sequence[dict[str, Any]]
"""As torch's optimisers take them: each with ``params`` and ``lr``."""


def build_optimizer(
    settings: TrainConfig, trained: Sequence[ParameterGroup]
) -> torch.optim.Optimizer:
    """Build the optimiser of a run.

    Args:
        settings: The section ``train``.
        trained: Parameters with their part and their share of its learning rate.

    Returns:
        An optimiser whose groups keep their base rate under ``initial_lr``.

    Raises:
        MissingExtraError: The optimiser needs a package that is not installed.
    """
    groups: list[dict[str, Any]] = []
    for group in trained:
        rate = part_rate(settings, group.part) * group.rate
        groups.append(
            {
                "params": group.parameters,
                "lr": rate,
                "initial_lr": rate,
                "part": group.part,
            }
        )
    return OPTIMIZERS[settings.optimizer](groups, settings.weight_decay)


def part_rate(settings: TrainConfig, part: LoraPart) -> float:
    """Return the learning rate of a part of the base, before blocks and schedule."""
    if part == "unet":
        return settings.learning_rate
    text = settings.text_encoder_learning_rate or settings.learning_rate / 2
    if part == "te2":
        return settings.text_encoder_2_learning_rate or text
    return text


def _adamw(groups: ParameterGroups, weight_decay: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(groups, weight_decay=weight_decay)


def _adafactor(groups: ParameterGroups, weight_decay: float) -> torch.optim.Optimizer:
    return torch.optim.Adafactor(groups, weight_decay=weight_decay)


def _adamw8bit(groups: ParameterGroups, weight_decay: float) -> torch.optim.Optimizer:
    try:
        import bitsandbytes  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        purpose, command = OPTIONAL_PACKAGES["bitsandbytes"]
        raise MissingExtraError(
            "train.optimizer is 'adamw8bit', which needs the package bitsandbytes "
            f"({purpose}); it is not installed",
            hint=f"Install it ({command}) or use --set train.optimizer=adamw.",
        ) from error
    return bitsandbytes.optim.AdamW8bit(groups, weight_decay=weight_decay)


OPTIMIZERS: dict[str, Callable[[ParameterGroups, float], torch.optim.Optimizer]] = {
    "adamw": _adamw,
    "adafactor": _adafactor,
    "adamw8bit": _adamw8bit,
}


def learning_rate_factor(settings: TrainConfig, step: int) -> float:
    """Return what the learning rate is multiplied by at a step.

    A pure function of the step, so that a resumed run needs no scheduler state.

    Args:
        settings: The section ``train``.
        step: Counted from 0.

    Returns:
        0..1. During warm-up ``(step + 1) / (warmup_steps + 1)``; then by `schedule`: constant 1;
        cosine ``(1 + cos(pi * x)) / 2`` over the rest of the run; cosine_restarts the same in
        `restarts` equal waves, each starting from 1 (SGDR, arXiv:1608.03983, with equal periods).
    """
    if step < settings.warmup_steps:
        return (step + 1) / (settings.warmup_steps + 1)
    if settings.schedule == "constant":
        return 1.0
    progress = (step - settings.warmup_steps) / (settings.steps - settings.warmup_steps)
    if settings.schedule == "cosine_restarts":
        progress = math.fmod(progress * settings.restarts, 1.0)
    return 0.5 * (1.0 + math.cos(math.pi * progress))


_RATES = ("lr", "initial_lr", "weight_decay")


def rates_of(optimizer: torch.optim.Optimizer) -> list[dict[str, object]]:
    """Return what the settings say of each group: learning rate and weight decay."""
    return [
        {name: group[name] for name in _RATES if name in group} for group in optimizer.param_groups
    ]


def set_rates(optimizer: torch.optim.Optimizer, rates: list[dict[str, object]]) -> None:
    """Give groups that a saved state has filled the rates of the settings again."""
    for group, values in zip(optimizer.param_groups, rates, strict=True):
        group.update(values)


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> float:
    """Set every group to its base rate times `factor`; return the rate of the first group."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor
    return float(optimizer.param_groups[0]["lr"])
