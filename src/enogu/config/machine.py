"""Settings that say how the machine is used."""

from typing import Literal

from pydantic import Field

from enogu.config.section import Section


class MachineConfig(Section):
    """How the machine is used. `enogu doctor` shows what `auto` chooses here, and why."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Number format of the frozen base. The adapter and the optimiser always use fp32."""

    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    """Where the model runs: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`."""

    threads: int | None = Field(default=None, ge=1, le=1024)
    """CPU threads. Empty: as many as there are physical cores."""
