"""Operator -> the function that makes blocks of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from engine.onnx.call import Call
from engine.onnx.operators import activations, arithmetic, matrices, norms, shaping, sizes, windows
from engine.onnx.values import Value

OPERATORS: Final[Mapping[str, Callable[[Call], Value]]] = {
    "Conv": windows.conv,
    "ConvTranspose": windows.conv_transpose,
    "MaxPool": windows.max_pool,
    "AveragePool": windows.average_pool,
    "GlobalMaxPool": windows.global_max_pool,
    "GlobalAveragePool": windows.global_average_pool,
    "Gemm": matrices.gemm,
    "MatMul": matrices.matmul,
    "@Dense": matrices.dense,
    "BatchNormalization": norms.batch_norm,
    "InstanceNormalization": norms.instance_norm,
    "GroupNormalization": norms.group_norm,
    "LayerNormalization": norms.layer_norm,
    "@GroupNorm": norms.spelt_out_group_norm,
    "@ScaleAndShift": norms.scale_and_shift,
    "Dropout": norms.dropout,
    **{op: activations.plain(function) for op, function in activations.PLAIN.items()},
    "LeakyRelu": activations.leaky_relu,
    "PRelu": activations.prelu,
    "Elu": activations.elu,
    "Selu": activations.selu,
    "Celu": activations.celu,
    "Gelu": activations.gelu,
    "Mish": activations.mish,
    "Swish": activations.swish,
    "HardSigmoid": activations.hard_sigmoid,
    "Clip": activations.clip,
    "Softmax": activations.softmax("softmax"),
    "LogSoftmax": activations.softmax("log_softmax"),
    "Identity": shaping.identity,
    "Cast": shaping.cast,
    "Flatten": shaping.flatten,
    "Reshape": shaping.reshape,
    "Squeeze": shaping.squeeze,
    "Unsqueeze": shaping.unsqueeze,
    "Transpose": shaping.transpose,
    "Concat": shaping.concat,
    "Add": arithmetic.joined("Add"),
    "Sum": arithmetic.joined("Add"),
    "Sub": arithmetic.joined("Subtract"),
    "Mul": arithmetic.joined("Multiply"),
    "Div": arithmetic.joined("Divide"),
    "Max": arithmetic.joined("Max"),
    "Pow": arithmetic.power,
    "Reciprocal": arithmetic.reciprocal,
    "Neg": arithmetic.negative,
    "ReduceSum": arithmetic.reduced("Sum"),
    "ReduceMean": arithmetic.reduced("Mean"),
    **{kind: arithmetic.unary(kind) for kind in ("Exp", "Log", "Sqrt", "Abs", "Sin", "Cos")},
    "Shape": sizes.shape,
    "Size": sizes.size,
    "Gather": sizes.gather,
    "Slice": sizes.cut,
    "Constant": sizes.constant,
    "ConstantOfShape": sizes.constant_of_shape,
    "ReduceProd": sizes.product,
}
"""Names with @ are those of several nodes together, see `engine.onnx.patterns`."""
