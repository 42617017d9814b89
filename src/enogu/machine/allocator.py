"""What happens to freed memory: kept between equal steps, given back between unequal stages."""

import ctypes
import gc
import platform

# From glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_MMAP_THRESHOLD_BYTES = 1 << 30
_TRIM_THRESHOLD_BYTES = (1 << 31) - 1


def keep_freed_memory() -> bool:
    """Tell glibc's allocator to reuse freed blocks instead of returning them to the system.

    By default glibc maps every block above a limit afresh; the kernel then clears each page on
    first touch, about a tenth of a training step of SD1.5 at 256². Activations have the same sizes
    every step, so keeping the blocks costs no memory at the peak. Applies to the whole process
    from now on. Call it early: blocks allocated before stay as they are.

    Returns:
        True when the allocator accepted; False on a platform that does not use glibc.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL("libc.so.6")
    accepted = libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)
    return bool(accepted and libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_THRESHOLD_BYTES))


def return_freed_memory() -> bool:
    """Give all freed memory back to the system now, also what :func:`keep_freed_memory` keeps.

    For the moment between two stages of different needs: blocks of the first seldom fit the second,
    which would then take new ones beside them.

    Returns:
        Whether anything was given back; False on a platform that does not use glibc.
    """
    gc.collect()
    if platform.libc_ver()[0] != "glibc":
        return False
    return bool(ctypes.CDLL("libc.so.6").malloc_trim(0))
