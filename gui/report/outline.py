"""Formulas as inline SVG: outlines that are crisp at every size, with the LaTeX to be read out and copied."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from PySide6.QtGui import QPainterPath

from gui.mathtext import EM, FormulaError, formula_path, pieces

_MOVE, _LINE, _CURVE = (
    QPainterPath.ElementType.MoveToElement,
    QPainterPath.ElementType.LineToElement,
    QPainterPath.ElementType.CurveToElement,
)
_ROOM: Final = 33.0
"""Em that fit on a line of a printed page."""
_AIR: Final = 4.0
"""Hundredths of an em around an outline, so that nothing is cut by rounding."""


def formula(latex: str) -> str:
    """A line of mathematics that breaks where there is no room for it. May run in any thread."""
    try:
        drawn = " ".join(_drawn(piece) for piece in _fitting(latex))
    except FormulaError:
        return f'<p class="math"><code>{escape(latex)}</code></p>'
    text = escape(latex, quote=True)
    return f'<p class="math" role="math" aria-label="{text}" title="{text}">{drawn}</p>'


def _fitting(latex: str) -> list[str]:
    """The line as a whole where there is room for it, else its pieces; a sign before one stands off what it adds."""
    if formula_path(latex, 1.0).boundingRect().right() <= _ROOM:
        return [latex]
    return [re.sub(r"^([+-])\s*", r"\1\\;", piece) for piece in pieces(latex)]


def _drawn(latex: str) -> str:
    """A piece that stands on the line: its height and depth are given in em."""
    path = formula_path(latex, EM)
    box = path.boundingRect().adjusted(-_AIR, -_AIR, _AIR, _AIR)
    size = f'width="{box.width() / EM:.2f}em" height="{box.height() / EM:.2f}em"'
    view = f"{box.left():.0f} {box.top():.0f} {box.width():.0f} {box.height():.0f}"
    depth = f"vertical-align:{-box.bottom() / EM:.2f}em"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{view}" style="{depth}" aria-hidden="true">'
        f'<path d="{path_data(path)}"/></svg>'
    )


def path_data(path: QPainterPath) -> str:
    """An outline in whole hundredths of an em, relative to the point before: as short as SVG can say it."""
    out: list[str] = []
    at = (0, 0)
    count = path.elementCount()
    index = 0
    while index < count:
        element = path.elementAt(index)
        kind = element.type
        if kind == _CURVE:
            ends = [path.elementAt(index + step) for step in range(3)]
            points = [(round(end.x), round(end.y)) for end in ends]
            out.append("c" + _relative(points, at))
            at, index = points[-1], index + 3
            continue
        point = (round(element.x), round(element.y))
        out.append(("m" if kind == _MOVE else "l") + _relative([point], at))
        at, index = point, index + 1
    return "".join(out)


def _relative(points: list[tuple[int, int]], at: tuple[int, int]) -> str:
    numbers = [part for x, y in points for part in (x - at[0], y - at[1])]
    text = ""
    for number in numbers:
        text += f" {number}" if text and number >= 0 else str(number)
    return text
