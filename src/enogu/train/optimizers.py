"""Optimisers by the names used in the settings, or by their import path."""

import contextlib
import inspect
from collections.abc import Generator, Sequence
from typing import Any

import torch

from enogu.adapters import ParameterGroup
from enogu.config import TrainConfig
from enogu.config.optimizers import optimizer_kind
from enogu.errors import ConfigError
from enogu.families.kohya_names import LoraPart
from enogu.train.import_path import load_class, make, parameters_of

ParameterGroups = Sequence[dict[str, Any]]
"""As torch's optimisers take them: each with ``params`` and ``lr``."""


def part_rate(settings: TrainConfig, part: LoraPart) -> float:
    """Return the learning rate of a part of the base, before blocks and schedule.

    Text encoders learn at half the rate, where nothing else is set. An optimiser that finds its
    step size does so for all parts together, so there it is the same.
    """
    if part == "unet":
        return settings.learning_rate
    if part == "te2" and settings.text_encoder_2_learning_rate is not None:
        return settings.text_encoder_2_learning_rate
    if settings.text_encoder_learning_rate is not None:
        return settings.text_encoder_learning_rate
    same = optimizer_kind(settings.optimizer).finds_rate
    return settings.learning_rate if same else settings.learning_rate / 2


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
        ConfigError: Its class is not there, is no optimiser, or refuses its arguments.
    """
    kind = optimizer_kind(settings.optimizer)
    factory = load_class(kind.path, "train.optimizer")
    groups: list[dict[str, Any]] = []
    for group in trained:
        rate = part_rate(settings, group.part) * group.rate
        groups.append(
            {"params": group.parameters, "lr": rate, "initial_lr": rate, "part": group.part}
        )
    if kind.path == "pytorch_optimizer.Muon":
        # All factors of an adapter are matrices, which is what Muon is for.
        groups = [group | {"use_muon": True} for group in groups]
    known = parameters_of(factory)
    arguments = {name: value for name, value in kind.arguments.items() if name in known}
    if "weight_decay" in known:
        arguments["weight_decay"] = settings.weight_decay
    arguments |= settings.optimizer_args
    optimizer = make(factory, groups, arguments, path=kind.path, setting="train.optimizer")
    _check_step(optimizer, kind.path)
    return optimizer


def _check_step(optimizer: object, path: str) -> None:
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ConfigError(
            f"train.optimizer {path} made a {type(optimizer).__name__}, which is no "
            "torch.optim.Optimizer"
        )
    needed = [
        parameter.name
        for parameter in inspect.signature(optimizer.step).parameters.values()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    ]
    if needed:
        raise ConfigError(
            f"train.optimizer {path} wants to compute the loss several times in one step "
            f"(its step() needs {', '.join(needed)}), which training does not do; choose another"
        )


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


@contextlib.contextmanager
def weights_for_use(optimizer: torch.optim.Optimizer) -> Generator[None]:
    """Hold the weights that are to be saved and drawn with, inside the block.

    A schedule-free optimiser trains at one point and is used at another, its mean
    (arXiv:2405.15682); every other optimiser is left alone. The way to the mean and back rounds,
    so the trained point is kept and put back bit for bit: a run that saves more often, or is
    resumed from a save, must not differ.
    """
    to_mean = getattr(optimizer, "eval", None)
    to_training = getattr(optimizer, "train", None)
    if not callable(to_mean) or not callable(to_training):
        yield
        return
    parameters = [value for group in optimizer.param_groups for value in group["params"]]
    kept = [value.detach().clone() for value in parameters]
    to_mean()
    try:
        yield
    finally:
        to_training()
        with torch.no_grad():
            for value, before in zip(parameters, kept, strict=True):
                value.copy_(before)
