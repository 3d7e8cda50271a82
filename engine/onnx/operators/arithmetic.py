"""Arithmetic between tensors, and sums along dimensions."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Final

from engine.onnx.call import Call
from engine.onnx.operators.sizes import reckoned
from engine.onnx.tensors import repeated
from engine.onnx.values import Constant, Flow, RefusedError, Value
from engine.tensorfile import Tensor
from engine.tensorspec import TensorSpec

_STRETCHING: Final = frozenset({"Multiply", "Divide", "Max", "Power"})
"""Blocks that stretch sizes of 1 themselves."""
_MOST_REPEATED: Final = 1 << 18


def joined(kind: str) -> Callable[[Call], Value]:
    """Add, Subtract, Multiply, Divide, Max: of two inputs or more."""

    def operator(call: Call) -> Value:
        sizes = reckoned(call)
        if sizes is not None:
            return sizes
        flows = _together(call, kind)
        if len(flows) == 1:
            return flows[0]
        if len(flows) > 26:
            raise RefusedError(f"has {len(flows)} inputs; {kind} takes 2 to 26")
        inputs = {chr(ord("a") + index): flow for index, flow in enumerate(flows)}
        return call.add(kind, inputs, {"inputs": len(flows)} if kind in ("Add", "Multiply", "Max") else {})

    return operator


def power(call: Call) -> Flow:
    """Pow, with a number as its exponent or a tensor."""
    exponent = call.value(1)
    if isinstance(exponent, Constant) and exponent.tensor.count == 1 and exponent.tensor.dtype != "BOOL":
        number = float(exponent.tensor.flat()[0])
        return (
            call.add("Sqrt", call.flow())
            if number == 0.5
            else call.add("Power", {"a": call.flow()}, {"exponent": number})
        )
    a, b = _together(call, "Power")
    return call.add("Power", {"a": a, "b": b}, {"exponent": None})


def reciprocal(call: Call) -> Flow:
    """Reciprocal: the power −1."""
    return call.add("Power", {"a": call.flow()}, {"exponent": -1.0}, base="reciprocal")


def negative(call: Call) -> Flow:
    """Neg: a typed activation."""
    return call.add("Activation", call.flow(), {"function": "custom", "expression": "-z"}, base="negative")


def unary(kind: str) -> Callable[[Call], Flow]:
    """Exp, Log, Sqrt, Abs, Sin, Cos."""
    return lambda call: call.add(kind, call.flow())


def reduced(kind: str) -> Callable[[Call], Flow]:
    """ReduceSum, ReduceMean: Sum, Mean; over all places of images, GlobalAvgPool."""

    def operator(call: Call) -> Flow:
        flow, axes, keep = call.flow(), call.axes(), bool(call.whole("keepdims", 1))
        rank = len(flow.spec.shape)
        if not axes:
            if call.whole("noop_with_empty_axes", 0):
                return flow
            return call.add(kind, flow, {"keepdim": keep})
        dims = tuple(sorted(call.dim(axis, flow) for axis in axes))
        if kind == "Mean" and not keep and rank in (3, 4) and dims == tuple(range(2, rank)):
            return call.add("GlobalAvgPool", flow, base="pool")
        return call.add(kind, flow, {"dim": dims, "keepdim": keep})

    return operator


def _together(call: Call, kind: str) -> list[Flow]:
    """All inputs as flows; fixed numbers are stretched to what they meet, as NumPy would."""
    values = [call.value(index) for index in range(len(call.values))]
    flows = [value for value in values if isinstance(value, Flow)]
    if not flows:
        return [call.builder.flow(value) for value in values]
    widest = max(flows, key=lambda flow: len(flow.spec.shape)).spec
    return [
        _beside(call, value, widest, kind) if isinstance(value, Constant) else call.builder.flow(value)
        for value in values
    ]


def _beside(call: Call, constant: Constant, spec: TensorSpec, kind: str) -> Flow:
    tensor = constant.tensor
    if tensor.count == 1:
        return call.builder.value(constant, ())
    sample = spec.sample_shape
    shape = tensor.shape
    if spec.batched and len(shape) == len(sample) + 1 and shape[0] == 1:
        shape = shape[1:]
    shape = (1,) * (len(sample) - len(shape)) + shape
    if len(shape) != len(sample) or any(isinstance(size, str) for size in sample):
        raise RefusedError(
            f"joins {spec} with fixed numbers that differ from sample to sample, or are of another shape"
        )
    wanted = tuple(int(size) if have == 1 else have for have, size in zip(shape, sample, strict=True))
    if kind in _STRETCHING or shape == wanted:
        return call.builder.value(constant, shape)
    if prod(wanted) > _MOST_REPEATED:
        raise RefusedError(f"stretches fixed numbers to {prod(wanted):,}, which blocks do not")
    wide = repeated(Tensor(tensor.dtype, shape, tensor.data), wanted)
    return call.builder.value(Constant(wide, f"{constant.name}→{wanted}" if constant.name else "", constant.trained))
