"""A row vector times a matrix is a row vector: drawn in one line with brackets where there is room for every number."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.backprop.jacobian_product import Floats, Product
from gui.colors import mix
from gui.format import format_exact, format_number
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

CELL: Final = 54
ROW: Final = 24
HEAD: Final = 22
SIGN: Final = 18
_PAD: Final = 4
_TINT: Final = 0.45
MOST_ROWS: Final = 16


@final
class JacobianEquation(QWidget):
    """∂L/∂y · J = ∂L/∂x. A click on a number of J or of the product picks its column.

    Signals:
        picked(int): a column.
    """

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[tuple[str, Floats], ...] = ()
        self.column = 0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)

    @staticmethod
    def width_for(product: Product) -> int:
        """How much room it needs, in pixels; 0 where it cannot be drawn so."""
        if product.matrix is None or product.matrix.shape[0] > MOST_ROWS:
            return 0
        rows, columns = product.matrix.shape
        return theme().px(CELL) * int(rows + 2 * columns) + 2 * theme().px(SIGN) + 6 * theme().px(_PAD) + 2

    def show_product(self, product: Product) -> None:
        """Draw another one."""
        assert product.matrix is not None
        self._parts = (
            ("∂L/∂y", product.delta[None, :]),
            ("J = ∂y/∂x", product.matrix),
            ("∂L/∂x", product.passed[None, :]),
        )
        words = "; ".join(
            f"{name}: {', '.join(map(format_number, map(float, array.ravel())))}" for name, array in self._parts
        )
        self.setAccessibleName(words)
        self.updateGeometry()
        self.update()

    def show_column(self, column: int) -> None:
        """Mark a column of J and its number in the product."""
        self.column = column
        self.update()

    def sizeHint(self) -> QSize:
        if not self._parts:
            return QSize(0, 0)
        rows = self._parts[1][1].shape[0]
        columns = sum(array.shape[1] for _, array in self._parts)
        wide = theme().px(CELL) * columns + 2 * theme().px(SIGN) + 6 * theme().px(_PAD) + 2
        return QSize(wide, theme().px(HEAD) + theme().px(ROW) * rows + 4)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    # -- places --

    def _room(self, part: int) -> QRectF:
        """Where the numbers of a part are."""
        look = theme()
        left = look.px(_PAD) + 1.0
        for before in range(part):
            left += self._parts[before][1].shape[1] * look.px(CELL) + 2 * look.px(_PAD) + look.px(SIGN)
        rows, columns = self._parts[part][1].shape
        high = look.px(ROW) * rows
        top = look.px(HEAD) + (look.px(ROW) * self._parts[1][1].shape[0] - high) / 2
        return QRectF(left, top, columns * look.px(CELL), high)

    def cell(self, part: int, row: int, column: int) -> QRectF:
        """Where a number is."""
        room, look = self._room(part), theme()
        left, top = room.left() + column * look.px(CELL), room.top() + row * look.px(ROW)
        return QRectF(left, top, look.px(CELL), look.px(ROW))

    def place_at(self, point: QPoint) -> tuple[int, int, int] | None:
        """Part, row and column under a point."""
        for part in range(len(self._parts)):
            room = self._room(part)
            if room.contains(QPointF(point)):
                row = int((point.y() - room.top()) // theme().px(ROW))
                return part, row, int((point.x() - room.left()) // theme().px(CELL))
        return None

    # -- painting --

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part, (name, array) in enumerate(self._parts):
            self._paint_part(painter, part, name, array)
            if part:
                room = self._room(part)
                wide = theme().px(SIGN)
                place = QRectF(
                    room.left() - theme().px(_PAD) - wide, theme().px(HEAD), wide, self.height() - theme().px(HEAD)
                )
                painter.setFont(theme().font("title"))
                painter.setPen(theme().pen("text"))
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "·" if part == 1 else "=")

    def _paint_part(self, painter: QPainter, part: int, name: str, array: Floats) -> None:
        look, room = theme(), self._room(part)
        painter.setFont(look.font("caption"))
        painter.setPen(look.pen("secondary"))
        head = room.adjusted(-look.px(_PAD), -look.px(HEAD), look.px(_PAD), 0)
        head.setHeight(look.px(HEAD) - 2)
        painter.drawText(head, Qt.AlignmentFlag.AlignCenter, name)
        known = np.abs(array[np.isfinite(array)])
        limit = float(known.max()) if known.size else 0.0
        painter.setFont(look.font("mono_caption"))
        for (row, column), value in np.ndenumerate(array):
            self._paint_cell(painter, self.cell(part, row, column), float(value), limit)
        painter.setPen(look.pen("text", 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(_bracket(room.adjusted(-look.px(_PAD), -1, look.px(_PAD), 1)))
        if part and 0 <= self.column < array.shape[1]:
            first, last = self.cell(part, 0, self.column), self.cell(part, array.shape[0] - 1, self.column)
            painter.setPen(look.pen("accent", 2.0))
            painter.drawRoundedRect(first.united(last).adjusted(1, 1, -1, -1), 4, 4)

    def _paint_cell(self, painter: QPainter, place: QRectF, value: float, limit: float) -> None:
        colors = theme().palette
        if np.isfinite(value) and limit > 0:
            hue = colors.positive if value > 0 else colors.negative
            painter.fillRect(place.adjusted(1, 1, -1, -1), QColor(mix(colors.plot, hue, _TINT * abs(value) / limit)))
        painter.setPen(theme().pen("text" if np.isfinite(value) else "error_text"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, format_number(value, 3))

    # -- exact numbers, and picking --

    def words_at(self, point: QPoint) -> str:
        """The exact number under a point, with its name; "" for none."""
        place = self.place_at(point)
        if place is None:
            return ""
        part, row, column = place
        name, array = self._parts[part]
        where = f"{row + 1}, {column + 1}" if part == 1 else str(column + 1)
        return f"{name.partition(' ')[0]}[{where}] = {format_exact(float(array[row, column]))}"

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), plain_tooltip(self.words_at(event.pos())), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and place is not None and place[0] > 0:
            self.picked.emit(place[2])


def _bracket(room: QRectF) -> QPainterPath:
    """Square brackets on both sides of a room."""
    path, reach = QPainterPath(), 4.0
    for edge, side in ((room.left(), 1), (room.right(), -1)):
        path.moveTo(edge + side * reach, room.top())
        path.lineTo(edge, room.top())
        path.lineTo(edge, room.bottom())
        path.lineTo(edge + side * reach, room.bottom())
    return path
