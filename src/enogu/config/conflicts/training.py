"""Conflicts of how an adapter is trained: parts, optimiser, learning rate, schedule."""

from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known
from enogu.config.optimizers import optimizer_kind

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig

_LEAST_FACTOR = 0.1
"""Below this, a rate was meant as a step size, not as a factor; sd-scripts warns here."""

_GREATEST_STEP = 0.5


def _something_is_trained(config: "ProjectConfig", known: Known) -> str | None:
    if config.train.unet or config.train.text_encoder:
        return None
    return (
        "train.unet and train.text_encoder are both off, so nothing would be trained; "
        "switch at least one on"
    )


def _warmup_ends(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    # With epochs the number of steps is known only when the pictures have been counted.
    if train.epochs is not None or train.warmup_steps < train.steps:
        return None
    return (
        f"train.warmup_steps {train.warmup_steps} must be below steps {train.steps}: "
        "the run would end before the learning rate is reached"
    )


def _conv_alpha_needs_rank(config: "ProjectConfig", known: Known) -> str | None:
    if config.train.conv_alpha is None or config.train.conv_rank is not None:
        return None
    return "train.conv_alpha is set but train.conv_rank is not: set conv_rank as well"


def _rate_of_one(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not optimizer_kind(train.optimizer).finds_rate or train.learning_rate >= _LEAST_FACTOR:
        return None
    return (
        f"train.learning_rate is {train.learning_rate:g}, but {train.optimizer} finds its step "
        "size by itself and multiplies it by this number, so nothing would be learnt; set it to 1"
    )


def _rate_below_one(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not optimizer_kind(train.optimizer).normalised or train.learning_rate < _GREATEST_STEP:
        return None
    return (
        f"train.learning_rate is {train.learning_rate:g}, but {train.optimizer} moves every weight "
        "by about that much in each step, which destroys them; 1e-4 is usual (1 is for prodigy "
        "and dadapt_adam)"
    )


def _one_rate(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not optimizer_kind(train.optimizer).finds_rate:
        return None
    for name in ("text_encoder_learning_rate", "text_encoder_2_learning_rate"):
        rate = getattr(train, name)
        if rate not in (None, train.learning_rate):
            return (
                f"train.{name} is {rate:g} and train.learning_rate {train.learning_rate:g}, but "
                f"{train.optimizer} finds one step size for all parts and does not support two; "
                "leave the first empty"
            )
    if train.adapter.up_rate != 1:
        return (
            f"train.adapter.up_rate is {train.adapter.up_rate:g}, but {train.optimizer} finds one "
            "step size for all weights; set it to 1"
        )
    blocks = train.blocks
    for name in ("down", "mid", "up"):
        values = getattr(blocks, name)
        # Rates of 0 and 1 only choose blocks.
        if values and (isinstance(values, str) or not set(values) <= {0, 1}):
            return (
                f"train.blocks.{name} gives blocks rates of their own, but {train.optimizer} finds "
                "one step size for all of them; use 0 and 1 only, or another optimiser"
            )
    return None


def _schedule_free_has_none(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not optimizer_kind(train.optimizer).schedule_free or train.schedule == "constant":
        return None
    return (
        f"train.schedule is {train.schedule!r}, but {train.optimizer} averages its weights in "
        "place of lowering the rate; set train.schedule to 'constant'"
    )


def _schedule_free_has_mean(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not optimizer_kind(train.optimizer).schedule_free or not train.ema:
        return None
    return (
        f"train.ema is {train.ema:g}, but {train.optimizer} already saves a mean of its weights; "
        "set train.ema to 0"
    )


def _eight_bit_needs_cuda(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not optimizer_kind(train.optimizer).needs_cuda or known.device in (None, "cuda"):
        return None
    return (
        f"train.optimizer {train.optimizer} has kernels for CUDA only, but this run is on "
        f"{known.device}; use adamw, or adafactor to need less memory"
    )


def _one_warmup(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not (train.warmup_steps and train.warmup_share):
        return None
    return (
        f"train.warmup_steps {train.warmup_steps} and train.warmup_share {train.warmup_share:g} "
        "both say how long the warm-up is; set one of them to 0"
    )


def _class_has_own_warmup(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    warmup = train.warmup_steps or train.warmup_share
    if "." not in train.schedule or not warmup:
        return None
    return (
        f"a warm-up of {warmup:g} is set, but train.schedule {train.schedule} alone decides the "
        "rate, and the warm-up would be ignored; set it to 0 and give the class its own in "
        "train.schedule_args"
    )


def _arguments_need_class(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if "." in train.schedule or not train.schedule_args:
        return None
    return (
        f"train.schedule_args has {', '.join(train.schedule_args)}, but the schedule "
        f"{train.schedule!r} takes none; its settings are train.restarts, train.schedule_power and "
        "train.schedule_floor"
    )


def _power_needs_polynomial(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if train.schedule == "polynomial" or train.schedule_power == 1:
        return None
    return (
        f"train.schedule_power is {train.schedule_power:g}, which only the schedule 'polynomial' "
        f"reads; set it to 1, or train.schedule from {train.schedule!r} to 'polynomial'"
    )


def _floor_needs_fall(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not train.schedule_floor or not (train.schedule == "constant" or "." in train.schedule):
        return None
    return (
        f"train.schedule_floor is {train.schedule_floor:g}, but the schedule {train.schedule!r} "
        "does not read it; set it to 0"
    )


def _one_clip(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if not (train.max_grad_norm and train.max_grad_value):
        return None
    return (
        f"train.max_grad_norm {train.max_grad_norm:g} and train.max_grad_value "
        f"{train.max_grad_value:g} both cut gradients, and the second would change the direction "
        "the first keeps; set one of them to 0"
    )


TRAINING_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "nothing-is-trained",
        ("train.unet", "train.text_encoder"),
        "An adapter needs a part to adapt.",
        _something_is_trained,
    ),
    Conflict(
        "warm-up-without-end",
        ("train.warmup_steps", "train.steps"),
        "The run would end before the learning rate is reached.",
        _warmup_ends,
    ),
    Conflict(
        "conv-alpha-without-rank",
        ("train.conv_alpha", "train.conv_rank"),
        "Without a rank no 3x3 convolution is adapted, and the alpha scales nothing.",
        _conv_alpha_needs_rank,
    ),
    Conflict(
        "factor-as-step-size",
        ("train.optimizer", "train.learning_rate"),
        "D-Adaptation and Prodigy find the step size; the rate is a factor near 1, and 1e-4 would "
        "make the found size ten thousand times too small.",
        _rate_of_one,
    ),
    Conflict(
        "step-size-as-factor",
        ("train.optimizer", "train.learning_rate"),
        "The steps of Adam and its relatives are as long as the rate, whatever the gradient.",
        _rate_below_one,
    ),
    Conflict(
        "two-rates-for-one-size",
        (
            "train.optimizer",
            "train.text_encoder_learning_rate",
            "train.text_encoder_2_learning_rate",
            "train.blocks.down",
            "train.blocks.mid",
            "train.blocks.up",
            "train.adapter.up_rate",
            "train.learning_rate",
        ),
        "D-Adaptation and Prodigy estimate one distance over all weights.",
        _one_rate,
    ),
    Conflict(
        "schedule-free-with-schedule",
        ("train.optimizer", "train.schedule"),
        "A schedule-free optimiser weighs its mean by the rate; a falling rate would undo it.",
        _schedule_free_has_none,
    ),
    Conflict(
        "schedule-free-with-ema",
        ("train.optimizer", "train.ema"),
        "A mean of a mean lags behind twice.",
        _schedule_free_has_mean,
    ),
    Conflict(
        "eight-bit-without-cuda",
        ("train.optimizer", "machine.device"),
        "bitsandbytes keeps its states in 8 bits with CUDA kernels.",
        _eight_bit_needs_cuda,
    ),
    Conflict(
        "two-warm-ups",
        ("train.warmup_steps", "train.warmup_share"),
        "One length said twice.",
        _one_warmup,
    ),
    Conflict(
        "warm-up-that-is-ignored",
        ("train.schedule", "train.warmup_steps", "train.warmup_share"),
        "A schedule class decides the rate of every step.",
        _class_has_own_warmup,
    ),
    Conflict(
        "arguments-without-class",
        ("train.schedule", "train.schedule_args"),
        "Only a schedule class takes arguments.",
        _arguments_need_class,
    ),
    Conflict(
        "power-without-polynomial",
        ("train.schedule", "train.schedule_power"),
        "Only the polynomial has a power.",
        _power_needs_polynomial,
    ),
    Conflict(
        "floor-without-fall",
        ("train.schedule", "train.schedule_floor"),
        "A constant rate does not fall, and a class has its own end.",
        _floor_needs_fall,
    ),
    Conflict(
        "two-clippings",
        ("train.max_grad_norm", "train.max_grad_value"),
        "Clipping by value changes the direction that clipping by length keeps.",
        _one_clip,
    ),
)
