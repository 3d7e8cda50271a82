"""The softmax and loss view: how one sample's outputs become its loss, and the gradient that goes back."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from engine.moments import Backward, Forward
from gui.backprop.batch_loss import BatchLoss, Floats, class_names, loss_of, losses_in
from gui.backprop.lens import Lens, Shown
from gui.backprop.samples import sample_counter, set_samples
from gui.backprop.softmax_bars import StageBars
from gui.backprop.softmax_stages import Picture, loss_picture, softmax_picture
from gui.document import Document
from gui.formula import FormulaWidget
from gui.run_feed import RunFeed
from gui.widgets.card import Card
from gui.widgets.labels import text_label

_SOFTMAX: Final = ("softmax", "log_softmax")
_TITLES: Final = ("cross_entropy", "nll", "binary_cross_entropy", "bce_with_logits")


@final
class SoftmaxLens(Lens):
    """Fits every Loss, and activations softmax and log_softmax, forward and backward."""

    key = "softmax"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self._shown: Shown | None = None
        self.picture: Picture | None = None
        self.headline = text_label("", "title", wrap=True)
        self.told = text_label("", "caption", "secondary", wrap=True)
        self.sample = sample_counter()
        self.sample.valueChanged.connect(lambda _value: self._draw())
        self.forward, self.backward = StageBars(), StageBars()
        self.formula = FormulaWidget((), 15)
        self._well = Card("well", padding=10)
        self._well.body.addWidget(self.formula)
        self.back_title = text_label("", "strong", wrap=True)
        self.note = text_label("", "caption", "secondary", wrap=True)
        self._lay_out()

    def _lay_out(self) -> None:
        column = self.lay_out_page()
        column.addWidget(self.headline)
        column.addWidget(self.told)
        column.addWidget(self.sample, 0, Qt.AlignmentFlag.AlignLeft)
        for part in (self.forward, self._well, self.back_title, self.backward, self.note):
            column.addWidget(part)
        column.addStretch(1)

    @property
    def title(self) -> str:
        return self.tr("Loss")

    @property
    def purpose(self) -> str:
        return self.tr("From the outputs of one sample to probabilities and its loss, as bars, and the gradient back.")

    def fits(self, shown: Shown) -> bool:
        moment = shown.moment
        if not isinstance(moment, Forward | Backward):
            return False
        plan = self.document.result.nodes.get(moment.node)
        forward = shown.step.at(Forward, moment.node)
        if plan is None or plan.block != moment.block or not isinstance(forward, Forward) or not forward.inputs:
            return False
        shape = forward.inputs[0].shape
        if moment.block == "Activation":
            return plan.params.get("function") in _SOFTMAX and plan.params["dim"] == 1 and len(shape) == 2
        if moment.block != "Loss" or len(forward.inputs) != 2 or not shape:
            return False
        return len(shape) <= 2 or plan.params["function"] not in ("cross_entropy", "nll")

    def show_moment(self, shown: Shown) -> None:
        self._shown = shown
        forward = shown.step.at(Forward, shown.moment.node)
        assert isinstance(forward, Forward)
        count = forward.inputs[0].shape[0]
        set_samples(self.sample, count)
        self._draw()

    def drop(self) -> None:
        self._shown = self.picture = None

    def pick_sample(self, sample: int) -> None:
        """Show another sample of the batch, from 0."""
        self.sample.setValue(sample + 1)

    # -- drawing --

    def _draw(self) -> None:
        shown = self._shown
        if shown is None:
            return
        moment, sample = shown.moment, self.sample.value() - 1
        if moment.block == "Loss":
            rows = loss_of(shown, self.document.result, moment.node)
            if rows is None:
                return
            self.picture = loss_picture(rows, sample, self._gradient(shown, sample, rows))
            self.headline.setText(f"{moment.node} · {rows.function}")
            self.told.setText(self._told(rows))
        else:
            self.picture = self._softmax(shown, sample)
            self.headline.setText(f"{moment.node} · {self.document.result.nodes[moment.node].params['function']}")
            self.told.setText(self.tr("Each number becomes a power of e, and all are divided by their sum."))
        self._show_picture(self.picture)

    def _show_picture(self, picture: Picture) -> None:
        self.forward.show_stages(picture.names, picture.forward, picture.marked)
        self.backward.show_stages(picture.names, picture.backward, picture.marked)
        self.formula.set_lines(picture.lines)
        self._well.setVisible(bool(picture.lines))
        self.backward.setVisible(bool(picture.backward))
        self.back_title.setVisible(bool(picture.backward))
        titles = [stage.title for stage in picture.backward]
        words = self.tr("The gradient is the difference p − y") if "p − y" in titles else self.tr("The gradient")
        self.back_title.setText(words)
        notes = [picture.note] if picture.note else []
        if self.forward.left_out:
            notes.append(self.tr("{0} more with smaller numbers are left out.").format(self.forward.left_out))
        self.note.setText(" ".join(notes))
        self.note.setVisible(bool(notes))

    def _told(self, rows: BatchLoss) -> str:
        if rows.function == "cross_entropy":
            return self.tr(
                "Logits become powers of e, divided by their sum: probabilities. The loss is −ln p of the true class."
            )
        if rows.function in _TITLES:
            return self.tr("The loss is small where the probability of what is true is large.")
        return self.tr("Output against target: the loss grows with the difference.")

    def _gradient(self, shown: Shown, sample: int, rows: BatchLoss) -> Floats | None:
        """∂L/∂o of a sample, as traced on the way back."""
        back = shown.step.at(Backward, shown.moment.node)
        values = None
        if isinstance(back, Backward):
            values = next((each for each in back.inputs if each.name == "prediction"), None)
        return None if values is None else _row(shown, values, sample, rows.samples)

    def _softmax(self, shown: Shown, sample: int) -> Picture:
        moment = shown.moment
        forward = shown.step.at(Forward, moment.node)
        assert isinstance(forward, Forward)
        count = forward.inputs[0].shape[0]
        logits, output = (_row(shown, each, sample, count) for each in (forward.inputs[0], forward.outputs[0]))
        back = None
        if isinstance(moment, Backward) and moment.upstream and moment.inputs:
            back = tuple(_row(shown, each, sample, count) for each in (moment.upstream[0].total, moment.inputs[0]))
        log = self.document.result.nodes[moment.node].params["function"] == "log_softmax"
        return softmax_picture(logits, self._names(shown, logits.size), output, log, back)

    def _names(self, shown: Shown, count: int) -> tuple[str, ...]:
        """Those of the classes that the loss compares, numbers from 0 where they have none."""
        known = [node for node in losses_in(shown.step) if node in self.document.result.nodes]
        names = class_names(self.document.result, known[0]) if known else ()
        return tuple(names[index] if index < len(names) else str(index) for index in range(count))


def _row(shown: Shown, values: object, sample: int, count: int) -> Floats:
    array = np.asarray(shown.array(values), dtype=np.float64)  # type: ignore[arg-type]
    row: Floats = array.reshape(count, -1)[sample]
    return row
