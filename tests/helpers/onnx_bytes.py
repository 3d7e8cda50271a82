"""ONNX files made by hand, byte by byte: an encoder of its own, for what no exporter writes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any

FLOAT, INT64 = 1, 7


def varint(value: int) -> bytes:
    """A whole number, seven bits a byte."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | bytes | str) -> bytes:
    """A field of a message: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(shape: Sequence[int], values: Sequence[float], data_type: int = FLOAT, raw: bytes | None = None) -> bytes:
    """A TensorProto without a name."""
    if raw is None:
        raw = struct.pack(f"<{len(values)}{'f' if data_type == FLOAT else 'q'}", *values)
    return b"".join(field(1, size) for size in shape) + field(2, data_type) + field(9, raw)


def outside(shape: Sequence[int], location: str, offset: int = 0) -> bytes:
    """A TensorProto whose numbers lie in another file."""
    entries = {"location": location, "offset": str(offset), "length": str(4 * prod(shape))}
    pairs = b"".join(field(13, field(1, key) + field(2, text)) for key, text in entries.items())
    return b"".join(field(1, size) for size in shape) + field(2, FLOAT) + pairs + field(14, 1)


def node(op: str, inputs: Iterable[str], outputs: Iterable[str], *, domain: str = "", **attributes: Any) -> bytes:
    """A NodeProto, named as its operator."""
    parts = [field(1, name) for name in inputs] + [field(2, name) for name in outputs]
    parts += [field(3, f"my {op}"), field(4, op), field(7, domain)]
    parts += [field(5, field(1, name) + _value(value)) for name, value in attributes.items()]
    return b"".join(parts)


def _value(value: Any) -> bytes:
    if isinstance(value, bool | int):
        return field(3, int(value)) + field(20, 2)
    if isinstance(value, float):
        return varint(2 << 3 | 5) + struct.pack("<f", value) + field(20, 1)
    if isinstance(value, str):
        return field(4, value) + field(20, 3)
    if isinstance(value, bytes):
        return field(5, value) + field(20, 4)
    return b"".join(field(8, item) for item in value) + field(20, 7)


def model(
    nodes: Iterable[bytes],
    initializers: Mapping[str, bytes],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Iterable[str],
    *,
    opset: int = 17,
    data_type: int = FLOAT,
) -> bytes:
    """A ModelProto."""
    graph = b"".join(field(1, item) for item in nodes)
    graph += b"".join(field(5, item + field(8, name)) for name, item in initializers.items())
    graph += b"".join(field(11, _info(name, dims, data_type)) for name, dims in inputs.items())
    graph += b"".join(field(12, field(1, name)) for name in outputs)
    return field(1, 8) + field(7, graph) + field(8, field(2, opset))


def _info(name: str, dims: Sequence[int | str], data_type: int) -> bytes:
    shape = b"".join(field(1, field(1 if isinstance(dim, int) else 2, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, data_type) + field(2, shape)))
