"""The formula that blocks compute, as text and as mathematics: the way back of `engine.formulas`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from engine.block import block_named
from engine.edits import first_ports
from engine.expression import CONSTANTS, FUNCTIONS, MAX_DEPTH, Expression, Name, Number, latex
from engine.formulas import apply
from engine.graph import Node, Project
from engine.param import parse_all

MOST_PARTS: Final = 160
"""Formulas longer than this are cut off: what comes before stands there by its name."""


@final
@dataclass(frozen=True, slots=True)
class Written:
    """A formula.

    Attributes:
        tree: what the blocks compute; blocks that are no formula, and what was cut off, appear by name.
        text: as it can be typed.
        latex: in the subset that matplotlib's mathtext draws.
        operations: how many there are in it.
        whole: it consists of values and operations alone, with nothing cut off and no input left open.
    """

    tree: Expression
    text: str
    latex: str
    operations: int
    whole: bool


def formula_of(project: Project, node_id: str, port: str = "out") -> Written:
    """The formula of an output, back to the values it begins with. Never fails: an open input is `?`."""
    reader = _Reader(project)
    tree = reader.output(node_id, port, 0)
    return Written(tree, typed(tree), latex(tree), reader.operations, reader.whole)


def shown_name(node: Node) -> str:
    """What a block is called in formulas: its id, or its label where that only differs by a capital letter."""
    return node.label if node.label[:1].lower() + node.label[1:] == node.id else node.id


# -- from blocks to a tree --


def _chained(function: str, parts: tuple[Expression, ...]) -> Expression:
    return functools.reduce(lambda left, right: apply(function, left, right), parts)


def _multiplied(parts: tuple[Expression, ...]) -> Expression:
    if len(parts) == 2 and parts[0] == _number(-1.0):
        return apply("neg", parts[1])
    return _chained("*", parts)


def _number(value: float) -> Expression:
    name = next((name for name, known in CONSTANTS.items() if known == abs(value)), "")
    number = Number(abs(value), name)
    return apply("neg", number) if value < 0 else number


def _power(params: Mapping[str, Any], parts: tuple[Expression, ...]) -> Expression:
    exponent = params["exponent"]
    return apply("^", *parts) if exponent is None else apply("^", parts[0], _number(exponent))


def _activation(params: Mapping[str, Any], parts: tuple[Expression, ...]) -> Expression | None:
    return apply(params["function"], *parts) if params["function"] in FUNCTIONS else None


_Read = Callable[[Mapping[str, Any], tuple[Expression, ...]], Expression | None]


def _called(function: str) -> _Read:
    return lambda _, parts: apply(function, *parts)


_READ: Mapping[str, _Read] = {
    "Add": lambda _, parts: _chained("+", parts),
    "Subtract": _called("-"),
    "Multiply": lambda _, parts: _multiplied(parts),
    "Divide": _called("/"),
    "Max": _called("max"),
    "Power": _power,
    "Activation": _activation,
    "MatMul": _called("@"),
    "Transpose": _called("transpose"),
    **{kind: _called(kind.lower()) for kind in ("Sin", "Cos", "Exp", "Log", "Sqrt", "Abs", "Sum", "Mean")},
}


@final
class _Reader:
    """Walks from an output back to where its values begin; a part that is read twice is written twice."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.operations = 0
        self.whole = True

    def output(self, node_id: str, port: str, depth: int) -> Expression:
        """What leaves an output, by its name where that is no formula."""
        found = self._read(node_id, port, depth)
        if found is None:
            self.whole = False
            return Name(node_id if port == "out" else f"{node_id}.{port}")
        return found

    def _read(self, node_id: str, port: str, depth: int) -> Expression | None:
        node = self._project.graph.nodes.get(node_id)
        block = block_named(node.block) if node is not None else None
        if node is None or block is None or depth > MAX_DEPTH or self.operations >= MOST_PARTS:
            return None
        if node.bypass:
            first = first_ports(node, self._project.groups)[0]
            return None if first is None else self._input(node_id, first, depth)
        params, errors = parse_all(block.params, node.params)
        if node.block == "Value" and not errors:
            return self._value(node, params)
        read = _READ.get(node.block)
        if read is None or errors:
            return None
        self.operations += 1
        parts = tuple(self._input(node_id, one.name, depth) for one in block.inputs(params))
        return read(params, parts)

    def _input(self, node_id: str, port: str, depth: int) -> Expression:
        wires = self._project.graph.wires_into(node_id, port)
        if len(wires) != 1:
            self.whole = False
            return Name("?")
        return self.output(wires[0].from_node, wires[0].from_port, depth + 1)

    def _value(self, node: Node, params: Mapping[str, Any]) -> Expression:
        """A name for what may change, a number for a constant."""
        start = self._project.parameters.get(f"{node.id}.value", params["value"])
        held = not params["trainable"] or "value" in node.frozen
        constant = held and not params["shape"] and isinstance(start, int | float) and math.isfinite(start)
        return _number(float(start)) if constant else Name(shown_name(node))


# -- from a tree to text --

_SUM, _PRODUCT, _NEGATIVE, _RAISED, _ATOM = range(1, 6)
_INFIX: Mapping[str, tuple[str, int, int, int]] = {
    "+": (" + ", _SUM, _SUM, _PRODUCT),
    "-": (" - ", _SUM, _SUM, _PRODUCT),
    "*": ("*", _PRODUCT, _PRODUCT, _NEGATIVE),
    "/": ("/", _PRODUCT, _PRODUCT, _NEGATIVE),
    "^": ("^", _RAISED, _ATOM, _NEGATIVE),
}
"""Sign, how strongly it binds, and how strongly the left and the right side must, not to need parentheses."""


def typed(tree: Expression) -> str:
    """The tree as one would type it: parsing it gives the same value."""
    return _typed(tree)[0]


def _typed(tree: Expression) -> tuple[str, int]:
    if isinstance(tree, Number):
        return tree.name or _digits(tree.value), _ATOM
    if isinstance(tree, Name):
        return tree.name, _ATOM
    if tree.function == "neg":
        return f"-{_inside(tree.arguments[0], _NEGATIVE)}", _NEGATIVE
    if tree.function in _INFIX:
        sign, strength, left, right = _INFIX[tree.function]
        one, other = tree.arguments
        return f"{_inside(one, left)}{sign}{_inside(other, right)}", strength
    return f"{tree.function}({', '.join(typed(part) for part in tree.arguments)})", _ATOM


def _inside(tree: Expression, least: int) -> str:
    text, strength = _typed(tree)
    return f"({text})" if strength < least else text


def _digits(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
