"""Files opened with care: no pipes, no devices, nothing larger than is sensible."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine import diskfile
from engine.datafiles import missing
from engine.diskfile import GIB, reason
from engine.problem import DataError

MAX_FILE = 2 * GIB
MAX_STREAMED = 1 << 60
"""Of a file that stays on disk, any size will do."""
MAX_VALUES = 1 << 28
"""Numbers in one data set: 1 GiB of float32. The full MNIST has 55 million, CIFAR-10 184 million."""


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
        file = diskfile.open_regular(path, limit)
    except FileNotFoundError:
        raise missing(path) from None
    except diskfile.NotReadableError as error:
        raise DataError(f'"{path}" {error}.', code="D01", hint="Choose the file that holds the data.") from None
    if os.fstat(file.fileno()).st_size == 0:
        file.close()
        raise DataError(f'"{path}" is empty.', code="D02", hint="Remove or replace it.")
    return file


def damaged(path: Path, what: str, hint: str = "") -> DataError:
    """The error for a file whose content is not what it has to be; `what` is a clause."""
    return DataError(f'"{path.name}" is damaged or of another kind: {what}.', code="D02", hint=hint)


def check_amount(path: Path, values: int) -> None:
    """Refuse more numbers than fit comfortably into memory, before any is read.

    Raises:
        DataError: D01, too many.
    """
    if values > MAX_VALUES:
        raise DataError(
            f'"{path.name}" holds {values:,} numbers; at most {MAX_VALUES:,} fit into memory.',
            code="D01",
            hint="Use a part of it, or data that can be streamed from disk.",
        )
