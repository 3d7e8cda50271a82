"""TAR files looked through without unpacking: where each member lies. Nothing is written, no name becomes a path.

Sources: POSIX.1-1988 (ustar) and -2001 (pax) interchange formats; GNU tar manual, "Basic Tar Format". `tarfile` reads
single headers here, but not whole archives: it takes a damaged header within one for the end.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, final

from engine.data.opening import MAX_STREAMED, open_regular
from engine.problem import DataError

BLOCK = 512
_MOST_NAME = 1 << 16
_PASSED_OVER = frozenset((tarfile.DIRTYPE, tarfile.XGLTYPE))
_LONG_NAME = tarfile.GNUTYPE_LONGNAME
_PAX = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)


@final
@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name, as messages call it, and its bytes, from `at` on."""

    name: str
    at: int
    size: int


def broken(path: Path, at: int, what: str) -> DataError:
    """The error for an archive that is damaged at a byte; `what` is a clause."""
    return DataError(
        f'"{path.name}" is damaged or no TAR file: {what}, at byte {at:,}.', code="D02", hint="Copy or make it again."
    )


def members(path: Path) -> Iterator[tuple[BinaryIO, Member]]:
    """The open archive and its regular files, in their order; between two steps the file may be read anywhere.

    Raises:
        DataError: D01 to D03, it is missing, compressed, damaged or ends early.
    """
    with open_regular(path, MAX_STREAMED) as file:
        end = file.seek(0, 2)
        at, name, size = 0, "", None
        while True:
            header = _header(path, file, at, end)
            if header is None:
                return
            body = at + BLOCK
            length = header.size if size is None or header.type in (_LONG_NAME, *_PAX) else size
            after = body + -(-length // BLOCK) * BLOCK
            if body + length > end:
                raise broken(path, at, f'"{header.name}" should have {length:,} bytes, but the file ends at {end:,}')
            if header.type == _LONG_NAME:
                name = _bytes(path, file, body, length).rstrip(b"\0").decode("utf-8", "replace")
            elif header.type in _PAX:
                name, size = _pax(path, _bytes(path, file, body, length), body, name)
            elif header.type in _PASSED_OVER:
                name, size = "", None
            elif header.type in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE):
                yield file, Member(name or header.name, body, length)
                name, size = "", None
            else:
                raise broken(path, at, f'"{header.name}" is a link or something else that is no plain file')
            at = after


def _header(path: Path, file: BinaryIO, at: int, end: int) -> tarfile.TarInfo | None:
    """The header at that place; None at the mark of the end."""
    file.seek(at)
    block = file.read(BLOCK)
    if at == 0 and block[:2] in (b"\x1f\x8b", b"BZ", b"\xfd7", b"(\xb5"):
        raise DataError(
            f'"{path.name}" is compressed, so its members cannot be read one by one.',
            code="D02",
            hint="Unpack it once (gunzip); images and arrays hardly become smaller by it.",
        )
    if len(block) < BLOCK:
        raise broken(path, at, f"it ends early, after {end:,} bytes, without the mark of its end")
    if not any(block):
        return None
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise broken(path, at, f"there is no header of a member ({error})") from None
    if header.size < 0:
        raise broken(path, at, "a member has a negative size")
    return header


def _bytes(path: Path, file: BinaryIO, at: int, size: int) -> bytes:
    if size > _MOST_NAME:
        raise broken(path, at, f"a name of {size:,} bytes")
    file.seek(at)
    return file.read(size)


def _pax(path: Path, content: bytes, at: int, name: str) -> tuple[str, int | None]:
    """Name and size from an extended header: lines `length key=value`."""
    size: int | None = None
    position = 0
    while position < len(content) and content[position : position + 1].isdigit():
        length, _, rest = content[position:].partition(b" ")
        if not length.isdigit() or len(length) > 6 or int(length) <= len(length) + 1:
            raise broken(path, at, "an extended header that cannot be read")
        key, _, value = rest[: int(length) - len(length) - 2].partition(b"=")
        if key == b"path":
            name = value.decode("utf-8", "replace")
        elif key == b"size" and value.isdigit() and len(value) < 19:
            size = int(value)
        elif key.startswith(b"GNU.sparse"):
            raise broken(path, at, "a file with holes, which is not read")
        position += int(length)
    return name, size
