"""Files opened with care: no pipes, no devices, nothing larger than is sensible."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.datafiles import missing
from engine.problem import DataError

GIB = 1 << 30
MAX_FILE = 2 * GIB
MAX_VALUES = 1 << 28
"""Numbers in one data set: 1 GiB of float32. The full MNIST has 55 million, CIFAR-10 184 million."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


@contextmanager
def open_regular(path: Path, limit: int = MAX_FILE) -> Iterator[BinaryIO]:
    """The file, open for reading; also turns an I/O error while it is being read into a DataError.

    Type and size are those of what was really opened, links followed, so nothing can change in between.

    Raises:
        DataError: D03, it does not exist; D01, it is no regular file, larger than `limit` bytes, or cannot be read.
    """
    with _opened(path, limit) as file:
        try:
            yield file
        except OSError as error:
            raise DataError(f'"{path}" cannot be read: {reason(error)}.', code="D01") from None


def _opened(path: Path, limit: int) -> BinaryIO:
    try:
        # Without O_NONBLOCK, opening a pipe waits for someone to write into it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise missing(path) from None
    except (OSError, ValueError) as error:
        raise DataError(f'"{path}" cannot be read: {reason(error)}.', code="D01") from None
    try:
        _check(path, os.fstat(descriptor), limit)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check(path: Path, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((word for test, word in _KINDS if test(status.st_mode)), "something else")
        raise DataError(
            f'"{path}" is {kind}; a file is expected.', code="D01", hint="Choose the file that holds the data."
        )
    if status.st_size > limit:
        raise DataError(
            f'"{path}" has {status.st_size / GIB:.1f} GiB; at most {limit / GIB:.2g} GiB are read.', code="D01"
        )
    if status.st_size == 0:
        raise DataError(f'"{path}" is empty.', code="D02")


def reason(error: Exception) -> str:
    """What the system said, without the path."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def damaged(path: Path, what: str, hint: str = "") -> DataError:
    """The error for a file whose content is not what it has to be; `what` is a clause."""
    return DataError(f'"{path.name}" is damaged or no such file: {what}.', code="D02", hint=hint)


def check_amount(path: Path, values: int) -> None:
    """Refuse more numbers than fit comfortably into memory, before any is read.

    Raises:
        DataError: D01, too many.
    """
    if values > MAX_VALUES:
        raise DataError(
            f'"{path.name}" holds {values:,} numbers; at most {MAX_VALUES:,} fit.', code="D01", hint="Use a part of it."
        )
