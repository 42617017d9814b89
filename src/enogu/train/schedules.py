"""What the learning rate is multiplied by at each step: a pure function of the step."""

import math
from collections.abc import Callable
from typing import Any

import torch

from enogu.config import TrainConfig
from enogu.errors import ConfigError
from enogu.train.import_path import load_class, make
from enogu.train.rounds import step_in_round

RateFactor = Callable[[int], float]
"""From a step, counted from 0, to the factor of the learning rate."""


def rate_schedule(settings: TrainConfig) -> RateFactor:
    """Return the schedule of a run.

    Nothing is remembered between steps, so a resumed run needs no state of it.

    Args:
        settings: The section ``train``, with the real number of steps.

    Returns:
        During warm-up ``(step + 1) / (warmup_steps + 1)``. Then, with x the share of the rest of
        the run that is done: constant 1; linear 1 - x; cosine (1 + cos(pi x)) / 2;
        cosine_restarts the same in `restarts` equal waves, each from 1 (SGDR, arXiv:1608.03983,
        with equal periods); polynomial (1 - x)^power; rex (1 - x) / (1 - x / 2)
        (arXiv:2107.04197). With a floor f the factor is f + (1 - f) times that. A class gives its
        own rates. Rounds after the first begin with the same warm-up, times the schedule.

    Raises:
        ConfigError: The class cannot be made, or needs to be told the loss.
    """
    if "." in settings.schedule:
        return _ClassSchedule(settings)
    shape = SHAPES[settings.schedule]
    warmup, floor = settings.warmup_steps, settings.schedule_floor

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        value = shape((step - warmup) / (settings.steps - warmup), settings)
        value = floor + (1 - floor) * value if floor else value
        if settings.rounds > 1 and (done := step_in_round(settings, step)) < warmup:
            value *= (done + 1) / (warmup + 1)
        return value

    return factor


def _constant(x: float, settings: TrainConfig) -> float:
    return 1.0


def _linear(x: float, settings: TrainConfig) -> float:
    return 1.0 - x


def _cosine(x: float, settings: TrainConfig) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * x))


def _cosine_restarts(x: float, settings: TrainConfig) -> float:
    return _cosine(math.fmod(x * settings.restarts, 1.0), settings)


def _polynomial(x: float, settings: TrainConfig) -> float:
    return (1.0 - x) ** settings.schedule_power


def _rex(x: float, settings: TrainConfig) -> float:
    return (1.0 - x) / (1.0 - x / 2)


SHAPES: dict[str, Callable[[float, TrainConfig], float]] = {
    "constant": _constant,
    "cosine": _cosine,
    "cosine_restarts": _cosine_restarts,
    "linear": _linear,
    "polynomial": _polynomial,
    "rex": _rex,
}
"""From the share of the run that is done, 0..1, to the factor, 0..1."""


class _ClassSchedule:
    """A torch-like scheduler, driven on an optimiser of its own whose rate is 1."""

    def __init__(self, settings: TrainConfig) -> None:
        self._path = settings.schedule
        self._arguments = settings.schedule_args
        self._factory = load_class(self._path, "train.schedule")
        if self._factory is torch.optim.lr_scheduler.ReduceLROnPlateau:
            raise ConfigError(
                f"train.schedule {self._path} waits for a loss that stops falling, but the loss of "
                "single steps is noise; choose a schedule that depends on the step alone"
            )
        self._start()

    def _start(self) -> None:
        self._rate = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0, momentum=0.9)
        self._scheduler: Any = make(
            self._factory, self._rate, self._arguments, path=self._path, setting="train.schedule"
        )
        if not callable(getattr(self._scheduler, "step", None)):
            raise ConfigError(
                f"train.schedule {self._path} made a {type(self._scheduler).__name__}, which has "
                "no step(); it must be a learning-rate scheduler as in torch.optim.lr_scheduler"
            )
        self._done = 0

    def __call__(self, step: int) -> float:
        if step < self._done:
            self._start()
        while self._done < step:
            self._rate.step()
            try:
                self._scheduler.step()
            except Exception as error:  # a foreign class may fail with any error
                raise ConfigError(
                    f"train.schedule {self._path} gives no rate for step {self._done + 1}: "
                    f"{type(error).__name__}: {error}",
                    hint="Set its length in train.schedule_args to train.steps.",
                ) from error
            self._done += 1
        return float(self._rate.param_groups[0]["lr"])
