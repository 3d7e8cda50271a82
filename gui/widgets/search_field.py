"""A field to search by typing."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget

from gui.icons import icon


@final
class SearchField(QLineEdit):
    """A line with a magnifying glass and, when there is text, a cross. Escape clears it, then is passed on.

    Signals:
        searched(str): the text, trimmed, at each change.
        moved(int): up (-1) or down (+1) was pressed: the list below moves its selection.
    """

    searched = Signal(str)
    moved = Signal(int)

    def __init__(self, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(placeholder)
        self.addAction(icon("search", "secondary"), QLineEdit.ActionPosition.LeadingPosition)
        self._clear = QAction(icon("close", "secondary"), self.tr("Clear"), self)
        self._clear.triggered.connect(self.clear)
        self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        for button in self.findChildren(QToolButton):  # Qt makes them of the actions, and says nothing of them
            button.setAccessibleName(self._clear.text() if button.defaultAction() is self._clear else placeholder)
        self._clear.setVisible(False)
        self.textChanged.connect(self._changed)

    def _changed(self, text: str) -> None:
        self._clear.setVisible(bool(text))
        self.searched.emit(text.strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.moved.emit(-1 if event.key() == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)
