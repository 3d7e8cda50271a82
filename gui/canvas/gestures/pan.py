"""Panning: the drawing goes with the pointer."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QPointF, Qt

from gui.canvas.gestures.base import At, Cancel, Gesture


@final
class Pan(Gesture):
    """With the middle button, or the left one while the space bar is down."""

    cursor = Qt.CursorShape.ClosedHandCursor
    scrolls = False

    _start = QPointF()
    _last = QPointF()

    def begin(self, at: At) -> None:
        self._start = self._last = at.view

    def move(self, at: At) -> None:
        way = at.view - self._last
        self._last = at.view
        self.stage.camera.pan(way.x(), way.y())

    def finish(self, at: At) -> bool:
        self.move(at)
        return True

    def cancel(self, reason: Cancel) -> None:
        way = self._start - self._last
        self.stage.camera.pan(way.x(), way.y())
