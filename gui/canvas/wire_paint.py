"""What is painted on a wire besides its curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter

if TYPE_CHECKING:
    from gui.canvas.wire_item import WireItem

DOT: Final = 4.5
"""Radius of the dots a wire runs through."""
DOT_ROOM: Final = 8.0
"""What a selected dot covers around its middle."""


def paint_dots(painter: QPainter, wire: WireItem) -> None:
    """Filled in the wire's own colour; the selected ones ringed."""
    look, line = wire.look, painter.pen().color()
    painter.setPen(Qt.PenStyle.NoPen)
    for index, (x, y) in enumerate(wire.dots):
        if index in wire.chosen_dots:
            painter.setBrush(look.accent)
            painter.drawEllipse(QPointF(x, y), DOT + 3.0, DOT + 3.0)
            painter.setBrush(look.canvas)
            painter.drawEllipse(QPointF(x, y), DOT + 1.25, DOT + 1.25)
        painter.setBrush(line)
        painter.drawEllipse(QPointF(x, y), DOT, DOT)
