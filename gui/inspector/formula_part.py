"""The mathematics of a block: forward, backward, and what the symbols mean."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from engine.recipe import Formula
from gui.formula import FormulaWidget
from gui.theme import theme
from gui.widgets.card import Card
from gui.widgets.labels import text_label
from gui.widgets.section import Section

SYMBOL_SIZE: Final = 13
SYMBOL_WIDTH: Final = 44


@final
class FormulaPart(QWidget):
    """A section with the formulas of a block in wells and a list of their symbols."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        section = Section(self.tr("Formula"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(section)
        self.body = section.body
        self._shown: Formula | None = None
        self._forward, self._backward = FormulaWidget(), FormulaWidget()
        well, self._back_well = Card(kind="well"), Card(kind="well")
        well.body.addWidget(self._forward)
        self._back_well.body.addWidget(self._backward)
        self._back_title = text_label(
            self.tr("Backwards: what the chain rule passes on"), "caption", "secondary", wrap=True
        )
        self._symbols = QWidget()
        self._source = text_label("", "caption", "secondary", wrap=True)
        for part in (well, self._back_title, self._back_well, self._symbols, self._source):
            self.body.addWidget(part)

    def show_formula(self, formula: Formula) -> None:
        """Show the mathematics for a block's present parameters."""
        if formula == self._shown:
            return
        before, self._shown = self._shown, formula
        self._forward.set_lines(formula.forward)
        self._backward.set_lines(formula.backward)
        for widget in (self._back_title, self._back_well):
            widget.setVisible(bool(formula.backward))
        self._source.setText(formula.source)
        self._source.setVisible(bool(formula.source))
        if before is None or before.symbols != formula.symbols:
            self._list_symbols(formula.symbols)

    def _list_symbols(self, symbols: tuple[tuple[str, str], ...]) -> None:
        old = self._symbols
        self._symbols = QWidget()
        grid = QGridLayout(self._symbols)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (symbol, meaning) in enumerate(symbols):
            mark = FormulaWidget(symbol, SYMBOL_SIZE)
            mark.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            mark.set_color("secondary")
            mark.setFixedWidth(theme().px(SYMBOL_WIDTH))
            grid.addWidget(mark, row, 0)
            grid.addWidget(text_label(meaning, "caption", "secondary", wrap=True), row, 1)
        self.body.replaceWidget(old, self._symbols)
        old.hide()  # it goes only when the event loop is back, and must not be seen over the new one
        old.deleteLater()
