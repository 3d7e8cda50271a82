"""Activations that people type: a formula in z, its derivative, and both as torch calls."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, final

from engine.activation_functions import At, Function
from engine.differentiate import ZERO, derivative, folded
from engine.expression import Apply, Expression, ExpressionError, Name, Number, evaluate, latex, parse, variables
from engine.recipe import Call, Module, Recipe, Ref, Value

DEFAULT: Final = "z*sigmoid(z)"
_INPUTS: Final = frozenset({"z", "x"})
_SYMBOLS: Final = {
    r"\sigma": (r"\sigma", "logistic function, σ(x) = 1 / (1 + exp(−x))"),
    "[": (r"[\,\cdot\,]", "1 where the condition in brackets holds, else 0"),
}
_LONGEST: Final = 160
"""LaTeX of a derivative longer than this is not written out."""


@final
@dataclass(frozen=True, slots=True)
class Custom:
    """A typed activation.

    Attributes:
        typed: as it was written, over `x`.
        tree: the same with constant parts computed.
        slope: its derivative.
    """

    typed: Expression
    tree: Expression
    slope: Expression

    def value_at(self, x: Any, functions: Mapping[str, Callable[..., Any]], number: Callable[[float], Any]) -> Any:
        """f(x) with these functions, see `engine.expression.evaluate`."""
        return evaluate(self.tree, {"x": x}, functions, number)

    def slope_at(self, x: Any, functions: Mapping[str, Callable[..., Any]], number: Callable[[float], Any]) -> Any:
        """f'(x) with these functions, those of derivatives among them, see `engine.differentiate`."""
        return evaluate(self.slope, {"x": x}, functions, number)


@lru_cache(maxsize=256)
def custom(text: str) -> Custom:
    """A typed activation; `z` and `x` both stand for its input.

    Raises:
        ExpressionError: it cannot be read, is the same for every input, or divides by zero.
    """
    typed = _over_x(parse(text, _INPUTS))
    if not variables(typed):
        raise ExpressionError("the formula holds no z; an activation depends on its input", 0)
    tree = folded(typed)
    if not variables(tree):
        raise ExpressionError("the formula is the same for every z; nothing could be learned through it", 0)
    return Custom(typed, tree, folded(derivative(tree, "x")))


def function(params: Mapping[str, Any]) -> Function:
    """The activation that an Activation with these parameters applies; f without more where it cannot be read."""
    try:
        found = custom(params["expression"])
    except ExpressionError:
        return Function("", ("y = f(x)",), r"\delta\,f'(x)", lambda at: at.delta * 0, source="a formula of one's own")
    written = _drawn(found.slope)
    lines: tuple[str, ...] = (f"y = {_drawn(found.typed)}",)
    if found.slope in (ZERO, Number(1.0)):
        slope = r"\delta" if found.slope != ZERO else r"0 \cdot \delta"
    else:
        slope = rf"\delta \cdot ({written})" if len(written) <= _LONGEST else r"\delta \cdot f'(x)"
    symbols = tuple(meaning for symbol, meaning in _SYMBOLS.items() if symbol in lines[0] + slope)
    return Function("", lines, slope, lambda at: _backward(found, at), symbols, "a formula of one's own")


def _drawn(tree: Expression) -> str:
    """As the other activations write it."""
    text = latex(tree).replace(r"\mathrm{sigmoid}", r"\sigma").replace(r"\log", r"\ln")
    return text.replace(r"\left", "").replace(r"\right", "")


def _backward(found: Custom, at: At) -> Any:
    return at.delta * found.slope_at(at.x, _torch(at.call, at.x), float)


def recipe(found: Custom) -> Recipe:
    """The torch calls from `in` to `out`; what occurs twice is computed once."""
    if isinstance(found.tree, Name):
        return Recipe(module=Module("torch.nn.Identity"), calls=(Call("out", "self", (Ref("in"),)),))
    writer = _Calls()
    writer.value(found.tree)
    *before, last = writer.calls
    return Recipe(calls=(*before, Call("out", last.target, last.args, last.kwargs)))


def _over_x(tree: Expression) -> Expression:
    if isinstance(tree, Name):
        return Name("x")
    if isinstance(tree, Number):
        return tree
    return Apply(tree.function, tuple(_over_x(part) for part in tree.arguments), tree.depth)


# -- torch calls, as data and as they are made --

_INFIX: Final = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "^": "pow", "neg": "neg"}
_WORDS: Final = {"+": "sum", "-": "difference", "*": "product", "/": "quotient", "^": "power", "neg": "negative"}
_TARGETS: Final = {
    "softplus": "torch.nn.functional.softplus",
    **{
        name: f"torch.{name}"
        for name in (
            *("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "log2", "log10"),
            *("sqrt", "abs", "sign", "floor", "ceil", "round", "relu", "sigmoid"),
        )
    },
}
_EXTREMES: Final = {"min": ("torch.minimum", "max"), "max": ("torch.maximum", "min")}
"""Function -> of two tensors, and the bound of `torch.clamp` that is the same with a number."""


@final
class _Calls:
    """Writes a tree as calls, from the inside out."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._known: dict[Expression, Value] = {}
        self._names: set[str] = {"in", "out"}

    def value(self, tree: Expression) -> Value:
        if isinstance(tree, Name):
            return Ref("in")
        if isinstance(tree, Number):
            return int(tree.value) if tree.value.is_integer() and abs(tree.value) < 1e6 else tree.value
        if tree not in self._known:
            self._known[tree] = self._call(tree)
        return self._known[tree]

    def _call(self, tree: Apply) -> Value:
        parts = tuple(self.value(part) for part in tree.arguments)
        kwargs: tuple[tuple[str, Value], ...] = ()
        if tree.function in _INFIX:
            target = f"operator.{_INFIX[tree.function]}"
        elif tree.function in _EXTREMES:
            target, bound = _EXTREMES[tree.function]
            if isinstance(tree.arguments[1], Number):
                target, parts, kwargs = "torch.clamp", parts[:1], ((bound, parts[1]),)
        else:
            target = _TARGETS[tree.function]
        name = self._name(_WORDS.get(tree.function, tree.function))
        self.calls.append(Call(name, target, parts, kwargs))
        return Ref(name)

    def _name(self, wish: str) -> str:
        name, number = wish, 1
        while name in self._names:
            number += 1
            name = f"{wish}_{number}"
        self._names.add(name)
        return name


def _torch(call: Callable[..., Any], x: Any) -> dict[str, Callable[..., Any]]:
    """For `evaluate` with tensors like x: numbers stay Python's."""
    one = call("torch.ones_like", x)  # a plain 1.0 would make single precision of what is chosen

    def called(target: str) -> Callable[..., Any]:
        return lambda *parts: call(target, *parts)

    def extreme(name: str) -> Callable[..., Any]:
        target, bound = _EXTREMES[name]
        return lambda a, b: call("torch.clamp", a, **{bound: b}) if isinstance(b, float) else call(target, a, b)

    return {
        **{sign: getattr(operator, name) for sign, name in _INFIX.items()},
        **{name: called(target) for name, target in _TARGETS.items()},
        **{name: extreme(name) for name in _EXTREMES},
        ">": lambda a, b: call("torch.where", a > b, one, 0.0),
        ">=": lambda a, b: call("torch.where", a >= b, one, 0.0),
        "above": lambda a, b: call("torch.where", a > b, one, call("torch.where", a >= b, 0.5 * one, 0.0)),
        # PyTorch goes over to y = x above 20, where the two agree to 2e-9.
        "softplus_slope": lambda a: call("torch.where", a > 20, one, call("torch.sigmoid", a)),
    }
