"""The dotted ground of the canvas: as many dots on the screen at every zoom, a row of them drawn in one call."""

from __future__ import annotations

import math
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from gui.canvas.look import Look

SPACING: Final = 24.0
"""Distance of dots in the scene at 100 %; doubled or halved so that on the screen it stays between 17 and 34 pixels."""
DOT: Final = 1.5
"""Size of a dot, in pixels of the screen."""


@final
class Backdrop:
    """Keeps one row of dots as a picture, as long as the widest part exposed so far at the present scale needed."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._row = QPixmap()
        self._state: tuple[object, ...] = ()
        self._columns = 0

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Fill an exposed part of the scene; the painter is clipped to it."""
        look = self._look
        pixel = 1.0 / look.scale  # to spare, so that no edge is left half covered
        painter.fillRect(area.adjusted(-pixel, -pixel, pixel, pixel), look.canvas)
        step = SPACING * 2.0 ** round(-math.log2(look.scale))
        left, top = math.floor(area.left() / step) * step, math.floor(area.top() / step) * step
        columns, rows = math.ceil(area.width() / step) + 2, math.ceil(area.height() / step) + 2
        transform, ratio = painter.transform(), painter.device().devicePixelRatio()
        corner, apart = transform.map(QPointF(left, top)), step * transform.m22()
        picture = self._row_of(step * transform.m11(), columns, ratio)
        half = picture.height() / 2 / ratio
        # Whole pixels of the screen: between them dots would blur, each in another way.
        x = round(corner.x() * ratio) / ratio - half
        painter.resetTransform()
        for row in range(rows):
            y = round((corner.y() + row * apart) * ratio) / ratio
            painter.drawPixmap(QPointF(x, y - half), picture)
        painter.setTransform(transform)

    def _row_of(self, apart: float, columns: int, ratio: float) -> QPixmap:
        """A row of at least so many dots, so many pixels apart."""
        state = (apart, ratio, self._look.version)
        if state != self._state or columns > self._columns:
            self._state, self._columns = state, columns
            self._row = self._draw(apart * ratio, columns, ratio)
        return self._row

    def _draw(self, apart: float, columns: int, ratio: float) -> QPixmap:
        half = math.ceil(DOT * ratio / 2)
        made = QPixmap(math.ceil(columns * apart) + 2 * half, 2 * half)
        made.fill(self._look.canvas.color())
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._look.dots, DOT * ratio, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
        painter.drawPoints([QPointF(half + round(column * apart), half) for column in range(columns)])
        painter.end()
        made.setDevicePixelRatio(ratio)
        return made
