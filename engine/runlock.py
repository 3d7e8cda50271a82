"""Who writes into a run directory: one process at a time, as the system's own locks say, which die with it."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import weakref
from pathlib import Path
from typing import final

from engine.problem import FileError

if sys.platform != "win32":
    import fcntl


@final
class RunLock:
    """Holds a run directory until `release`, or until nothing refers to it any more. Nothing is written for it.

    Where the system or the disk knows no such locks, it holds nothing.
    """

    def __init__(self, path: Path) -> None:
        """Take it. Raises FileError F04, another process or window trains this run."""
        descriptor = _locked(path)
        if descriptor is None:
            raise FileError(
                f'The run "{path}" is going on in another window or program.',
                code="F04",
                hint="Stop it there first, or choose another directory.",
            )
        self.release = weakref.finalize(self, _close, descriptor)
        """Let go of it; may be called again."""


def is_locked(path: Path) -> bool:
    """Whether somebody holds this run directory now."""
    descriptor = _locked(path)
    _close(-1 if descriptor is None else descriptor)
    return descriptor is None


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock; -1 where there can be none, None where somebody else holds it."""
    if sys.platform == "win32":
        return -1
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return -1
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        return None if error.errno in (errno.EWOULDBLOCK, errno.EACCES) else -1
    return descriptor


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        with contextlib.suppress(OSError):
            os.close(descriptor)
