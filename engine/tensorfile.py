"""Weights files in the safetensors layout, with the standard library alone.

The layout (github.com/huggingface/safetensors, "Format"): 8 bytes with the length of the header, little-endian; the
header, a JSON object name -> {"dtype", "shape", "data_offsets"}, with texts about the file under "__metadata__"; then
the numbers of all tensors one after another, without holes.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from engine import diskfile
from engine.jsontext import JsonError, parse
from engine.param import ParamError, array_shape, shown
from engine.problem import FileError
from engine.wording import plural

Metadata = Mapping[str, str]
MAX_BYTES = 4 * diskfile.GIB
MAX_HEADER = 16 * diskfile.MIB
_DIMENSIONS = 64
"""NumPy and PyTorch know no more."""
_METADATA = "__metadata__"
_SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4, "I32": 4, "F32": 4}
_SIZES |= {"U64": 8, "I64": 8, "F64": 8}
# What `struct` and the buffer protocol call them; sizes of integers differ between systems, so they are asked for.
_FORMATS = {"?": "BOOL", "e": "F16", "f": "F32", "d": "F64"}
_FORMATS |= {code: f"{'I' if code.islower() else 'U'}{8 * struct.calcsize(code)}" for code in "bhilqBHILQ"}
_CODES = {"BOOL": "?", "U8": "B", "I8": "b", "U16": "H", "I16": "h", "F16": "e", "U32": "I", "I32": "i", "F32": "f"}
_CODES |= {"U64": "Q", "I64": "q", "F64": "d"}


@final
@dataclass(frozen=True, slots=True)
class Tensor:
    """Numbers as they lie in a file: little-endian, in C order.

    Attributes:
        dtype: `F32`, `F64`, `I64`, …
        shape: sizes; a scalar has none.
        data: the bytes.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes | memoryview

    @property
    def count(self) -> int:
        """How many numbers there are."""
        return math.prod(self.shape)

    def flat(self) -> tuple[Any, ...]:
        """The numbers, one after another. Raises KeyError for BF16, which Python does not know."""
        return struct.unpack(f"<{self.count}{_CODES[self.dtype]}", self.data)


def tensor_of(name: str, value: Any) -> Tensor:
    """A weight for a file: an object with the buffer protocol (an array), a number, nested sequences, or a `Tensor`.

    Nested whole numbers become I64, others F64, so nothing is lost.

    Raises:
        FileError: F06, it is neither, its rows differ in length, or a number is not finite.
    """
    try:
        made = value if isinstance(value, Tensor) else _of_buffer(memoryview(value))
    except TypeError:
        made = _of_nested(name, value)
    if made is None:
        raise FileError(f'"{name}" holds {shown(value)}; a weights file holds numbers only.', code="F06")
    if made.dtype in ("F16", "F32", "F64") and not _finite(made):
        raise FileError(
            f'"{name}" holds numbers that are not finite; nothing was saved.',
            code="F06",
            hint="Reset the training, or go back to an earlier checkpoint.",
        )
    return made


def _of_buffer(view: memoryview) -> Tensor | None:
    code = view.format.lstrip("<=@")
    dtype = _FORMATS.get(code)
    if dtype is None or _SIZES[dtype] != view.itemsize:
        return None
    shape = tuple(view.shape or ())
    return Tensor(dtype, shape, view.cast("B") if view.c_contiguous and 0 not in shape and shape else view.tobytes())


def _of_nested(name: str, value: Any) -> Tensor:
    try:
        shape = array_shape((value,))[1:]
    except ParamError as error:
        raise FileError(f'"{name}" {error}.', code="F06") from None
    flat = [value]
    for _ in shape:
        flat = [item for row in flat for item in row]
    whole = all(type(item) is int and -(2**63) <= item < 2**63 for item in flat)
    return Tensor("I64" if whole else "F64", shape, struct.pack(f"<{len(flat)}{'q' if whole else 'd'}", *flat))


def _finite(tensor: Tensor) -> bool:
    if tensor.dtype == "F16":
        return all(map(math.isfinite, tensor.flat()))
    numbers = memoryview(tensor.data).cast("B").cast("f" if tensor.dtype == "F32" else "d")
    # A sum is finite only of finite numbers, and quick; a sum that overflows says nothing.
    return math.isfinite(sum(numbers)) or all(map(math.isfinite, numbers))


# -- writing --


def encode(tensors: Mapping[str, Tensor], metadata: Metadata) -> list[bytes | memoryview]:
    """The file's content in pieces: header, then the tensors, those with the widest numbers first so that all align."""
    order = sorted(tensors, key=lambda name: (-_SIZES[tensors[name].dtype], name))
    header: dict[str, Any] = {_METADATA: dict(sorted(metadata.items()))} if metadata else {}
    end = 0
    for name in order:
        begin, end = end, end + len(tensors[name].data)
        header[name] = {
            "dtype": tensors[name].dtype,
            "shape": list(tensors[name].shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return [struct.pack("<Q", len(text)), text, *(tensors[name].data for name in order)]


def digest(chunks: Iterable[bytes | memoryview]) -> str:
    """Eight hexadecimal digits that name the content."""
    total = hashlib.sha256()
    for chunk in chunks:
        total.update(chunk)
    return total.hexdigest()[:8]


# -- reading --


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors of a weights file, as slices of its bytes, and its metadata.

    Raises:
        FileError: F01 it is damaged, F02 it does not exist, F04 it cannot be read.
    """
    content = memoryview(diskfile.read(path, MAX_BYTES))
    try:
        return _decode(content)
    except _BadError as error:
        raise FileError(f'The weights file "{path.name}" is damaged ({error}).', code="F01") from None


@final
class _BadError(Exception):
    """What is wrong with a weights file, as a clause."""


def _decode(content: memoryview) -> tuple[dict[str, Tensor], dict[str, str]]:
    if len(content) < 8:
        raise _BadError("it ends within the first 8 bytes")
    (length,) = struct.unpack("<Q", content[:8])
    if length > min(MAX_HEADER, len(content) - 8):
        raise _BadError(f"its header should have {plural(length, 'byte')}, more than there are")
    try:
        header = parse(str(content[8 : 8 + length], "utf-8"))
    except UnicodeDecodeError:
        raise _BadError("its header is no UTF-8 text") from None
    except JsonError as error:
        raise _BadError(f"its header: {error}") from None
    if not isinstance(header, dict):
        raise _BadError("its header is no object")
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise _BadError("its metadata are no texts")
    return _slices(header, content[8 + length :]), metadata


def _slices(header: Mapping[str, Any], data: memoryview) -> dict[str, Tensor]:
    entries = {name: _entry(name, entry) for name, entry in header.items()}
    found: dict[str, Tensor] = {}
    at = 0
    for name in sorted(entries, key=lambda name: entries[name][2:]):
        dtype, shape, begin, end = entries[name]
        if begin != at:
            raise _BadError(f"{shown(name)} begins at byte {begin:,} of the data, but {at:,} is next")
        if end > len(data) or end - begin != math.prod(shape) * _SIZES[dtype]:
            raise _BadError(
                f"{shown(name)} has {plural(end - begin, 'byte')} of {len(data):,}, which does not fit its shape"
            )
        found[name], at = Tensor(dtype, shape, data[begin:end]), end
    if at != len(data):
        raise _BadError(f"{len(data) - at:,} bytes at the end belong to no tensor")
    return {name: found[name] for name in header}


def _entry(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or not entry.keys() >= {"dtype", "shape", "data_offsets"}:
        raise _BadError(f"{shown(name)} is described by {shown(entry)}")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if dtype not in _SIZES:
        raise _BadError(f"{shown(name)} has numbers of the unknown kind {shown(dtype)}")
    for sizes in (shape, offsets):
        if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes):
            raise _BadError(f"{shown(name)} has sizes {shown(sizes)}")
    if len(offsets) != 2 or len(shape) > _DIMENSIONS:
        raise _BadError(f"{shown(name)} has the place {shown(offsets)} and {plural(len(shape), 'dimension')}")
    return dtype, tuple(shape), offsets[0], offsets[1]
