"""Arithmetic with sizes: what an exporter writes so that a Reshape fits every batch. It is done while importing."""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Mapping
from math import prod
from typing import Final

from engine.onnx.call import Call
from engine.onnx.proto import Tensor as Proto
from engine.onnx.values import MOST_SIZES, Constant, Flow, RefusedError, Sizes, Value, sizes_of
from engine.tensorfile import Tensor
from engine.tensorspec import Dim

_MOST_FILLED: Final = 1 << 22
_WHOLE: Final[Mapping[str, Callable[[int, int], int]]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mul": operator.mul,
    "Div": lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1),  # towards zero, as in C
}


def shape(call: Call) -> Sizes:
    """Shape: all sizes, or those from `start` to `end`."""
    value = call.value(0)
    dims: tuple[Dim, ...]
    if isinstance(value, Constant):
        dims = value.tensor.shape
    elif isinstance(value, Flow):
        dims = value.spec.shape
    else:
        dims = () if value.scalar else (len(value.dims),)
    return Sizes(dims[call.whole("start", 0) : call.whole("end", len(dims))])


def size(call: Call) -> Sizes:
    """Size: how many numbers there are, where that does not depend on the batch."""
    value = call.value(0)
    if not isinstance(value, Constant):
        raise RefusedError("counts the numbers of the whole batch")
    return Sizes((value.tensor.count,), scalar=True)


def gather(call: Call) -> Sizes:
    """Gather from sizes."""
    found = sizes_of(call.value(0))
    if found is None:
        raise RefusedError("looks numbers up by their place; there is no block for it")
    places = sizes_of(call.value(1))
    picked = call.whole_numbers(1)
    if not all(-len(found.dims) <= place < len(found.dims) for place in picked):
        raise RefusedError("asks for sizes that there are not")
    return Sizes(tuple(found.dims[place] for place in picked), scalar=places is not None and places.scalar)


def cut(call: Call) -> Sizes:
    """Slice of sizes."""
    found = sizes_of(call.value(0))
    if found is None:
        raise RefusedError("cuts a part out of a tensor; there is no block for it")
    if call.opset >= 10:
        starts, ends = call.whole_numbers(1), call.whole_numbers(2)
        steps = call.whole_numbers(4) if call.has(4) else (1,)
    else:
        starts, ends, steps = call.wholes("starts"), call.wholes("ends"), (1,)
    if not len(starts) == len(ends) == len(steps) == 1 or steps[0] == 0:
        raise RefusedError("cuts sizes in several dimensions")
    return Sizes(found.dims[starts[0] : ends[0] : steps[0]])


def constant(call: Call) -> Value:
    """Constant: numbers in an attribute."""
    attributes = call.node.attributes
    proto = attributes.get("value")
    if isinstance(proto, Proto):
        return Constant(call.reader.read(proto), call.node.outputs[0] if call.node.outputs else "")
    if "value_int" in attributes:
        return Sizes((call.whole("value_int", 0),), scalar=True)
    if "value_ints" in attributes:
        return Sizes(call.wholes("value_ints")[:MOST_SIZES])
    if "value_float" in attributes or "value_floats" in attributes:
        many = attributes.get("value_floats", [attributes.get("value_float")])
        if not isinstance(many, list) or not all(isinstance(number, float) for number in many):
            raise RefusedError("has a value of the wrong kind")
        sizes = (len(many),) if "value_floats" in attributes else ()
        return Constant(Tensor("F32", sizes, struct.pack(f"<{len(many)}f", *many)), call.node.outputs[0])
    raise RefusedError("holds no numbers")


def constant_of_shape(call: Call) -> Value:
    """ConstantOfShape: sizes that are all the same, or a tensor filled with one number."""
    dims = call.whole_numbers(0)
    proto = call.node.attributes.get("value")
    one = call.reader.read(proto) if isinstance(proto, Proto) else Tensor("F32", (1,), struct.pack("<f", 0))
    if one.count != 1 or any(size < 0 for size in dims) or prod(dims) > _MOST_FILLED:
        raise RefusedError("fills a tensor that is larger than what blocks hold")
    filled = Constant(Tensor(one.dtype, dims, bytes(one.data) * prod(dims)), call.node.outputs[0])
    return filled if filled.is_float else sizes_of(filled) or filled


def reckoned(call: Call) -> Sizes | None:
    """An arithmetic operator on sizes; None where it is one on data. Raises RefusedError where the batch takes part."""
    if len(call.values) != 2 or call.node.op not in _WHOLE:
        return None
    left, right = sizes_of(call.value(0)), sizes_of(call.value(1))
    if left is None or right is None:
        return None
    wide = max(len(left.dims), len(right.dims))
    pairs = zip(_stretched(left.dims, wide), _stretched(right.dims, wide), strict=True)
    return Sizes(tuple(_two(call.node.op, a, b) for a, b in pairs), left.scalar and right.scalar)


def _stretched(dims: tuple[Dim, ...], wide: int) -> tuple[Dim, ...]:
    if len(dims) == wide:
        return dims
    if len(dims) != 1:
        raise RefusedError("reckons with lists of sizes of different length")
    return dims * wide


def _two(op: str, a: Dim, b: Dim) -> Dim:
    if isinstance(a, int) and isinstance(b, int):
        if op == "Div" and b == 0:
            raise RefusedError("divides by zero")
        if max(abs(a), abs(b)) >= 1 << 63:
            raise RefusedError("reckons with sizes that are too large")
        return _WHOLE[op](a, b)
    if b == 1 and op in ("Mul", "Div"):
        return a
    if a == 1 and op == "Mul":
        return b
    raise RefusedError("reckons with the size of the batch")


def product(call: Call) -> Sizes:
    """ReduceProd of sizes."""
    found = sizes_of(call.value(0))
    if found is None:
        raise RefusedError("multiplies numbers along a dimension; there is no block for it")
    total: Dim = 1
    for dim in found.dims:
        total = _two("Mul", total, dim)
    return Sizes((total,), scalar=not call.whole("keepdims", 1))
