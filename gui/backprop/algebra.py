r"""The blocks' formulas read as expressions, to be computed and to be written with numbers.

A reader of the small part of LaTeX that formulas are written in: sums, products, fractions, powers, sums over an index,
a few functions. What it cannot read it refuses; nothing is executed. Indices are named (`t_{i,k}`), numbers without an
index are taken place by place, or as matrices.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final, final

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:e[+-]?\d+)?)|(?P<mathrm>\\mathrm\{[a-z]+\})|(?P<hat>\\hat\{[a-z]\})"
    r"|(?P<command>\\[A-Za-z]+)|(?P<space>\\[,;!: ])|(?P<letter>[A-Za-z])|(?P<sign>[-+()\[\]{}|<>=_^',*/]))"
)
_FUNCTIONS: Final = {
    r"\tanh",
    r"\ln",
    r"\max",
    r"\min",
    r"\sigma",
    r"\mathrm{sign}",
    r"\sin",
    r"\cos",
    r"\exp",
    r"\Phi",
    r"\varphi",
    r"\mathrm{softplus}",
    r"\mathrm{relu}",
}
_BLANK: Final = {r"\quad", r"\qquad", r"\left", r"\right"}
_TIMES: Final = {r"\cdot", r"\odot", r"\times", "*"}
_RELATIONS: Final = {"<", ">", r"\leq", r"\geq", "="}
_GREEK: Final = {
    rf"\{name}"
    for name in [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "eta",
        "theta",
        "lambda",
        "mu",
        "nu",
        "pi",
        "rho",
        "phi",
        "ell",
    ]
}


class UnreadableError(ValueError):
    """A formula that is written in other terms than these."""


class Node:
    """Base of all parts of an expression."""


@final
@dataclass(frozen=True, slots=True)
class Number(Node):
    """`0.5`."""

    text: str


@final
@dataclass(frozen=True, slots=True)
class Name(Node):
    r"""`x`, `o_{i}`, `\hat{x}`, `w'`."""

    name: str
    labels: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class Plus(Node):
    """Terms, each added or subtracted."""

    terms: tuple[tuple[bool, Node], ...]


@final
@dataclass(frozen=True, slots=True)
class Times(Node):
    r"""Factors side by side; `\odot` between any two makes it place by place."""

    factors: tuple[Node, ...]
    by_place: bool = False


@final
@dataclass(frozen=True, slots=True)
class Fraction(Node):
    """Above and below."""

    over: Node
    under: Node


@final
@dataclass(frozen=True, slots=True)
class Power(Node):
    """`base ^ exponent`."""

    base: Node
    exponent: Node


@final
@dataclass(frozen=True, slots=True)
class Transposed(Node):
    """Of a matrix."""

    inner: Node


@final
@dataclass(frozen=True, slots=True)
class Function(Node):
    r"""`\tanh(x)`, `\max(0, x)`; `|x|` is `abs`, a root `sqrt`."""

    name: str
    args: tuple[Node, ...]


@final
@dataclass(frozen=True, slots=True)
class Total(Node):
    r"""`\sum_{i} …`."""

    label: str
    body: Node


@final
@dataclass(frozen=True, slots=True)
class Holds(Node):
    """`[0 < x < 6]`: 1 where it holds, else 0."""

    parts: tuple[Node, ...]
    relations: tuple[str, ...]


def read(latex: str) -> Node:
    """One side of an equation as an expression. Raises UnreadableError."""
    reader = _Reader(_tokens(latex))
    node = reader.plus()
    if reader.next is not None:
        raise UnreadableError(f"{reader.next} in {latex}")
    return node


def names_in(node: object) -> list[str]:
    """The symbols of an expression, in the order of reading."""
    if isinstance(node, Name):
        return [node.name]
    if isinstance(node, tuple):
        return [name for part in node for name in names_in(part)]
    if isinstance(node, Node):
        return [name for field in fields(node) for name in names_in(getattr(node, field.name))]  # type: ignore[arg-type]
    return []


def _tokens(latex: str) -> list[str]:
    found, at = [], 0
    text = latex.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnreadableError(text[at:])
        token = match.group(0).strip()
        if token and match.lastgroup != "space" and token not in _BLANK:
            found.append(token)
        at = match.end()
    return found


@final
class _Reader:
    """Reads tokens from left to right, a level of precedence a method."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def take(self, wanted: str = "") -> str:
        word = self.next
        if word is None or (wanted and word != wanted):
            raise UnreadableError(f"{word} in the place of {wanted}")
        self._at += 1
        return word

    def plus(self) -> Node:
        terms = [(self._sign(), self.times())]
        while self.next in ("+", "-"):
            terms.append((self.take() == "+", self.times()))
        return terms[0][1] if len(terms) == 1 and terms[0][0] else Plus(tuple(terms))

    def _sign(self) -> bool:
        if self.next in ("+", "-"):
            return self.take() == "+"
        return True

    def times(self) -> Node:
        factors, by_place = [self.factor()], False
        while self.next is not None and (self.next in _TIMES or self.next == "/" or self._begins()):
            if self.next == "/":
                self.take()
                factors[-1] = Fraction(factors[-1], self.factor())
                continue
            if self.next in _TIMES:
                by_place |= self.take() == r"\odot"
            factors.append(self.factor())
        return factors[0] if len(factors) == 1 else Times(tuple(factors), by_place)

    def _begins(self) -> bool:
        word = self.next or ""
        commands = _FUNCTIONS | _GREEK | {r"\dfrac", r"\frac", r"\sqrt", r"\sum"}
        return word in "([" or word in commands or word[0].isalnum() or word.startswith((r"\hat", r"\mathrm"))

    def factor(self) -> Node:
        node = self._atom()
        while self.next in ("^", "_", "'"):
            sign = self.take()
            if sign == "'":
                if not isinstance(node, Name):
                    raise UnreadableError("a prime")
                node = Name(node.name + "'", node.labels)
            elif sign == "_":
                if not isinstance(node, Name):
                    raise UnreadableError("an index")
                node = _indexed(node, self._labels())
            elif self._is_transposed():
                node = Transposed(node)
            else:
                node = Power(node, self._group())
        return node

    def _is_transposed(self) -> bool:
        if self._tokens[self._at : self._at + 3] == ["{", r"\top", "}"]:
            self._at += 3
            return True
        return False

    def _group(self) -> Node:
        if self.next != "{":
            return self._atom()
        self.take("{")
        node = self.plus()
        self.take("}")
        return node

    def _labels(self) -> tuple[str, ...]:
        if self.next != "{":
            return (self.take(),)
        self.take("{")
        labels = [self.take()]
        while self.next == ",":
            self.take()
            labels.append(self.take())
        self.take("}")
        return tuple(labels)

    def _atom(self) -> Node:
        word = self.take()
        if word[0].isdigit():
            return Number(word)
        if word == "(":
            node = self.plus()
            self.take(")")
            return node
        if word == "[":
            return self._holds()
        if word == "|":
            node = self.plus()
            self.take("|")
            return Function("abs", (node,))
        return self._command(word)

    def _command(self, word: str) -> Node:
        if word in (r"\dfrac", r"\frac"):
            return Fraction(self._group(), self._group())
        if word == r"\sqrt":
            return Function("sqrt", (self._group(),))
        if word == r"\sum":
            return self._total()
        if word in _FUNCTIONS:
            return self._function(word)
        if word in _GREEK or word.isalpha() or word.startswith(r"\hat"):
            return Name(word)
        raise UnreadableError(word)

    def _function(self, name: str) -> Node:
        if self.next != "(":
            return Function(name, (self.factor(),))
        self.take("(")
        args = [self.plus()]
        while self.next == ",":
            self.take()
            args.append(self.plus())
        self.take(")")
        return Function(name, tuple(args))

    def _total(self) -> Node:
        self.take("_")
        labels = self._labels()
        body = self.times()
        for label in reversed(labels):
            body = Total(label, body)
        return body

    def _holds(self) -> Node:
        parts, relations = [self.plus()], []
        while self.next in _RELATIONS:
            relations.append(self.take())
            parts.append(self.plus())
        self.take("]")
        if not relations:
            raise UnreadableError("brackets")
        return Holds(tuple(parts), tuple(relations))


def _indexed(name: Name, labels: tuple[str, ...]) -> Name:
    r"""Digits are part of a name (`\beta_1`), letters are indices."""
    if all(label.isdigit() for label in labels):
        return Name(f"{name.name}_{''.join(labels)}")
    if not all(label.isalpha() and len(label) == 1 for label in labels):
        raise UnreadableError(f"the index {labels}")
    return Name(name.name, labels)
