"""The activation view: the function, its slope and where the inputs lie on it; and any function typed to try it."""

from __future__ import annotations

from typing import final

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine import edits
from engine.block import ShapeError
from engine.moments import Backward, Forward, Moment
from gui.backprop.activation_curves import Curve, Floats, curve_of, custom_curve, has_curve
from gui.backprop.activation_plot import MOST_DOTS, ActivationPlot
from gui.backprop.activation_words import exact_words, neuron_words, product_lines, saturation_words, value_lines
from gui.backprop.lens import Lens, Shown
from gui.document import Document
from gui.formula import FormulaWidget
from gui.run_feed import RunFeed
from gui.theme import restyle
from gui.widgets.card import Card
from gui.widgets.labels import text_label


@final
class ActivationLens(Lens):
    """Fits blocks that apply a function to each number by itself, forward and backward.

    Attributes:
        picked: the number (row by row) of the input that is written out.
    """

    key = "activation"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self.picked = 0
        self._shown: Shown | None = None
        self._own: Curve | None = None
        self._shape: tuple[int, ...] = ()
        self._single = False
        self._z = self._f = self._slope = np.empty(0)
        self._arriving = self._passed = np.empty(0)
        self.headline = text_label("", "title", wrap=True)
        self.saturation = text_label("", wrap=True)
        self.plot = ActivationPlot()
        self.plot.picked.connect(self.pick)
        self.plot.pointed.connect(self._point)
        self.name = text_label("", "caption", "secondary", wrap=True)
        self.formula = FormulaWidget((), 15)
        well = Card("well", padding=10)
        well.body.addWidget(self.formula)
        self.typed = QLineEdit()
        self.fault = text_label("", "caption", "error", wrap=True)
        self.use = QPushButton(self.tr("Use it"))
        column = self.lay_out_page()
        for part in (self.headline, self.saturation, self.plot, self.name, well, self._typing()):
            column.addWidget(part, 1 if part is self.plot else 0)

    def _typing(self) -> QWidget:
        self.typed.setObjectName("customActivation")
        self.typed.setPlaceholderText(self.tr("another f(z), such as z*sigmoid(z)"))
        self.typed.setAccessibleName(self.tr("Another activation f(z) to try on these inputs"))
        self.typed.setClearButtonEnabled(True)
        self.typed.textChanged.connect(self._try)
        self.use.clicked.connect(self._use)
        self.fault.hide()
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self.typed, 1)
        row.addWidget(self.use)
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(text_label(self.tr("Try another function on these inputs"), "caption", "secondary"))
        column.addLayout(row)
        column.addWidget(self.fault)
        return part

    @property
    def title(self) -> str:
        return self.tr("Curve")

    @property
    def purpose(self) -> str:
        return self.tr("The function and its slope, with the inputs as dots on them: where it is flat, nothing learns.")

    def fits(self, shown: Shown) -> bool:
        moment = shown.moment
        if not isinstance(moment, Forward | Backward):
            return False
        plan = self.document.result.nodes.get(moment.node)
        forward = _forward(shown, moment)
        return (
            plan is not None
            and plan.block == moment.block
            and plan.recipe is not None
            and bool(plan.recipe.calls)
            and has_curve(moment.block, plan.params)
            and forward is not None
            and len(forward.inputs) == len(forward.outputs) == 1
        )

    def show_moment(self, shown: Shown) -> None:
        moment = shown.moment
        forward = _forward(shown, moment)
        assert forward is not None
        if self._shown is None or self._shown.moment.node != moment.node:
            self.picked = 0
            self._forget_typed()
        self._shown = shown
        z = shown.array(forward.inputs[0])
        self._single = z.dtype == np.float32
        self._shape, self._z = z.shape, z.ravel().astype(np.float64)
        self._arriving = self._passed = np.empty(0)
        if isinstance(moment, Backward) and moment.upstream and moment.inputs:
            self._arriving = _flat(shown, moment.upstream[0].total)
            self._passed = _flat(shown, moment.inputs[0])
        self.use.setVisible("." not in moment.node and moment.block == "Activation")
        self._draw()

    def drop(self) -> None:
        self._shown = None
        self._forget_typed()

    # -- drawing --

    def _draw(self) -> None:
        shown = self._shown
        if shown is None:
            return
        moment = shown.moment
        params = self.document.result.nodes[moment.node].params
        curve = self._own or curve_of(moment.block, params)
        self._f, self._slope = self._numbers(shown, curve)
        name = params["expression"] if curve.name == "custom" else curve.name
        if self._own is not None:
            name = str(self._own.params["expression"])
        self.headline.setText(f"{moment.node} · {name}")
        self.saturation.setText(saturation_words(self._slope[np.isfinite(self._slope)]))
        self.plot.show_curve(curve, self._z, self._f, self._slope)
        self.pick(min(self.picked, max(0, self._z.size - 1)))

    def _numbers(self, shown: Shown, curve: Curve) -> tuple[Floats, Floats]:
        """Values and slopes at the inputs: the traced ones where the function is the block's own."""
        moment = shown.moment
        value, slope = curve.value(self._z), curve.slope(self._z)
        if self._own is not None:
            return value, slope
        forward = _forward(shown, moment)
        assert forward is not None
        value = _flat(shown, forward.outputs[0])
        if isinstance(moment, Backward):
            traced = next((local.values for local in moment.local if local.kind == "slope"), None)
            slope = _flat(shown, traced) if traced is not None else slope
        return value, slope

    def pick(self, number: int) -> None:
        """Write out one input."""
        self.picked = number
        if not self._z.size:
            self.formula.set_lines(())
            self.name.setText("")
            return
        z, f, slope = (float(each[number]) for each in (self._z, self._f, self._slope))
        words = self.tr("{0}; click another dot to see that one") if self._z.size <= MOST_DOTS else "{0}"
        self.name.setText(words.format(neuron_words(self._index(number))))
        if self._arriving.size == self._z.size and self._own is None:
            lines = product_lines(z, slope, float(self._arriving[number]), float(self._passed[number]))
        else:
            lines = value_lines(z, f, slope)
        self.formula.set_lines(lines)
        self.plot.mark_input(number)

    def words_of(self, number: int) -> str:
        """Name and exact numbers of an input."""
        return exact_words(
            self._index(number), *(self._exact(each[number]) for each in (self._z, self._f, self._slope))
        )

    def _exact(self, value: float) -> float:
        """A number of single precision as the shortest decimal that reads back as itself."""
        return float(str(np.float32(value))) if self._single else float(value)

    def _point(self, number: int | None) -> None:
        self.plot.say_here("" if number is None else self.words_of(number))

    def _index(self, number: int) -> tuple[int, ...]:
        return tuple(int(each) for each in np.unravel_index(number, self._shape)) if self._shape else ()

    # -- a function of one's own --

    def _forget_typed(self) -> None:
        self._own = None
        self.typed.blockSignals(True)
        self.typed.clear()
        self.typed.blockSignals(False)
        self._say("")

    def _try(self, text: str) -> None:
        fault = ""
        self._own = None
        if text.strip():
            try:
                self._own = custom_curve(text)
            except ShapeError as error:
                fault = error.message.partition(": ")[2]
        self._say(fault)
        if not fault:
            self._draw()

    def _say(self, fault: str) -> None:
        self.fault.setText(fault[:1].upper() + fault[1:])
        self.fault.setVisible(bool(fault))
        restyle(self.typed, "error", "true" if fault else "false")
        self.use.setEnabled(self._own is not None)

    def _use(self) -> None:
        """Give the block the function that was typed."""
        if self._shown is None or self._own is None:
            return
        node = self._shown.moment.node
        params = {"function": "custom", "expression": str(self._own.params["expression"])}
        self.document.edit(
            self.tr("Activation of {0}").format(node), *edits.set_params(self.document.project, node, params)
        )


def _forward(shown: Shown, moment: Moment) -> Forward | None:
    found = moment if isinstance(moment, Forward) else shown.step.at(Forward, moment.node)
    return found if isinstance(found, Forward) else None


def _flat(shown: Shown, values: object) -> Floats:
    return np.asarray(shown.array(values), dtype=np.float64).ravel()  # type: ignore[arg-type]
