"""Whether a process that left a note still runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_ENDED = ("Z", "X")
_STILL_ACTIVE = 259
_QUERY = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION


def start_of(pid: int) -> str:
    """When a process began, as an opaque text: tells it from a later one of the same number. Empty where unknown.

    Empty, too, for one that has ended and of which its parent has not taken note yet: that one runs no more.
    """
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    # The second field is the program's name in brackets, which may hold anything; the 22nd is the start.
    fields = status.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[0] not in _ENDED else ""


def is_running(pid: int, started: str) -> bool:
    """Whether the process of that number runs and is the one that began then."""
    return _exists(pid) and start_of(pid) == started


def _exists(pid: int) -> bool:
    if pid <= 0:
        return False
    if sys.platform == "win32":  # where os.kill ends a process whatever the signal
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_QUERY, False, pid)
        if not handle:
            return False
        code = ctypes.c_ulong()
        known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return bool(known) and code.value == _STILL_ACTIVE
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
