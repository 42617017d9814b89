"""What this machine has: processor features, memory, accelerators, optional packages."""

import importlib.util
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

OPTIONAL_PACKAGES: dict[str, tuple[str, str]] = {
    "bitsandbytes": ("8-bit AdamW", 'pip install "enogu[bitsandbytes]"'),
    "onnx": ("ONNX file of a new judge", 'pip install "enogu[onnx]"'),
    "pytorch_optimizer": (
        "more optimisers (lion, prodigy, came …)",
        'pip install "enogu[optimizers]"',
    ),
    "tensorboard": ("TensorBoard export", 'pip install "enogu[tensorboard]"'),
}
"""Import name of each optional package: what it adds, and the command that installs it."""
BUSY_SHARE = 0.5
"""From this share of busy cores on, a person is told what to do about it."""


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """One GPU.

    Attributes:
        device: Its torch name, such as ``cuda:0``.
        title: Its product name.
        memory_bytes: Its whole memory; 0 when it cannot be asked.
        capability: CUDA compute capability ``(major, minor)``; ``(0, 0)`` elsewhere.
    """

    device: str
    title: str
    memory_bytes: int
    capability: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What was found.

    Attributes:
        system: Operating system and processor architecture.
        cpu: Product name of the processor.
        physical_cores: Cores this process may use, without hyper-threads.
        cpu_features: Those that matter: ``avx2``, ``avx512f``, ``avx512_bf16``, ``amx_bf16``.
        memory_bytes: Main memory in all.
        available_bytes: Main memory free for use now.
        busy_cores: Cores that other work has kept busy over the last minute, on average.
        accelerators: GPUs, best first.
        missing_extras: Optional packages that are not installed.
        versions: Versions of Python and the main libraries.
    """

    system: str
    cpu: str
    physical_cores: int
    cpu_features: frozenset[str]
    memory_bytes: int
    available_bytes: int
    busy_cores: float
    accelerators: tuple[Accelerator, ...]
    missing_extras: tuple[str, ...]
    versions: dict[str, str]

    @property
    def busy_note(self) -> str | None:
        """What to do about cores that are busy with other work, or None.

        Threads of one operation wait for the slowest; one that waits for its core holds all up.
        """
        if self.physical_cores == 1 or self.busy_cores < BUSY_SHARE * self.physical_cores:
            return None
        return (
            f"other work keeps {self.busy_cores:.1f} of {self.physical_cores} cores busy, and "
            "threads that wait for each other then become many times slower; "
            "--set machine.threads=1 goes on steadily beside it"
        )


def probe_machine() -> Machine:
    """Look at the machine. Takes milliseconds and changes nothing."""
    memory = psutil.virtual_memory()
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cpu=_cpu_title(),
        physical_cores=_usable_cores(),
        cpu_features=_cpu_features(),
        memory_bytes=int(memory.total),
        available_bytes=int(memory.available),
        busy_cores=os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
        accelerators=_accelerators(),
        missing_extras=tuple(
            name for name in OPTIONAL_PACKAGES if importlib.util.find_spec(name) is None
        ),
        versions=_versions(),
    )


def _usable_cores() -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    physical = psutil.cpu_count(logical=False) or 1
    return max(1, min(physical, allowed) if allowed else physical)


def _cpu_title() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _cpu_features() -> frozenset[str]:
    capability = torch.backends.cpu.get_cpu_capability().upper()
    found: set[str] = set()
    if "AVX2" in capability or "AVX512" in capability:
        found.add("avx2")
    if "AVX512" in capability:
        found.add("avx512f")
    # torch has no public name for these two; a build that lacks it counts as without the feature.
    for feature, ask in (
        ("avx512_bf16", "_is_avx512_bf16_supported"),
        ("amx_bf16", "_is_amx_tile_supported"),
    ):
        if getattr(torch.cpu, ask, lambda: False)():
            found.add(feature)
    return frozenset(found)


def _accelerators() -> tuple[Accelerator, ...]:
    found: list[Accelerator] = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            found.append(
                Accelerator(
                    device=f"cuda:{index}",
                    title=properties.name,
                    memory_bytes=properties.total_memory,
                    capability=(properties.major, properties.minor),
                )
            )
    if torch.backends.mps.is_available():
        found.append(
            Accelerator(device="mps", title="Apple GPU", memory_bytes=0, capability=(0, 0))
        )
    return tuple(sorted(found, key=lambda entry: -entry.memory_bytes))


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("torch", "diffusers", "transformers", "safetensors", "numpy", "pillow")
    return {"python": sys.version.split()[0]} | {name: version(name) for name in names}
