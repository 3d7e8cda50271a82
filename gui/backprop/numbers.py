"""The first view of a moment: its formula, the formula with numbers, and the numbers themselves."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.moments import Moment, values_in
from gui.backprop.lens import Lens, Shown
from gui.backprop.numeral_words import parameter_named
from gui.backprop.page import MomentPage
from gui.document import Document
from gui.run_feed import RunFeed
from gui.widgets.scroll import VerticalScroll

REST: Final = 60
"""Milliseconds that the cursor rests on a moment before its formulas are drawn."""


@final
class NumbersLens(Lens):
    """Fits every moment."""

    key = "numbers"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.room = VerticalScroll()
        self.page: MomentPage | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._draw)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.room)

    @property
    def title(self) -> str:
        return self.tr("Numbers")

    @property
    def purpose(self) -> str:
        return self.tr("The formula, the formula with numbers, and every number.")

    def fits(self, _shown: Shown) -> bool:
        return True

    def show_moment(self, shown: Shown) -> None:
        self.page = MomentPage(shown.step, shown.moment, shown.phase, shown.arrays)
        self._offer_chains(self.page, shown.moment)
        self.room.setWidget(self.page)  # drops the one before
        self.room.verticalScrollBar().setValue(0)
        self._rest.start()

    def drop(self) -> None:
        self._rest.stop()
        if self.page is not None:
            self.page = None
            old = self.room.takeWidget()
            if old is not None:
                old.deleteLater()

    def _offer_chains(self, page: MomentPage, moment: Moment) -> None:
        """Numbers of parameters, and their gradients, lead to the chain rule of that weight."""
        for values in values_in(moment):
            name, view = parameter_named(moment, values), page.views.get(values.key)
            if name and view is not None:
                view.weights = True
                view.chain_wanted.connect(lambda place, name=name: self.weight_picked.emit(name, place))

    def _draw(self) -> None:
        if self.page is not None:
            self.page.draw_formulas()
