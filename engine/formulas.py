"""A typed formula becomes blocks: `f = sin(x^2*y) + e^z` is wired from values, a power, a sine and a sum.

The way back is `engine.readback`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, final

from engine import edits
from engine.expression import (
    CONSTANTS,
    FUNCTIONS,
    Apply,
    Expression,
    ExpressionError,
    Name,
    Number,
    free_names,
    parse,
)
from engine.frozen import FrozenDict
from engine.graph import Node, Point, Project, Touched, Wire
from engine.names import fresh_id

COLUMN: Final = 224.0
"""From one column of blocks to the next, in the units of the canvas."""
GRID: Final = 8.0
_GAP: Final = 40.0

_HEAD = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\([^()=]*\)\s*)?=", re.ASCII)
_KINDS: Mapping[str, str] = {
    "+": "Add",
    "-": "Subtract",
    "*": "Multiply",
    "/": "Divide",
    "max": "Max",
    "sin": "Sin",
    "cos": "Cos",
    "exp": "Exp",
    "log": "Log",
    "sqrt": "Sqrt",
    "abs": "Abs",
}
_ACTIVATIONS = frozenset({"tanh", "relu", "sigmoid", "softplus"})


@final
@dataclass(frozen=True, slots=True)
class Typed:
    """A formula as it was read.

    Attributes:
        name: what stands before the equals sign, as in `f = …` or `f(x, y) = …`; "" without one.
        tree: the formula.
        variables: its variables in the order in which they are mentioned first.
    """

    name: str
    tree: Expression
    variables: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Wired:
    """A project with a formula's blocks in it.

    Attributes:
        project, touched: as of every edit.
        nodes: the ids of the new blocks.
        output: where the formula's value comes out, `f.out`.
    """

    project: Project
    touched: Touched
    nodes: tuple[str, ...]
    output: str


def read(text: str) -> Typed:
    """Reads a formula with or without a name.

    Raises:
        ExpressionError: it cannot be read, or there is no block for one of its functions.
    """
    head = _HEAD.match(text)
    name = head[1] if head else ""
    body = " " * head.end() + text[head.end() :] if head else text
    if name in FUNCTIONS or name in CONSTANTS:
        raise ExpressionError(f'"{name}" has a meaning of its own; take another name before =', text.index(name))
    if head and not body.strip():
        raise ExpressionError("the formula is empty behind the equals sign", len(text))
    variables = free_names(body)
    tree = parse(body, frozenset(variables))
    for function in _functions(tree):
        if function not in _BUILT:
            found = re.search(rf"\b{function}\b", body)
            raise ExpressionError(f"there is no block for {function}", found.start() if found else 0)
    return Typed(name, tree, variables)


def graph_of(
    project: Project,
    text: str,
    at: Point = (0.0, 0.0),
    *,
    values: Mapping[str, float] | None = None,
    minimise: bool = False,
) -> Wired:
    """With the blocks of a formula: a Value for each variable and constant, and a block for each operation.

    What occurs twice is computed once. Variables are trained, constants are not.

    Args:
        project: is left as it is.
        text: the formula, such as `f = sin(x^2*y) + e^z`.
        at: the upper left corner of the new blocks.
        values: what variables start at, 1 where nothing is said.
        minimise: whether training is to make the result small.

    Raises:
        ExpressionError: the formula cannot be read.
    """
    typed = read(text)
    builder = _Builder(set(project.graph.nodes), values or {})
    builder.name(typed)
    root = builder.block(_plain(typed.tree))
    graph, touched = project.graph.add(*builder.nodes)
    graph, more = graph.connect(*builder.wires)
    made = replace(project, graph=graph)
    made = edits.move_nodes(made, _places(builder, root, at))[0]
    output = f"{root}.out"
    if minimise:
        made = edits.set_objective(made, output, wanted=True)[0]
    return Wired(made, touched | more, tuple(node.id for node in builder.nodes), output)


def apply(function: str, *parts: Expression) -> Apply:
    """An operation on these parts."""
    return Apply(function, parts, 1 + max(part.depth if isinstance(part, Apply) else 0 for part in parts))


def _functions(tree: Expression) -> Iterator[str]:
    if isinstance(tree, Apply):
        yield tree.function
        for part in tree.arguments:
            yield from _functions(part)


# -- what has no block of its own is written with what has --


def _sinh(x: Expression, sign: str) -> Expression:
    return apply("/", apply(sign, apply("exp", x), apply("exp", apply("neg", x))), Number(2.0))


def _least(*parts: Expression) -> Expression:
    return apply("neg", apply("max", *(apply("neg", part) for part in parts)))


_WRITTEN: Mapping[str, Callable[..., Expression]] = {
    "tan": lambda x: apply("/", apply("sin", x), apply("cos", x)),
    "sinh": lambda x: _sinh(x, "-"),
    "cosh": lambda x: _sinh(x, "+"),
    "log2": lambda x: apply("/", apply("log", x), Number(math.log(2.0))),
    "log10": lambda x: apply("/", apply("log", x), Number(math.log(10.0))),
    "min": _least,
}
_BUILT = frozenset({*_KINDS, *_ACTIVATIONS, *_WRITTEN, "^", "neg"})


def _plain(tree: Expression) -> Expression:
    """The same with nothing but what there are blocks for; a minus before a number becomes part of it."""
    if not isinstance(tree, Apply):
        return tree
    parts = tuple(_plain(part) for part in tree.arguments)
    if tree.function in _WRITTEN:
        return _plain(_WRITTEN[tree.function](*parts))
    first = parts[0]
    if tree.function == "neg":
        return Number(-first.value) if isinstance(first, Number) else apply("*", Number(-1.0), first)
    if tree.function == "^" and isinstance(first, Number) and first.name == "e":
        return apply("exp", parts[1])
    return apply(tree.function, *parts)


def _constant(tree: Expression) -> float | None:
    """The value of what is made of numbers by `+ - * /` alone, so that `x^(1/2)` is a power; None else."""
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Name) or tree.function not in "+-*/":
        return None
    left, right = (_constant(part) for part in tree.arguments)
    if left is None or right is None or (tree.function == "/" and right == 0):
        return None
    value = {"+": left + right, "-": left - right, "*": left * right, "/": left / (right or 1.0)}[tree.function]
    return value if math.isfinite(value) else None


# -- blocks --


@final
@dataclass(slots=True)
class _Builder:
    """Makes blocks and wires of a tree, each part of it once.

    Attributes:
        taken: ids that are in use.
        values: of the variables.
        ids: part of the tree -> the block that computes it.
        inputs: block -> the blocks it reads, in the order of its ports.
    """

    taken: set[str]
    values: Mapping[str, float]
    nodes: list[Node] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    ids: dict[Expression, str] = field(default_factory=dict)
    inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    result: tuple[Expression, str] | None = None
    labels: dict[str, str] = field(default_factory=dict)

    def name(self, typed: Typed) -> None:
        """Give the variables and the result the names they have in the formula, where these are free."""
        for variable in typed.variables:
            self.block(Name(variable))
        tree = _plain(typed.tree)
        if typed.name and isinstance(tree, Apply):
            self.result = (tree, self._called(typed.name))

    def block(self, tree: Expression) -> str:
        """The id of the block that computes this."""
        if tree not in self.ids:
            self.ids[tree] = self._made(tree)
        return self.ids[tree]

    def _made(self, tree: Expression) -> str:
        if isinstance(tree, Name):
            return self._add(self._called(tree.name), "Value", {"value": float(self.values.get(tree.name, 1.0))})
        if isinstance(tree, Number):
            base = tree.name or "c"
            return self._add(self._fresh(base), "Value", {"value": tree.value, "trainable": False})
        kind, params, parts = _block_for(tree)
        inputs = tuple(self.block(part) for part in parts)
        named = self.result is not None and self.result[0] == tree
        node_id = self.result[1] if self.result and named else self._fresh(params.get("function", kind))
        return self._add(node_id, kind, params, inputs)

    def _called(self, name: str) -> str:
        """A fresh id for a name; ids begin with a small letter, so a capital is kept as the label."""
        node_id = self._fresh(name)
        if node_id != name and node_id == name[:1].lower() + name[1:]:
            self.labels[node_id] = name
        return node_id

    def _fresh(self, base: str) -> str:
        node_id = fresh_id(base, self.taken)
        self.taken.add(node_id)
        return node_id

    def _add(self, node_id: str, kind: str, params: Mapping[str, Any], inputs: tuple[str, ...] = ()) -> str:
        self.nodes.append(Node(node_id, kind, FrozenDict(params), label=self.labels.get(node_id, "")))
        self.inputs[node_id] = inputs
        single = kind in _ONE_INPUT
        for index, source in enumerate(inputs):
            self.wires.append(Wire(source, "out", node_id, "in" if single else chr(ord("a") + index)))
        return node_id


_ONE_INPUT = frozenset({"Sin", "Cos", "Exp", "Log", "Sqrt", "Abs", "Activation"})


def _block_for(tree: Apply) -> tuple[str, dict[str, Any], tuple[Expression, ...]]:
    """The kind of block for an operation, its parameters, and what goes into it."""
    parts = tree.arguments
    if tree.function == "^":
        exponent = _constant(parts[1])
        if exponent is not None:
            return "Power", {"exponent": exponent}, parts[:1]
        return "Power", {"exponent": None}, parts
    if tree.function in _ACTIVATIONS:
        return "Activation", {"function": tree.function}, parts
    kind = _KINDS[tree.function]
    return kind, {"inputs": len(parts)} if kind == "Max" and len(parts) != 2 else {}, parts


# -- places --


def _places(builder: _Builder, root: str, at: Point) -> dict[str, Point]:
    """Columns from left to right, each block before those that read it, at the height of what it reads."""
    column = _columns(builder)
    middle = _middles(builder, root)
    bottom: dict[int, float] = {}
    places: dict[str, Point] = {}
    for node_id in sorted(middle, key=middle.__getitem__):
        size = _height(len(builder.inputs[node_id]))
        lowest = bottom.get(column[node_id], -math.inf) + _GAP
        top = GRID * round(max(middle[node_id] - size / 2, lowest) / GRID)
        bottom[column[node_id]] = top + size
        places[node_id] = (at[0] + COLUMN * column[node_id], at[1] + top)
    return places


def _columns(builder: _Builder) -> dict[str, int]:
    column: dict[str, int] = {}
    first_reader: dict[str, int] = {}
    for node in builder.nodes:  # a block comes after what it reads
        column[node.id] = 1 + max((column[one] for one in builder.inputs[node.id]), default=-1)
        for one in builder.inputs[node.id]:
            first_reader[one] = min(first_reader.get(one, column[node.id]), column[node.id])
    for node_id, reader in first_reader.items():
        if not builder.inputs[node_id]:
            column[node_id] = reader - 1
    return column


def _middles(builder: _Builder, root: str) -> dict[str, float]:
    """What reads nothing gets a row of its own, in the order of the formula; the others stand between their inputs."""
    middle: dict[str, float] = {}
    rows = 0
    waiting = [(root, False)]
    while waiting:
        node_id, ready = waiting.pop()
        inputs = builder.inputs[node_id]
        if node_id in middle:
            continue
        if not inputs:
            middle[node_id] = rows * (_height(0) + _GAP) + _height(0) / 2
            rows += 1
        elif ready:
            middle[node_id] = sum(middle[one] for one in inputs) / len(inputs)
        else:
            waiting += [(node_id, True), *((one, False) for one in reversed(inputs))]
    return middle


def _height(inputs: int) -> float:
    """Of a block with so many inputs; the canvas measures the same."""
    return 56.0 if inputs < 2 else GRID * math.ceil((60.0 + 20.0 * inputs) / GRID)
