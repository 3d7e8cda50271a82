"""Something painted over a plot in pixels of the screen, whatever the units of the plot."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.theme import theme

Floats = NDArray[np.float64]
FAR = 1e6
"""Pixels beyond which nothing needs to be told apart."""


class ScreenItem(pg.GraphicsObject):
    """Add it to a plot with `ignoreBounds`. Subclasses paint in `draw` and are final."""

    def __init__(self) -> None:
        super().__init__()
        self._view = QRectF()
        self._corner = QPointF()
        self._pixel = (1.0, 1.0)
        self.size = (0.0, 0.0)
        """Of the plot, in pixels."""

    def boundingRect(self) -> QRectF:
        self._view = QRectF(self.viewRect())
        return self._view

    def viewTransformChanged(self) -> None:
        self.prepareGeometryChange()
        super().viewTransformChanged()

    @abstractmethod
    def draw(self, painter: QPainter) -> None:
        """Paint, in pixels from the upper left corner of the plot."""

    def pixels(self, points: ArrayLike) -> Floats:
        """Places (..., 2) of the plot in pixels."""
        with np.errstate(all="ignore"):
            found = (np.asarray(points, dtype=np.float64) - (self._corner.x(), self._corner.y())) / self._pixel
        return np.asarray(np.clip(found, -FAR, FAR))

    def point(self, x: float, y: float) -> QPointF:
        """One place in pixels."""
        return QPointF(*self.pixels((x, y)).tolist())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        box, room = self.getViewBox(), self.viewRect()
        if box is None or not box.width() or not box.height() or not room.width() or not room.height():
            return
        dx, dy = float(room.width() / box.width()), float(room.height() / box.height())
        self._corner = QPointF(room.left(), room.bottom())  # upwards is positive: that is the upper left one
        self._pixel, self.size = (dx, -dy), (box.width(), box.height())
        painter.save()
        painter.translate(self._corner)
        painter.scale(dx, -dy)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.draw(painter)
        painter.restore()


def write(painter: QPainter, text: str, at: QPointF, color: QColor, size: tuple[float, float]) -> QRectF:
    """Write with its middle at a place, kept inside the plot, with a rim in the colour of the plot; where it stands."""
    font = theme().font("mono_caption")
    metrics = QFontMetricsF(font)
    width, height = metrics.horizontalAdvance(text), metrics.height()
    left = min(max(at.x() - width / 2, 4.0), max(4.0, size[0] - width - 4))
    top = min(max(at.y() - height / 2, 2.0), max(2.0, size[1] - height - 2))
    path = QPainterPath()
    path.addText(QPointF(left, top + metrics.ascent()), font, text)
    rim = QColor(theme().color("plot"))
    rim.setAlpha(225)
    painter.strokePath(path, QPen(rim, 4.0))
    painter.fillPath(path, color)
    return QRectF(left, top, width, height)
