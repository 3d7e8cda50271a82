"""What the panel says of one moment: formula, formula with numbers, and the numbers themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.moments import Moment, Step, Values
from gui.backprop.array_view import ArrayView
from gui.backprop.parts import Fault, Formulas, Numbers, Said, array_of, only_examples, parts_of
from gui.backprop.symbols import COLORS, SIGNS, Arrays, symbol_of, with_numbers
from gui.backprop.words import headline, range_words, shape_words, told
from gui.fonts import Role
from gui.format import format_exact, format_integer
from gui.formula import FormulaWidget
from gui.mathtext import formula_ready
from gui.theme import theme
from gui.widgets.card import Card
from gui.widgets.labels import plain_tooltip, text_label

FORMULA: int = 15


def _tr(text: str) -> str:
    return QCoreApplication.translate("BackpropPage", text)


@final
class MomentPage(QWidget):
    """One moment. Picking a number below writes that number out above."""

    def __init__(self, step: Step, moment: Moment, phase: str, arrays: Arrays, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.step, self.moment, self._arrays = step, moment, arrays
        self.views: dict[str, ArrayView] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 8, 12, 12)
        self._column.setSpacing(6)
        title = text_label(f"{SIGNS[phase]} {headline(moment)}", "title", wrap=True)
        title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._column.addWidget(title)
        self._column.addWidget(text_label(told(moment), "caption", "secondary", wrap=True))
        self._worked: FormulaWidget | None = None
        self._lines: tuple[str, ...] = ()
        self._waiting: list[tuple[FormulaWidget, tuple[str, ...]]] = []
        self._column.addWidget(phase_line(phase))
        for part in parts_of(step, moment, arrays):
            match part:
                case Said():
                    self._say(part)
                case Fault():
                    self._fault(part)
                case Formulas():
                    self._formulas(part)
                case Numbers():
                    self._values(part.title, part.values, part.indent)
        self._column.addStretch(1)

    @property
    def worked_lines(self) -> tuple[str, ...]:
        """The formulas with numbers, as LaTeX."""
        return self._lines

    def draw_formulas(self) -> None:
        """Let the formulas be drawn. Not done at once: a cursor that only passes by would leave much to draw behind."""
        for widget, lines in self._waiting:
            widget.set_lines(lines)
        self._waiting = []

    # -- parts --

    def _say(self, said: Said) -> None:
        if said.look == "text":
            self._column.addWidget(text_label(said.text, wrap=True))
            return
        role: Role = "caption" if said.look == "quiet" else "mono_caption"
        label = text_label(said.text, role, "secondary", wrap=True)
        if said.look == "exact":
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        self._column.addWidget(label)

    def _fault(self, fault: Fault) -> None:
        card = Card("error", fault.title)
        card.setObjectName("backpropError")
        card.body.addWidget(text_label(fault.text, wrap=True))
        card.body.addWidget(text_label(fault.after, "caption", "secondary", wrap=True))
        self._column.addWidget(card)

    def _formulas(self, part: Formulas) -> None:
        well = self._well(part.title, part.lines)
        if not part.worked:
            return
        self._lines = part.lines
        self._worked = well
        well.setObjectName("backpropNumbers")
        if only_examples(self.moment):
            text = _tr("Examples. Click a number below to write out that one.")
            self._column.addWidget(text_label(text, "caption", "secondary", wrap=True))

    def _well(self, title: str, lines: Sequence[str]) -> FormulaWidget:
        self._column.addWidget(text_label(title, "caption", "secondary"))
        well = Card("well", padding=10)
        widget = FormulaWidget((), FORMULA)
        if all(formula_ready(line) for line in lines):
            widget.set_lines(lines)
        else:
            widget.announce(lines)
            self._waiting.append((widget, tuple(lines)))
        well.body.addWidget(widget)
        self._column.addWidget(well)
        return widget

    def _values(self, title: str, values: Values, indent: int = 0) -> None:
        array = array_of(values, self._arrays)
        label = text_label(title, "caption_strong", wrap=True)
        view = ArrayView(array, values.name)
        words = f"{shape_words(values)} · {range_words(values)}"
        if view.left_out:
            shown, all_ = format_integer(array.size - view.left_out), format_integer(array.size)
            words += " · " + _tr("{0} of {1} numbers are shown").format(shown, all_)
        details = text_label(words, "mono_caption", "secondary", wrap=True)
        details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if values.number is not None:
            details.setText(format_exact(values.number))
            details.setToolTip(plain_tooltip(title))
        box = QVBoxLayout()
        box.setContentsMargins(theme().px(indent), 4, 0, 0)
        box.setSpacing(3)
        box.addWidget(label)
        view.picked.connect(lambda place, values=values: self._pick(values, place))
        self.views[values.key] = view
        box.addWidget(view)
        box.addWidget(details)
        self._column.addLayout(box)

    def _pick(self, values: Values, place: tuple[int, ...]) -> None:
        """Write out another number."""
        symbol = symbol_of(self.moment, values)
        if self._worked is None or not symbol:
            return
        symbols = {symbol, "L"} if symbol == "y" else {symbol}
        lines = with_numbers(self.step, self.moment, self._arrays, dict.fromkeys(symbols, place))
        if lines:
            self._lines = tuple(line.latex for line in lines)
            self._worked.set_lines(self._lines)


def phase_line(phase: str) -> QWidget:
    """A line across, in the colour of a phase."""
    line = QWidget()
    line.setFixedHeight(theme().px(2))
    line.setAutoFillBackground(True)
    palette = line.palette()
    palette.setColor(line.backgroundRole(), theme().color(COLORS[phase]))
    line.setPalette(palette)
    return line
