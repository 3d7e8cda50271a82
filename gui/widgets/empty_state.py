"""What an empty panel shows instead: what it is for and what to do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.icons import pixmap
from gui.theme import theme
from gui.widgets.labels import text_label


@final
class EmptyState(QWidget):
    """An icon, a title, a sentence or two, and at most one button."""

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
        self._text.setVisible(bool(text))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(6)
        layout.addStretch(1)
        layout.addWidget(self._mark)
        layout.addSpacing(4)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        if action is not None:
            label, call = action
            button = QPushButton(label)
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _checked=False: call())
            layout.addSpacing(6)
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(1)
        theme().changed.connect(self._draw_mark)
        self._draw_mark()

    def set_text(self, title: str, text: str = "") -> None:
        """Says something else."""
        self._title.setText(title)
        self._text.setText(text)
        self._text.setVisible(bool(text))

    def _draw_mark(self) -> None:
        self._mark.setPixmap(pixmap(self._icon_name, theme().px(32), "disabled", self.devicePixelRatioF()))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._draw_mark()
        return super().event(event)
