"""What the machine has, and what follows from it."""

from enogu.machine.allocator import keep_freed_memory, return_freed_memory
from enogu.machine.peak import peak_memory_bytes
from enogu.machine.precision import Precision, choose_device, choose_precision
from enogu.machine.probe import OPTIONAL_PACKAGES, Accelerator, Machine, probe_machine
from enogu.machine.workplace import GPU_RESERVE_BYTES, Workplace, choose_workplace

__all__ = [
    "GPU_RESERVE_BYTES",
    "OPTIONAL_PACKAGES",
    "Accelerator",
    "Machine",
    "Precision",
    "Workplace",
    "choose_device",
    "choose_precision",
    "choose_workplace",
    "keep_freed_memory",
    "peak_memory_bytes",
    "probe_machine",
    "return_freed_memory",
]
