"""Conflicts of settings that say how the machine is used."""

from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known

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


def _park_without_samples(config: "ProjectConfig", known: Known) -> str | None:
    if not config.machine.park or config.samples.drawn:
        return None
    return (
        "machine.park is on, but no samples are drawn (samples.every is 0): then VAE and text "
        "encoders are not held anyway; switch it off"
    )


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
        "park-without-samples",
        ("machine.park", "samples.every"),
        "Nothing is held that could be parked.",
        _park_without_samples,
    ),
)
"""The rows about the machine."""
