"""The question at a clicked place of the surface: shall the training go on from there?"""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.theme import set_kind
from gui.widgets.labels import text_label


@final
class StartCard(QFrame):
    """Floats over its parent. Escape, or a click on the other button, leaves everything as it is.

    Signals:
        agreed(float, float): start from that place.
        closed(): it is gone, whatever was answered.
    """

    agreed = Signal(float, float)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        set_kind(self, "toast")
        self.setObjectName("startHere")
        self._room = parent
        self._place = (0.0, 0.0)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        self._where = text_label("", "mono_caption")
        self._what = text_label("", "caption", "secondary", wrap=True)
        self._what.setMinimumWidth(200)
        self.button = QPushButton(self.tr("Start from here"))
        set_kind(self.button, "primary")
        self._leave = QPushButton(self.tr("Leave"))
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.button)
        row.addWidget(self._leave)
        row.addStretch(1)
        column.addWidget(self._where)
        column.addWidget(self._what)
        column.addLayout(row)
        self.button.clicked.connect(self._agree)
        self._leave.clicked.connect(self.leave)
        self.hide()

    def ask(self, x: float, y: float, words: str, undo: str, at: QPoint) -> None:
        """Ask about a place.

        Args:
            x: and
            y: of the place, in units of the axes.
            words: what is known of it.
            undo: how to come back.
            at: the place, in the parent's pixels.
        """
        self._place = (x, y)
        self._where.setText(words)
        self._what.setText(undo)
        self.adjustSize()
        room = self._room.rect()
        left = at.x() + 12 if at.x() + 12 + self.width() <= room.width() else at.x() - 12 - self.width()
        left = min(max(left, 4), max(4, room.width() - self.width() - 4))
        top = min(max(at.y() - self.height() // 2, 4), max(4, room.height() - self.height() - 4))
        self.move(left, top)
        self.show()
        self.raise_()
        self.button.setFocus(Qt.FocusReason.PopupFocusReason)

    def leave(self) -> None:
        """Close it."""
        if not self.isHidden():
            self.hide()
            self.closed.emit()

    def _agree(self) -> None:
        self.leave()
        self.agreed.emit(*self._place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.button.hasFocus():
            self._agree()
        else:
            super().keyPressEvent(event)
