"""Short messages on the canvas, near what they are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.canvas.stage import HintAction
from gui.theme import restyle, set_kind, theme

WIDTH: Final = 300
_OFFSET: Final = QPoint(14, 18)


@final
class HintBubble(QFrame):
    """One message at a time: why a wire is refused, why a name cannot be. Plain text; buttons where something helps."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("canvasHint")
        self._view = parent
        set_kind(self, "error")
        self._text = QLabel(self)
        self._text.setObjectName("canvasHintText")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._buttons = QWidget(self)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._buttons)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(10, 8, 10, 8)
        self._column.setSpacing(8)
        self._column.addWidget(self._text)
        self._column.addWidget(self._buttons)
        self._actions: tuple[str, ...] = ()
        self.hide()

    @property
    def text(self) -> str:
        """What is said now; "" when nothing is."""
        return "" if self.isHidden() else self._text.text()

    @property
    def lasting(self) -> bool:
        """Whether it offers something, and so waits to be answered."""
        return not self.isHidden() and bool(self._actions)

    def buttons(self) -> list[QPushButton]:
        """The buttons shown."""
        return [] if self.isHidden() else self._buttons.findChildren(QPushButton)

    def say(self, text: str, at: QPointF, actions: Sequence[HintAction] = (), *, severity: str = "error") -> None:
        """Show a message at a place of the viewport until something else happens."""
        news = text != self.text
        restyle(self, "kind", severity)
        # While it only tells, it must not come between the pointer and the canvas.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not actions)
        if news or tuple(label for label, _ in actions) != self._actions:
            self._text.setText(text)
            self._set_actions(actions)
            width = min(theme().px(WIDTH), max(self._text.fontMetrics().horizontalAdvance(text) + 24, theme().px(160)))
            self.setFixedWidth(width)
            self._turn_row(width - 20)
            self._column.activate()
            self.setFixedHeight(self._column.totalHeightForWidth(width))
        self._place(at)
        self.show()
        self.raise_()
        if news:
            event = QAccessibleAnnouncementEvent(self, text)
            QAccessible.updateAccessibility(event)

    def hush(self) -> None:
        """Take it away."""
        if not self.isHidden():
            self.hide()
            self._set_actions(())

    def _set_actions(self, actions: Sequence[HintAction]) -> None:
        for button in self._buttons.findChildren(QPushButton):
            self._row.removeWidget(button)
            button.hide()
            button.setParent(None)
            button.deleteLater()
        while self._row.count():
            self._row.takeAt(0)
        self._actions = tuple(label for label, _ in actions)
        for index, (label, call) in enumerate(actions):
            button = QPushButton(label, self._buttons)
            set_kind(button, "danger" if index == 0 else "quiet")
            button.clicked.connect(lambda _=False, call=call: self._act(call))
            self._row.addWidget(button)
        self._row.addStretch(1)
        self._buttons.setVisible(bool(actions))

    def _act(self, call: Callable[[], object]) -> None:
        self._view.setFocus()  # the button goes, and Space would press what Qt gives its focus to
        call()

    def _turn_row(self, width: int) -> None:
        """Buttons whose words do not fit beside each other stand below each other."""
        buttons = self._buttons.findChildren(QPushButton)
        wanted = sum(button.sizeHint().width() + self._row.spacing() for button in buttons)
        fits = wanted <= width
        direction = QBoxLayout.Direction
        self._row.setDirection(direction.LeftToRight if fits else direction.TopToBottom)
        for button in buttons:
            side = Qt.AlignmentFlag.AlignVCenter if fits else Qt.AlignmentFlag.AlignLeft
            self._row.setAlignment(button, side)

    def _place(self, at: QPointF) -> None:
        room = self._view.rect().adjusted(8, 8, -8, -8)
        place = at.toPoint() + _OFFSET
        x = min(max(place.x(), room.left()), max(room.right() - self.width(), room.left()))
        y = place.y()
        if y + self.height() > room.bottom():
            y = at.toPoint().y() - _OFFSET.y() - self.height()
        self.move(x, max(y, room.top()))
