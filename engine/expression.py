"""Formulas that people type: `sin(3*x) + x^2/2` -> a tree. Parsed by hand, so that nothing in them can be executed.

Precedence climbing (V. Pratt, "Top Down Operator Precedence", 1973). Length and depth are limited, so every walk over a
tree may recurse.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar, final

from engine.param import closest

MAX_LENGTH = 300
MAX_DEPTH = 60

CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(
        ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "log2", "log10"), (1, 1)
    ),
    **dict.fromkeys(("sqrt", "abs", "sign", "floor", "ceil", "round", "relu", "sigmoid", "softplus"), (1, 1)),
    "min": (2, 8),
    "max": (2, 8),
}
"""Name -> least and most arguments."""

T = TypeVar("T")


@final
class ExpressionError(ValueError):
    """A formula that cannot be read. `position` is the index of the character at fault, from 0."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


@final
@dataclass(frozen=True, slots=True)
class Number:
    """A literal, or one of `CONSTANTS` by `name`."""

    value: float
    name: str = ""


@final
@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str


@final
@dataclass(frozen=True, slots=True)
class Apply:
    """An operator (`+ - * / ^`, or `neg`) or a function of `FUNCTIONS`, and what it is applied to."""

    function: str
    arguments: tuple[Expression, ...]
    depth: int


Expression = Number | Name | Apply


def parse(text: str, names: Set[str]) -> Expression:
    """The tree of a formula over these variables.

    Raises:
        ExpressionError: it cannot be read; the message quotes what is wrong and where.
    """
    return _Parser(text, names).whole()


def free_names(text: str) -> tuple[str, ...]:
    """The names in a formula that can only be variables, in the order in which they are mentioned first.

    Raises:
        ExpressionError: there is a character in it that has no meaning.
    """
    tokens = _tokens(text[:MAX_LENGTH])
    names = [token.text for token, after in pairwise(tokens) if token.kind == "name" and after.kind != "("]
    return tuple(dict.fromkeys(name for name in names if name not in FUNCTIONS and name not in CONSTANTS))


def evaluate(
    tree: Expression,
    values: Mapping[str, T],
    functions: Mapping[str, Callable[..., T]],
    number: Callable[[float], T],
) -> T:
    """The tree's value.

    Args:
        tree: a parsed formula.
        values: of its variables.
        functions: an entry for each of `+ - * / ^ neg` and `FUNCTIONS`.
        number: makes a value of a literal.
    """
    if isinstance(tree, Number):
        return number(tree.value)
    if isinstance(tree, Name):
        return values[tree.name]
    return functions[tree.function](*(evaluate(part, values, functions, number) for part in tree.arguments))


def variables(tree: Expression) -> frozenset[str]:
    """The variables that occur in it."""
    if isinstance(tree, Name):
        return frozenset({tree.name})
    if isinstance(tree, Number):
        return frozenset()
    return frozenset().union(*(variables(part) for part in tree.arguments))


_TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|([A-Za-z_]\w*)|(\*\*|[-+*/^(),]))", re.ASCII
)
_TYPED = {"−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "²": "^2", "³": "^3", "π": "pi"}
_LEFT = {"+": 1, "-": 1, "*": 2, "/": 2}
_NEGATION = 3
_POWER = 4


@final
@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """`number`, `name`, `end` or the operator itself."""
    text: str
    position: int


@final
class _Parser:
    """One formula being read from left to right."""

    def __init__(self, text: str, names: Set[str]) -> None:
        if len(text) > MAX_LENGTH:
            raise ExpressionError(f"the formula is longer than {MAX_LENGTH} characters", MAX_LENGTH)
        self._text = text
        self._names = names
        self._tokens = _tokens(text)
        self._at = 0
        self._nesting = 0

    def whole(self) -> Expression:
        if self._peek.kind == "end":
            raise ExpressionError("the formula is empty", 0)
        tree = self._operators(0)
        token = self._peek
        if token.kind == ")":
            raise ExpressionError(f'")" at character {token.position + 1} closes nothing', token.position)
        if token.kind == ",":
            raise ExpressionError(f"{_at(token)}: write decimals with a point, as in 0.5", token.position)
        if token.kind != "end":
            raise ExpressionError(f'{_at(token)}: put an operator before "{token.text}", as in 2*x', token.position)
        return tree

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _operators(self, least: int) -> Expression:
        """An operand and all operators behind it that bind at least as strongly as `least`."""
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise ExpressionError(f"the formula is nested more than {MAX_DEPTH} deep", self._peek.position)
        left = self._operand()
        while True:
            operator = self._peek
            if operator.kind == "^" and least <= _POWER:
                self._next()
                left = _apply("^", (left, self._operators(_NEGATION)), operator)  # right to left: 2^3^2 = 2^9
            elif operator.kind in _LEFT and least <= _LEFT[operator.kind]:
                self._next()
                left = _apply(operator.kind, (left, self._operators(_LEFT[operator.kind] + 1)), operator)
            else:
                self._nesting -= 1
                return left

    def _operand(self) -> Expression:
        token = self._next()
        if token.kind == "number":
            return _number(token)
        if token.kind == "name":
            return self._named(token)
        if token.kind == "-":
            return _apply("neg", (self._operators(_NEGATION),), token)
        if token.kind == "+":
            return self._operators(_NEGATION)
        if token.kind == "(":
            inner = self._operators(0)
            self._close(token)
            return inner
        missing = "the formula ends early" if token.kind == "end" else f'{_at(token)}: unexpected "{token.text}"'
        raise ExpressionError(f"{missing}; a number, a variable or a function is expected", token.position)

    def _named(self, token: _Token) -> Expression:
        name = token.text
        called = self._peek.kind == "("
        if name in FUNCTIONS:
            if not called:
                raise ExpressionError(f"{_at(token)}: {name} is a function, write {name}(…)", token.position)
            return self._call(token)
        if called and name not in self._names and name not in CONSTANTS:
            raise _unknown(token, tuple(FUNCTIONS), "function")
        if name in self._names:
            return Name(name)
        if name in CONSTANTS:
            return Number(CONSTANTS[name], name)
        raise _unknown(token, (*sorted(self._names), *CONSTANTS, *FUNCTIONS), "name")

    def _call(self, token: _Token) -> Expression:
        opening = self._next()
        least, most = FUNCTIONS[token.text]
        arguments = [] if self._peek.kind == ")" else [self._operators(0)]
        while self._peek.kind == ",":
            self._next()
            arguments.append(self._operators(0))
        self._close(opening)
        if not least <= len(arguments) <= most:
            wanted = "1 argument" if most == 1 else f"{least} to {most} arguments"
            raise ExpressionError(
                f"{_at(token)}: {token.text} takes {wanted} but gets {len(arguments)}", token.position
            )
        return _apply(token.text, tuple(arguments), token)

    def _close(self, opening: _Token) -> None:
        token = self._next()
        if token.kind == ")":
            return
        if token.kind == "end":
            raise ExpressionError(f'"(" at character {opening.position + 1} is never closed', opening.position)
        advice = "write decimals with a point" if token.kind == "," else "an operator or ) is expected"
        raise ExpressionError(f'{_at(token)}: unexpected "{token.text}"; {advice}', token.position)


def _tokens(text: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text) and text[position:].strip():
        typed = text[position]
        if typed in _TYPED:
            tokens += [_Token(token.kind, token.text, position) for token in _tokens(_TYPED[typed])[:-1]]
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            if typed.isspace():
                position += 1
                continue
            raise ExpressionError(f'character {position + 1}: "{typed}" has no meaning in a formula', position)
        number, name, operator = match.groups()
        start = match.end() - len(match[0].lstrip())
        kind = "number" if number else "name" if name else operator.replace("**", "^")
        tokens.append(_Token(kind, number or name or operator, start))
        position = match.end()
    tokens.append(_Token("end", "", len(text)))
    return tuple(tokens)


def _number(token: _Token) -> Number:
    value = float(token.text)
    if not math.isfinite(value):
        raise ExpressionError(f"{_at(token)}: {token.text} is too large", token.position)
    return Number(value)


def _apply(function: str, arguments: tuple[Expression, ...], token: _Token) -> Apply:
    depth = 1 + max(part.depth if isinstance(part, Apply) else 0 for part in arguments)
    if depth > MAX_DEPTH:
        raise ExpressionError(
            f"the formula has more than {MAX_DEPTH} operations in a row; use parentheses", token.position
        )
    return Apply(function, arguments, depth)


def _unknown(token: _Token, options: tuple[str, ...], what: str) -> ExpressionError:
    near = closest(token.text, options) or closest(token.text.lower(), options)
    hint = f"did you mean {near}?" if near else f"known are {', '.join(options[:8])}, …"
    return ExpressionError(f'{_at(token)}: unknown {what} "{token.text}"; {hint}', token.position)


def _at(token: _Token) -> str:
    return f"character {token.position + 1}"


def latex(tree: Expression) -> str:
    """The tree as mathematics, in the LaTeX subset that matplotlib's mathtext draws."""
    return _latex(tree, _SUM)


_SUM, _NEGATIVE, _PRODUCT, _FRACTION, _RAISED, _ATOM = range(1, 7)


def _latex(tree: Expression, least: int) -> str:
    """The tree drawn; in parentheses when it binds less strongly than `least`."""
    text, strength = _drawn(tree)
    return rf"\left({text}\right)" if strength < least else text


def _drawn(tree: Expression) -> tuple[str, int]:
    """A tree's LaTeX and how strongly it holds together."""
    if isinstance(tree, Number):
        return _drawn_number(tree)
    if isinstance(tree, Name):
        match = re.fullmatch(r"([A-Za-z])_?(\d+)", tree.name)
        return (f"{match[1]}_{{{match[2]}}}" if match else _word(tree.name)), _ATOM
    parts = tree.arguments
    if tree.function in _LATEX_OPERATORS:
        return _LATEX_OPERATORS[tree.function](parts)
    inner = ", ".join(_latex(part, _SUM) for part in parts)
    if tree.function in _WRAPPED:
        before, after = _WRAPPED[tree.function]
        return before + inner + after, _ATOM
    name = rf"\{tree.function}" if tree.function in _LATEX_NAMES else _word(tree.function)
    return rf"{name}\left({inner}\right)", _ATOM


def _drawn_number(number: Number) -> tuple[str, int]:
    if number.name:
        return (r"\pi" if number.name == "pi" else number.name), _ATOM
    mantissa, exponent, power = f"{number.value:.10g}".partition("e")
    if mantissa.startswith("-") and not exponent:
        return mantissa, _NEGATIVE
    return (rf"{mantissa} \cdot 10^{{{int(power)}}}", _PRODUCT) if exponent else (mantissa, _ATOM)


def _word(name: str) -> str:
    return name if len(name) == 1 else r"\mathrm{" + name.replace("_", r"\_") + "}"


def _product(parts: tuple[Expression, ...]) -> tuple[str, int]:
    left, right = _latex(parts[0], _NEGATIVE), _latex(parts[1], _FRACTION)
    return (rf"{left} \cdot {right}" if right[:1].isdigit() else rf"{left}\,{right}"), _PRODUCT


_LATEX_OPERATORS: dict[str, Callable[[tuple[Expression, ...]], tuple[str, int]]] = {
    "+": lambda parts: (f"{_latex(parts[0], _SUM)} + {_latex(parts[1], _PRODUCT)}", _SUM),
    "-": lambda parts: (f"{_latex(parts[0], _SUM)} - {_latex(parts[1], _PRODUCT)}", _SUM),
    "*": _product,
    "/": lambda parts: (rf"\frac{{{_latex(parts[0], _SUM)}}}{{{_latex(parts[1], _SUM)}}}", _FRACTION),
    "^": lambda parts: (f"{_latex(parts[0], _ATOM)}^{{{_latex(parts[1], _SUM)}}}", _RAISED),
    "neg": lambda parts: (f"-{_latex(parts[0], _PRODUCT)}", _NEGATIVE),
    "exp": lambda parts: (f"e^{{{_latex(parts[0], _SUM)}}}", _RAISED),
    # Of matrices, and of derivatives; nobody types these.
    "@": _product,
    "transpose": lambda parts: (rf"{_latex(parts[0], _ATOM)}^{{\top}}", _RAISED),
    **dict.fromkeys((">", "above"), lambda parts: (rf"[{_latex(parts[0], _SUM)} > {_latex(parts[1], _SUM)}]", _ATOM)),
    ">=": lambda parts: (rf"[{_latex(parts[0], _SUM)} \geq {_latex(parts[1], _SUM)}]", _ATOM),
    "softplus_slope": lambda parts: (rf"\mathrm{{sigmoid}}\left({_latex(parts[0], _SUM)}\right)", _ATOM),
}
_WRAPPED = {
    "sqrt": (r"\sqrt{", "}"),
    "abs": (r"\left|", r"\right|"),
    "floor": (r"\lfloor ", r" \rfloor"),
    "ceil": (r"\lceil ", r" \rceil"),
}
_LATEX_NAMES = frozenset({"sin", "cos", "tan", "sinh", "cosh", "tanh", "log", "min", "max"})
