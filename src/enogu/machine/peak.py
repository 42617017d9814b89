"""The highest memory use of this process so far."""

import psutil
import torch


def peak_memory_bytes(device: torch.device) -> int:
    """Return the highest memory use so far: of the process on a CPU, else of the device."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    try:
        import resource
    except ImportError:  # Windows has no getrusage; psutil knows its peak.
        return int(getattr(psutil.Process().memory_info(), "peak_wset"))  # noqa: B009 Windows only
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
