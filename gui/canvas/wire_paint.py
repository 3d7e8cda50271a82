"""What is painted on a wire besides its curve."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

from gui.canvas.curves import Spot
from gui.canvas.look import Look

DOT: Final = 4.5
"""Radius of the dots a wire runs through."""
DOT_ROOM: Final = 8.0
"""What a selected dot covers around its middle."""


def paint_dots(painter: QPainter, dots: Iterable[Spot], chosen: Container[int], look: Look) -> None:
    """Filled in the wire's own colour, which the pen has; the selected ones ringed."""
    line = painter.pen().color()
    painter.setPen(Qt.PenStyle.NoPen)
    for index, (x, y) in enumerate(dots):
        if index in chosen:
            painter.setBrush(look.accent)
            painter.drawEllipse(QPointF(x, y), DOT + 3.0, DOT + 3.0)
            painter.setBrush(look.canvas)
            painter.drawEllipse(QPointF(x, y), DOT + 1.25, DOT + 1.25)
        painter.setBrush(line)
        painter.drawEllipse(QPointF(x, y), DOT, DOT)
