"""The tour of a first start: draw, play, look inside. Three cards, never shown again unless asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.settings import settings
from gui.theme import set_kind, set_role, set_tone, theme

WIDTH = 340


@final
class Tour(QObject):
    """Shows one card a step beside the part it speaks of."""

    def __init__(
        self, window: QWidget, drawing: Sequence[QWidget], transport: QWidget, panels: Sequence[QWidget]
    ) -> None:
        super().__init__(window)
        self._window, self._parts = window, (list(drawing), [transport], list(panels))
        self._overlay: _Overlay | None = None

    def offer(self) -> None:
        """Begin, if this is the first start."""
        if not settings().value("tour/seen", False, type=bool):
            self.begin()

    def begin(self) -> None:
        """Show the first card."""
        settings().setValue("tour/seen", True)
        self.end()
        drawing, transport, panels = self._parts
        steps = [
            (
                drawing,
                self.tr("Draw"),
                self.tr(
                    "A network is blocks and wires. Drag a block from the list, or press Tab on the canvas and type "
                    "its name. Drag from one dot to another to connect them. What does not fit says why."
                ),
            ),
            (
                transport,
                self.tr("Play"),
                self.tr(
                    "Play trains the network on real data while you watch. Step goes one sample, batch or epoch at a "
                    "time. You can change the learning rate, even the graph, while it runs."
                ),
            ),
            (
                panels,
                self.tr("Look inside"),
                self.tr(
                    "Loss, gradients, weights and output move as the network learns. Select a block to see its formula "
                    "and its numbers. More networks are under File ▸ Examples."
                ),
            ),
        ]
        self._overlay = _Overlay(self._window, steps, self.end)
        self._overlay.show_step(0)

    @property
    def step(self) -> int | None:
        """The card now shown, from 0; None when there is none."""
        return self._overlay.index if self._overlay is not None else None

    def end(self) -> None:
        """Take the card away."""
        if self._overlay is not None:
            overlay, self._overlay = self._overlay, None
            if overlay.isAncestorOf(overlay.window().focusWidget()):
                self._parts[0][0].setFocus(Qt.FocusReason.OtherFocusReason)  # where the first card said to begin
            overlay.hide()
            overlay.deleteLater()


@final
class _Overlay(QWidget):
    """Dims the window but for the part a card speaks of."""

    def __init__(self, window: QWidget, steps: list[tuple[list[QWidget], str, str]], done: Callable[[], None]) -> None:
        super().__init__(window)
        self._window = window
        self.setObjectName("tour")
        self._steps, self._done = steps, done
        self.index = 0
        self._card = QFrame(self)
        set_kind(self._card, "toast")
        self._count, self._title, self._text = QLabel(), QLabel(), QLabel()
        self._back = QPushButton(self.tr("Back"))
        self._skip = QPushButton(self.tr("Skip"))
        self._next = QPushButton(self.tr("Next"))
        self._next.setObjectName("tourNext")
        self._lay_out()
        window.installEventFilter(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _lay_out(self) -> None:
        set_role(self._count, "caption")
        set_tone(self._count, "secondary")
        set_role(self._title, "title")
        self._text.setWordWrap(True)
        set_kind(self._skip, "quiet")
        set_kind(self._next, "primary")
        self._next.clicked.connect(lambda: self.show_step(self.index + 1))
        self._back.clicked.connect(lambda: self.show_step(self.index - 1))
        self._skip.clicked.connect(self._finish)
        buttons = QHBoxLayout()
        buttons.addWidget(self._skip)
        buttons.addStretch(1)
        buttons.addWidget(self._back)
        buttons.addWidget(self._next)
        column = QVBoxLayout(self._card)
        column.setContentsMargins(20, 16, 20, 16)
        column.setSpacing(8)
        for label in (self._count, self._title, self._text):
            column.addWidget(label)
        column.addSpacing(8)
        column.addLayout(buttons)

    def _finish(self) -> None:
        self._done()

    def show_step(self, index: int) -> None:
        """Show one card; past the last the tour ends."""
        if index >= len(self._steps):
            self._finish()
            return
        self.index = index
        _, title, text = self._steps[index]
        self._count.setText(self.tr("{0} of {1}").format(index + 1, len(self._steps)))
        self._title.setText(title)
        self._text.setText(text)
        self._back.setVisible(index > 0)
        self._next.setText(self.tr("Done") if index == len(self._steps) - 1 else self.tr("Next"))
        self._place()
        self.show()
        self.raise_()
        self._next.setAccessibleDescription(f"{self._count.text()}: {title}. {text}")
        self._next.setFocus()

    def _holes(self) -> list[QRect]:
        """What stays bright: the parts of this step that are seen. If none is, the card speaks for itself."""
        parts = [part for part in self._steps[self.index][0] if not part.visibleRegion().isEmpty()]
        places = (QRect(part.mapTo(self._window, QPoint(0, 0)), part.size()) for part in parts)
        return [place.adjusted(2, 2, -2, -2) for place in places]

    def _anchor(self) -> QRect:
        """What the card stands beside: the largest of the bright parts."""
        middle = QRect(self._window.rect().center(), QSize(0, 0))
        return max(self._holes(), key=lambda place: place.width() * place.height(), default=middle)

    def _place(self) -> None:
        self.setGeometry(self._window.rect())
        self._card.setFixedWidth(theme().px(WIDTH))
        self._text.setMinimumHeight(self._text.heightForWidth(theme().px(WIDTH) - 40))
        self._card.adjustSize()
        hole, size = self._anchor(), self._card.size()
        x = min(max(hole.center().x() - size.width() // 2, 16), self.width() - size.width() - 16)
        below, above = hole.bottom() + 16, hole.top() - size.height() - 16
        if below + size.height() < self.height() - 16:
            y = below
        elif above > 16:
            y = above
        else:
            y = hole.bottom() - size.height() - 16
        self._card.move(x, y)
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._finish()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            (self._skip if self._skip.hasFocus() else self._back if self._back.hasFocus() else self._next).click()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab stays on the card: what is dimmed takes no part."""
        turn = [button for button in (self._skip, self._back, self._next) if not button.isHidden()]
        here = next((index for index, button in enumerate(turn) if button.hasFocus()), -1)
        turn[(here + (1 if forward else -1)) % len(turn)].setFocus(Qt.FocusReason.TabFocusReason)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        path = QPainterPath()
        path.addRect(self.rect().toRectF())
        bright = QPainterPath()
        for place in self._holes():
            hole = QPainterPath()
            hole.addRoundedRect(place.toRectF(), 8, 8)
            bright = bright.united(hole)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(path.subtracted(bright), QColor(0, 0, 0, 140 if theme().is_dark else 90))
        painter.setPen(theme().pen("accent", 2))
        painter.drawPath(bright)
