"""Settings that say how the machine is used."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from enogu.config.section import Section

_UNITS = {"MB": 20, "MIB": 20, "M": 20, "GB": 30, "GIB": 30, "G": 30}
"""Powers of two: a card of "8 GB" has 8 · 2^30 bytes, and so has memory."""

_LEAST_BYTES = 256 << 20


def parse_memory(text: str) -> int:
    """Return the bytes of a size such as ``8GB``, ``6.5 GiB`` or ``900MB``.

    Raises:
        ValueError: It is no size, or less than any run needs.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", text)
    unit = found and _UNITS.get(found[2].upper())
    if not found or unit is None:
        raise ValueError(f"a size of memory is a number with GB or MB, such as 8GB, got {text!r}")
    size = int(float(found[1]) * (1 << unit))
    if size < _LEAST_BYTES:
        raise ValueError(f"no run fits into {text.strip()}; 256MB is the least that can be asked")
    return size


def _is_memory(text: str) -> str:
    if text:
        parse_memory(text)
    return text


class MachineConfig(Section):
    """How the machine is used. `enogu doctor` shows what `auto` chooses here, and why."""

    precision: Literal["auto", "fp32", "bf16", "fp16"] = "auto"
    """Number format of the frozen base. The optimiser always uses fp32, and so does the adapter
    unless `train.adapter_dtype` says otherwise. With `fp16` (GPUs only) the loss is scaled."""

    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$")
    """Where the model runs: `auto`, `cpu`, `cuda`, `cuda:1`, `mps`."""

    threads: int | None = Field(default=None, ge=1, le=1024)
    """CPU threads. Empty: as many as there are physical cores."""

    gpus: int = Field(default=1, ge=1, le=64)
    """GPUs that train together, one process each; on a CPU the number of processes. A step is made
    of `train.batch_size` pictures on each."""

    memory: Annotated[str, AfterValidator(_is_memory)] = ""
    """Memory that training may use, such as `8GB`: what saves memory is switched on, in a stated
    order, until the run fits (see `docs/how-to/fit-into-memory.md`). On a GPU it is the memory of
    the card, on a CPU that of the whole process. Empty: nothing is switched on."""

    park: bool = False
    """Load VAE and text encoders anew for each round of samples and drop them afterwards, so that
    they take no room while training."""

    vae_tiling: bool = False
    """Let pictures above 512 pixels pass the VAE in overlapping tiles. Needs less memory and
    changes pictures slightly at the seams."""

    base_format: Literal["full", "int8", "fp8"] = "full"
    """Number format in which the frozen UNet's weights are kept; they are made whole for each use.
    `int8` and `fp8` need a byte for each and change results slightly."""

    offload: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of the UNet's weights that waits in main memory and comes to the GPU for each use. The
    result stays the same, bit for bit. Only on a GPU."""
