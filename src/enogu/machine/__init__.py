"""What the machine has, and what follows from it."""

from enogu.machine.precision import Precision, choose_device, choose_precision
from enogu.machine.probe import OPTIONAL_PACKAGES, Accelerator, Machine, probe_machine

__all__ = [
    "OPTIONAL_PACKAGES",
    "Accelerator",
    "Machine",
    "Precision",
    "choose_device",
    "choose_precision",
    "probe_machine",
]
