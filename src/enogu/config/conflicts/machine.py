"""Conflicts of settings that say how the machine is used."""

from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known
from enogu.config.optimizers import optimizer_kind

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig


def _offload_needs_gpu(config: "ProjectConfig", known: Known) -> str | None:
    offload = config.machine.offload
    if not offload or known.device != "cpu":
        return None
    return (
        f"machine.offload is {offload:g}, which lets weights wait in main memory, but on a CPU the "
        "base computes in main memory already; set it to 0"
    )


def _fp8_on_apple(config: "ProjectConfig", known: Known) -> str | None:
    if config.machine.base_format != "fp8" or known.device != "mps":
        return None
    return (
        "machine.base_format is 'fp8', which Apple GPUs do not know; set it to 'int8', which is as "
        "small"
    )


def _schedule_free_in_bf16(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if train.adapter_dtype != "bf16" or not optimizer_kind(train.optimizer).schedule_free:
        return None
    return (
        f"train.adapter_dtype is 'bf16', but {train.optimizer} moves the weights between its own "
        "averages outside of steps, which needs fp32; set train.adapter_dtype to 'fp32'"
    )


def _park_without_samples(config: "ProjectConfig", known: Known) -> str | None:
    if not config.machine.park or config.samples.drawn:
        return None
    return (
        "machine.park is on, but no samples are drawn (samples.every is 0): then VAE and text "
        "encoders are not held anyway; switch it off"
    )


def _one_apple_gpu(config: "ProjectConfig", known: Known) -> str | None:
    gpus = config.machine.gpus
    if gpus == 1 or known.device != "mps":
        return None
    return f"machine.gpus is {gpus}, but a machine has one Apple GPU; set it to 1"


MACHINE_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "offload-on-a-cpu",
        ("machine.offload", "machine.device"),
        "Weights that wait in main memory free nothing where main memory is the device.",
        _offload_needs_gpu,
    ),
    Conflict(
        "fp8-on-apple",
        ("machine.base_format", "machine.device"),
        "Apple GPUs have no 8-bit floats.",
        _fp8_on_apple,
    ),
    Conflict(
        "schedule-free-in-bf16",
        ("train.adapter_dtype", "train.optimizer"),
        "Its averages and the weights must have one number format.",
        _schedule_free_in_bf16,
    ),
    Conflict(
        "gpus-on-apple",
        ("machine.gpus", "machine.device"),
        "There is one Apple GPU in a machine.",
        _one_apple_gpu,
    ),
    Conflict(
        "park-without-samples",
        ("machine.park", "samples.every"),
        "Nothing is held that could be parked.",
        _park_without_samples,
    ),
)
"""The rows about the machine."""
