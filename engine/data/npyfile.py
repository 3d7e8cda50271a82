"""NPY arrays and NPZ archives opened with care: no pickled objects, sizes checked before anything is unpacked.

The header is read here, not by NumPy, which evaluates it as a Python literal: a few expressions find what it may hold.
Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, final

import numpy as np
from numpy.typing import NDArray

from engine.data.opening import MAX_FILE, MAX_STREAMED, check_amount, damaged, open_regular
from engine.problem import DataError
from engine.wording import plural

_MAX_MEMBERS = 1000
_MAX_RATIO = 100
_HARMLESS = 1 << 28
"""What expands to less than this many bytes may be compressed as well as it likes."""
_NUMBERS = "biuf"
_TEXT = "U"
_MAGIC = b"\x93NUMPY"
_LENGTHS = {(1, 0): "<H", (2, 0): "<I", (3, 0): "<I"}
_MAX_HEADER = 1 << 16
_LOCAL_HEADER = 30
_KEY = r"""['"]{}['"]\s*:\s*"""
_DESCR = re.compile(_KEY.format("descr") + r"""(?:['"]([^'"]*)['"]|(\[))""")
_ORDER = re.compile(_KEY.format("fortran_order") + "(True|False)")
_SHAPE = re.compile(_KEY.format("shape") + r"\(((?:\d{1,18}L?\s*,?\s*)*)\)")
_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """One array in an open file: its header, and a way to read it.

    Attributes:
        name: of the array, as messages call it.
        shape, dtype: as the header announces them.
        read: the array itself. Raises DataError.
        at: where its first number lies in the file, row after row from there; None where they do not lie so, because
            they are compressed or stored column after column.
        columns: of a table, those that it is made of; None: it is the whole.
        table: the shape of that table.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]
    at: int | None = None
    columns: tuple[int, ...] | None = None
    table: tuple[int, ...] = ()


@contextmanager
def open_arrays(path: Path) -> Iterator[Mapping[str, Stored]]:
    """The arrays of an NPZ archive by name; an NPY file has one, called "". Too large ones are refused by their `read`.

    Raises:
        DataError: the file is missing, of another kind or damaged.
    """
    with open_regular(path, MAX_STREAMED) as file:
        start = file.read(6)
        file.seek(0)
        if start == _MAGIC:
            yield {"": _stored(path, "", lambda: _Rewound(file), path.stat().st_size, 0)}
            return
        if not start.startswith(b"PK"):
            raise damaged(path, "it is neither an NPZ nor an NPY file")
        try:
            with zipfile.ZipFile(file) as archive:
                yield dict(_members(path, archive))
        except _BROKEN_ARCHIVE as error:
            raise damaged(path, f"the archive is broken ({error})", "Copy it again.") from None


@final
class _Rewound:
    """An open file from its beginning, which stays open when the `with` block ends."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __enter__(self) -> IO[bytes]:
        self._file.seek(0)
        return self._file

    def __exit__(self, *_: object) -> None:
        return None


def _members(path: Path, archive: zipfile.ZipFile) -> Iterator[tuple[str, Stored]]:
    infos = [info for info in archive.infolist() if info.filename.endswith(".npy")]
    if not infos:
        raise damaged(path, "the archive holds no arrays (.npy)")
    if len(infos) > _MAX_MEMBERS:
        raise damaged(path, f"the archive holds {len(infos):,} arrays")
    for info in infos:
        if info.file_size > _HARMLESS and info.file_size > _MAX_RATIO * info.compress_size:
            raise DataError(
                f'"{path.name}" expands from {info.compress_size / 2**20:,.1f} to {info.file_size / 2**20:,.0f} MiB.',
                code="D01",
                hint="That is not usual for data; save the arrays again, uncompressed, if they are right.",
            )
        name = info.filename.removesuffix(".npy")
        begins = _place(path, archive, info)
        opened = lambda info=info: archive.open(info)  # noqa: E731
        yield name, _stored(path, name, opened, info.file_size, begins)


def _place(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> int | None:
    """Where a member's bytes begin in the archive; None when they are compressed.

    Source: PKWARE's APPNOTE.TXT, 4.3.7: a local header of 30 bytes, at its end the lengths of name and extra field.
    """
    file = archive.fp
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or file is None:
        return None
    before = file.tell()
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER)
    file.seek(before)
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\x03\x04":
        raise damaged(path, f'the archive has no "{info.filename}" where it should lie', "Copy it again.")
    name, extra = struct.unpack("<HH", header[26:30])
    return int(info.header_offset + _LOCAL_HEADER + name + extra)


def parse_array(path: Path, what: object, content: bytes) -> NDArray[Any]:
    """The numbers of an NPY file that lies in another file, which messages call `path`; `str(what)` names it there.

    Raises:
        DataError: it is none, or holds something else than numbers.
    """
    header = _header(path, what, io.BytesIO(content))
    if header.size + header.nbytes != len(content) or header.dtype.kind not in _NUMBERS:
        raise damaged(
            path, f"{what} should have {header.size + header.nbytes:,} bytes of numbers, not {len(content):,}"
        )
    array = np.frombuffer(content, header.dtype, header.values, header.size)
    return array.reshape(header.shape, order="F" if header.fortran else "C")


@final
@dataclass(frozen=True, slots=True)
class _Header:
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    size: int
    """Bytes before the first number."""

    @property
    def values(self) -> int:
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.values * self.dtype.itemsize


def _stored(path: Path, name: str, opened: Callable[[], Any], size: int, begins: int | None) -> Stored:
    """One array, its header read and compared with the bytes there are, which begin in the file where it is said."""
    what = f'the array "{name}"' if name else "the array"
    with opened() as file:
        header = _header(path, what, file)
    if header.nbytes > MAX_STREAMED:
        raise DataError(
            f'"{path.name}": {what} announces {header.nbytes:,} bytes; at most {MAX_STREAMED:,} are read.', code="D01"
        )
    if header.size + header.nbytes != size:
        found = f"should have {plural(header.values, 'number')} but the file has another size"
        raise damaged(path, f"{what} {found}", "Copy it again.")

    def read() -> NDArray[Any]:
        check_amount(path, header.values)
        if header.nbytes > MAX_FILE:
            raise DataError(f'"{path.name}": {what} has {header.nbytes:,} bytes; at most {MAX_FILE:,} fit.', code="D01")
        content = bytearray(header.nbytes)
        with opened() as file:
            file.read(header.size)
            if file.readinto(content) != header.nbytes or file.read(1):
                raise damaged(path, f"{what} ends early", "Copy it again.")
        array = np.frombuffer(content, dtype=header.dtype)
        return array.reshape(header.shape, order="F" if header.fortran else "C")

    in_rows = not header.fortran or len(header.shape) < 2
    return Stored(
        name, header.shape, header.dtype, read, begins + header.size if begins is not None and in_rows else None
    )


def _header(path: Path, what: object, file: IO[bytes]) -> _Header:
    """What an NPY header announces.

    Raises:
        DataError: it cannot be read, or announces something else than numbers or text.
    """
    start = file.read(12)
    layout = _LENGTHS.get((start[6], start[7])) if start[:6] == _MAGIC and len(start) == 12 else None
    if layout is None:
        raise damaged(path, f"{what} has no NPY header of version 1 to 3")
    skipped = 8 + struct.calcsize(layout)
    (length,) = struct.unpack(layout, start[8:skipped])
    if length > _MAX_HEADER:
        raise damaged(path, f"the header of {what} has {plural(length, 'byte')}")
    text = (start[skipped:] + file.read(length - (12 - skipped))).decode("latin-1")
    descr, order, shape = _DESCR.search(text), _ORDER.search(text), _SHAPE.search(text)
    if descr is None or order is None or shape is None or len(text) < length:
        raise damaged(path, f"the header of {what} cannot be read")
    sizes = tuple(int(size) for size in re.findall(r"\d+", shape[1]))
    return _Header(sizes, _dtype(path, what, descr[1]), order[1] == "True", skipped + length)


def _dtype(path: Path, what: object, descr: str | None) -> np.dtype[Any]:
    """The type of the numbers; `descr` is None for records of several fields."""
    try:
        dtype = np.dtype(descr) if descr else None
    except (TypeError, ValueError, SyntaxError):
        dtype = None
    if dtype is not None and dtype.hasobject:
        raise DataError(f'"{path.name}": {what} holds Python objects, which are never unpickled.', code="D02")
    if dtype is None or dtype.kind not in _NUMBERS + _TEXT:
        raise DataError(
            f'"{path.name}": {what} holds values of type {dtype or "record"}; numbers are expected.', code="D02"
        )
    return dtype
