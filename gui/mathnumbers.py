r"""Sums and products of numbers, set glyph by glyph: `= 0.5 \cdot (-0.25) + 0.75`.

A formula with numbers is made of little else and there are thousands of them, all different, so that none can be kept;
parsing one takes a tenth of a second. Here the outlines and widths of the few glyphs are asked for once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, final

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainterPath

Outline = Callable[[str], QPainterPath]
_PLAIN: Final = "0123456789.()"
_SPACED: Final = ("=", "+", "-", r"\cdot")
_TOKEN: Final = re.compile(r"\s*(10\^\{-?\d+\}|[0-9.()]|\\cdot(?![A-Za-z])|[=+-])")
_LEADING: Final = re.compile(r"\s*(=|\+|-(?=\s))\s*")
_NO_OPERAND: Final = ("", "(", "=", "+", "-", r"\cdot")


def split_operator(piece: str) -> tuple[str, str]:
    """The relation or operator that a piece of a line begins with, "" for a sign or none, and the rest."""
    match = _LEADING.match(piece)
    return (match.group(1), piece[match.end() :]) if match else ("", piece)


@final
class NumberSetter:
    """Sets numbers with the outlines that `outline` makes, as it would itself, at whatever size it makes them."""

    def __init__(self, outline: Outline, behind: float) -> None:
        """`behind`: the space behind what is not a glyph, in the units of the outlines."""
        self._outline, self._behind = outline, behind
        self._glyphs: dict[str, tuple[QPainterPath, float]] = {}
        self._powers: dict[str, tuple[QPainterPath, float]] = {}

    def set(self, latex: str) -> tuple[QPainterPath, float] | None:
        """Outline and width of numbers, and what stands between them; None where there is anything else."""
        tokens = self._tokens(latex)
        if tokens is None:
            return None
        made, pen, before = _empty(), 0.0, ""
        for glyph in tokens:
            is_sign = glyph in ("+", "-") and before in _NO_OPERAND
            outline, wide = self._glyph(f"sign{glyph}" if is_sign else glyph)
            made.addPath(outline.translated(pen, 0.0))
            pen, before = pen + wide, glyph
        return made, pen

    def operator(self, sign: str) -> tuple[QPainterPath, float]:
        """Outline and width of `=`, `+` or `-` between two things, with the space around it."""
        return self._glyph(sign)

    def _tokens(self, latex: str) -> list[str] | None:
        found, at = [], 0
        text = latex.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                return None
            found.append(match.group(1))
            at = match.end()
        return found or None

    def _glyph(self, glyph: str) -> tuple[QPainterPath, float]:
        if not self._glyphs:
            self._measure()
        if glyph in self._glyphs:
            return self._glyphs[glyph]
        if glyph not in self._powers:
            outline = self._outline(glyph)
            self._powers[glyph] = outline, outline.boundingRect().right() + self._behind
        return self._powers[glyph]

    def _measure(self) -> None:
        """Outline and width of every glyph, the spaced ones with half of their space on each side."""
        end = self._right("0")
        digit = self._right("00") - end
        found = {glyph: (self._outline(glyph), self._right(f"0{glyph}0") - end - digit) for glyph in _PLAIN}
        found |= {f"sign{sign}": (self._outline(sign), self._right(f"{sign}0") - end) for sign in "+-"}
        for sign in _SPACED:
            wide = self._right(f"0 {sign} 0") - end - digit
            glyph = self._outline(sign)
            box = glyph.boundingRect()
            found[sign] = glyph.translated((wide - box.width()) / 2 - box.left(), 0.0), wide
        self._glyphs = found

    def _right(self, latex: str) -> float:
        return self._outline(latex).boundingRect().right()


def _empty() -> QPainterPath:
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    return path
