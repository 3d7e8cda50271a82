"""The legend of a plot, in a corner of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.theme import theme

MARGIN: Final = 6


@final
class CornerLegend(QFrame):
    """Entries below each other over a corner of a plot's drawing area; they are saved with its picture."""

    def __init__(self, plot: pg.PlotWidget, entries: Sequence[QWidget]) -> None:
        super().__init__(plot)
        self._box: pg.ViewBox = plot.getPlotItem().getViewBox()
        self._high = True
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(6, 2, 6, 2)
        self._column.setSpacing(0)
        self.take(entries)
        self._box.sigResized.connect(self._place)
        theme().changed.connect(self._place)

    def take(self, entries: Sequence[QWidget]) -> None:
        """Show these, from wherever they stood; another layout may take them away again."""
        for entry in entries:
            self._column.addWidget(entry)

    def put(self, *, high: bool) -> None:
        """Choose the corner, on the right: the upper or the lower one."""
        if high != self._high:
            self._high = high
            self._place()

    def _place(self) -> None:
        self.adjustSize()
        room = self._box.sceneBoundingRect()  # a plot's scene is measured in its pixels
        top = room.top() + MARGIN if self._high else room.bottom() - self.height() - MARGIN
        self.move(max(0, round(room.right() - self.width() - MARGIN)), max(0, round(top)))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        ground = QColor(theme().color("plot"))
        ground.setAlphaF(0.78)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(ground)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
