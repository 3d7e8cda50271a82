"""The small card that follows the mouse over a plot with the exact values there."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from gui.theme import set_kind, set_role


@final
class HoverCard(QLabel):
    """Plain text beside a point of its parent.

    Signals:
        left(): the mouse went away from the parent, and the card is hidden.
    """

    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._room = parent
        self.setObjectName("plotHover")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        set_kind(self, "hover")
        set_role(self, "mono_caption")
        parent.installEventFilter(self)
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Leave, QEvent.Type.Hide):
            self.hide()
            self.left.emit()
        return False

    def show_at(self, point: QPoint, text: str) -> None:
        """Show a text beside a point, inside the parent; an empty text hides it."""
        if not text:
            self.hide()
            return
        self.setText(text)
        self.adjustSize()
        room = self._room.size()
        left = point.x() + 14
        if left + self.width() > room.width() - 4:
            left = point.x() - self.width() - 14
        top = point.y() - self.height() - 6
        self.move(max(0, left), top if top >= 4 else min(point.y() + 16, room.height() - self.height() - 4))
        self.show()
        self.raise_()
