"""What the views that show a page share: its room, and formulas that wait until the cursor rests."""

from __future__ import annotations

from typing import Final, Protocol

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.backprop.lens import Lens
from gui.document import Document
from gui.run_feed import RunFeed
from gui.widgets.scroll import VerticalScroll

REST: Final = 60
"""Milliseconds that the cursor rests on a moment before its formulas are drawn."""


class Drawn(Protocol):
    """A page whose formulas are drawn when it is looked at for a while."""

    def draw_formulas(self) -> None:
        """Draw them."""


class PagedLens(Lens):
    """A lens with one page at a time, which scrolls. Subclasses are final."""

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.room = VerticalScroll()
        self._drawn: Drawn | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._draw)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.room)

    def put(self, widget: QWidget, drawn: Drawn | None = None) -> None:
        """Show a widget in place of the one before; its formulas, as `drawn`, follow when the cursor rests."""
        self._drawn = drawn
        self.room.setWidget(widget)  # drops the one before
        self.room.verticalScrollBar().setValue(0)
        if drawn is not None:
            self._rest.start()

    def drop(self) -> None:
        self._rest.stop()
        self._drawn = None
        old = self.room.takeWidget()
        if old is not None:
            old.deleteLater()

    def _draw(self) -> None:
        if self._drawn is not None:
            self._drawn.draw_formulas()
