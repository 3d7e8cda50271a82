r"""An expression written with the numbers of one place: `0.15 \cdot 0.05 + 0.2 \cdot 0.1 + 0.35`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np

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
from gui.backprop.evaluate import CONSTANTS, Floats, Known, Reading, evaluate, labelled
from gui.format import format_number

DIGITS: Final = 5
MOST_TERMS: Final = 6
"""A sum of more is written as its first ones, dots and its last."""
_SUM, _PRODUCT, _ATOM = 0, 1, 2


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Which number: by the values of named indices, else by its place in the result."""

    place: tuple[int, ...] = ()
    indices: Mapping[str, int] | None = None


def number(value: float, *, bare: bool = True) -> str:
    """A number in a formula; in parentheses where a sign would stand after another one."""
    text = format_number(float(value), DIGITS)
    if text in ("NaN", "∞", "-∞"):
        text = {"NaN": r"\mathrm{NaN}", "∞": r"\infty", "-∞": r"-\infty"}[text]
    elif "e" in text:
        mantissa, power = text.split("e")
        text = rf"{mantissa} \cdot 10^{{{int(power)}}}"
    return text if bare or not text.startswith("-") else f"({text})"


@final
class Writer:
    """Writes expressions over these numbers."""

    def __init__(self, known: Known, reading: Reading) -> None:
        self._known, self._reading = known, reading

    def write(self, node: Node, at: Place) -> str:
        """The expression with the numbers of one place. Raises UnreadableError."""
        return self._of(node, at)[0]

    def _of(self, node: Node, at: Place) -> tuple[str, int]:
        """Text and how tightly it holds together."""
        match node:
            case Number():
                return node.text, _ATOM
            case Name():
                return self._name(node, at)
            case Plus():
                return self._plus(node, at), _SUM
            case Times():
                return self._times(node, at)
            case Transposed():
                return self._of(node.inner, replace(at, place=at.place[::-1]))
            case Total():
                return self._total(node, at), _SUM
        return self._atom(node, at), _ATOM

    def _atom(self, node: Node, at: Place) -> str:
        match node:
            case Fraction():
                return rf"\dfrac{{{self.write(node.over, at)}}}{{{self.write(node.under, at)}}}"
            case Power():
                base, hold = self._of(node.base, at)
                base = base if hold == _ATOM and not base.startswith("-") else _enclosed(base)
                return rf"{base}^{{{self.write(node.exponent, at)}}}"
            case Function():
                return self._function(node, at)
            case Holds():
                return self._holds(node, at)
        raise UnreadableError(type(node).__name__)

    def _name(self, node: Name, at: Place) -> tuple[str, int]:
        if node.name not in self._known:
            if node.name not in CONSTANTS:
                raise UnreadableError(f"nobody knows {node.name}")
            return node.name, _ATOM
        tensor = labelled(node, self._known, self._reading)
        return number(_at(tensor.array, tensor.labels, at)), _ATOM

    def _plus(self, node: Plus, at: Place) -> str:
        text = ""
        for sign, term in node.terms:
            part, hold = self._of(term, at)
            if part.startswith("-") or (not sign and hold == _SUM):
                part = _enclosed(part) if text or not sign else part
            text += (" + " if sign else " - ") + part if text else ("" if sign else "-") + part
        return text

    def _times(self, node: Times, at: Place) -> tuple[str, int]:
        factors = list(node.factors)
        if self._reading.matrices and not node.by_place and len(factors) == 2 and self._is_matrices(factors):
            return self._dot(factors[0], factors[1], at), _SUM
        return _joined([self._of(factor, at) for factor in factors]), _PRODUCT

    def _is_matrices(self, factors: list[Node]) -> bool:
        found = [evaluate(factor, self._known, self._reading) for factor in factors]
        return all(part.array.ndim == 2 and part.labels is None for part in found)

    def _dot(self, left: Node, right: Node, at: Place) -> str:
        """A number of a product of matrices, as the sum that it is."""
        row, column = at.place
        count = evaluate(left, self._known, self._reading).array.shape[1]

        def term(k: int) -> str:
            return _joined([self._of(left, Place((row, k))), self._of(right, Place((k, column)))])

        return terms(count, term)

    def _total(self, node: Total, at: Place) -> str:
        body = evaluate(node.body, self._known, self._reading)
        assert body.labels is not None
        count = body.array.shape[body.labels.index(node.label)]

        def term(k: int) -> str:
            text, hold = self._of(node.body, replace(at, indices={**(at.indices or {}), node.label: k}))
            return _enclosed(text) if hold == _SUM or text.startswith("-") else text

        return terms(count, term)

    def _function(self, node: Function, at: Place) -> str:
        args = [self.write(arg, at) for arg in node.args]
        if node.name == "abs":
            return f"|{args[0]}|"
        if node.name == "sqrt":
            return rf"\sqrt{{{args[0]}}}"
        return rf"{node.name}({', '.join(args)})"

    def _holds(self, node: Holds, at: Place) -> str:
        text = self.write(node.parts[0], at)
        for relation, part in zip(node.relations, node.parts[1:], strict=True):
            text += f" {relation} {self.write(part, at)}"
        return f"[{text}]"


def _at(array: Floats, labels: tuple[str, ...] | None, at: Place) -> float:
    if array.ndim == 0:
        return float(array)
    if labels is not None:
        indices = dict(at.indices or {})
        rest = [label for label in labels if label not in indices]
        indices.update(zip(rest, at.place[-len(rest) :] if rest else (), strict=False))
        try:
            return float(array[tuple(indices[label] for label in labels)])
        except (KeyError, IndexError) as error:
            raise UnreadableError(f"no such place: {error}") from None
    place = at.place[-array.ndim :]
    if len(place) < array.ndim:
        raise UnreadableError("no such place")
    return float(array[tuple(index if size > 1 else 0 for index, size in zip(place, array.shape, strict=True))])


def _joined(parts: list[tuple[str, int]]) -> str:
    written = [_enclosed(text) if hold == _SUM or text.startswith("-") else text for text, hold in parts]
    return r" \cdot ".join(written)


def terms(count: int, term: Callable[[int], str]) -> str:
    """A sum; of a long one the first terms and the last, and how many there are."""
    if count <= MOST_TERMS:
        chosen = [term(k) for k in range(count)]
    else:
        left_out = rf"\underset{{{count:,}\ \mathrm{{terms}}}}{{\ldots}}".replace(",", "{,}")
        chosen = [*(term(k) for k in range(MOST_TERMS - 3)), left_out, term(count - 1)]
    return " + ".join(chosen)


def enclosed_sum(text: str) -> str:
    """A term in parentheses where a sign stands in it."""
    return _enclosed(text) if text.startswith("-") or " + " in text or " - " in text else text


def _enclosed(text: str) -> str:
    return f"({text})"


def places_of(shape: tuple[int, ...], most: int) -> list[tuple[int, ...]]:
    """The first places of a tensor, row by row."""
    return [tuple(int(i) for i in np.unravel_index(flat, shape)) for flat in range(min(most, int(np.prod(shape))))]
