"""A function of single numbers and its slope, computed with NumPy from the block's own torch calls and its own `grads`.

So the curve that is drawn is what the block does, and not a second telling of it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from engine.block import Block, ShapeError, block_named
from engine.recipe import GradContext, Ref
from engine.tensorspec import TensorSpec

Floats = NDArray[np.float64]

MATHS: Final = frozenset({"Sin", "Cos", "Exp", "Log", "Sqrt", "Abs"})
_ACROSS: Final = frozenset({"softmax", "log_softmax"})
"""Activations that are no function of one number."""

_IN: Final = TensorSpec(("N", 1))


def has_curve(kind: str, params: Mapping[str, Any]) -> bool:
    """Whether a block applies a function to each number by itself."""
    return kind in MATHS or (kind == "Activation" and params.get("function") not in _ACROSS)


@final
@dataclass(frozen=True, slots=True)
class Curve:
    """One function.

    Attributes:
        kind, params: of the block.
        name: as the block's parameter names it; the kind in small letters for a function of mathematics.
    """

    kind: str
    params: Mapping[str, Any]
    name: str

    def value(self, x: Floats) -> Floats:
        """f(x), any shape."""
        recipe = _block(self.kind).recipe(self.params, {"in": _IN})
        known: dict[str, Any] = {"in": x}
        with np.errstate(all="ignore"):
            for call in recipe.calls:
                args = [known[arg.name] if isinstance(arg, Ref) else arg for arg in call.args]
                target = "torch.nn.Identity" if call.target == "self" else call.target
                known[str(call.out)] = apply(target, *args, **dict(call.kwargs))
        return _like(known["out"], x)

    def slope(self, x: Floats) -> Floats:
        """f'(x), any shape."""
        y = self.value(x)
        ones = np.ones_like(x)
        context = GradContext(dict(self.params), {"in": x}, {"out": y}, {}, {}, {}, {"out": ones}, False, apply)
        with np.errstate(all="ignore"):
            return _like(_block(self.kind).grads(context)["in"], x)


def curve_of(kind: str, params: Mapping[str, Any]) -> Curve:
    """The function of a block.

    Raises:
        ShapeError: its formula cannot be read.
    """
    found = Curve(kind, params, str(params["function"]) if kind == "Activation" else kind.lower())
    _block(kind).shape(params, {"in": _IN})
    return found


def custom_curve(text: str) -> Curve:
    """A typed function.

    Raises:
        ShapeError: it cannot be read.
    """
    return curve_of("Activation", {**_plain(), "function": "custom", "expression": text})


@lru_cache(maxsize=1)
def _plain() -> Mapping[str, Any]:
    return {name: param.start for name, param in _block("Activation").params.items()}


def _block(kind: str) -> Block:
    block = block_named(kind)
    assert block is not None
    return block


def _like(value: Any, x: Floats) -> Floats:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), x.shape))


# -- torch's functions of numbers, by NumPy --


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0, -x)))


def _erf(x: Floats) -> Floats:
    return np.asarray(np.vectorize(math.erf, otypes=[np.float64])(x))


def _gelu(x: Floats, approximate: str = "none") -> Floats:
    if approximate == "tanh":
        return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))))
    return np.asarray(0.5 * x * (1 + _erf(x / math.sqrt(2))))


def _elu(x: Floats, alpha: float = 1.0) -> Floats:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _leaky(x: Floats, negative_slope: float = 0.01) -> Floats:
    return np.where(x > 0, x, negative_slope * x)


def _clamp(x: Floats, min: float | None = None, max: float | None = None) -> Floats:
    return np.clip(x, min, max)


_NUMPY: Final[Mapping[str, Callable[..., Any]]] = {
    "torch.nn.Identity": lambda x: x,
    "torch.sigmoid": _sigmoid,
    "torch.relu": lambda x: np.maximum(x, 0),
    "torch.erf": _erf,
    "torch.asin": np.arcsin,
    "torch.acos": np.arccos,
    "torch.atan": np.arctan,
    "torch.clamp": _clamp,
    **{
        f"torch.{name}": getattr(np, name)
        for name in (
            *("exp", "log", "log2", "log10", "sqrt", "abs", "sign", "floor", "ceil", "round", "where", "ones_like"),
            *("sin", "cos", "tan", "sinh", "cosh", "tanh", "maximum", "minimum"),
        )
    },
    **{f"operator.{name}": getattr(operator, name) for name in ("add", "sub", "mul", "truediv", "neg", "pow")},
    "torch.nn.functional.relu6": lambda x: np.clip(x, 0, 6),
    "torch.nn.functional.leaky_relu": _leaky,
    "torch.nn.functional.elu": _elu,
    "torch.nn.functional.gelu": _gelu,
    "torch.nn.functional.silu": lambda x: x * _sigmoid(x),
    "torch.nn.functional.softplus": lambda x: np.logaddexp(0, x),
    "torch.nn.functional.softsign": lambda x: x / (1 + np.abs(x)),
    "torch.nn.functional.hardtanh": lambda x, min_val=-1.0, max_val=1.0: np.clip(x, min_val, max_val),
    "torch.nn.functional.hardsigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "torch.nn.functional.hardswish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "chainrule.nn.step": lambda x: (x >= 0) * 1.0,
}


def apply(target: str, *args: Any, **kwargs: Any) -> Any:
    """A torch call on NumPy arrays."""
    return _NUMPY[target](*args, **kwargs)


__all__ = ["MATHS", "Curve", "ShapeError", "apply", "curve_of", "custom_curve", "has_curve"]
