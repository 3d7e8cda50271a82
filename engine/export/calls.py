"""Recipe calls as Python expressions."""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.export.layout import Bracket, Expr, Infix, call, flat, quoted, tuple_of
from engine.recipe import Call, Constant, Module, Ref, Value

_SIGNS = {
    "operator.add": "+",
    "operator.sub": "-",
    "operator.mul": "*",
    "operator.truediv": "/",
    "operator.matmul": "@",
    "operator.pow": "**",
}
_PLACES = {"torch.nn.functional.": "F.", "torch.nn.": "nn.", "chainrule.nn.": ""}
OWN = "chainrule.nn."

Names = Callable[[Ref], Expr]
"""What stands for a value of a recipe."""


def constant(value: Constant) -> str:
    """A number, a word, True, None."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def function_name(target: str) -> str:
    """`F.relu`, `nn.Linear`, `torch.flatten`; a function of engine/nn.py by its bare name."""
    for place, short in _PLACES.items():
        if target.startswith(place):
            return short + target.removeprefix(place)
    return target


def constructor(module: Module) -> Bracket:
    """`nn.Linear(2, 16)`."""
    args = [_value(arg, _no_names) for arg in module.args]
    return call(function_name(module.target), args, [(name, _value(arg, _no_names)) for name, arg in module.kwargs])


def expression(one: Call, names: Names, module: str) -> Expr:
    """The right-hand side of a call.

    Args:
        one: the call.
        names: what stands for the values it reads.
        module: what stands for the block's own module.
    """
    args = [_value(arg, names) for arg in one.args]
    kwargs = [(name, _value(arg, names)) for name, arg in one.kwargs]
    if one.target == "self":
        return call(module, args, kwargs)
    if one.target in _SIGNS and len(args) == 2 and not kwargs:
        return Infix(args[0], _SIGNS[one.target], args[1])
    if one.target == "operator.neg":
        return f"-{atom(args[0])}"
    if one.target == "operator.getitem":
        return f"{atom(args[0])}[{flat(args[1])}]"
    if one.target.startswith("torch.Tensor."):
        return call(f"{atom(args[0])}.{one.target.rpartition('.')[2]}", args[1:], kwargs)
    return call(function_name(one.target), args, kwargs)


def references(one: Call) -> list[str]:
    """Names of the values a call reads, as often as it does."""
    found: list[str] = []
    waiting: list[Value] = [*one.args, *(value for _, value in one.kwargs)]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, Ref):
            found.append(value.name)
        elif isinstance(value, tuple):
            waiting = [*value, *waiting]
    return found


def atom(expr: Expr) -> str:
    """The expression so that something can be put before or behind it."""
    return f"({flat(expr)})" if isinstance(expr, Infix) or flat(expr).startswith("-") else flat(expr)


def _value(value: Value, names: Names) -> Expr:
    if isinstance(value, Ref):
        return names(value)
    if isinstance(value, tuple):
        return tuple_of([_value(item, names) for item in value])
    return constant(value)


def _no_names(ref: Ref) -> Expr:
    raise ValueError(f"a constructor cannot read {ref.name}")
