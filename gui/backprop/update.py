"""The update view: one weight through the optimizer, from its gradient to its step."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from engine.moments import Update
from gui.backprop.array_view import ArrayView
from gui.backprop.lens import Lens, Shown
from gui.backprop.symbols import Array, with_numbers
from gui.backprop.update_arrow import UpdateArrow
from gui.backprop.update_entry import Entry, entry_of, share, size_words
from gui.document import Document
from gui.format import format_exact, format_number
from gui.formula import FormulaWidget
from gui.run_feed import RunFeed
from gui.theme import theme
from gui.widgets.card import Card
from gui.widgets.labels import plain_tooltip, text_label
from gui.widgets.segmented import Segmented

_NAMES: Final = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "adadelta": "Adadelta",
}
_DIGITS: Final = 6


@final
class UpdateLens(Lens):
    """Fits every update of a parameter.

    Attributes:
        index: of the weight that is written out; `entry` is what happens to it.
    """

    key = "update"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self._shown: Shown | None = None
        self.index: tuple[int, ...] = ()
        self.entry: Entry | None = None
        self.view: ArrayView | None = None
        self.headline = text_label("", "title", wrap=True)
        self.moved = text_label("", wrap=True)
        self.which = Segmented([("step", "Δw"), ("gradient", "∂L/∂w"), ("before", "w"), ("after", "w′")], "step")
        self.which.setAccessibleName(self.tr("Which numbers of the parameter are shown"))
        self.which.changed.connect(lambda _key: self._draw_array())
        self._holder = QVBoxLayout()
        self.name = text_label("", "strong", wrap=True)
        self.arrow = UpdateArrow()
        self.ratio = text_label("", wrap=True)
        self.formula = FormulaWidget((), 15)
        self._well = Card("well", padding=10)
        self._well.body.addWidget(self.formula)
        self._table = QWidget()
        self._table.setMaximumWidth(theme().px(480))
        self.cells: list[tuple[QLabel, QLabel, QLabel]] = []
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)
        self._lay_out()

    def _lay_out(self) -> None:
        column = self.lay_out_page()
        column.addWidget(self.headline)
        column.addWidget(self.moved)
        column.addWidget(self.which)
        column.addLayout(self._holder)
        column.addSpacing(4)
        for part in (self.name, self.arrow, self.ratio, self._table, self._well):
            column.addWidget(part)
        column.addStretch(1)

    @property
    def title(self) -> str:
        return self.tr("Update")

    @property
    def purpose(self) -> str:
        return self.tr("One weight through the optimizer: gradient, what is remembered, the step and its size.")

    def fits(self, shown: Shown) -> bool:
        return isinstance(shown.moment, Update) and shown.moment.before.size > 0

    def show_moment(self, shown: Shown) -> None:
        moment = shown.moment
        assert isinstance(moment, Update)
        before = self._shown.moment if self._shown is not None else None
        self._shown = shown
        if not isinstance(before, Update) or before.parameter != moment.parameter:
            self.index = (0,) * len(moment.before.shape)
        kind = _NAMES.get(moment.optimizer, moment.optimizer)
        if moment.hyper.get("nesterov") and moment.hyper.get("momentum"):
            kind = self.tr("{0} with Nesterov momentum").format(kind)
        elif moment.hyper.get("momentum"):
            kind = self.tr("{0} with momentum").format(kind)
        self.headline.setText(f"{moment.parameter} · {kind}")
        if moment.applied is None:
            self.moved.setText(self.tr("Not updated in this step: it is frozen, or belongs to another phase."))
        else:
            self.moved.setText(size_words(shown, moment))
        self._draw_array()
        self._draw_entry()

    def drop(self) -> None:
        self._shown = self.entry = None
        self._drop_view()

    # -- drawing --

    def _array(self, shown: Shown, moment: Update) -> Array:
        key = self.which.value()
        if key == "gradient":
            return shown.array(moment.gradient.total)
        if key == "step":
            with np.errstate(invalid="ignore", over="ignore"):
                return np.asarray(shown.array(moment.after) - shown.array(moment.before))
        return shown.array(moment.before if key == "before" else moment.after)

    def _draw_array(self) -> None:
        shown = self._shown
        if shown is None or not isinstance(shown.moment, Update):
            return
        self._drop_view()
        names = {"step": "Δw", "gradient": "∂L/∂w", "before": "w", "after": "w′"}
        self.view = ArrayView(self._array(shown, shown.moment), names[self.which.value()])
        self.view.setObjectName("updateArray")
        self.view.picked.connect(self.pick)
        self._holder.addWidget(self.view)

    def _drop_view(self) -> None:
        if self.view is not None:
            self._holder.removeWidget(self.view)
            self.view.hide()
            self.view.deleteLater()
            self.view = None

    def pick(self, index: tuple[int, ...]) -> None:
        """Write out another weight."""
        self.index = index
        self._draw_entry()

    def _draw_entry(self) -> None:
        shown = self._shown
        if shown is None or not isinstance(shown.moment, Update):
            return
        moment = shown.moment
        self.entry = entry = entry_of(shown, moment, self.index)
        place = ", ".join(str(each + 1) for each in self.index)
        self.name.setText(self.tr("w[{0}], click a number above for another").format(place) if place else "w")
        self.arrow.show_entry(entry)
        self.ratio.setText(self._ratio_words(entry))
        self._fill_table(entry)
        lines = [line.latex for line in with_numbers(shown.step, moment, shown.arrays, {"w'": self.index})]
        self.formula.set_lines([*moment.formula.lines, *lines] if moment.applied is not None else ())
        self._well.setVisible(moment.applied is not None)

    def _ratio_words(self, entry: Entry) -> str:
        if entry.step == 0:
            return self.tr("This weight does not move.")
        if entry.before == 0:
            return self.tr("The weight was 0 before.")
        text = self.tr("|Δw| / |w| = {0}: it moves by {1} of its size.")
        return text.format(format_number(entry.ratio), share(entry.ratio))

    def _fill_table(self, entry: Entry) -> None:
        while len(self.cells) < len(entry.rows):
            row = len(self.cells)
            symbol, words = text_label("", "mono_caption"), text_label("", "caption", "secondary", wrap=True)
            number = text_label("", "mono_caption")
            number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.cells.append((symbol, words, number))
            for column, cell in enumerate(self.cells[-1]):
                self._grid.addWidget(cell, row, column)
        for at, cells in enumerate(self.cells):
            seen = at < len(entry.rows)
            for cell in cells:
                cell.setVisible(seen)
            if not seen:
                continue
            line = entry.rows[at]
            cells[0].setText(line.symbol)
            cells[1].setText(line.words)
            now, exact = format_number(line.value, _DIGITS), format_exact(line.value)
            if line.before is None:
                cells[2].setText(now)
                cells[2].setToolTip(plain_tooltip(f"{line.symbol} = {exact}"))
            else:
                cells[2].setText(f"{format_number(line.before, _DIGITS)} → {now}")
                cells[2].setToolTip(plain_tooltip(f"{format_exact(line.before)} → {exact}"))
