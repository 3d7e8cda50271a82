"""The legend of a plot, in a corner of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, final

from PySide6.QtCore import QEvent, QObject, QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.theme import theme

MARGIN = 10


@final
class CornerLegend(QFrame):
    """Entries below each other over the upper or lower right corner of a plot, which is saved with them."""

    def __init__(self, plot: QWidget, entries: Sequence[QWidget]) -> None:
        super().__init__(plot)
        self._plot = plot
        self._edge: Literal["top", "bottom"] = "top"
        self._foot = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 2)
        layout.setSpacing(0)
        for entry in entries:
            layout.addWidget(entry)
        plot.installEventFilter(self)
        theme().changed.connect(self._place)

    def put(self, edge: Literal["top", "bottom"], foot: int = 0) -> None:
        """Choose the corner; `foot` is the height of the axis below the drawing area."""
        self._edge, self._foot = edge, foot
        self._place()

    def _place(self) -> None:
        self.adjustSize()
        left = self._plot.width() - self.width() - MARGIN - 6
        top = MARGIN if self._edge == "top" else self._plot.height() - self._foot - self.height() - MARGIN
        self.move(max(0, left), max(0, top))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

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
