"""A chain computed once more in numpy, with other weights: what a change by hand does, before the session says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np

from engine.moments import Forward
from gui.backprop.neurons.chain import Array, Chain, Layer, Plans

Params = Mapping[str, Any]
TOLERANCE: Final = {"d": 1e-11, "f": 2e-5, "e": 2e-2}
"""Relative to the largest number, by dtype: what a sum in another order may differ by."""


@final
@dataclass(frozen=True, eq=False, slots=True)
class Computed:
    """Weighted sums and outputs of each layer, `(samples, units)`, and the loss; None where there is none."""

    z: tuple[Array, ...]
    a: tuple[Array, ...]
    loss: float | None


@final
class Forwards:
    """Computes a chain with other weights.

    Attributes:
        able: whether every block of it is known here and gives the numbers of the step, so that it may be trusted.
    """

    def __init__(self, chain: Chain, plans: Plans) -> None:
        self._chain, self._plans = chain, plans
        self.able = all(_known(each, plans) for layer in chain.layers for each in layer.rest) and self._agrees()

    def run(self, weights: Mapping[tuple[int, str], Array] | None = None) -> Computed:
        """Forward, with some parameters replaced: (number of the layer from 0, `weight` or `bias`) -> the array."""
        given = weights or {}
        zs: list[Array] = []
        outs: list[Array] = []
        x = self._chain.x
        for at, layer in enumerate(self._chain.layers):
            z = weighted_sum(x, given.get((at, "weight"), layer.weight), given.get((at, "bias"), layer.bias))
            x = through(layer, z, self._plans)
            zs.append(z)
            outs.append(x)
        return Computed(tuple(zs), tuple(outs), self._loss(x))

    def on(self, x: Array, weights: Mapping[tuple[int, str], Array]) -> Sequence[Array]:
        """The outputs of each layer for other inputs, `(rows, features)`, without dropping; `weights` as in `run`."""
        outs: list[Array] = []
        for at, layer in enumerate(self._chain.layers):
            own = (weights.get((at, "weight"), layer.weight), weights.get((at, "bias"), layer.bias))
            x = through(layer, weighted_sum(x, *own), self._plans, training=False)
            outs.append(x)
        return outs

    def _loss(self, prediction: Array) -> float | None:
        loss = self._chain.loss
        if loss is None or self._chain.target is None:
            return None
        params = self._plans[loss.node].params
        return loss_of(prediction, self._chain.target, params, labels=_labels(loss))

    def _agrees(self) -> bool:
        chain = self._chain
        if chain.loss is not None and (chain.target is None or chain.loss.node not in self._plans):
            return False
        with np.errstate(all="ignore"):
            found = self.run()
        pairs = [*zip(found.z, (layer.z for layer in chain.layers), strict=True)]
        pairs += zip(found.a, (layer.a for layer in chain.layers), strict=True)
        if chain.loss is not None:
            told = chain.loss.outputs[0].array
            if told is None or found.loss is None:
                return False
            pairs.append((np.asarray(found.loss, told.dtype), told))
        return all(_close(one, other) for one, other in pairs)


def _close(one: Array, other: Array) -> bool:
    scale = max(1e-2, float(np.abs(other[np.isfinite(other)]).max(initial=0.0)))
    return bool(np.allclose(one, other, rtol=0, atol=TOLERANCE[other.dtype.char] * scale, equal_nan=True))


def weighted_sum(x: Array, weight: Array, bias: Array | None) -> Array:
    """X Wᵀ + b."""
    z: Array = x @ weight.T
    return z if bias is None else z + bias


def through(layer: Layer, z: Array, plans: Plans, *, training: bool = True) -> Array:
    """What follows the sum."""
    with np.errstate(all="ignore"):
        for each in layer.rest:
            if each.block == "Dropout":
                mask = next((part.array for part in each.saved if part.name == "mask"), None)
                if training and mask is not None:
                    z = z * mask
            elif each.block == "Activation":
                z = activation(z, plans[each.node].params)
            else:
                z = _UNARY[each.block](z)
    return z


def _known(moment: Forward, plans: Plans) -> bool:
    if moment.block == "Activation":
        return moment.node in plans and plans[moment.node].params["function"] in _FUNCTIONS
    if moment.block == "Dropout":
        return any(part.name == "mask" and part.array is not None for part in moment.saved)
    return moment.block in _UNARY


def _labels(loss: Forward) -> bool:
    """Whether its targets are whole numbers, such as classes."""
    given = next((each.array for each in loss.inputs if each.name == "target"), None)
    return given is not None and given.dtype.kind in "iu"


# -- functions: as engine.activation_functions and engine.loss_functions have them --

_UNARY: Final[dict[str, Callable[[Array], Array]]] = {
    "Sin": np.sin,
    "Cos": np.cos,
    "Exp": np.exp,
    "Log": np.log,
    "Sqrt": np.sqrt,
    "Abs": np.abs,
}
_erf: Final = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _gelu(x: Array, params: Params) -> Array:
    if params.get("approximate") == "tanh":
        return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))), x.dtype)
    return np.asarray(0.5 * x * (1 + _erf(x / math.sqrt(2)).astype(x.dtype)))


def _log_softmax(x: Array, dim: int = 1) -> Array:
    high = x - x.max(dim, keepdims=True)
    return np.asarray(high - np.log(np.exp(high).sum(dim, keepdims=True)))


_FUNCTIONS: Final[dict[str, Callable[[Array, Params], Array]]] = {
    "identity": lambda x, _: x,
    "sigmoid": lambda x, _: _sigmoid(x),
    "tanh": lambda x, _: np.tanh(x),
    "relu": lambda x, _: np.maximum(x, 0),
    "relu6": lambda x, _: np.clip(x, 0, 6),
    "leaky_relu": lambda x, p: np.where(x > 0, x, x * p["negative_slope"]),
    "elu": lambda x, p: np.where(x > 0, x, p["alpha"] * np.expm1(x)),
    "gelu": _gelu,
    "silu": lambda x, _: x * _sigmoid(x),
    "softplus": lambda x, _: np.where(x > 20, x, np.log1p(np.exp(x))),
    "softsign": lambda x, _: x / (1 + np.abs(x)),
    "hardtanh": lambda x, p: np.clip(x, p["min_val"], p["max_val"]),
    "hardsigmoid": lambda x, _: np.clip(x / 6 + 0.5, 0, 1),
    "hardswish": lambda x, _: x * np.clip(x / 6 + 0.5, 0, 1),
    "step": lambda x, _: (x >= 0).astype(x.dtype),
    "softmax": lambda x, p: np.exp(_log_softmax(x, p["dim"])),
    "log_softmax": lambda x, p: _log_softmax(x, p["dim"]),
}


def activation(x: Array, params: Params) -> Array:
    """An Activation with these parameters."""
    return _FUNCTIONS[params["function"]](x, params)


def loss_of(o: Array, t: Array, params: Params, *, labels: bool = False) -> float:
    """A Loss with these parameters, of a prediction `(samples, outputs)` and a target of that shape.

    `labels` tells that the targets came as whole numbers: Hinge takes 0 and 1 for -1 and 1 then.
    """
    name = params["function"]
    if name in ("cross_entropy", "nll"):
        scores = _log_softmax(o) if name == "cross_entropy" else o
        parts = -(t * scores).sum(1)
    else:
        t = t.astype(o.dtype)
        parts = _ELEMENTS[name](o, 2 * t - 1 if labels and name == "hinge" else t, params)
    return float(parts.sum() if params["reduction"] == "sum" else parts.mean())


def _huber(o: Array, t: Array, params: Params) -> Array:
    off = np.abs(o - t)
    part = np.minimum(off, params["delta"])
    return np.asarray(part * (off - 0.5 * part))


_ELEMENTS: Final[dict[str, Callable[[Array, Array, Params], Array]]] = {
    "mse": lambda o, t, _: (o - t) ** 2,
    "half_squared_error": lambda o, t, _: 0.5 * (o - t) ** 2,
    "l1": lambda o, t, _: np.abs(o - t),
    "huber": _huber,
    "binary_cross_entropy": lambda o, t, _: (
        -(t * np.maximum(np.log(o), -100) + (1 - t) * np.maximum(np.log1p(-o), -100))
    ),
    "bce_with_logits": lambda o, t, _: (1 - t) * o - (np.minimum(o, 0) - np.log1p(np.exp(-np.abs(o)))),
    "hinge": lambda o, t, _: np.maximum(0, 1 - t * o),
}
