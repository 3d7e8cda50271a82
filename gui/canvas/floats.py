"""The widgets that float over the canvas: hint, problem card, search, legend, and what an empty canvas says."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from gui.canvas.card import ProblemCard
from gui.canvas.hint import HintBubble
from gui.canvas.legend import PortLegend
from gui.canvas.search import BlockSearch
from gui.settings import settings
from gui.theme import theme
from gui.widgets.empty_state import EmptyState

MARGIN = 16


@final
class Floats(QObject):
    """Makes and places them. They are children of the view, not of its viewport, which scrolls its children along.

    Signals:
        legend_hidden(): the legend's cross was pressed.
        search_closed(): the search for blocks is gone, with or without a choice.
    """

    legend_hidden = Signal()
    search_closed = Signal()

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self._folded = False
        self._empty: EmptyState | None = None
        self.legend = PortLegend(view)
        self.legend.hide_wanted.connect(self.legend_hidden)
        self.card = ProblemCard(view)
        self.hint = HintBubble(view)
        self._search: BlockSearch | None = None
        self.legend.setVisible(self.legend_wanted)
        theme().changed.connect(self.place)

    @property
    def legend_wanted(self) -> bool:
        """Whether the legend is shown, as remembered."""
        return bool(settings().value("canvas/legend", True, type=bool))

    def show_legend(self, on: bool) -> None:
        """Show or hide the legend, and remember it."""
        settings().setValue("canvas/legend", on)
        self.legend.setVisible(on and not self._folded)
        self.place()

    def fold_legend(self, folded: bool) -> None:
        """Put the legend away for a while, or back as it is remembered."""
        self._folded = folded
        self.legend.setVisible(self.legend_wanted and not folded)

    @property
    def search(self) -> BlockSearch:
        """The search for blocks, made when it is first needed."""
        if self._search is None:
            self._search = BlockSearch(self._view)
            self._search.closed.connect(self.search_closed)
        return self._search

    @property
    def is_searching(self) -> bool:
        """Whether a block is looked for."""
        return self._search is not None and not self._search.isHidden()

    def leave_search(self) -> None:
        """Close the search without a choice."""
        if self._search is not None:
            self._search.leave()

    @property
    def says_empty(self) -> bool:
        """Whether what to do on an empty canvas is said."""
        return self._empty is not None and not self._empty.isHidden()

    def set_empty(self, empty: bool) -> None:
        """Say what to do on an empty canvas; what says it is made when it is first needed."""
        if empty and self._empty is None:
            self._empty = self._make_empty()
            self.place()
        if self._empty is not None:
            self._empty.setVisible(empty)

    def _make_empty(self) -> EmptyState:
        made = EmptyState(
            "layers",
            self.tr("Draw a network here"),
            self.tr(
                "Drag blocks from the left, or press Tab to search. Drag from dot to dot to connect them.\n"
                "Or open an example: File ▸ Examples."
            ),
            parent=self._view,
        )
        made.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        made.stackUnder(self.legend)
        return made

    def place(self) -> None:
        """Put what has a fixed place there again."""
        width, height = self._view.width(), self._view.height()
        self.legend.adjustSize()
        self.legend.move(MARGIN, height - self.legend.height() - MARGIN)
        if self._empty is not None:
            wide, high = min(theme().px(440), width - 2 * MARGIN), min(theme().px(200), height)
            self._empty.setGeometry((width - wide) // 2, (height - high) // 2, wide, high)
