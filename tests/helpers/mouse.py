"""A mouse whose moves arrive: the offscreen platform has no pointer to move."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget


def move_mouse(widget: QWidget, to: QPoint | QPointF, buttons: Qt.MouseButton = Qt.MouseButton.NoButton) -> None:
    """Move to a place of the widget, with these buttons held."""
    place = QPointF(to)
    everywhere = QPointF(widget.mapToGlobal(place.toPoint()))
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, place, everywhere, none, buttons, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)
