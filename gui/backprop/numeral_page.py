"""One number of a step: what it is, its formula, the formula with numbers, and the number itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.numeralparts import Numeral
from gui.backprop.inside import Inside
from gui.backprop.lens import Shown
from gui.backprop.numeral_words import exact, hand_written, legend_of, parameter_of, title_of, told_of, why_input
from gui.backprop.page import FORMULA, phase_line
from gui.backprop.paged import PagedLens
from gui.backprop.symbols import SIGNS
from gui.backprop.write import number
from gui.document import Document
from gui.format import format_number
from gui.formula import FormulaWidget
from gui.run_feed import RunFeed
from gui.theme import theme
from gui.widgets.card import Card
from gui.widgets.labels import text_label


@final
class NumeralPage(QWidget):
    """Everything about one number.

    Attributes:
        symbols, numbers: LaTeX lines that are shown. `result`: the number with all its digits.

    Signals:
        chain_wanted(str, object): the chain rule of the weight that this is the gradient or the update of.
    """

    chain_wanted = Signal(str, object)

    def __init__(self, shown: Shown, inside: Inside, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        assert inside.numeral is not None
        step, moment, numeral = shown.step, shown.moment, inside.numeral
        self._waiting: list[tuple[FormulaWidget, tuple[str, ...]]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 8, 12, 12)
        self._column.setSpacing(6)
        self.symbols = tuple(hand_written(step, line) for line in numeral.formula)
        self.numbers = tuple(hand_written(step, line) for line in _with_result(numeral))
        self.result = exact(step, numeral.value)
        self._say(f"{SIGNS[shown.phase]} {title_of(step, moment, numeral)}", "title")
        self._say(told_of(moment, numeral), "caption")
        self._column.addWidget(phase_line(shown.phase))
        if self.symbols:
            self._well(self.tr("Formula"), self.symbols)
            self._say(legend_of(step, moment, numeral), "mono_caption")
        self._well(self.tr("With the numbers of this step"), self.numbers)
        if numeral.more:
            text = self.tr("The {0} largest terms are written out. {1} more add up to {2}.")
            self._say(text.format(len(numeral.terms), f"{numeral.more:,}", format_number(numeral.rest)), "caption")
        self._say(self.tr("exactly {0}").format(self.result), "mono_caption")
        if inside.samples > 1:
            self._say(self._of_sample(inside, bool(parameter_of(numeral.place))), "caption")
        why = why_input(step, moment, numeral)
        if why is not None:
            self._add_why(*why)
        if parameter_of(numeral.place) and numeral.kind in ("gradient", "update"):
            self._add_chain(numeral.place.name, numeral.place.index)
        self._column.addStretch(1)

    def draw_formulas(self) -> None:
        """Let the formulas be drawn. Not done at once: a cursor that only passes by would leave much to draw behind."""
        for widget, lines in self._waiting:
            widget.setMinimumHeight(0)
            widget.set_lines(lines)
        self._waiting = []

    def _of_sample(self, inside: Inside, weight: bool) -> str:
        if weight:
            return self.tr("Added up over all {0} samples of the batch.").format(inside.samples)
        return self.tr("Of sample {0} of the {1} in the batch.").format(inside.sample + 1, inside.samples)

    def _say(self, text: str, role: str) -> None:
        if text:
            label = text_label(text, role, None if role == "title" else "secondary", wrap=True)  # type: ignore[arg-type]
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._column.addWidget(label)

    def _well(self, title: str, lines: Sequence[str]) -> None:
        self._column.addWidget(text_label(title, "caption", "secondary"))
        well = Card("well", padding=10)
        widget = FormulaWidget((), FORMULA)
        widget.setMinimumHeight(theme().px(2.2 * FORMULA) * len(lines))
        self._waiting.append((widget, tuple(lines)))
        well.body.addWidget(widget)
        self._column.addWidget(well)

    def _add_why(self, title: str, text: str) -> None:
        card = Card("info", title)
        card.setObjectName("backpropWhy")
        card.body.addWidget(text_label(text, wrap=True))
        self._column.addSpacing(6)
        self._column.addWidget(card)

    def _add_chain(self, name: str, index: tuple[int, ...]) -> None:
        button = QPushButton(self.tr("Chain rule of this weight"))
        button.setObjectName("numeralChain")
        button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: self.chain_wanted.emit(name, index))
        self._column.addSpacing(6)
        self._column.addWidget(button)


def _with_result(numeral: Numeral) -> tuple[str, ...]:
    """The formula with numbers, down to the number that it gives."""
    if not numeral.numbers:
        return (f"{numeral.left} = {number(numeral.value)}",)
    return (*numeral.numbers[:-1], f"{numeral.numbers[-1]} = {number(numeral.value)}")


@final
class NumeralLens(PagedLens):
    """Fits single neurons and weights, wherever the cursor is inside of a block."""

    key = "numeral"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.page: NumeralPage | None = None

    @property
    def title(self) -> str:
        return self.tr("This number")

    @property
    def purpose(self) -> str:
        return self.tr("One neuron or one weight: its formula, with symbols and with numbers.")

    def fits(self, shown: Shown) -> bool:
        return shown.inside is not None and not shown.inside.whole

    def show_moment(self, shown: Shown) -> None:
        if shown.inside is None or shown.inside.numeral is None:  # on its way
            self.page = None
            waiting = text_label(self.tr("Fetching the numbers…"), "text", "secondary")
            waiting.setContentsMargins(12, 12, 12, 12)
            waiting.setAlignment(Qt.AlignmentFlag.AlignTop)
            self.put(waiting)
            return
        self.page = NumeralPage(shown, shown.inside)
        self.page.chain_wanted.connect(self.weight_picked)
        self.put(self.page, self.page)

    def drop(self) -> None:
        super().drop()
        self.page = None
