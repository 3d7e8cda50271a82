"""The field in which keys are pressed instead of typed."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QKeyEvent
from PySide6.QtWidgets import QKeySequenceEdit, QLineEdit, QWidget

from gui.screen_reader import tell_as


@final
class KeysField(QKeySequenceEdit):
    """Takes any keys but Escape, which takes back what was pressed, and in an empty field leaves it; Tab goes on.

    Signals:
        left(): Escape was pressed, and there was nothing to take back.
    """

    left = Signal()

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMaximumSequenceLength(1)
        tell_as(self, QAccessible.Role.HotkeyField, about=self._told)
        self.setAccessibleName(name)
        for line in self.findChildren(QLineEdit):
            line.setAccessibleName(name)

    def _told(self) -> str:
        keys = self.keySequence()
        return keys.toString() if not keys.isEmpty() else self.tr("Press the keys; Escape leaves the field")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Escape or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
        elif self.keySequence().isEmpty():
            self.left.emit()
        else:
            self.clear()
