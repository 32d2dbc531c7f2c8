"""Sets the C library's allocator to keep freed memory: on a CPU the next frame needs the same memory again.

By default glibc maps every large tensor and unmaps it when it is freed, which costs hundreds of thousands of page
faults a frame, as much time as the network itself on some machines. The setting is process-wide, so it is made once, at
load, and only where the network runs on the CPU. Source of the numbers: mallopt(3) and malloc.h of glibc.
"""

from __future__ import annotations

import ctypes
import platform
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_KEPT_BYTES = (1 << 31) - 1
_GROWTH_BYTES = 64 << 20


def keep_freed_memory() -> bool:
    """Set the options, and return whether they took effect: only glibc has them."""
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    wanted = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_TOP_PAD, _GROWTH_BYTES))
    return all(bool(mallopt(option, value)) for option, value in wanted)
