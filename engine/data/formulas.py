"""Typed formulas evaluated with NumPy."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.expression import Expression, evaluate

Floats = NDArray[np.float64]


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


def _relu(x: Floats) -> Floats:
    return np.maximum(x, 0)


def _softplus(x: Floats) -> Floats:
    return np.logaddexp(0, x)


def _least(*values: Floats) -> Floats:
    return functools.reduce(np.minimum, values)


def _largest(*values: Floats) -> Floats:
    return functools.reduce(np.maximum, values)


NUMPY: dict[str, Callable[..., Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "neg": np.negative,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "relu": _relu,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "min": _least,
    "max": _largest,
    **{
        name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "log2", "log10")
    },
    **{name: getattr(np, name) for name in ("sqrt", "abs", "sign", "floor", "ceil", "round")},
}


def values(tree: Expression, variables: Mapping[str, Floats], samples: int) -> Floats:
    """The formula at every sample, float64 (samples,); not finite where it is not defined."""
    with np.errstate(all="ignore"):
        result = evaluate(tree, variables, NUMPY, _number)
    return np.array(np.broadcast_to(result, (samples,)), dtype=np.float64)


def _number(value: float) -> Floats:
    return np.asarray(value, dtype=np.float64)
