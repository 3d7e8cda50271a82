"""The dotted ground of the canvas: as many dots on the screen at every zoom, drawn in one call."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from gui.canvas.look import Look

SPACING: Final = 24.0
"""Distance of dots in the scene at 100 %; doubled or halved so that on the screen it stays between 17 and 34 pixels."""

_FEW: Final = 160
"""So many dots are made in less time than thousands are clipped away."""


@final
class Backdrop:
    """Keeps as many dots as the largest part exposed so far at the present scale needed."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._dots = QPolygonF()
        self._step, self._columns, self._rows = 0.0, 0, 0

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Fill an exposed part of the scene."""
        look = self._look
        pixel = 1.0 / look.scale  # to spare, so that no edge is left half covered
        painter.fillRect(area.adjusted(-pixel, -pixel, pixel, pixel), look.canvas)
        step = SPACING * 2.0 ** round(-math.log2(look.scale))
        left, top = math.floor(area.left() / step) * step, math.floor(area.top() / step) * step
        columns, rows = math.ceil(area.width() / step) + 2, math.ceil(area.height() / step) + 2
        pen = QPen(look.dots, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap)
        pen.setCosmetic(True)
        painter.save()
        painter.setClipRect(area)
        painter.translate(left, top)
        painter.setPen(pen)
        painter.drawPoints(self._dots_for(step, columns, rows))
        painter.restore()

    def _dots_for(self, step: float, columns: int, rows: int) -> QPolygonF:
        """Enough dots for so many columns and rows: few are made, many are kept."""
        if columns * rows <= _FEW:
            return _grid(step, columns, rows)
        if step != self._step or columns > self._columns or rows > self._rows:
            if step == self._step:
                columns, rows = max(columns, self._columns), max(rows, self._rows)
            self._step, self._columns, self._rows = step, columns, rows
            self._dots = _grid(step, columns, rows)
        return self._dots


@lru_cache(maxsize=16)
def _grid(step: float, columns: int, rows: int) -> QPolygonF:
    return QPolygonF([QPointF(x * step, y * step) for x in range(columns) for y in range(rows)])
