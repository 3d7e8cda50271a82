"""The scale beside a filled contour: its bands with the heights of their borders."""

from __future__ import annotations

import math
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.format import format_number
from gui.plots.levels import Levels
from gui.theme import theme

STRIP: Final = 12
POINTER: Final = 6
MARGIN: Final = 10


@final
class ContourScale(QWidget):
    """Lowest below; numbers that would touch are left out. A pointer shows where a height lies."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._levels = Levels(0.0, 0.0, ())
        self._pointed: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        theme().changed.connect(self.updateGeometry)

    def set_levels(self, levels: Levels) -> None:
        """Show these bands."""
        if levels == self._levels:
            return
        self._levels = levels
        self.setAccessibleName(f"{format_number(levels.low)} … {format_number(levels.high)}")
        self.updateGeometry()
        self.update()

    def point_at(self, value: float | None) -> None:
        """Point at a height, or at none."""
        value = None if value is None or not math.isfinite(value) else value
        if value != self._pointed:
            self._pointed = value
            self.update()

    def _numbers(self) -> list[float]:
        """Heights to write, the ends first: where there is too little room, those between are left out."""
        return [self._levels.low, self._levels.high, *self._levels.lines]

    def _text(self, value: float) -> str:
        cut = self._levels.cut and value == self._levels.low
        return f"≤ {format_number(value)}" if cut else format_number(value)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(theme().font("mono_caption"))
        widest = max(metrics.horizontalAdvance(self._text(value)) for value in self._numbers())
        return QSize(POINTER + theme().px(STRIP) + 6 + math.ceil(widest) + 4, theme().px(80))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.sizeHint().width(), theme().px(40))

    def paintEvent(self, event: QPaintEvent) -> None:
        look, levels = theme(), self._levels
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(look.font("mono_caption"))
        margin = metrics.height() / 2 + MARGIN
        strip = QRectF(POINTER, margin, look.px(STRIP), max(1.0, self.height() - 2 * margin))

        def height(value: float) -> float:
            return strip.bottom() - float(levels.position(value)) * strip.height()

        ends = [strip.bottom(), *(height(line) for line in levels.lines), strip.top()]
        for color, below, above in zip(levels.band_colors().tolist(), ends[:-1], ends[1:], strict=True):
            painter.fillRect(QRectF(strip.left(), above, strip.width(), below - above), QColor(*color))
        painter.setPen(look.pen("border"))
        painter.drawRect(strip)
        painter.setFont(look.font("mono_caption"))
        painter.setPen(look.pen("secondary"))
        kept: list[float] = []
        for value in self._numbers():
            y = height(value)
            if any(abs(y - other) < metrics.height() for other in kept):
                continue
            kept.append(y)
            room = QRectF(strip.right() + 6, y - metrics.height() / 2, self.width(), metrics.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, self._text(value))
        if self._pointed is not None:
            y = height(min(max(self._pointed, levels.low), levels.high))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("text"))
            tip = QPointF(strip.left() - 1, y)
            painter.drawPolygon(QPolygonF([tip, tip + QPointF(-POINTER, -4), tip + QPointF(-POINTER, 4)]))
