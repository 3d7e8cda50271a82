"""What the panel says of one moment: formula, formula with numbers, and the numbers themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.moments import Backward, Forward, Mathematics, Moment, Objective, Outcome, Step, Sum, Update, Values
from gui.backprop.array_view import ArrayView
from gui.backprop.symbols import COLORS, SIGNS, Arrays, port_symbol, symbol_of, with_numbers
from gui.backprop.words import headline, range_words, shape_words, told
from gui.backprop.worked import MOST_LINES
from gui.backprop.write import number
from gui.format import format_exact
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
        self._rule(COLORS[phase])
        match moment:
            case Forward():
                self._forward(moment)
            case Backward():
                self._backward(moment)
            case Update():
                self._update(moment)
            case Objective():
                self._objective(moment)
            case Outcome():
                self._outcome(moment)
        self._column.addStretch(1)

    @property
    def worked_lines(self) -> tuple[str, ...]:
        """The formulas with numbers, as LaTeX."""
        return self._lines

    def draw_formulas(self) -> None:
        """Let the formulas be drawn. Not done at once: a cursor that only passes by would leave much to draw behind."""
        for widget, lines in self._waiting:
            widget.setMinimumHeight(0)
            widget.set_lines(lines)
        self._waiting = []

    def _rule(self, color: str) -> None:
        line = QWidget()
        line.setFixedHeight(theme().px(2))
        line.setAutoFillBackground(True)
        palette = line.palette()
        palette.setColor(line.backgroundRole(), theme().color(color))
        line.setPalette(palette)
        self._column.addWidget(line)

    # -- kinds of moments --

    def _forward(self, moment: Forward) -> None:
        self._formulas(moment.formula)
        self._group(_tr("Inputs"), moment.inputs, moment.sources)
        self._group(_tr("Parameters"), moment.weights)
        self._group(_tr("Drawn or chosen in this step"), moment.saved)
        self._group(_tr("Output") if moment.block != "Input" else _tr("Data"), moment.outputs)
        if moment.elements is not None and moment.elements.size > 1:
            self._values(_tr("What each number adds to the loss"), moment.elements)

    def _backward(self, moment: Backward) -> None:
        if moment.error:
            card = Card("error", _tr("Formula and autograd disagree"))
            card.setObjectName("backpropError")
            card.body.addWidget(text_label(moment.error, wrap=True))
            card.body.addWidget(
                text_label(_tr("What flows on from here is autograd's gradient."), "caption", "secondary", wrap=True)
            )
            self._column.addWidget(card)
        self._formulas(moment.formula)
        for part in moment.upstream:
            self._sum(_tr("Arriving gradient, δ = ∂L/∂{0}").format(port_symbol(part.total.name)), part)
        words = {
            "slope": _tr("Local derivative: the slope at each number"),
            "weight": _tr("Local derivative: the weights"),
            "gradient": _tr("Local derivative of the loss"),
        }
        for local in moment.local:
            self._values(words[local.kind], local.values)
        for values in moment.inputs:
            self._values(_tr("Gradient passed on, ∂L/∂{0}").format(port_symbol(values.name)), values)
        for values in moment.weights:
            self._values(_tr("Gradient of the parameter, ∂L/∂{0}").format(values.name), values)

    def _update(self, moment: Update) -> None:
        if moment.applied is None:
            text = _tr("Not updated in this step: it is frozen, or belongs to another phase.")
            self._column.addWidget(text_label(text, wrap=True))
        else:
            self._formulas(moment.formula)
        self._values(_tr("Before, w"), moment.before)
        self._sum(_tr("Gradient"), moment.gradient)
        if moment.applied is not None and _differ(moment.applied, moment.gradient.total, self._arrays):
            self._values(_tr("Gradient as applied, g: clipped and decayed"), moment.applied)
        used = {each.name for each in (*moment.state_before, *moment.state_after) if each.low != 0 or each.high != 0}
        for title, state in (
            (_tr("The optimizer remembered"), moment.state_before),
            (_tr("The optimizer remembers now"), moment.state_after),
        ):
            self._group(title, [each for each in state if each.name in used])
        self._values(_tr("After, w′"), moment.after)

    def _objective(self, moment: Objective) -> None:
        lines = []
        if len(moment.parts) > 1 or any(weight != 1 for _, weight, _ in moment.parts):
            names = [name.rpartition(".")[0] for name, _, _ in moment.parts]
            self._column.addWidget(text_label(" + ".join(names), "mono_caption", "secondary", wrap=True))
            terms = [
                number(value, bare=not at) if weight == 1 else rf"{number(weight, bare=not at)} \cdot {number(value)}"
                for at, (_, weight, value) in enumerate(moment.parts)
            ]
            lines.append("L = " + " + ".join(terms) + f" = {number(moment.loss)}")
        else:
            lines.append(f"L = {number(moment.loss)}")
        self._well(_tr("What is minimised"), lines)
        self._exact(_tr("exactly {0}").format(format_exact(moment.loss)))

    def _outcome(self, moment: Outcome) -> None:
        self._well(_tr("Loss before and after"), [rf"L = {number(moment.before)} \rightarrow {number(moment.after)}"])
        self._exact(_tr("exactly {0} → {1}").format(format_exact(moment.before), format_exact(moment.after)))
        for values in moment.outputs:
            node = values.name.rpartition(".")[0]
            forward = self.step.at(Forward, node)
            if isinstance(forward, Forward):
                before = next((each for each in forward.outputs if each.name == values.name.rpartition(".")[2]), None)
                if before is not None:
                    self._values(_tr("{0} before").format(node), before)
            self._values(_tr("{0} with the new weights").format(node), values)

    # -- parts --

    def _formulas(self, formula: Mathematics) -> None:
        if not formula.lines:
            return
        self._well(_tr("Formula"), formula.lines)
        lines = [line.latex for line in with_numbers(self.step, self.moment, self._arrays)]
        if not lines:
            if isinstance(self.moment, Forward) and not self.moment.inputs:
                return
            text = _tr("Too large to write out with numbers. Shapes and ranges are below.")
            self._column.addWidget(text_label(text, "caption", "secondary", wrap=True))
            return
        self._lines = tuple(lines)
        self._worked = self._well(_tr("With the numbers of this step"), lines)
        self._worked.setObjectName("backpropNumbers")
        if any(each.size > MOST_LINES for each in _results(self.moment)):
            text = _tr("The first ones as examples. Click a number below to write out that one.")
            self._column.addWidget(text_label(text, "caption", "secondary", wrap=True))

    def _well(self, title: str, lines: Sequence[str]) -> FormulaWidget:
        self._column.addWidget(text_label(title, "caption", "secondary"))
        well = Card("well", padding=10)
        widget = FormulaWidget((), FORMULA)
        if all(formula_ready(line) for line in lines):
            widget.set_lines(lines)
        else:
            widget.setMinimumHeight(theme().px(2.2 * FORMULA) * len(lines))
            self._waiting.append((widget, tuple(lines)))
        well.body.addWidget(widget)
        self._column.addWidget(well)
        return widget

    def _exact(self, text: str) -> None:
        label = text_label(text, "mono_caption", "secondary", wrap=True)
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._column.addWidget(label)

    def _group(self, title: str, values: Sequence[Values], sources: Any = None) -> None:
        for each in values:
            source = sources.get(each.name, "") if sources else ""
            is_loss = self.moment.form == "scalar" and each.name == "out"
            symbol = "L" if is_loss else port_symbol(each.name)
            name = each.name if symbol == each.name else f"{symbol} ({each.name})"
            self._values(f"{title}: {name} ← {source}" if source else f"{title}: {name}", each)

    def _sum(self, title: str, part: Sum) -> None:
        if len(part.terms) > 1:
            self._values(_tr("{0}: the sum over {1} wires").format(title, len(part.terms)), part.total)
            for term in part.terms:
                self._values(_tr("from {0}").format(term.source), term.values, indent=16)
        else:
            self._values(title, part.total)

    def _values(self, title: str, values: Values, indent: int = 0) -> None:
        array: NDArray[Any] = values.array if values.array is not None else self._arrays[values.key]
        label = text_label(title, "caption_strong", wrap=True)
        view = ArrayView(array, values.name)
        words = f"{shape_words(values)} · {range_words(values)}"
        if view.left_out:
            words += " · " + _tr("{0} of {1} numbers are shown").format(array.size - view.left_out, array.size)
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


def _results(moment: Moment) -> tuple[Values, ...]:
    """What the formulas of a moment give."""
    match moment:
        case Forward():
            return moment.outputs
        case Backward():
            return (*moment.inputs, *moment.weights)
        case Update():
            return (moment.after,)
    return ()


def _differ(one: Values, other: Values, arrays: Arrays) -> bool:
    first = one.array if one.array is not None else arrays[one.key]
    second = other.array if other.array is not None else arrays[other.key]
    return bool((first != second).any())
