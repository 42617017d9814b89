"""`enogu doctor`: what this machine has and what follows from it."""

import dataclasses
from typing import Annotated

from cyclopts import Parameter

from enogu.cli.common import Common, console, gib, print_json

_SD15_UNET_PARAMETERS = 859_520_964


def doctor(
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Show what this machine has: processor, memory, GPU, number format, missing extras.

    Example: enogu doctor
    """
    from enogu.machine import OPTIONAL_PACKAGES, choose_workplace

    _, resolved = common.open_project_or_none()
    place = choose_workplace(resolved.config.machine, num_parameters=_SD15_UNET_PARAMETERS)
    machine, device, precision = place.machine, place.device, place.precision
    if common.json:
        values = dataclasses.asdict(machine)
        values["cpu_features"] = sorted(machine.cpu_features)
        print_json(
            {
                **values,
                "device": str(device),
                "precision": {"name": precision.name, "reason": precision.reason},
            }
        )
        return
    features = ", ".join(sorted(machine.cpu_features)) or "none of AVX2, AVX-512, AMX"
    console.print(f"System     {machine.system}")
    console.print(f"Processor  {machine.cpu}, {machine.physical_cores} cores ({features})")
    if machine.busy_note:
        console.print(f"Busy       {machine.busy_note}", markup=False)
    console.print(f"Memory     {gib(machine.memory_bytes)}, {gib(machine.available_bytes)} free")
    for gpu in machine.accelerators:
        console.print(f"GPU        {gpu.title} ({gpu.device}), {gib(gpu.memory_bytes)}")
    if not machine.accelerators:
        console.print("GPU        none that torch can use; everything runs on the processor")
    console.print(
        f"Precision  {precision.name} on {device} for models of SD1 size and larger: "
        f"{precision.reason}"
    )
    console.print("Versions   " + ", ".join(f"{k} {v}" for k, v in machine.versions.items()))
    for name in machine.missing_extras:
        purpose, command = OPTIONAL_PACKAGES[name]
        console.print(
            f"Optional   {name} is not installed ({purpose}). To add it: {command}", markup=False
        )
