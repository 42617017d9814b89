"""What to switch on so that a run fits into the memory that is given for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from enogu.config import ProjectConfig, find_conflicts, parse_memory
from enogu.config.conflicts import Known
from enogu.errors import ConfigError
from enogu.machine import GPU_RESERVE_BYTES, choose_workplace
from enogu.train.forecast import Forecast, forecast
from enogu.train.setup import Setup

_ROUNDING = 100 << 20
"""A size that is named as sufficient is rounded up to a multiple of this."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One thing that was switched on to save memory.

    Attributes:
        settings: The settings that do the same when they are written down.
        does: What it does.
        costs: What it costs beside time.
        saved_bytes: By how much the peak fell.
        step_factor: How many times as long a step takes; below 1 where it is faster.
    """

    settings: Mapping[str, object]
    does: str
    costs: str
    saved_bytes: int
    step_factor: float


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A run that fits.

    Attributes:
        setup: The run with what was switched on.
        forecast: What it needs so.
        budget_bytes: What it may need; None where nothing was asked.
        measures: What was switched on, in the order of trying.
    """

    setup: Setup
    forecast: Forecast
    budget_bytes: int | None = None
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One way to save memory: the settings it changes, and where it makes sense."""

    changes: Mapping[str, object]
    does: str
    costs: str
    applies: Callable[[Setup], bool]


def _offload(share: float) -> _Way:
    return _Way(
        changes={"machine.offload": share},
        does=f"{share:.0%} of the UNet's weights wait in main memory",
        costs="nothing else: the result is the same, bit for bit",
        applies=lambda setup: setup.device.type == "cuda" and setup.config.machine.offload < share,
    )


WAYS: tuple[_Way, ...] = (
    _Way(
        changes={"machine.park": True},
        does="VAE and text encoders are held only while samples are drawn",
        costs="loading them again for each round of samples",
        applies=lambda setup: bool(setup.config.samples.drawn) and not setup.config.machine.park,
    ),
    _Way(
        changes={"machine.vae_tiling": True},
        does="large pictures pass the VAE in tiles",
        costs="slight changes at the seams of tiles",
        applies=lambda setup: not setup.config.machine.vae_tiling,
    ),
    _Way(
        changes={"machine.precision": "bf16"},
        does="the base computes in bf16",
        costs="rounding: 8 bits of each number are kept instead of 24",
        applies=lambda setup: setup.precision.name == "fp32" and setup.device.type != "mps",
    ),
    _Way(
        changes={"train.gradient_checkpointing": True},
        does="parts of the forward pass are computed twice instead of kept",
        costs="nothing else: the result is the same up to rounding",
        applies=lambda setup: not setup.config.train.gradient_checkpointing,
    ),
    _Way(
        changes={"machine.base_format": "int8"},
        does="the UNet's weights are kept in 8 bits",
        costs="slight changes of the base: each weight is rounded to 255 levels of its row",
        applies=lambda setup: setup.config.machine.base_format == "full",
    ),
    *(_offload(share) for share in (0.25, 0.5, 0.75, 1.0)),
)
"""In this order they are tried: first what costs no time in a step, last what costs most."""


def fit_into_memory(setup: Setup) -> Fit:
    """Switch on what is needed so that a run fits into ``machine.memory``, and no more.

    The ways of :data:`WAYS` are tried one after another; one that does not lower the peak is left
    off. Without ``machine.memory`` nothing is switched on.

    Raises:
        ConfigError: The run does not fit whatever is switched on; the message names the least
            memory it can be made to fit into.
    """
    needed = forecast(setup)
    asked = setup.config.machine.memory
    if not asked:
        return Fit(setup=setup, forecast=needed)
    budget = parse_memory(asked)
    reserve = GPU_RESERVE_BYTES if setup.device.type == "cuda" else 0
    measures: list[Measure] = []
    for way in WAYS:
        if needed.peak_bytes + reserve <= budget:
            break
        if not way.applies(setup):
            continue
        changed = with_settings(setup, way.changes)
        then = forecast(changed)
        if then.peak_bytes >= needed.peak_bytes:
            continue
        saved, factor = needed.peak_bytes, then.seconds_per_step / needed.seconds_per_step
        saved -= then.peak_bytes
        if measures and measures[-1].settings.keys() == way.changes.keys():
            # More of the same stands in for less of it.
            less = measures.pop()
            saved, factor = saved + less.saved_bytes, factor * less.step_factor
        measures.append(
            Measure(
                settings=way.changes,
                does=way.does,
                costs=way.costs,
                saved_bytes=saved,
                step_factor=factor,
            )
        )
        setup, needed = changed, then
    if needed.peak_bytes + reserve > budget:
        raise _does_not_fit(setup, needed.peak_bytes + reserve, asked)
    return Fit(setup=setup, forecast=needed, budget_bytes=budget, measures=tuple(measures))


def with_settings(setup: Setup, changes: Mapping[str, object]) -> Setup:
    """Return the setup with other settings that leave pictures and their order alone.

    Args:
        setup: A run.
        changes: Settings of ``machine`` or ``train`` by dotted name, valid by themselves.

    Raises:
        ConfigError: The settings contradict others.
    """
    config = setup.config
    for name, value in changes.items():
        section, _, key = name.partition(".")
        part: Any = getattr(config, section)
        config = config.model_copy(update={section: part.model_copy(update={key: value})})
    _check(config, setup)
    place = choose_workplace(config.machine, num_parameters=setup.info.num_parameters["unet"])
    return replace(setup, config=config, place=place)


def _check(config: ProjectConfig, setup: Setup) -> None:
    if found := find_conflicts(config, Known(device=setup.device.type)):
        raise ConfigError("\n".join(found))


def _does_not_fit(setup: Setup, least_bytes: int, asked: str) -> ConfigError:
    size = -(-least_bytes // _ROUNDING) * _ROUNDING
    needs = f"{-(-size // (1 << 20))}MB"
    smaller = ["lower pictures.resolution"]
    if setup.config.train.batch_size > 1:
        smaller.append(f"lower train.batch_size (now {setup.config.train.batch_size})")
    if setup.config.train.text_encoder:
        smaller.append("switch train.text_encoder off")
    if setup.config.samples.drawn:
        smaller.append("set samples.every to 0")
    return ConfigError(
        f"machine.memory is {asked}, but with everything on that saves memory this run still needs "
        f"about {needs}",
        hint=f"The nearest that can be met: --memory {needs}\nTo need less: "
        + ", or ".join(smaller),
    )
