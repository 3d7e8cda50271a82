"""Lines of LaTeX as equations: what stands on the left, and the ways to compute it on the right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from gui.backprop.algebra import Name, Node, UnreadableError, read

_GRADIENT: Final = re.compile(r"\\dfrac\{\\partial L\}\{\\partial\s*([^{}]*(?:\{[^{}]*\})?[^{}]*)\}")


@final
@dataclass(frozen=True, slots=True)
class Equation:
    """`left = one way = another way`; `symbol` with its labels is what stands on the left."""

    left: str
    symbol: Name
    gradient: bool
    ways: tuple[Node, ...]


def equations_in(line: str) -> Iterator[Equation]:
    """The equations of a line of LaTeX; what cannot be read is left out."""
    for piece in re.split(r",?\s*\\q?quad", line):
        sides = _sides(piece)
        if len(sides) < 2:
            continue
        symbols = []
        for side in sides:
            match = _GRADIENT.fullmatch(side.strip())
            symbols.append(_name(match.group(1) if match else side))
        ways = []
        for side in sides[1:]:
            try:
                ways.append(read(side))
            except UnreadableError:
                continue
        if not ways:
            continue
        for side, symbol in zip(sides, symbols, strict=True):
            is_gradient = _GRADIENT.fullmatch(side.strip()) is not None
            if symbol is not None and (side is sides[0] or is_gradient):
                yield Equation(side.strip(), symbol, is_gradient, tuple(ways))


def _name(side: str) -> Name | None:
    try:
        node = read(side)
    except UnreadableError:
        return None
    return node if isinstance(node, Name) else None


def _sides(line: str) -> list[str]:
    """Split at the equals signs that stand in the line itself."""
    sides, depth, start = [], 0, 0
    for at, sign in enumerate(line):
        depth += (sign in "{[(") - (sign in "}])")
        if sign == "=" and depth == 0:
            sides.append(line[start:at])
            start = at + 1
    return [*sides, line[start:]]
