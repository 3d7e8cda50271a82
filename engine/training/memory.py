"""Keeps the C library from handing memory back to the system at every step, only to ask for it again."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_MIB = 1 << 20


def tune_allocator() -> bool:
    """Tell glibc to keep what it has; whether it listened. Elsewhere nothing is done."""
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return all(mallopt(what, value) for what, value in _SETTINGS)


_SETTINGS = ((_MMAP_THRESHOLD, 32 * _MIB), (_TRIM_THRESHOLD, 256 * _MIB), (_TOP_PAD, 64 * _MIB))
