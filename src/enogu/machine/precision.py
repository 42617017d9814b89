"""The one place that decides where and in which number format the frozen base computes."""

from dataclasses import dataclass
from typing import Literal

import torch

from enogu.errors import ConfigError
from enogu.machine.probe import Accelerator, Machine

PrecisionSetting = Literal["auto", "fp32", "bf16", "fp16"]

_DTYPES: dict[str, torch.dtype] = {
    "fp32": torch.float32,
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
}

_BF16_FROM_CAPABILITY = (8, 0)
"""CUDA devices multiply bf16 in hardware from this compute capability on."""

SMALL_MODEL_PARAMETERS = 50_000_000
"""Below this size a model computes in fp32 on a CPU: converting activations costs more than the
faster products gain (see ``benchmarks/``)."""


@dataclass(frozen=True, kw_only=True)
class Precision:
    """The chosen number format of the frozen base, and why.

    Attributes:
        name: ``fp32``, ``bf16`` or ``fp16``.
        dtype: The torch type of that name.
        reason: One sentence for the person.
    """

    name: str
    dtype: torch.dtype
    reason: str


def choose_device(setting: str, machine: Machine) -> torch.device:
    """Return the device to run on.

    Args:
        setting: ``auto`` or a torch device name.
        machine: What the machine has.

    Raises:
        ConfigError: A device was asked for that this machine or this torch does not have.
    """
    if setting == "auto":
        return torch.device(machine.accelerators[0].device if machine.accelerators else "cpu")
    wanted = "cuda:0" if setting == "cuda" else setting
    known = ["cpu", *(entry.device for entry in machine.accelerators)]
    if wanted not in known:
        raise ConfigError(
            f"machine.device is {setting!r}, but only {', '.join(known)} can be used here",
            hint="enogu doctor shows what was found; --set machine.device=cpu always works.",
        )
    return torch.device(wanted)


def choose_precision(
    setting: PrecisionSetting, machine: Machine, device: torch.device, *, num_parameters: int
) -> Precision:
    """Choose the number format of the frozen base.

    Args:
        setting: ``auto``, or a format the person asks for.
        machine: What the machine has.
        device: Where the base will run.
        num_parameters: Size of the UNet.

    Returns:
        The format with its reason. The optimiser stays in fp32 whatever it is.

    Raises:
        ConfigError: fp16 on a CPU, which has no arithmetic for it.
    """
    if setting != "auto":
        if setting == "fp16" and device.type == "cpu":
            raise ConfigError(
                "machine.precision is 'fp16', but CPUs have no fp16 arithmetic that can train",
                hint="Use --set machine.precision=auto, bf16 or fp32.",
            )
        return Precision(name=setting, dtype=_DTYPES[setting], reason="asked for in the settings")
    name, reason = _automatic(machine, device, num_parameters)
    return Precision(name=name, dtype=_DTYPES[name], reason=reason)


def _automatic(machine: Machine, device: torch.device, num_parameters: int) -> tuple[str, str]:
    if device.type == "cuda":
        return _automatic_cuda(_accelerator(machine, device))
    if device.type == "mps":
        return "fp32", "Apple GPUs: fp32 is the format that trains without overflow"
    if num_parameters < SMALL_MODEL_PARAMETERS:
        return "fp32", "a model this small is as fast in fp32, and exact"
    if "amx_bf16" in machine.cpu_features:
        return "bf16", "the CPU multiplies bf16 in tiles (AMX)"
    if "avx512_bf16" in machine.cpu_features:
        return "bf16", "the CPU multiplies bf16 (AVX-512 BF16)"
    return "fp32", "the CPU has no bf16 arithmetic, so bf16 would be slower"


def _automatic_cuda(gpu: Accelerator) -> tuple[str, str]:
    major, minor = gpu.capability
    if gpu.capability >= _BF16_FROM_CAPABILITY:
        return "bf16", f"{gpu.title} (compute capability {major}.{minor}) multiplies bf16"
    return (
        "fp32",
        f"{gpu.title} (compute capability {major}.{minor}) has no bf16; fp32 cannot overflow",
    )


def _accelerator(machine: Machine, device: torch.device) -> Accelerator:
    for entry in machine.accelerators:
        if entry.device == f"cuda:{device.index or 0}":
            return entry
    raise ConfigError(f"no accelerator {device} on this machine")
