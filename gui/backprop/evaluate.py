"""What an expression comes to, over whole tensors at once: the check on what is written with numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from gui.backprop.algebra import (
    Fraction,
    Function,
    Holds,
    Name,
    Node,
    Number,
    Plus,
    Power,
    Times,
    Total,
    Transposed,
    UnreadableError,
)

Floats = NDArray[np.float64]
MOST: Final = 1 << 19
"""Numbers that are computed at once, at most."""
MOST_PRODUCTS: Final = 1 << 26
"""Products that a product of matrices has, at most."""
CONSTANTS: Final = {"e": np.e, r"\pi": np.pi}
_COMPARED: Final[dict[str, Any]] = {
    "<": np.less,
    ">": np.greater,
    r"\leq": np.less_equal,
    r"\geq": np.greater_equal,
    "=": np.equal,
}
_FUNCTIONS: Final[dict[str, Any]] = {
    r"\tanh": np.tanh,
    r"\ln": np.log,
    r"\max": np.maximum,
    r"\min": np.minimum,
    r"\sigma": lambda x: 1 / (1 + np.exp(-x)),
    r"\mathrm{sign}": np.sign,
    r"\sin": np.sin,
    r"\cos": np.cos,
    r"\exp": np.exp,
    r"\Phi": np.vectorize(lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))), otypes=[float]),
    r"\varphi": lambda x: np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi),
    r"\mathrm{softplus}": lambda x: np.logaddexp(0.0, x),
    r"\mathrm{relu}": lambda x: np.maximum(0.0, x),
    "abs": np.abs,
    "sqrt": np.sqrt,
}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """Numbers, and what their axes are called; None: nothing, they are taken place by place."""

    array: Floats
    labels: tuple[str, ...] | None = None


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """How a formula is to be taken.

    Attributes:
        matrices: factors side by side are a product of matrices; else, place by place.
        flat: one index counts all numbers; else the first axis.
    """

    matrices: bool = False
    flat: bool = True


Known = Mapping[str, Floats]
"""Symbol -> its numbers."""


def evaluate(node: Node, known: Known, reading: Reading) -> Tensor:
    """All numbers of an expression. Raises UnreadableError where a symbol is unknown or shapes do not fit."""
    try:
        with np.errstate(all="ignore"):
            return _of(node, known, reading)
    except (ValueError, IndexError) as error:
        raise UnreadableError(str(error)) from None


def labelled(name: Name, known: Known, reading: Reading) -> Tensor:
    """The numbers of a symbol, its axes called as its indices say."""
    found = known.get(name.name)
    if found is None:
        if name.name in CONSTANTS:
            return Tensor(np.array(CONSTANTS[name.name]))
        raise UnreadableError(f"nobody knows {name.name}")
    if not name.labels or found.ndim == 0:
        return Tensor(found)
    if len(name.labels) > found.ndim:
        raise UnreadableError(f"{name.name} has fewer axes than {name.labels}")
    if len(name.labels) == 1 and reading.flat:
        return Tensor(found.reshape(-1), name.labels)
    rest = tuple(f"*{axis}" for axis in range(len(name.labels), found.ndim))
    return Tensor(found, (*name.labels, *rest))


def _of(node: Node, known: Known, reading: Reading) -> Tensor:
    if isinstance(node, Number):
        return Tensor(np.array(float(node.text)))
    if isinstance(node, Name):
        return labelled(node, known, reading)
    if isinstance(node, Plus):
        terms = [(sign, _of(term, known, reading)) for sign, term in node.terms]
        signed = [Tensor(part.array if sign else -part.array, part.labels) for sign, part in terms]
        return reduce(lambda a, b: _combined(np.add, a, b), signed)
    if isinstance(node, Times):
        return _product([_of(factor, known, reading) for factor in node.factors], node.by_place, reading)
    return _other(node, [_of(part, known, reading) for part in _parts(node)])


def _parts(node: Node) -> tuple[Node, ...]:
    match node:
        case Fraction():
            return (node.over, node.under)
        case Power():
            return (node.base, node.exponent)
        case Transposed():
            return (node.inner,)
        case Function():
            return node.args
        case Total():
            return (node.body,)
        case Holds():
            return node.parts
    raise UnreadableError(type(node).__name__)


def _other(node: Node, parts: list[Tensor]) -> Tensor:
    first = parts[0]
    match node:
        case Fraction():
            return _combined(np.divide, *parts)
        case Power():
            return _combined(np.power, *parts)
        case Transposed() if first.array.ndim == 2:
            return Tensor(first.array.T)
        case Function() if node.name in (r"\max", r"\min"):
            return reduce(lambda a, b: _combined(_FUNCTIONS[node.name], a, b), parts)
        case Function():
            return Tensor(_FUNCTIONS[node.name](first.array), first.labels)
        case Total():
            return _total(first, node.label)
        case Holds():
            return _holds(parts, node.relations)
    raise UnreadableError(f"{type(node).__name__} of that")


def _total(body: Tensor, label: str) -> Tensor:
    if body.labels is None or label not in body.labels:
        raise UnreadableError(f"nothing has the index {label}")
    axis = body.labels.index(label)
    return Tensor(body.array.sum(axis), (*body.labels[:axis], *body.labels[axis + 1 :]))


def _holds(parts: list[Tensor], relations: tuple[str, ...]) -> Tensor:
    held = [_combined(_COMPARED[name], a, b) for name, a, b in zip(relations, parts, parts[1:], strict=False)]
    return reduce(lambda a, b: _combined(np.multiply, a, b), (Tensor(x.array * 1.0, x.labels) for x in held))


def _product(factors: list[Tensor], by_place: bool, reading: Reading) -> Tensor:
    if not reading.matrices or by_place:
        return reduce(lambda a, b: _combined(np.multiply, a, b), factors)

    def matrices(a: Tensor, b: Tensor) -> Tensor:
        if a.array.ndim == b.array.ndim == 2 and a.labels is b.labels is None:
            if len(a.array) * b.array.size > MOST_PRODUCTS:
                raise UnreadableError("too many products")
            return Tensor(a.array @ b.array)
        return _combined(np.multiply, a, b)

    return reduce(matrices, factors)


def _combined(how: Any, a: Tensor, b: Tensor) -> Tensor:
    """Two tensors place by place: axes of one name belong together."""
    if a.array.ndim == 0 or b.array.ndim == 0:
        return Tensor(np.asarray(how(a.array, b.array)), b.labels if a.array.ndim == 0 else a.labels)
    if a.labels is None and b.labels is None:
        if math.prod(np.broadcast_shapes(a.array.shape, b.array.shape)) > MOST:
            raise UnreadableError("too many numbers")
        return Tensor(how(a.array, b.array))
    if a.labels is None or b.labels is None:
        raise UnreadableError("some numbers have an index and some have none")
    names = (*a.labels, *(label for label in b.labels if label not in a.labels))
    sizes = {**dict(zip(a.labels, a.array.shape, strict=True)), **dict(zip(b.labels, b.array.shape, strict=True))}
    if math.prod(sizes.values()) > MOST:
        raise UnreadableError("too many products")
    return Tensor(how(_spread(a, names), _spread(b, names)), names)


def _spread(part: Tensor, names: tuple[str, ...]) -> Floats:
    assert part.labels is not None
    order = [part.labels.index(name) for name in names if name in part.labels]
    array = part.array.transpose(order)
    shape = iter(array.shape)
    return array.reshape([next(shape) if name in part.labels else 1 for name in names])
