"""NPY arrays and NPZ archives opened with care: no pickled objects, sizes checked before anything is unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from engine.data.opening import check_amount, damaged, open_regular
from engine.problem import DataError

_MAX_MEMBERS = 1000
_MAX_RATIO = 100
_HARMLESS = 1 << 28
"""What expands to less than this many bytes may be compressed as well as it likes."""
_NUMBERS = "biuf"
_TEXT = "U"
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_BROKEN = (ValueError, TypeError, SyntaxError, OverflowError, RecursionError, MemoryError, EOFError)
_BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """One array in an open file: its header, and a way to read it.

    Attributes:
        name: of the array, as messages call it.
        shape, dtype: as the header announces them.
        read: the array itself. Raises DataError.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]


@contextmanager
def open_arrays(path: Path) -> Iterator[Mapping[str, Stored]]:
    """The arrays of an NPZ archive by name; an NPY file has one, called "".

    Raises:
        DataError: the file is missing, no such file, damaged, or too large once unpacked.
    """
    with open_regular(path) as file:
        start = file.read(6)
        file.seek(0)
        if start == npy.MAGIC_PREFIX:
            yield {"": _stored(path, "", lambda: _Rewound(file), path.stat().st_size)}
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
        yield name, _stored(path, name, lambda info=info: archive.open(info), info.file_size)  # type: ignore[misc]


def _stored(path: Path, name: str, opened: Callable[[], Any], size: int) -> Stored:
    """One array, its header read and compared with the bytes there are."""
    what = f'the array "{name}"' if name else "the array"
    try:
        with opened() as file:
            shape, dtype = _header(file)
            header_bytes = file.tell()
    except _BROKEN as error:
        raise damaged(path, f"the header of {what} cannot be read ({_short(error)})") from None
    if dtype.hasobject or dtype.kind not in _NUMBERS + _TEXT:
        kind = "Python objects, which are never unpickled" if dtype.hasobject else f"values of type {dtype}"
        raise DataError(f'"{path.name}": {what} holds {kind}; numbers are expected.', code="D02")
    values = int(np.prod(shape, dtype=object))
    check_amount(path, values)
    if header_bytes + values * dtype.itemsize != size:
        raise damaged(path, f"{what} should have {values:,} numbers but the file has another size", "Copy it again.")

    def read() -> NDArray[Any]:
        try:
            with opened() as file:
                array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
        except _BROKEN as error:
            raise damaged(path, f"{what} cannot be read ({_short(error)})") from None
        return array

    return Stored(name, shape, dtype, read)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    reader = _HEADERS.get(version)
    if reader is None:
        raise ValueError(f"version {version[0]}.{version[1]}")
    shape, _, dtype = reader(file)
    if any(size < 0 for size in shape) or len(shape) > 8:
        raise ValueError(f"shape {shape}")
    return shape, dtype


def _short(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:80]
