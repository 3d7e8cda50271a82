"""Functions of single numbers, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine.onnx.call import Call
from engine.onnx.values import Flow, RefusedError
from engine.startvalues import short

Operator = Callable[[Call], Flow]


def _activation(call: Call, function: str, **settings: Any) -> Flow:
    return call.add("Activation", call.flow(), {"function": function, **settings}, base=function)


def _custom(call: Call, expression: str, base: str) -> Flow:
    return call.add("Activation", call.flow(), {"function": "custom", "expression": expression}, base=base)


def plain(function: str) -> Operator:
    """An operator without settings."""
    return lambda call: _activation(call, function)


def leaky_relu(call: Call) -> Flow:
    """LeakyRelu."""
    return _activation(call, "leaky_relu", negative_slope=call.fraction("alpha", 0.01))


def prelu(call: Call) -> Flow:
    """PRelu with one slope for all: a leaky ReLU, whose slope is not trained."""
    slope = call.weights(1, "slope")
    if slope.count != 1:
        raise RefusedError("has a slope for each channel, which no block has")
    return _activation(call, "leaky_relu", negative_slope=short(slope.flat()[0]))


def elu(call: Call) -> Flow:
    """Elu."""
    return _activation(call, "elu", alpha=call.fraction("alpha", 1.0))


def gelu(call: Call) -> Flow:
    """Gelu, exact or with tanh."""
    return _activation(call, "gelu", approximate=call.word("approximate", "none"))


def selu(call: Call) -> Flow:
    """Selu as a typed formula; the exponential is taken of negative numbers alone, where it stays small."""
    alpha, gamma = call.fraction("alpha", 1.67326319), call.fraction("gamma", 1.05070102)
    return _custom(call, f"{gamma!r}*(max(0, z) + {alpha!r}*(exp(min(0, z)) - 1))", "selu")


def celu(call: Call) -> Flow:
    """Celu as a typed formula."""
    alpha = call.fraction("alpha", 1.0)
    return _custom(call, f"max(0, z) + {alpha!r}*(exp(min(0, z)/{alpha!r}) - 1)", "celu")


def mish(call: Call) -> Flow:
    """Mish as a typed formula."""
    return _custom(call, "z*tanh(softplus(z))", "mish")


def hard_sigmoid(call: Call) -> Flow:
    """HardSigmoid, with PyTorch's slope of one sixth or another."""
    alpha, beta = call.fraction("alpha", 0.2), call.fraction("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return _activation(call, "hardsigmoid")
    return _custom(call, f"max(0, min(1, {alpha!r}*z + {beta!r}))", "hard_sigmoid")


def swish(call: Call) -> Flow:
    """Swish: z σ(αz)."""
    alpha = call.fraction("alpha", 1.0)
    return _activation(call, "silu") if alpha == 1 else _custom(call, f"z*sigmoid({alpha!r}*z)", "swish")


def clip(call: Call) -> Flow:
    """Clip, with bounds as inputs (from version 11) or as attributes: relu, relu6 or hardtanh."""
    low = call.number(1) if call.has(1) else _bound(call, "min")
    high = call.number(2) if call.has(2) else _bound(call, "max")
    if low is None and high is None:
        return call.flow()
    if high is None:
        return _activation(call, "relu") if low == 0 else _custom(call, f"max({low!r}, z)", "clip")
    if low is None:
        return _custom(call, f"min({high!r}, z)", "clip")
    if (low, high) == (0, 6):
        return _activation(call, "relu6")
    return _activation(call, "hardtanh", min_val=low, max_val=high)


def _bound(call: Call, name: str) -> float | None:
    value = call.fraction(name, 0.0)
    return value if name in call.node.attributes and abs(value) < 1e38 else None


def softmax(function: str) -> Operator:
    """Softmax or LogSoftmax along one dimension."""

    def operator(call: Call) -> Flow:
        flow = call.flow()
        dim = call.dim(call.whole("axis", -1 if call.opset >= 13 else 1), flow)
        if call.opset < 13:  # all dimensions from there on were one
            wide = [index for index, size in enumerate(flow.spec.shape) if index >= dim and size != 1]
            if len(wide) > 1:
                raise RefusedError(
                    "sums to 1 over several dimensions, as it did before version 13", "Export the model in version 13."
                )
            dim = wide[0] if wide else dim
        return _activation(call, function, dim=dim)

    return operator


PLAIN: Final = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "HardSwish": "hardswish",
    "@Silu": "silu",
}
