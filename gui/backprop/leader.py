"""The thin line from a card to the wire whose value it shows."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gui.theme import theme

_DOT: Final = 3.0
_WIDTH: Final = 1.5


@final
class Leader(QGraphicsItem):
    """Below the card, above the wires; a dot where it meets the wire."""

    def __init__(self, near: QPointF, anchor: QPointF, color: str) -> None:
        super().__init__()
        self.line = QLineF(near, anchor)
        self._color = color
        self.setZValue(4.5)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def boundingRect(self) -> QRectF:
        return QRectF(self.line.p1(), self.line.p2()).normalized().adjusted(-5.0, -5.0, 5.0, 5.0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        look = theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(look.pen(self._color, _WIDTH))
        painter.drawLine(self.line)
        painter.setBrush(look.brush("canvas"))
        painter.drawEllipse(self.line.p2(), _DOT, _DOT)
