"""One notice as a card."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QEnterEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.icons import icon
from gui.notices import Notice
from gui.screen_reader import tell_as
from gui.theme import set_kind, set_role, theme
from gui.widgets.wrap_row import WrapRow

ICONS: Final = {
    "info": ("info", "accent_text"),
    "success": ("success", "success_text"),
    "warning": ("warning", "warning_text"),
    "error": ("error", "error_text"),
}

TIME_TO_DECIDE: Final = 10_000
"""More milliseconds for news that offer something to do: it can be done elsewhere, and they cover what is below."""


def reading_time_ms(notice: Notice) -> int:
    """How long a notice stays by itself: time to read it, more where it offers something; 0 is for good."""
    if notice.level in ("warning", "error"):
        return 0
    reading = 4000 + 60 * len(notice.text)
    return reading + TIME_TO_DECIDE if notice.actions else reading


@final
class ToastCard(QFrame):
    """One notice. It stays while the pointer is over it or the keyboard in it; Escape closes it."""

    closed = Signal()

    def __init__(self, notice: Notice, parent: QWidget) -> None:
        super().__init__(parent)
        self.notice = notice
        self._count = 1
        self._closed = False
        self.setObjectName("toast")
        set_kind(self, "toast" if notice.level in ("info", "success") else notice.level)
        tell_as(self, QAccessible.Role.AlertMessage)
        self.setAccessibleName(notice.text)
        self._text = QLabel(notice.text)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._time_up)
        self._start_timer()

    def _build(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(10)
        name, color = ICONS[self.notice.level]
        mark = QLabel()
        mark.setPixmap(icon(name, color).pixmap(theme().px(18)))
        mark.setFixedHeight(theme().px(24))
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        body = QVBoxLayout()
        body.setContentsMargins(0, 4, 0, 4)
        body.setSpacing(8)
        body.addWidget(self._text)
        self._details = self._make_details()
        if self._details is not None:
            body.addWidget(self._details)
        buttons = self._make_buttons()
        if buttons is not None:
            body.addLayout(buttons)
        layout.addLayout(body, 1)
        close = QToolButton()
        close.setObjectName("toastClose")
        close.setIcon(icon("close", "secondary"))
        close.setAccessibleName(self.tr("Close"))
        close.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_kind(close, "small")
        close.clicked.connect(self.close_card)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def _make_details(self) -> QPlainTextEdit | None:
        if not self.notice.details:
            return None
        details = QPlainTextEdit(self.notice.details)
        details.setReadOnly(True)
        details.setVisible(False)
        details.setFixedHeight(theme().px(120))
        set_role(details, "mono_caption")
        return details

    def _make_buttons(self) -> WrapRow | None:
        if not self.notice.actions and self._details is None:
            return None
        row = WrapRow(8)  # two long ones do not fit beside each other
        kinds = {"error": "danger", "warning": "caution"}
        for label, call in self.notice.actions:
            button = QPushButton(label)
            set_kind(button, kinds.get(self.notice.level, ""))
            button.clicked.connect(lambda _checked=False, call=call: self._act(call))
            row.addWidget(button)
        if self._details is not None:
            show = QPushButton(self.tr("Details"))
            show.setCheckable(True)
            set_kind(show, "quiet")
            show.toggled.connect(self._show_details)
            row.addWidget(show)
        return row

    def _act(self, call: object) -> None:
        self.close_card()
        assert callable(call)
        call()

    def _show_details(self, shown: bool) -> None:
        if self._details is not None:
            self._details.setVisible(shown)
            self.updateGeometry()

    def _start_timer(self) -> None:
        duration = reading_time_ms(self.notice)
        if duration and not self._closed:
            self._timer.start(duration)

    def _time_up(self) -> None:
        focus = QApplication.focusWidget()
        if focus is not None and self.isAncestorOf(focus):
            self._start_timer()
        else:
            self.close_card()

    def repeat(self) -> None:
        """The same message came again."""
        self._count += 1
        self._text.setText(f"{self.notice.text}  ×{self._count}")
        self._start_timer()

    def close_card(self) -> None:
        """Goes away."""
        self._closed = True
        self._timer.stop()
        self.closed.emit()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._start_timer()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_card()
        else:
            super().keyPressEvent(event)
