"""What an empty panel shows instead: what it is for and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.icons import pixmap
from gui.theme import theme
from gui.widgets.labels import text_label
from gui.widgets.scroll import VerticalScroll


@final
class EmptyState(QWidget):
    """An icon, a title, a sentence or two, and at most one button. Where room is scarce, no icon; then it scrolls."""

    def __init__(
        self,
        icon_name: str,
        title: str,
        text: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._mark = QLabel()
        self._mark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._title = text_label(title, "strong", wrap=True)
        self._title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._text = text_label(text, "text", "secondary", wrap=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._name()
        if not text:
            self._text.hide()  # not by setVisible(True): without a parent yet, it would be a window for a moment
        words = QWidget()
        layout = self._column = QVBoxLayout(words)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(6)
        layout.addStretch(1)
        layout.addWidget(self._mark)
        layout.addSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        self._button: QPushButton | None = None
        self._call: Callable[[], object] | None = None
        self.set_action(action)
        layout.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(VerticalScroll(words))
        theme().changed.connect(self._draw_mark)
        self._draw_mark()

    def set_text(self, title: str, text: str = "") -> None:
        """Says something else."""
        if (title, text) == (self._title.text(), self._text.text()):
            return
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._name()
        self._make_room()

    def set_action(self, action: tuple[str, Callable[[], object]] | None) -> None:
        """Offers something else, or nothing."""
        label, self._call = action if action is not None else ("", None)
        if self._button is None:
            if action is None:
                return
            self._button = QPushButton()
            self._button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            self._button.clicked.connect(lambda _checked=False: self._call() if self._call is not None else None)
            place = self._column.indexOf(self._text) + 1
            self._column.insertSpacing(place, 6)
            self._column.insertWidget(place + 1, self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        self._button.setText(label)
        self._button.setHidden(action is None)
        self._make_room()

    def _name(self) -> None:
        """For a screen reader: Qt gives it the focus where it takes the place of what had it."""
        self.setAccessibleName(self._title.text())
        self.setAccessibleDescription(self._text.text())

    def _draw_mark(self) -> None:
        self._mark.setPixmap(pixmap(self._icon_name, theme().px(32), "disabled", self.devicePixelRatioF()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Show the icon where the words leave room for it."""
        least = self._column.totalHeightForWidth(self.width())
        mark = self._mark.sizeHint().height() + self._column.spacing()
        words = least - (0 if self._mark.isHidden() else mark)
        self._mark.setHidden(words + mark > self.height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._draw_mark()
        return super().event(event)
