"""What PyTorch computes number by number: each operation once, as arithmetic of `Vectors`.

Arguments stand in PyTorch's order, those that are left out have PyTorch's values. Formulas: those of PyTorch's
documentation (torch.nn.functional) and, of derivatives, of its `derivatives.yaml`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from engine.fastforward.arrays import UnsupportedError
from engine.fastforward.vectors import Vectors, rounded

Formula = Callable[..., Any]
"""Takes the vectors' writer and values; gives a value."""


def _sign(v: Vectors, x: Any) -> Any:
    one, zero = v.constant(1.0, x), v.constant(0.0, x)
    below = v.choose(v.compare("<", x, zero), v.neg(one), v.choose(v.compare("==", x, zero), zero, x))
    return v.choose(v.compare(">", x, zero), one, below)


def _threshold_backward(v: Vectors, g: Any, x: Any, threshold: Any) -> Any:
    return v.choose(v.compare("<=", x, threshold), v.constant(0.0, x), g)


def _tanh_backward(v: Vectors, g: Any, y: Any) -> Any:
    return v.mul(g, v.sub(v.constant(1.0, y), v.mul(y, y)))


def _sigmoid_backward(v: Vectors, g: Any, y: Any) -> Any:
    return v.mul(v.mul(g, v.sub(v.constant(1.0, y), y)), y)


def _leaky(v: Vectors, x: Any, slope: Any) -> Any:
    return v.choose(v.compare(">", x, v.constant(0.0, x)), x, v.mul(x, slope))


def _leaky_backward(v: Vectors, g: Any, x: Any, slope: Any, _of_result: Any) -> Any:
    return v.choose(v.compare(">", x, v.constant(0.0, x)), g, v.mul(g, slope))


def _clamped(v: Vectors, x: Any, least: Any, most: Any) -> Any:
    return v.smaller(v.greater(x, least), most)


def _hardtanh_backward(v: Vectors, g: Any, x: Any, least: Any, most: Any) -> Any:
    inside = v.builder.and_(v.compare(">", x, least), v.compare("<", x, most))
    return v.choose(inside, g, v.constant(0.0, g))


def _elu(v: Vectors, x: Any, alpha: Any) -> Any:
    small = v.mul(alpha, _expm1(v, x))
    return v.choose(v.compare("<=", x, v.constant(0.0, x)), small, x)


def _expm1(v: Vectors, x: Any) -> Any:
    """e^x − 1 = 2 tanh(x/2) / (1 − tanh(x/2)) for small x, where the difference would lose digits."""
    half = v.tanh(v.mul(x, v.constant(0.5, x)))
    small = v.div(v.add(half, half), v.sub(v.constant(1.0, x), half))
    large = v.sub(v.exp(x), v.constant(1.0, x))
    return v.choose(v.compare("<", v.library("fabs", x), v.constant(0.5, x)), small, large)


def _elu_backward(v: Vectors, g: Any, alpha: Any, _scale: Any, _input_scale: Any, _of_result: Any, x: Any) -> Any:
    slope = v.mul(v.mul(g, alpha), v.exp(x))
    return v.choose(v.compare("<=", x, v.constant(0.0, x)), slope, g)


def _silu(v: Vectors, x: Any) -> Any:
    return v.mul(x, v.sigmoid(x))


def _silu_backward(v: Vectors, g: Any, x: Any) -> Any:
    s, one = v.sigmoid(x), v.constant(1.0, x)
    return v.mul(v.mul(g, s), v.add(one, v.mul(x, v.sub(one, s))))


def _softplus(v: Vectors, x: Any, beta: Any, threshold: Any) -> Any:
    scaled = v.mul(x, beta)
    return v.choose(v.compare(">", scaled, threshold), x, v.div(_log_of_one_and_exp(v, scaled), beta))


def _log_of_one_and_exp(v: Vectors, x: Any) -> Any:
    """log(1 + e^x) = max(x, 0) + log1p(e^−|x|)."""
    return v.add(v.greater(x, v.constant(0.0, x)), _log1p(v, v.exp(v.neg(v.library("fabs", x)))))


def _log1p(v: Vectors, x: Any) -> Any:
    """log(1 + x) for 0 ≤ x: Kahan's log(u) · x / (u − 1) with u = 1 + x as it was rounded."""
    one = v.constant(1.0, x)
    u = v.builder.fadd(one, x)
    rest = v.builder.fsub(u, one)
    ratio = v.div(v.mul(v.library("log", u), x), rest)
    return v.choose(v.compare("==", rest, v.constant(0.0, x)), x, ratio)


def _softplus_backward(v: Vectors, g: Any, x: Any, beta: Any, threshold: Any) -> Any:
    scaled = v.mul(x, beta)
    return v.choose(v.compare(">", scaled, threshold), g, v.mul(g, v.sigmoid(scaled)))


def _hardsigmoid(v: Vectors, x: Any) -> Any:
    zero, six = v.constant(0.0, x), v.constant(6.0, x)
    return v.div(_clamped(v, v.add(x, v.constant(3.0, x)), zero, six), six)


def _hardsigmoid_backward(v: Vectors, g: Any, x: Any) -> Any:
    """With a sixth of 32 bits, as PyTorch has it for numbers of 64 bits, too."""
    three = v.constant(3.0, x)
    return _hardtanh_backward(v, v.mul(g, v.constant(rounded(1 / 6), x)), x, v.neg(three), three)


def _hardswish(v: Vectors, x: Any) -> Any:
    return v.mul(x, _hardsigmoid(v, x))


def _hardswish_backward(v: Vectors, g: Any, x: Any) -> Any:
    three = v.constant(3.0, x)
    middle = v.mul(g, v.add(v.div(x, three), v.constant(0.5, x)))
    small = v.choose(v.compare("<=", x, v.neg(three)), v.constant(0.0, x), middle)
    return v.choose(v.compare(">=", x, three), g, small)


def _logits_loss(v: Vectors, x: Any, y: Any) -> Any:
    """(1 − y)·x + log(1 + e^−x)."""
    return v.add(v.mul(v.sub(v.constant(1.0, x), y), x), _log_of_one_and_exp(v, v.neg(x)))


def _probability_loss(v: Vectors, p: Any, y: Any) -> Any:
    """−(y·log p + (1 − y)·log(1 − p)), no logarithm below −100."""
    one, least = v.constant(1.0, p), v.constant(-100.0, p)
    yes = v.greater(v.library("log", p), least)
    no = v.greater(_log_of_one_less(v, p), least)
    return v.sub(v.mul(v.sub(y, one), no), v.mul(y, yes))


def _log_of_one_less(v: Vectors, p: Any) -> Any:
    """log(1 − p), Kahan's way."""
    one = v.constant(1.0, p)
    u = v.builder.fsub(one, p)
    rest = v.builder.fsub(one, u)
    ratio = v.div(v.mul(v.library("log", u), p), rest)
    small = v.choose(v.compare("==", rest, v.constant(0.0, p)), v.neg(p), ratio)
    return v.choose(v.compare("==", u, v.constant(0.0, p)), v.constant(-math.inf, p), small)


def _probability_loss_backward(v: Vectors, g: Any, p: Any, y: Any) -> Any:
    below = v.greater(v.mul(v.sub(v.constant(1.0, p), p), p), v.constant(1e-12, p))
    return v.div(v.mul(g, v.sub(p, y)), below)


def _huber(v: Vectors, x: Any, y: Any, delta: Any) -> Any:
    size = v.library("fabs", v.sub(x, y))
    half = v.constant(0.5, x)
    square, line = v.mul(v.mul(half, size), size), v.mul(delta, v.sub(size, v.mul(half, delta)))
    return v.choose(v.compare("<=", size, delta), square, line)


def _huber_backward(v: Vectors, g: Any, x: Any, y: Any, delta: Any) -> Any:
    return v.mul(g, _clamped(v, v.sub(x, y), v.neg(delta), delta))


def _squared(v: Vectors, x: Any, y: Any) -> Any:
    gap = v.sub(x, y)
    return v.mul(gap, gap)


def _squared_backward(v: Vectors, g: Any, x: Any, y: Any) -> Any:
    return v.mul(v.mul(v.constant(2.0, x), v.sub(x, y)), g)


def raised(v: Vectors, x: Any, exponent: float) -> Any:
    """A power with an exponent that is known."""
    known = {
        0.0: lambda: v.constant(1.0, x), 1.0: lambda: x, 2.0: lambda: v.mul(x, x), 3.0: lambda: v.mul(v.mul(x, x), x),
        0.5: lambda: v.library("sqrt", x), -1.0: lambda: v.div(v.constant(1.0, x), x),
    }  # fmt: skip
    if exponent in known:
        return known[exponent]()
    return v.library("pow", x, v.constant(exponent, x))


def _compare(sign: str) -> Formula:
    def formula(v: Vectors, x: Any, y: Any) -> Any:
        return v.choose(v.compare(sign, x, y), v.constant(1.0, x), v.constant(0.0, x))

    return formula


def _where(v: Vectors, which: Any, yes: Any, no: Any) -> Any:
    return v.choose(v.builder.fcmp_unordered("!=", which, v.constant(0.0, which)), yes, no)


_PLAIN: Mapping[str, Formula] = {
    "mul": lambda v, x, y: v.mul(x, y),
    "div": lambda v, x, y: v.div(x, y),
    "neg": lambda v, x: v.neg(x),
    "reciprocal": lambda v, x: v.div(v.constant(1.0, x), x),
    "abs": lambda v, x: v.library("fabs", x),
    "sgn": _sign,
    "sign": _sign,
    "sqrt": lambda v, x: v.library("sqrt", x),
    "exp": lambda v, x: v.exp(x),
    "log": lambda v, x: v.library("log", x),
    "sin": lambda v, x: v.library("sin", x),
    "cos": lambda v, x: v.library("cos", x),
    "tanh": lambda v, x: v.tanh(x),
    "tanh_backward": _tanh_backward,
    "sigmoid": lambda v, x: v.sigmoid(x),
    "sigmoid_backward": _sigmoid_backward,
    "relu": lambda v, x: v.greater(x, v.constant(0.0, x)),
    "threshold_backward": _threshold_backward,
    "leaky_relu": _leaky,
    "leaky_relu_backward": _leaky_backward,
    "hardtanh": _clamped,
    "hardtanh_backward": _hardtanh_backward,
    "elu": _elu,
    "elu_backward": _elu_backward,
    "silu": _silu,
    "silu_backward": _silu_backward,
    "softplus": _softplus,
    "softplus_backward": _softplus_backward,
    "hardsigmoid": _hardsigmoid,
    "hardsigmoid_backward": _hardsigmoid_backward,
    "hardswish": _hardswish,
    "hardswish_backward": _hardswish_backward,
    "maximum": lambda v, x, y: v.greater(x, y),
    "minimum": lambda v, x, y: v.smaller(x, y),
    "lerp": lambda v, x, y, part: v.add(x, v.mul(part, v.sub(y, x))),
    "where": _where,
    "zeros_like": lambda v, x: v.constant(0.0, x),
    "ones_like": lambda v, x: v.constant(1.0, x),
    "clone": lambda _v, x: x,
    "le": _compare("<="), "lt": _compare("<"), "ge": _compare(">="), "gt": _compare(">"), "eq": _compare("=="),
}  # fmt: skip

LOSSES: Mapping[str, tuple[Formula, Formula | None, int]] = {
    "mse_loss": (_squared, _squared_backward, 0),
    "huber_loss": (_huber, _huber_backward, 1),
    "binary_cross_entropy": (_probability_loss, _probability_loss_backward, 0),
    "binary_cross_entropy_with_logits": (_logits_loss, None, 0),
}
"""Losses that are a mean or a sum: of one element, its derivative, and how many numbers follow the reduction."""

IGNORED = {"clone": 1, "zeros_like": 1, "ones_like": 1}
"""How many arguments of an operation say something about numbers; of others, all do."""

_DEFAULTS: Mapping[str, tuple[float, ...]] = {
    "elu": (1.0,), "leaky_relu": (0.01,), "hardtanh": (-1.0, 1.0), "softplus": (1.0, 20.0),
}  # fmt: skip


def formula_of(name: str, given: int, keywords: Mapping[str, Any]) -> tuple[Formula, tuple[Any, ...]] | None:
    """The formula of an operation and the values that follow those given; None: it is none that is known here.

    Raises:
        UnsupportedError: it is used in a way that is not.
    """
    name = name.removesuffix("_")
    if name in ("add", "sub", "rsub"):
        return _sum(name), (keywords.get("alpha", 1),)
    if name == "addcmul":
        return (lambda v, x, y, z, by: v.add(x, v.mul(by, v.mul(y, z)))), (keywords.get("value", 1),)
    if name == "addcdiv":
        return (lambda v, x, y, z, by: v.add(x, v.div(v.mul(by, y), z))), (keywords.get("value", 1),)
    if name not in _PLAIN:
        return None
    if any(key not in ("dtype", "layout", "device", "pin_memory", "memory_format") for key in keywords):
        raise UnsupportedError(f"{name} with {', '.join(keywords)}")
    return _PLAIN[name], _DEFAULTS.get(name, ())[max(0, given - 1) :]


def _sum(name: str) -> Formula:
    def formula(v: Vectors, x: Any, y: Any, by: Any) -> Any:
        if name == "rsub":
            x, y = y, x
        return v.add(x, v.mul(by, y)) if name == "add" else v.sub(x, v.mul(by, y))

    return formula
