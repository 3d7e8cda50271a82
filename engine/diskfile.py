"""Files on disk with care: only regular ones of a sensible size are read, and a write happens wholly or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, final

from engine.problem import FileError
from engine.wording import byte_text

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


@final
class NotReadableError(Exception):
    """A path at which no file lies that may be read; the text is a clause: `is a folder; a file is expected`."""


def open_regular(path: Path, limit: int) -> BinaryIO:
    """The file, open for reading. Type and size are those of what was really opened, links followed.

    Raises:
        FileNotFoundError: there is none.
        NotReadableError: it is no regular file, has more than `limit` bytes or cannot be opened.
    """
    try:
        # Without O_NONBLOCK, opening a pipe waits for someone to write into it.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        # Windows refuses to open a folder. (`Path.is_dir` would raise for a name that is too long.)
        is_folder = os.path.isdir(path)  # noqa: PTH112
        what = "is a folder; a file is expected" if is_folder else f"cannot be read: {reason(error)}"
        raise NotReadableError(what) from None
    try:
        _look_at(os.fstat(descriptor), limit)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _look_at(status: os.stat_result, limit: int) -> None:
    kind = _kind(status.st_mode)
    if kind:
        raise NotReadableError(f"is {kind}; a file is expected")
    if status.st_size > limit:
        raise NotReadableError(f"has {byte_text(status.st_size)}; at most {byte_text(limit)} are read")


def read(path: Path, limit: int) -> bytes:
    """All bytes of a file.

    Raises:
        FileError: F02 it does not exist, F04 it is no regular file, larger than `limit` bytes or cannot be read.
    """
    try:
        with open_regular(path, limit) as file:
            size = os.fstat(file.fileno()).st_size  # a read makes room for all that is asked for
            content = file.read(min(size, limit) + 1)
            if len(content) > size:  # it grew meanwhile
                content += file.read(limit + 1 - len(content))
    except FileNotFoundError:
        raise FileError(f'There is no file "{path}".', code="F02") from None
    except NotReadableError as error:
        raise FileError(f'"{path}" {error}.', code="F04") from None
    except OSError as error:
        raise FileError(f'"{path}" cannot be read: {reason(error)}.', code="F04") from None
    if len(content) > limit:
        raise FileError(f'"{path}" has more than {byte_text(limit)}; no more are read.', code="F04")
    return content


def write(path: Path, chunks: Iterable[bytes | memoryview]) -> None:
    """Write a file so that after a crash the old content or the new one is there, never a part of it.

    Writes beside, flushes to the disk, renames, flushes the folder. Links are followed and the file's mode is kept.

    Raises:
        FileError: F05, it cannot be written; the old file is as it was, and nothing is left beside it.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = _mode(target)
        beside = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.tmp")
        try:
            _write_new(beside, chunks, mode)
            os.replace(beside, target)  # noqa: PTH105 - tests make each call of the system fail by its name
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as error:
        raise FileError(
            f'"{path}" cannot be written: {reason(error)}.', code="F05", hint="Nothing on the disk has changed."
        ) from None
    _flush_folder(target.parent)


def _mode(target: Path) -> int | None:
    """The mode a file at that place has; None when there is none. Raises OSError when it may not be replaced."""
    try:
        status = os.stat(target)  # noqa: PTH116 - as above
    except FileNotFoundError:
        return None
    kind = _kind(status.st_mode)
    if kind:
        raise OSError(f"it is {kind}")
    if not os.access(target, os.W_OK):
        # Renaming would succeed, for it is the folder that changes.
        raise OSError("it is write-protected")
    return stat.S_IMODE(status.st_mode)


def _write_new(path: Path, chunks: Iterable[bytes | memoryview], mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        if mode is not None and hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), mode)
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    """Makes the new name last, too. The file itself is complete by now, so that no system has to be able to do it."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def reason(error: Exception) -> str:
    """What the system said, without the path."""
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return ""
    return next((word for test, word in _KINDS if test(mode)), "something else")
