"""The first view of a moment: its formula, the formula with numbers, and the numbers themselves."""

from __future__ import annotations

from typing import final

from PySide6.QtWidgets import QWidget

from engine.moments import Moment, values_in
from gui.backprop.lens import Shown
from gui.backprop.numeral_words import parameter_named
from gui.backprop.page import MomentPage
from gui.backprop.paged import PagedLens
from gui.document import Document
from gui.run_feed import RunFeed


@final
class NumbersLens(PagedLens):
    """Fits every moment."""

    key = "numbers"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.page: MomentPage | None = None

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
        self.put(self.page, self.page)

    def drop(self) -> None:
        super().drop()
        self.page = None

    def _offer_chains(self, page: MomentPage, moment: Moment) -> None:
        """Numbers of parameters, and their gradients, lead to the chain rule of that weight."""
        for values in values_in(moment):
            name, view = parameter_named(moment, values), page.views.get(values.key)
            if name and view is not None:
                view.weights = True
                view.chain_wanted.connect(lambda place, name=name: self.weight_picked.emit(name, place))
