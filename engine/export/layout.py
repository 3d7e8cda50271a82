"""Python source laid out as Black and ruff lay it out, in lines of 88 characters."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

WIDTH = 88
_SIMPLE = re.compile(r"-?(?:[\d.]+(?:e[-+]?\d+)?|[A-Za-z_][\w.]*)")
"""A number, a name or an attribute, or minus one: Black leaves out the spaces around ** between two of these."""


@final
@dataclass(frozen=True, slots=True)
class Bracket:
    """Something with a comma-separated inside: a call, a list, a tuple.

    Attributes:
        head: up to the opening bracket: `nn.Linear(`, `[`.
        items: each with what stands before it: `("", "2")`, `("bias=", "False")`.
        tail: the closing bracket and what follows it.
        literal: a list or a tuple; Black gives each item of a long one a line.
    """

    head: str
    items: tuple[tuple[str, Expr], ...]
    tail: str
    literal: bool = False


@final
@dataclass(frozen=True, slots=True)
class Infix:
    """`a + b`."""

    left: Expr
    sign: str
    right: Expr

    @property
    def rank(self) -> int:
        """How tightly the sign binds."""
        return {"+": 1, "-": 1, "**": 3}.get(self.sign, 2)


Expr = str | Bracket | Infix


def call(function: str, args: Iterable[Expr] = (), kwargs: Iterable[tuple[str, Expr]] = ()) -> Bracket:
    """`function(args, name=kwarg)`."""
    named = tuple((f"{name}=", value) for name, value in kwargs)
    return Bracket(f"{function}(", (*(("", arg) for arg in args), *named), ")")


def tuple_of(items: Sequence[Expr]) -> Bracket:
    """A tuple in brackets."""
    tail = ",)" if len(items) == 1 else ")"
    return Bracket("(", tuple(("", item) for item in items), tail, literal=True)


def list_of(items: Sequence[Expr]) -> Bracket:
    """A list."""
    return Bracket("[", tuple(("", item) for item in items), "]", literal=True)


def flat(expr: Expr) -> str:
    """The expression in one line."""
    if isinstance(expr, str):
        return expr
    if isinstance(expr, Infix):
        left, right = _side(expr, expr.left, 0), _side(expr, expr.right, 1)
        tight = expr.sign == "**" and bool(_SIMPLE.fullmatch(left) and _SIMPLE.fullmatch(right))
        return f"{left}{expr.sign}{right}" if tight else f"{left} {expr.sign} {right}"
    return f"{expr.head}{', '.join(name + flat(item) for name, item in expr.items)}{expr.tail}"


def _side(whole: Infix, side: Expr, behind: int) -> str:
    """One side of an operator, in brackets where it would be read otherwise."""
    loose = isinstance(side, Infix) and (side.rank < whole.rank + behind or whole.sign == "**")
    loose = loose or (whole.sign == "**" and not behind and flat(side).startswith("-"))  # -x ** 2 is -(x ** 2)
    return f"({flat(side)})" if loose else flat(side)


def lines(indent: int, before: str, expr: Expr, after: str = "") -> list[str]:
    """A statement, or a part of one, in as many lines as it needs.

    Args:
        indent: spaces before it.
        before: what stands before the expression: `x = `.
        expr: the expression.
        after: what stands behind it: a comma inside of brackets.
    """
    space = " " * indent
    whole = f"{space}{before}{flat(expr)}{after}"
    if len(whole) <= WIDTH or isinstance(expr, str):
        return [whole]
    if isinstance(expr, Infix):
        return _broken_sum(indent, before, expr, after)
    if not expr.items:
        return [whole]
    if before.endswith(" = ") and indent + len(before) + len(expr.head) > WIDTH:
        return [f"{space}{before}(", *lines(indent + 4, "", expr), f"{space}){after}"]
    inner = ", ".join(name + flat(item) for name, item in expr.items)
    close = f"{space}{expr.tail.removeprefix(',')}{after}"
    if not expr.literal and indent + 4 + len(inner) <= WIDTH:
        return [f"{space}{before}{expr.head}", f"{space}    {inner}", close]
    parts = [line for name, item in expr.items for line in lines(indent + 4, name, item, ",")]
    return [f"{space}{before}{expr.head}", *parts, close]


def _broken_sum(indent: int, before: str, expr: Infix, after: str) -> list[str]:
    """In round brackets, an operator at the head of each further line; `0.5 * (a + b)` has its brackets already."""
    space = " " * indent
    head, inner = f"{before}(", expr
    if isinstance(expr.right, Infix) and expr.right.rank < expr.rank and not isinstance(expr.left, Infix):
        head, inner = f"{before}{flat(expr.left)} {expr.sign} (", expr.right
    if indent + 4 + len(flat(inner)) <= WIDTH:
        return [f"{space}{head}", f"{space}    {flat(inner)}", f"{space}){after}"]
    parts: list[str] = []
    rest: Expr = inner
    while isinstance(rest, Infix) and rest.rank == inner.rank:
        parts.append(f"{rest.sign} {_side(rest, rest.right, 1)}")
        rest = rest.left
    parts.append(_side(inner, rest, 0))
    return [f"{space}{head}", *(f"{space}    {part}" for part in reversed(parts)), f"{space}){after}"]


def is_tidy(indent: int, before: str, expr: Expr) -> bool:
    """Whether `lines` lays the assignment out as Black does, and no line is too long."""
    if indent + len(before) + len(flat(expr)) <= WIDTH:
        return True
    if isinstance(expr, Infix):
        bracketed = isinstance(expr.right, Infix) and expr.right.rank < expr.rank
        if not bracketed and _terms(expr) < 3 and ")" in flat(expr):  # Black would break the last call instead
            return False
    return max(map(len, lines(indent, before, expr))) <= WIDTH


def _terms(expr: Expr) -> int:
    """How many terms operators of one rank join."""
    count, rest = 1, expr
    while isinstance(rest, Infix) and isinstance(expr, Infix) and rest.rank == expr.rank:
        count, rest = count + 1, rest.left
    return count


def comment(text: str, indent: int = 0) -> list[str]:
    """Text from a document as comment lines; whatever it holds, it stays a comment."""
    space = " " * indent
    found: list[str] = []
    for line in text.splitlines():
        found += textwrap.wrap(printable(line), WIDTH - indent - 2) or [""]
    while found and not found[-1]:
        found.pop()
    return [f"{space}# {line}".rstrip() for line in found]


def printable(text: str) -> str:
    """The text with a space for every character that is no visible one."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def title(text: str) -> str:
    """The text as one line that can stand inside a docstring."""
    plain = " ".join(printable(text).replace("\\", "/").replace('"', "'").split())
    return textwrap.shorten(plain, 60, placeholder=" …").rstrip("'. ") if plain else ""


def quoted(text: str) -> str:
    """A string literal, in double quotes where it can be."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text and "\\'" not in plain else plain
