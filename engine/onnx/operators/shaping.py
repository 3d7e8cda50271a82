"""Other shapes for the same numbers."""

from __future__ import annotations

import struct

from engine.onnx.call import Call, is_batch, numel
from engine.onnx.tensors import transposed
from engine.onnx.values import Constant, Flow, RefusedError, Sizes, Value, sizes_of
from engine.tensorfile import Tensor
from engine.tensorspec import BATCH, Dim


def identity(call: Call) -> Value:
    """Identity, or a Cast from one kind of fractions to another."""
    return call.value(0)


def cast(call: Call) -> Value:
    """Cast: sizes stay sizes; numbers with a fraction stay such."""
    value, target = call.value(0), call.whole("to", 1)
    if isinstance(value, Sizes):
        return value
    is_float = target in (1, 10, 11, 16)
    if isinstance(value, Flow) and not is_float:
        raise RefusedError("makes whole numbers of measurements, which blocks do not")
    if isinstance(value, Constant) and not value.is_float and is_float and value.tensor.count == 1:
        number = float(value.tensor.flat()[0])
        return Constant(Tensor("F64", value.tensor.shape, struct.pack("<d", number)), value.name, value.trained)
    return value


def flatten(call: Call) -> Flow:
    """Flatten: all but the batch in one row."""
    flow = call.flow()
    if call.dim(call.whole("axis", 1), flow) != 1:
        raise RefusedError("keeps more than the batch apart, which Flatten does not")
    return flow if len(flow.spec.shape) == 2 else _row(call, flow)


def reshape(call: Call) -> Value:
    """Reshape to sizes that are known: Flatten or Reshape, which leave the batch as it is."""
    value, sizes = call.value(0), call.sizes(1)
    if isinstance(value, Constant):
        return _constant(value, _resolved(sizes, value.tensor.shape, bool(call.whole("allowzero", 0))))
    flow = call.flow()
    shape = flow.spec.shape
    if not call.whole("allowzero", 0):
        if any(size == 0 and index >= len(shape) for index, size in enumerate(sizes)):
            raise RefusedError("copies sizes that its input does not have")
        sizes = tuple(shape[index] if size == 0 else size for index, size in enumerate(sizes))
    return _to_sample_shape(call, flow, _sample(sizes, flow, call))


def _sample(sizes: tuple[Dim, ...], flow: Flow, call: Call) -> tuple[int, ...]:
    """The shape of one sample, once it is sure that samples stay apart. Raises RefusedError."""
    count = flow.spec.numel
    if not flow.spec.batched or count is None:
        raise RefusedError(f"arranges {flow.spec} anew, which has no batch or no fixed size")
    first, rest = sizes[:1], sizes[1:]
    known = numel([size for size in rest if size != -1])
    is_first = bool(first) and (is_batch(first[0], call) or (first[0] == -1 and -1 not in rest))
    if not is_first or known is None or known < 1 or count % known or (-1 not in rest and known != count):
        text = ", ".join(map(str, sizes))
        raise RefusedError(f"arranges {flow.spec} as ({text}), which would mix the samples of the batch")
    return tuple(count // known if size == -1 else int(size) for size in rest)


def _to_sample_shape(call: Call, flow: Flow, shape: tuple[int, ...]) -> Flow:
    if flow.spec.shape[1:] == shape:
        return flow
    if len(shape) == 1 and len(flow.spec.shape) > 2:
        return _row(call, flow)
    return call.add("Reshape", flow, {"shape": shape})


def _row(call: Call, flow: Flow) -> Flow:
    """All numbers of a sample in one row; the mean of each channel comes as such when nobody else reads it."""
    return (call.is_alone and call.builder.as_row_of_means(flow)) or call.add("Flatten", flow)


def squeeze(call: Call) -> Value:
    """Squeeze: a Reshape without the dimensions of size 1."""
    value, axes = call.value(0), call.axes()
    found = sizes_of(value)
    if found is not None:
        return Sizes(found.dims, scalar=True)
    shape = value.tensor.shape if isinstance(value, Constant) else call.flow().spec.shape
    chosen = _axes(axes, len(shape)) if axes is not None else {dim for dim, size in enumerate(shape) if size == 1}
    if any(shape[dim] != 1 for dim in chosen):
        raise RefusedError("takes dimensions away whose size is not 1")
    left = tuple(size for dim, size in enumerate(shape) if dim not in chosen)
    return _with_shape(call, value, left)


def unsqueeze(call: Call) -> Value:
    """Unsqueeze: a Reshape with further dimensions of size 1."""
    value, axes = call.value(0), call.axes() or ()
    found = sizes_of(value)
    if found is not None and found.scalar:
        return Sizes(found.dims)
    shape: list[Dim] = list(value.tensor.shape if isinstance(value, Constant) else call.flow().spec.shape)
    for dim in sorted(_axes(axes, len(shape) + len(axes))):
        shape.insert(dim, 1)
    return _with_shape(call, value, tuple(shape))


def _axes(axes: tuple[int, ...], rank: int) -> set[int]:
    found = {axis + rank if axis < 0 else axis for axis in axes}
    if not all(0 <= axis < rank for axis in found):
        raise RefusedError("names dimensions that its input does not have")
    return found


def _with_shape(call: Call, value: Value, shape: tuple[Dim, ...]) -> Value:
    if isinstance(value, Constant):
        return _constant(value, tuple(int(size) for size in shape))
    flow = call.flow()
    if flow.spec.batched and shape[:1] != (BATCH,):
        raise RefusedError("moves the batch away from the front")
    return _to_sample_shape(call, flow, tuple(int(size) for size in (shape[1:] if flow.spec.batched else shape)))


def transpose(call: Call) -> Value:
    """Transpose: Permute; a matrix of the file is turned at once."""
    value = call.value(0)
    shape = value.tensor.shape if isinstance(value, Constant) else call.flow().spec.shape
    dims = call.wholes("perm", tuple(reversed(range(len(shape)))))
    if sorted(dims) != list(range(len(shape))):
        raise RefusedError("has an impossible perm")
    if dims == tuple(range(len(shape))):
        return value
    if isinstance(value, Constant) and len(shape) == 2 and value.is_float:
        return Constant(transposed(value.tensor), f"{value.name}ᵀ" if value.name else "", value.trained)
    return call.add("Permute", call.flow(), {"dims": dims})


def concat(call: Call) -> Value:
    """Concat: blocks side by side, or sizes one after another."""
    found = [sizes_of(call.value(index)) for index in range(len(call.values))]
    if found and all(sizes is not None for sizes in found):
        return Sizes(tuple(size for sizes in found if sizes is not None for size in sizes.dims))
    flows = [call.flow(index) for index in range(len(call.values))]
    if len(flows) == 1:
        return flows[0]
    if not 1 < len(flows) <= 26:
        raise RefusedError(f"joins {len(flows)} inputs; Concat takes 2 to 26")
    dim = call.dim(call.whole("axis", 1), flows[0])
    inputs = {chr(ord("a") + index): flow for index, flow in enumerate(flows)}
    return call.add("Concat", inputs, {"inputs": len(flows), "dim": dim})


def _resolved(sizes: tuple[Dim, ...], old: tuple[int, ...], allow_zero: bool) -> tuple[int, ...]:
    """The new shape of numbers of the file. Raises RefusedError."""
    if any(size == 0 and index >= len(old) for index, size in enumerate(sizes)) and not allow_zero:
        raise RefusedError("copies sizes that its input does not have")
    filled = [old[index] if size == 0 and not allow_zero else size for index, size in enumerate(sizes)]
    known, total = numel([size for size in filled if size != -1]), numel(old)
    if known is None or total is None or filled.count(-1) > 1 or (-1 in filled and (not known or total % known)):
        raise RefusedError("arranges fixed numbers in a shape that is not known")
    return tuple(total // known if size == -1 else int(size) for size in filled)


def _constant(value: Constant, shape: tuple[int, ...]) -> Constant:
    if numel(shape) != value.tensor.count:
        raise RefusedError(f"arranges {value.tensor.count} numbers as {shape}")
    tensor = Tensor(value.tensor.dtype, shape, value.tensor.data)
    return Constant(tensor, value.name, value.trained)
