"""Derivatives of typed formulas, as formulas: rule by rule, as on paper, and tidied up so that people can read them.

Where a derivative is a matter of convention (a corner, a tie) the convention is that of PyTorch's autograd:
|x|' = 0 at 0, relu'(0) = 0, the halves of both sides where max(f, g) has a tie, and 1 at the bound of max(f, c).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

from engine.expression import Apply, Expression, ExpressionError, Name, Number, evaluate, variables

ZERO, ONE = Number(0.0), Number(1.0)


def derivative(tree: Expression, name: str) -> Expression:
    """The derivative by a variable.

    Beside the functions that can be typed it may hold `>` and `>=` (1 where it is so, else 0), `above` (as `>`, but 1/2
    at a tie) and `softplus_slope`.

    Args:
        tree: a formula that was `folded`.
        name: of the variable.
    """
    if isinstance(tree, Number):
        return ZERO
    if isinstance(tree, Name):
        return ONE if tree.name == name else ZERO
    inner = tuple(derivative(part, name) for part in tree.arguments)
    if tree.function in _OPERATORS:
        return _OPERATORS[tree.function](tree.arguments, inner, tree)
    (part,), (slope,) = tree.arguments, inner
    return ZERO if slope == ZERO else times(_SLOPES[tree.function](part, tree), slope)


def folded(tree: Expression) -> Expression:
    """The same, with each part that holds no variable as one number, and `min` and `max` of two each.

    Raises:
        ExpressionError: a part without variables has no value, such as 1/0 or log(-1).
    """
    if not isinstance(tree, Apply):
        return tree
    if not variables(tree):
        return _constant(tree)
    parts = tuple(folded(part) for part in tree.arguments)
    if tree.function in ("min", "max"):
        return reduce(lambda left, right: _both(tree.function, left, right), parts)
    return apply(tree.function, *parts)


def _both(function: str, left: Expression, right: Expression) -> Expression:
    """The smaller or larger of two; a number stands behind."""
    if isinstance(left, Number) and isinstance(right, Number):
        return Number((min if function == "min" else max)(left.value, right.value))
    return apply(function, right, left) if isinstance(left, Number) else apply(function, left, right)


def _constant(tree: Expression) -> Number:
    try:
        value = float(evaluate(tree, {}, PLAIN, float))
    except (ArithmeticError, ValueError, TypeError):
        value = math.nan
    if not math.isfinite(value):
        raise ExpressionError("a part of the formula that holds no variable has no finite value", 0)
    return Number(value)


# -- parts, tidied up --


def apply(function: str, *parts: Expression) -> Apply:
    """An operation on these parts."""
    return Apply(function, parts, 1 + max(part.depth if isinstance(part, Apply) else 0 for part in parts))


def plus(left: Expression, right: Expression) -> Expression:
    """The sum."""
    if left == ZERO:
        return right
    if right == ZERO:
        return left
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value + right.value)
    if isinstance(right, Apply) and right.function == "neg":
        return minus(left, right.arguments[0])
    return apply("+", left, right)


def minus(left: Expression, right: Expression) -> Expression:
    """The difference."""
    if right == ZERO:
        return left
    if left == ZERO:
        return negative(right)
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value - right.value)
    return apply("-", left, right)


def negative(part: Expression) -> Expression:
    """Minus it."""
    if isinstance(part, Number):
        return Number(-part.value)
    if isinstance(part, Apply) and part.function == "neg":
        return part.arguments[0]
    return apply("neg", part)


def times(left: Expression, right: Expression) -> Expression:
    """The product; a number comes first."""
    if isinstance(right, Number):
        left, right = right, left
    if isinstance(left, Number):
        if isinstance(right, Number):
            return Number(left.value * right.value)
        plain = {0.0: ZERO, 1.0: right, -1.0: negative(right)}
        if left.value in plain:
            return plain[left.value]
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Apply) and one.function == "neg":
            return negative(times(one.arguments[0], other))
        if isinstance(one, Apply) and one.function == "/" and one.arguments[0] == ONE:
            return apply("/", other, one.arguments[1])
    if isinstance(right, Apply) and right.function == "*":
        return times(times(left, right.arguments[0]), right.arguments[1])
    return apply("*", left, right)


def over(left: Expression, right: Expression) -> Expression:
    """The quotient."""
    if left == ZERO or right == ONE:
        return left
    if isinstance(left, Apply) and left.function == "neg":
        return negative(over(left.arguments[0], right))
    return apply("/", left, right)


def power(base: Expression, exponent: Expression) -> Expression:
    """The power."""
    if exponent == ZERO:
        return ONE
    return base if exponent == ONE else apply("^", base, exponent)


# -- rules --

_Parts = tuple[Expression, ...]


def _product(parts: _Parts, slopes: _Parts, _tree: Apply) -> Expression:
    (f, g), (df, dg) = parts, slopes
    return plus(times(df, g), times(f, dg))


def _quotient(parts: _Parts, slopes: _Parts, _tree: Apply) -> Expression:
    (f, g), (df, dg) = parts, slopes
    if dg == ZERO:
        return over(df, g)
    return over(minus(times(df, g), times(f, dg)), power(g, Number(2.0)))


def _power(parts: _Parts, slopes: _Parts, tree: Apply) -> Expression:
    (f, g), (df, dg) = parts, slopes
    found: Expression = ZERO
    if df != ZERO:
        less = Number(g.value - 1) if isinstance(g, Number) else minus(g, ONE)
        found = times(times(g, power(f, less)), df)
    if dg == ZERO:
        return found
    if isinstance(f, Number):
        log: Expression = ONE if f.value == math.e else Number(math.log(f.value)) if f.value > 0 else ZERO
    else:
        log = apply("log", f)
    return plus(found, times(times(log, tree), dg))


def _extreme(parts: _Parts, slopes: _Parts, tree: Apply) -> Expression:
    (f, g), (df, dg) = parts, slopes
    high, low = (f, g) if tree.function == "max" else (g, f)
    if isinstance(g, Number):
        return times(df, apply(">=", high, low))
    return plus(times(df, apply("above", high, low)), times(dg, apply("above", low, high)))


_OPERATORS: dict[str, Callable[[_Parts, _Parts, Apply], Expression]] = {
    "+": lambda _, slopes, __: plus(*slopes),
    "-": lambda _, slopes, __: minus(*slopes),
    "neg": lambda _, slopes, __: negative(*slopes),
    "*": _product,
    "/": _quotient,
    "^": _power,
    "min": _extreme,
    "max": _extreme,
}


def _square(part: Expression) -> Expression:
    return power(part, Number(2.0))


def _inverse(part: Expression) -> Expression:
    return over(ONE, part)


_SLOPES: dict[str, Callable[[Expression, Expression], Expression]] = {
    "sin": lambda x, _: apply("cos", x),
    "cos": lambda x, _: negative(apply("sin", x)),
    "tan": lambda _, y: plus(ONE, _square(y)),
    "asin": lambda x, _: _inverse(apply("sqrt", minus(ONE, _square(x)))),
    "acos": lambda x, _: negative(_inverse(apply("sqrt", minus(ONE, _square(x))))),
    "atan": lambda x, _: _inverse(plus(ONE, _square(x))),
    "sinh": lambda x, _: apply("cosh", x),
    "cosh": lambda x, _: apply("sinh", x),
    "tanh": lambda _, y: minus(ONE, _square(y)),
    "exp": lambda _, y: y,
    "log": lambda x, _: _inverse(x),
    "log2": lambda x, _: _inverse(times(Number(math.log(2.0)), x)),
    "log10": lambda x, _: _inverse(times(Number(math.log(10.0)), x)),
    "sqrt": lambda _, y: _inverse(times(Number(2.0), y)),
    "abs": lambda x, _: apply("sign", x),
    "relu": lambda x, _: apply(">", x, ZERO),
    "sigmoid": lambda _, y: times(y, minus(ONE, y)),
    "softplus": lambda x, _: apply("softplus_slope", x),
    **dict.fromkeys(("sign", "floor", "ceil", "round"), lambda _x, _y: ZERO),
}


# -- numbers --


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


PLAIN: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": math.pow,
    "neg": lambda a: -a,
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "above": lambda a, b: (float(a > b) + float(a >= b)) / 2,
    "abs": abs,
    "sign": lambda a: float(a > 0) - float(a < 0),
    "round": round,
    "relu": lambda a: max(a, 0.0),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "softplus_slope": _sigmoid,
    "min": min,
    "max": max,
    **{
        name: getattr(math, name)
        for name in (
            *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
            *("exp", "log", "log2", "log10", "sqrt", "floor", "ceil"),
        )
    },
}
"""For `evaluate` with single numbers."""
