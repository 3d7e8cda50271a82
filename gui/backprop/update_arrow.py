"""A weight on the number line, and the arrow of its step."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.backprop.update_entry import Entry
from gui.format import format_number
from gui.theme import theme

HEIGHT: Final = 76
_NEAR: Final = 0.15
"""Steps larger than this part of the weight are drawn on a line that shows 0."""
_DIGITS: Final = 6
_APART: Final = 56
"""Pixels from the ends of the arrow at which 0 is named: nearer, their numbers say where it is."""


@final
class UpdateArrow(QWidget):
    """From w to w′. A step too small to be seen beside the weight is shown on a stretch of the line of its own size."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry: Entry | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)

    def show_entry(self, entry: Entry) -> None:
        """Draw another weight."""
        self.entry = entry
        self.setAccessibleName(f"{format_number(entry.before, _DIGITS)} → {format_number(entry.after, _DIGITS)}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(240), theme().px(HEIGHT))

    @property
    def span(self) -> tuple[float, float]:
        """The stretch of the number line that is drawn."""
        assert self.entry is not None
        ends = [self.entry.before, self.entry.after]
        if self.entry.ratio > _NEAR:
            ends.append(0.0)
        low, high = min(ends), max(ends)
        margin = 0.35 * (high - low) or abs(low) or 1.0
        return low - margin, high + margin

    def x_of(self, value: float) -> float:
        """Where a number is, in pixels."""
        low, high = self.span
        return (value - low) / (high - low) * self.width()

    def paintEvent(self, event: QPaintEvent) -> None:
        entry, look = self.entry, theme()
        if entry is None or not np.isfinite((entry.before, entry.after)).all():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = self.height() * 0.62
        painter.setPen(look.pen("border", 1.5))
        painter.drawLine(QPointF(0, line), QPointF(self.width(), line))
        low, high = self.span
        if low < 0 < high:
            painter.drawLine(QPointF(self.x_of(0), line - 5), QPointF(self.x_of(0), line + 5))
            if all(abs(self.x_of(0) - self.x_of(end)) > look.px(_APART) for end in (entry.before, entry.after)):
                self._words(painter, self.x_of(0), line + 7, "0", "secondary")
        self._arrow(painter, line - look.px(8), entry)
        color = "positive_text" if entry.step > 0 else "negative_text"
        sign = "+" if entry.step > 0 else ""
        middle = (self.x_of(entry.before) + self.x_of(entry.after)) / 2
        self._words(painter, middle, line - look.px(32), f"Δw = {sign}{format_number(entry.step)}", color)
        painter.setPen(Qt.PenStyle.NoPen)
        for value, tone in ((entry.before, "secondary"), (entry.after, "text")):
            painter.setBrush(look.brush(tone))
            painter.drawEllipse(QPointF(self.x_of(value), line), 4, 4)
        self._ends(painter, line, entry)

    def _ends(self, painter: QPainter, line: float, entry: Entry) -> None:
        """The numbers below both ends; where there is no room for both, beside each other."""
        texts = [f"w {format_number(entry.before, _DIGITS)}", f"w′ {format_number(entry.after, _DIGITS)}"]
        painter.setFont(theme().font("mono_caption"))
        widths = [QFontMetricsF(painter.font()).horizontalAdvance(text) for text in texts]
        places = [self.x_of(entry.before), self.x_of(entry.after)]
        apart, need = abs(places[1] - places[0]), sum(widths) / 2 + 12
        if apart < need:
            push = (need - apart) / 2
            side = 1 if places[1] >= places[0] else -1
            places = [places[0] - side * push, places[1] + side * push]
        for place, text, tone in zip(places, texts, ("secondary", "text"), strict=True):
            self._words(painter, place, line + 7, text, tone)

    def _arrow(self, painter: QPainter, y: float, entry: Entry) -> None:
        start, end = self.x_of(entry.before), self.x_of(entry.after)
        if start == end:
            return
        look = theme()
        color = "positive" if entry.step > 0 else "negative"
        painter.setPen(look.pen(color, 3.0))
        side = 1 if end > start else -1
        head = min(9.0, abs(end - start))
        painter.drawLine(QPointF(start, y), QPointF(end - side * head, y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.brush(color))
        painter.drawPolygon(
            QPolygonF([QPointF(end, y), QPointF(end - side * head, y - 5), QPointF(end - side * head, y + 5)])
        )

    def _words(self, painter: QPainter, x: float, top: float, text: str, tone: str) -> None:
        painter.setFont(theme().font("mono_caption"))
        painter.setPen(theme().pen(tone))
        wide = QFontMetricsF(painter.font()).horizontalAdvance(text) + 4
        left = min(max(0.0, x - wide / 2), self.width() - wide)
        painter.drawText(QRectF(left, top, wide, theme().px(18)), Qt.AlignmentFlag.AlignCenter, text)
