"""The numbers of a tensor in an ONNX file, in the form in which weights are saved.

Sizes are compared with the bytes that are there before anything is made of them. Numbers outside of the file are read
only from a file beside it.
"""

from __future__ import annotations

import array
import math
import struct
from pathlib import Path
from typing import Final, final

from engine import diskfile
from engine.onnx.proto import Tensor as Proto
from engine.onnx.wire import WireError
from engine.problem import FileError
from engine.tensorfile import Tensor
from engine.wording import plural, shown

FLOATS: Final = {1: "F32", 10: "F16", 11: "F64", 16: "BF16"}
"""Element type -> dtype, of numbers with a fraction."""
_WHOLES: Final = {2: "U8", 3: "I8", 4: "U16", 5: "I16", 6: "I32", 7: "I64", 9: "BOOL", 12: "U32", 13: "U64"}
_KINDS: Final = FLOATS | _WHOLES
_SIZES: Final = {"U8": 1, "I8": 1, "BOOL": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "F32": 4}
_PACK: Final = {"U8": "B", "I8": "b", "BOOL": "B", "U16": "H", "I16": "h", "F16": "H", "BF16": "H"}
_PACK_WIDE: Final = {"I32": "i", "U32": "I", "I64": "q", "U64": "Q"}
_CHUNK: Final = 1 << 16
MAX_OUTSIDE: Final = 16 * diskfile.GIB


@final
class TensorReader:
    """Reads the tensors of one file, which lies in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, proto: Proto) -> Tensor:
        """The tensor; half precision becomes single.

        Raises:
            WireError: its numbers do not fit its shape, or are of a kind that is not read.
            FileError: they lie in another file, which cannot be read or is not beside this one.
        """
        dtype = _KINDS.get(proto.data_type)
        if dtype is None:
            raise WireError(f"the tensor {shown(proto.name)} has elements of the kind {proto.data_type}", proto.at)
        shape = tuple(proto.dims)
        size = math.prod(shape) * _SIZES.get(dtype, 8)
        data = self._outside(proto, size) if proto.external is not None else _inside(proto, dtype, math.prod(shape))
        if len(data) != size:
            raise WireError(
                f"the tensor {shown(proto.name)} has {plural(len(data), 'byte')}, but its shape asks for {size:,}",
                proto.at,
            )
        if dtype in ("F16", "BF16"):
            return Tensor("F32", shape, _widened(data, dtype))
        return Tensor(dtype, shape, data)

    def _outside(self, proto: Proto, size: int) -> bytes:
        """Numbers in a file of their own. Raises FileError."""
        assert proto.external is not None
        location = proto.external.get("location", "")
        name = f"the weights {shown(proto.name)}"
        if location in ("", ".", "..") or any(char in location for char in "/\\:\0"):
            raise FileError(
                f"For {name}, the model names the file {shown(location)}; only one beside the model is read.",
                code="F04",
                hint="Save the model in one file, or with its weights beside it.",
            )
        try:
            offset, length = (int(proto.external.get(key, "0") or "0") for key in ("offset", "length"))
        except ValueError:
            raise WireError(f"the place of {name} is no number", proto.at) from None
        if offset < 0 or length not in (0, size):
            raise WireError(f"{name} should have {plural(length, 'byte')}, but the shape asks for {size:,}", proto.at)
        try:
            with diskfile.open_regular(self._folder / location, MAX_OUTSIDE) as file:
                there = file.seek(0, 2)
                if offset + size > there:
                    raise FileError(
                        f'"{location}" has {plural(there, "byte")}, but {name} end at {offset + size:,}.', code="F01"
                    )
                file.seek(offset)
                return file.read(size)
        except FileNotFoundError:
            raise FileError(
                f'There is no file "{location}" beside the model; it holds {name}.',
                code="F02",
                hint="Put it into the same folder.",
            ) from None
        except diskfile.NotReadableError as error:
            raise FileError(f'"{location}" {error}.', code="F04") from None
        except OSError as error:
            raise FileError(f'"{location}" cannot be read: {diskfile.reason(error)}.', code="F04") from None


def _inside(proto: Proto, dtype: str, count: int) -> bytes | memoryview:
    """The bytes in the file, whichever field holds them. Raises WireError."""
    if proto.raw is not None:
        return proto.raw.data
    spans = {"F32": proto.floats, "F64": proto.doubles}.get(dtype)
    if spans is not None:
        return spans[0].data if len(spans) == 1 else b"".join(span.data for span in spans)
    numbers: list[int] = []
    for entry in proto.wholes:
        numbers += entry.wholes()
        if len(numbers) > count:
            break
    try:
        return struct.pack(f"<{len(numbers)}{_PACK.get(dtype) or _PACK_WIDE[dtype]}", *numbers)
    except struct.error:
        raise WireError(f"a number of the tensor {shown(proto.name)} is too large for its kind", proto.at) from None


def _widened(data: bytes | memoryview, dtype: str) -> bytes:
    """Half precision as single precision. The upper half of a float32 is a bfloat16."""
    if dtype == "BF16":
        wide = bytearray(2 * len(data))
        wide[2::4], wide[3::4] = bytes(data[0::2]), bytes(data[1::2])
        return bytes(wide)
    parts = []
    for start in range(0, len(data), 2 * _CHUNK):
        part = data[start : start + 2 * _CHUNK]
        parts.append(struct.pack(f"<{len(part) // 2}f", *struct.unpack(f"<{len(part) // 2}e", part)))
    return b"".join(parts)


def transposed(tensor: Tensor) -> Tensor:
    """A matrix with rows and columns changed over."""
    rows, columns = tensor.shape
    code = {"F32": "I", "F64": "Q", "I64": "Q"}[tensor.dtype]
    source = array.array(code, bytes(tensor.data))
    assert source.itemsize == _SIZES.get(tensor.dtype, 8)
    data = b"".join(source[column::columns].tobytes() for column in range(columns)) if rows else b""
    return Tensor(tensor.dtype, (columns, rows), data)


def scaled(tensor: Tensor, factor: float) -> Tensor:
    """All numbers times a factor, as float32 or float64."""
    if factor == 1:
        return tensor
    code = "f" if tensor.dtype == "F32" else "d"
    values = [value * factor for value in tensor.flat()]
    return Tensor(tensor.dtype, tensor.shape, struct.pack(f"<{len(values)}{code}", *values))


def repeated(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tensor stretched to a shape as NumPy would: sizes of 1 repeat. Both have as many dimensions."""
    data, inner = bytes(tensor.data), _SIZES.get(tensor.dtype, 8)
    for dim in range(len(shape) - 1, -1, -1):
        have, want = tensor.shape[dim], shape[dim]
        if have != want:
            data = b"".join(data[at : at + inner] * want for at in range(0, len(data), inner))
        inner *= want
    return Tensor(tensor.dtype, shape, data)
