"""Lines whose looks are a number, and words that lines do not run through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from gui.backprop.neurons.chain import Array
from gui.colors import mix
from gui.theme import theme

THIN, THICK = 0.9, 6.0
THICK_OF_MANY: Final = 4.0
DASH: Final = ((5.0, 1.3), (3.0, 0.6))
"""Dashes and gaps of negative weights: in pixels, and how much longer they get with each pixel of width."""
_ALIGN: Final = Qt.AlignmentFlag.AlignCenter


def largest(array: Array) -> float:
    """The largest size of the finite numbers; 0 without any."""
    finite = np.abs(array[np.isfinite(array)])
    return float(finite.max()) if finite.size else 0.0


def line_pen(value: float, limit: float, strength: float = 1.0, extra: float = 0.0, thick: float = THICK) -> QPen:
    """Blue and whole for positive, orange and dashed for negative; the width is the size."""
    look = theme()
    if not np.isfinite(value):
        return QPen(look.color("error"), 2.0, Qt.PenStyle.DotLine)
    part = min(1.0, abs(value) / limit) if limit > 0 else 0.0
    colors = look.palette
    hue = colors.positive if value > 0 else colors.negative if value < 0 else colors.control
    color = QColor(mix(colors.plot, hue, strength * (0.55 + 0.45 * part)))  # opaque: painted in a third of the time
    width = THIN + (thick - THIN) * part + extra
    pen = QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap)
    if value < 0:
        pen.setDashPattern([(length + more * width) / max(1.0, width) for length, more in DASH])
    return pen


def ground(painter: QPainter, room: QRectF) -> None:
    """A piece of ground to write on."""
    color = QColor(theme().color("plot"))
    color.setAlphaF(0.86)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawRoundedRect(room, 4, 4)


def paint_label(painter: QPainter, room: QRectF, rows: Sequence[str], value: float) -> None:
    """Numbers on the ground, so that lines do not run through them."""
    look = theme()
    ground(painter, room)
    painter.setPen(look.pen("negative_text" if value < 0 else "positive_text" if value > 0 else "text"))
    high = room.height() / len(rows)
    for at, text in enumerate(rows):
        painter.drawText(QRectF(room.left(), room.top() + at * high, room.width(), high), _ALIGN, text)
