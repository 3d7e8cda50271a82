"""The panel of the backprop mode: the moment under the cursor, or what it is for, or what is in the way."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from engine.moments import Moment, Step
from gui.backprop.page import MomentPage
from gui.backprop.symbols import Arrays
from gui.widgets.empty_state import EmptyState
from gui.widgets.scroll import VerticalScroll

REST: Final = 60
"""Milliseconds that the cursor rests on a moment before its formulas are drawn."""


@final
class BackpropPanel(QWidget):
    """Shows one moment at a time.

    Signals:
        wanted(): the button of the empty panel.
    """

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("backprop")
        start = (self.tr("Step through it"), self.wanted.emit)
        self._empty = EmptyState("backprop", self.tr("One training step, taken apart"), self._purpose(), start)
        self._said = EmptyState("backprop", "")
        self._said.setObjectName("backpropMessage")
        self.room = VerticalScroll()
        self.page: MomentPage | None = None
        self.message = ""
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._draw)
        self._pages = QStackedLayout(self)
        for part in (self._empty, self._said, self.room):
            self._pages.addWidget(part)

    def _purpose(self) -> str:
        return self.tr(
            "Follow the next step through the network: forward block by block, the loss, the gradient back by the "
            "chain rule, and each update, with every number."
        )

    def show_start(self) -> None:
        """What the panel is for."""
        self._drop()
        self._pages.setCurrentWidget(self._empty)

    def say(self, title: str, text: str = "") -> None:
        """Something in the way, or in the making."""
        self._drop()
        self.message = f"{title} {text}".strip()
        self._said.set_text(title, text)
        self._pages.setCurrentWidget(self._said)

    def show_moment(self, step: Step, moment: Moment, phase: str, arrays: Arrays) -> None:
        """The moment under the cursor."""
        self.message = ""
        self.page = MomentPage(step, moment, phase, arrays)
        self.room.setWidget(self.page)  # drops the one before
        self.room.verticalScrollBar().setValue(0)
        self._pages.setCurrentWidget(self.room)
        self._rest.start()

    def _draw(self) -> None:
        if self.page is not None:
            self.page.draw_formulas()

    def _drop(self) -> None:
        self.message = ""
        self._rest.stop()
        if self.page is not None:
            self.page = None
            old = self.room.takeWidget()
            if old is not None:
                old.deleteLater()
