"""Bars in layer order on a logarithmic scale: vanishing and exploding are seen at a glance."""

from __future__ import annotations

import math
from typing import final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QFontMetricsF, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.colormaps import health_color, health_position
from gui.format import format_exact, format_number
from gui.screen_reader import say, tell_as
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

ROW = 34
LEAST_ROW = 16
BAR = 16


@final
class LayerBars(QWidget):
    """One row a layer: name, bar coloured by health, number. Arrow keys go from row to row, Enter chooses.

    Signals:
        chosen(str): a layer was clicked, or Enter was pressed on it.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[str, ...] = ()
        self._norms: NDArray[np.float64] = np.empty(0)
        self._at = 0
        tell_as(self, QAccessible.Role.Chart, about=lambda: norms_told(self._layers, self._norms))
        self.setAccessibleName(self.tr("Gradients by layer: arrow keys go from one to the next, Enter asks why"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setObjectName("layerBars")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme().changed.connect(self._rescale)

    def _rescale(self) -> None:
        self.setMinimumHeight(self.sizeHint().height())
        self.updateGeometry()

    def show_norms(self, layers: tuple[str, ...], norms: NDArray[np.float64]) -> None:
        """Show these norms; not finite ones are drawn full and named."""
        if layers != self._layers:
            self._layers = layers
            self._rescale()
        self._norms = norms
        self._at = min(self._at, max(0, len(layers) - 1))
        self.update()

    def _row_height(self) -> float:
        least, most = theme().px(LEAST_ROW), theme().px(ROW)
        if not self._layers:
            return most
        return max(least, min(most, self.height() / len(self._layers)))

    def sizeHint(self) -> QSize:
        return QSize(theme().px(240), theme().px(LEAST_ROW) * max(1, len(self._layers)))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = look.font("mono_caption")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        names = min(max((metrics.horizontalAdvance(layer) for layer in self._layers), default=0.0), self.width() * 0.32)
        number = metrics.horizontalAdvance("-8.888e-88")
        row = self._row_height()
        bar = min(float(look.px(BAR)), row - 5)
        room = max(20.0, self.width() - names - number - 20)
        for index, (layer, norm) in enumerate(zip(self._layers, self._norms, strict=True)):
            top = index * row
            painter.setPen(look.pen("secondary"))
            shown = metrics.elidedText(layer, Qt.TextElideMode.ElideMiddle, names)
            left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(QRectF(0, top, names + 2, row), left, shown)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.brush("grid"))
            place = QRectF(names + 10, top + (row - bar) / 2, room, bar)
            painter.drawRoundedRect(place, 3, 3)
            painter.setBrush(health_color(float(norm), look.palette))
            place.setWidth(max(3.0, room * health_position(float(norm))))
            painter.drawRoundedRect(place, 3, 3)
            painter.setPen(look.pen("text" if math.isfinite(norm) else "error_text"))
            painter.drawText(
                QRectF(self.width() - number - 2, top, number, row),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                format_number(float(norm)),
            )
        if self.hasFocus() and self._layers:
            painter.setPen(look.pen("accent", 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(1, self._at * row + 1, self.width() - 2, row - 2), 4, 4)

    def layer_at(self, point: QPoint) -> int | None:
        """The row below a point of the widget."""
        index = int(point.y() // self._row_height())
        return index if 0 <= index < len(self._layers) else None

    def words_at(self, point: QPoint) -> str:
        """The layer below a point of the widget and its exact norm, and what a click does; "" for none."""
        index = self.layer_at(point)
        if index is None:
            return ""
        exact = f"{self._layers[index]}: ‖g‖ = {format_exact(float(self._norms[index]))}"
        return f"{exact}\n{self.tr('Click: why, by the chain rule of its largest gradient')}"

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last, key = len(self._layers) - 1, event.key()
        ways = {Qt.Key.Key_Up: self._at - 1, Qt.Key.Key_Down: self._at + 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: last}
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._layers:
            self.chosen.emit(self._layers[self._at])
        elif key in ways and self._layers:
            self._at = min(max(ways[Qt.Key(key)], 0), last)
            say(self, f"{self._layers[self._at]}: {format_number(float(self._norms[self._at]))}")
            self.update()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.layer_at(event.position().toPoint()) if self.rect().contains(event.position().toPoint()) else None
        if index is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self._layers[index])

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain_tooltip(self.words_at(event.pos())), self)
            return True
        return super().event(event)


def norms_told(layers: tuple[str, ...], norms: NDArray[np.float64]) -> str:
    """Each layer and its norm, in a line."""
    return ", ".join(f"{layer}: {format_number(float(norm))}" for layer, norm in zip(layers, norms, strict=True))
