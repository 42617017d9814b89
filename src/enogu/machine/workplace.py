"""Where a job runs on this machine: device, number format, threads, memory."""

from dataclasses import dataclass

import torch

from enogu.config import MachineConfig, parse_memory
from enogu.errors import ConfigError
from enogu.machine.allocator import keep_freed_memory
from enogu.machine.precision import Precision, choose_device, choose_precision
from enogu.machine.probe import Machine, probe_machine

GPU_RESERVE_BYTES = 600 << 20
"""What the driver and the kernels of a CUDA process take of a card beside tensors. Not measured."""


@dataclass(frozen=True, kw_only=True)
class Workplace:
    """What was chosen for one job.

    Attributes:
        machine: What the machine has.
        device: Where the base runs.
        precision: Number format of the frozen base, and why.
        threads: CPU threads of one operation.
        memory_bytes: Memory of a GPU that may be used; None is all of it.
    """

    machine: Machine
    device: torch.device
    precision: Precision
    threads: int
    memory_bytes: int | None = None

    def occupy(self) -> None:
        """Make this process work so from now on: its threads, and memory that is kept for reuse."""
        torch.set_num_threads(self.threads)
        if self.device.type == "cpu":
            keep_freed_memory()
        if self.device.type == "cuda" and self.memory_bytes is not None:
            room = torch.cuda.get_device_properties(self.device).total_memory
            share = max(0, self.memory_bytes - GPU_RESERVE_BYTES) / room
            torch.cuda.set_per_process_memory_fraction(min(1.0, share), self.device)


def choose_workplace(settings: MachineConfig, *, num_parameters: int) -> Workplace:
    """Choose from the settings and what the machine has; nothing is changed yet.

    Args:
        settings: The section ``machine``.
        num_parameters: Size of the UNet; very small ones gain nothing from short formats.

    Raises:
        ConfigError: A setting asks for what this machine does not have.
    """
    machine = probe_machine()
    device = choose_device(settings.device, machine)
    _check_number(settings.gpus, device, machine)
    precision = choose_precision(settings.precision, machine, device, num_parameters=num_parameters)
    threads = settings.threads or max(1, machine.physical_cores // settings.gpus)
    return Workplace(
        machine=machine,
        device=device,
        precision=precision,
        threads=threads,
        memory_bytes=parse_memory(settings.memory) if settings.memory else None,
    )


def _check_number(gpus: int, device: torch.device, machine: Machine) -> None:
    found = sum(entry.device.startswith("cuda") for entry in machine.accelerators)
    if device.type != "cuda" or gpus <= found:
        return
    raise ConfigError(
        f"machine.gpus is {gpus}, but this machine has {found}",
        hint=f"Use --set machine.gpus={found} or fewer.",
    )
