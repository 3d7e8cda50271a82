"""The Jacobian view: all derivatives of a block for one sample, and the gradient multiplied through them."""

from __future__ import annotations

from typing import final

import numpy as np
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from engine.stepevents import JacobianTaken
from gui.backprop.array_view import ArrayView
from gui.backprop.jacobian_equation import JacobianEquation
from gui.backprop.jacobian_product import Floats, Product, ports, product_of, samples_of, told, too_large
from gui.backprop.lens import Lens, Shown
from gui.backprop.samples import sample_counter, set_samples
from gui.document import Document
from gui.formula import FormulaWidget
from gui.run_feed import RunFeed
from gui.widgets.card import Card
from gui.widgets.labels import plain_tooltip, text_label


@final
class JacobianLens(Lens):
    """Fits the way back through every block with one output. What the moment does not tell is asked of the session.

    Attributes:
        product: what is shown, None before.
        column: of J, the number of the product that is written out.
    """

    key = "jacobian"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self._shown: Shown | None = None
        self._request = 0
        self._asked: tuple[object, ...] = ()
        self._answer: Floats | None = None
        self._problem = ""
        self.product: Product | None = None
        self.column = 0
        self.headline = text_label("", "title", wrap=True)
        self.told = text_label("", wrap=True)
        self.port, self.sample = QComboBox(), sample_counter()
        self._set_up_choices()
        self.equation = JacobianEquation()
        self.equation.picked.connect(self.pick)
        self._stack = QVBoxLayout()
        self._stack.setSpacing(4)
        self._views: list[QWidget] = []
        self.formula = FormulaWidget((), 15)
        self._well = Card("well", padding=10)
        self._well.body.addWidget(self.formula)
        self.verdict = text_label("", "caption", "secondary", wrap=True)
        self._lay_out()
        feed.on(JacobianTaken, self._taken)

    def _set_up_choices(self) -> None:
        self.port.setAccessibleName(self.tr("By which input"))
        self.port.setToolTip(plain_tooltip(self.tr("By which input the block is differentiated")))
        self.port.activated.connect(lambda _at: self._draw())
        self.sample.valueChanged.connect(lambda _value: self._draw())

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.headline, 1)
        head.addWidget(self.port)
        head.addWidget(self.sample)
        column = self.lay_out_page(8)
        column.addLayout(head)
        column.addWidget(self.told)
        column.addWidget(self.equation)
        column.addLayout(self._stack)
        column.addWidget(self.verdict)
        column.addWidget(self._well)
        column.addStretch(1)

    @property
    def title(self) -> str:
        return self.tr("Jacobian")

    @property
    def purpose(self) -> str:
        return self.tr("All derivatives of this block for one sample, and the gradient multiplied through them.")

    def fits(self, shown: Shown) -> bool:
        return bool(ports(shown)) and shown.moment.node in self.document.result.nodes

    def show_moment(self, shown: Shown) -> None:
        if self._shown is None or self._shown.step is not shown.step:
            self._asked, self._answer = (), None
        if self._shown is None or self._shown.moment.node != shown.moment.node:
            self.column = 0
        self._shown = shown
        names, chosen = ports(shown), self.port.currentText()
        self.port.clear()
        self.port.addItems(names)
        self.port.setCurrentIndex(max(0, self.port.findText(chosen)))
        self.port.setVisible(len(names) > 1)
        count = samples_of(shown, self.port.currentText())
        set_samples(self.sample, count)
        self._draw()

    def drop(self) -> None:
        self._shown = self.product = None
        self._request, self._asked, self._answer = 0, (), None
        self._clear()

    def pick(self, column: int) -> None:
        """Write out another number of the product."""
        self.column = column
        self.equation.show_column(column)
        self._write()

    # -- asking --

    def _ask(self, shown: Shown, port: str, sample: int) -> None:
        wanted = (shown.moment.node, port, sample)
        if wanted == self._asked:
            return
        self._asked, self._answer, self._problem = wanted, None, ""
        self._request = self.feed.next_request()
        self.feed.current_session.jacobian(shown.moment.node, port, self._request, sample=sample, alone=shown.sample)

    def _taken(self, event: JacobianTaken) -> None:
        if event.request != self._request or self._shown is None:
            return
        self._answer, self._problem = event.matrix, event.error
        self._draw()

    # -- drawing --

    def _draw(self) -> None:
        shown = self._shown
        if shown is None:
            return
        port, sample = self.port.currentText(), self.sample.value() - 1
        asked = self._answer if self._asked == (shown.moment.node, port, sample) else None
        self.product = product = product_of(shown, port, sample, asked)
        self.headline.setText(shown.moment.node)
        self.told.setText(told(product, shown))
        if product.kind == "general" and product.matrix is None and not too_large(product):
            self._ask(shown, port, sample)
        self.column = min(self.column, product.passed.size - 1)
        self._arrange()
        self.verdict.setText(self._verdict(product))
        self._write()

    def _arrange(self) -> None:
        """As an equation where that fits, else one part below the other."""
        product = self.product
        if product is None:
            return
        self._clear()
        need = JacobianEquation.width_for(product)
        fits = 0 < need <= self.width() - 40
        self.equation.setVisible(fits)
        if fits:
            self.equation.show_product(product)
            self.equation.show_column(self.column)
            return
        self._add(self.tr("arriving, ∂L/∂y"), product.delta[None, :], None)
        if product.matrix is not None:
            self._add(self.tr("times J = ∂y/∂x, a row for each output"), product.matrix, 1)
        elif product.diagonal is not None:
            self._add(self.tr("times the diagonal of J, number by number"), product.diagonal[None, :], 1)
        self._add(self.tr("is passed on, ∂L/∂x"), product.passed[None, :], 1)

    def _add(self, title: str, array: Floats, axis: int | None) -> None:
        label, view = text_label(title, "caption", "secondary", wrap=True), ArrayView(array, title.partition(",")[0])
        if axis is not None:
            view.picked.connect(lambda index: self.pick(index[-1]))
        for widget in (label, view):
            self._stack.addWidget(widget)
            self._views.append(widget)

    def _clear(self) -> None:
        for widget in self._views:
            self._stack.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self._views = []

    def _write(self) -> None:
        lines = () if self.product is None else self.product.sum_lines(self.column)
        self.formula.set_lines(lines)
        self._well.setVisible(bool(lines))

    def _verdict(self, product: Product) -> str:
        if too_large(product):
            size = f"{product.delta.size:,} × {product.passed.size:,}"
            return self.tr("J has {0} numbers: too many to write out.").format(size)
        if self._problem and product.matrix is None and product.kind == "general":
            return self._problem
        agrees = product.agrees
        if agrees is None:
            return self.tr("J is being computed…")
        if agrees:
            return self.tr(
                "The row times the matrix is the gradient that is passed on, as traced. Click a number to write it out."
            )
        rest = float(np.abs(product.passed - product.computed).max()) if product.computed is not None else 0.0
        text = self.tr("Beside this, up to {0} comes through the other samples of the batch: they share statistics.")
        return text.format(f"{rest:.3g}")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        product = self.product
        if product is not None:
            need = JacobianEquation.width_for(product)
            if (0 < need <= self.width() - 40) == self.equation.isHidden():
                self._arrange()
