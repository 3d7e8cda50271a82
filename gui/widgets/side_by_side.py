"""Two parts beside each other, or below each other where it is narrow."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget


@final
class SideBySide(QWidget):
    """Its least width is that of the wider part; it stands on end where both together do not fit."""

    def __init__(self, first: QWidget, second: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = (first, second)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(12)
        for part in self._parts:
            self._row.addWidget(part, 1)

    def minimumSizeHint(self) -> QSize:
        first, second = (part.minimumSizeHint() for part in self._parts)
        return first.expandedTo(second)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._turn()
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._turn()
        return super().event(event)

    def _turn(self) -> None:
        wide = sum(part.minimumSizeHint().width() for part in self._parts) + self._row.spacing()
        beside = self.width() >= wide
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
