"""Products with matrices: Dense, where the matrix stands in the file, else MatMul."""

from __future__ import annotations

from engine.onnx.call import Call
from engine.onnx.tensors import repeated, scaled, transposed
from engine.onnx.values import Constant, Flow, RefusedError
from engine.tensorfile import Tensor


def gemm(call: Call) -> Flow:
    """Gemm, `alpha A B + beta C`: Dense."""
    flow, matrix = call.flow(), call.weights(1, "weights")
    if call.whole("transA", 0):
        raise RefusedError("transposes its input, and with it the batch")
    if len(matrix.shape) != 2:
        raise RefusedError("has weights that are no matrix")
    weight = matrix if call.whole("transB", 0) else transposed(matrix)
    bias = None
    if call.has(2):
        bias = scaled(_row(call.weights(2, "bias"), weight.shape[0]), call.fraction("beta", 1.0))
    return _dense(call, flow, scaled(weight, call.fraction("alpha", 1.0)), bias)


def dense(call: Call) -> Flow:
    """MatMul with an Add behind it."""
    weight = transposed(call.weights(1, "weights"))
    return _dense(call, call.flow(), weight, _row(call.weights(2, "bias"), weight.shape[0]))


def matmul(call: Call) -> Flow:
    """MatMul: Dense with a matrix of the file, else MatMul."""
    flow, matrix = call.value(0), call.value(1)
    is_matrix = isinstance(matrix, Constant) and matrix.is_float and len(matrix.tensor.shape) == 2
    if is_matrix and isinstance(flow, Flow) and flow.spec.batched and len(flow.spec.shape) <= 3:
        return _dense(call, flow, transposed(call.weights(1, "weights")), None)
    return call.add("MatMul", {"a": call.flow(0), "b": call.flow(1)})


def _dense(call: Call, flow: Flow, weight: Tensor, bias: Tensor | None) -> Flow:
    if flow.spec.shape[-1:] != weight.shape[1:]:
        raise RefusedError(f"has weights for {weight.shape[1]} numbers but gets {flow.spec}")
    weights = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    return call.add("Dense", flow, {"out_features": weight.shape[0], "bias": bias is not None}, weights=weights)


def _row(bias: Tensor, units: int) -> Tensor:
    """One number per output."""
    if bias.count == units and bias.shape[-1:] == (units,):
        return Tensor(bias.dtype, (units,), bias.data)
    if bias.count == 1:
        return repeated(Tensor(bias.dtype, (1,), bias.data), (units,))
    raise RefusedError("adds a bias that differs from sample to sample")
