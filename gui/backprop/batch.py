"""The batch view: every sample with its prediction, target and loss, and how these make the loss."""

from __future__ import annotations

import math
from typing import final

import numpy as np
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.moments import Forward, Objective, Outcome, Step
from gui.backprop.batch_loss import losses_in
from gui.backprop.batch_model import Batch, batch_of
from gui.backprop.batch_table import BatchTable
from gui.backprop.lens import Lens, Shown
from gui.document import Document
from gui.format import format_exact, format_integer, format_number
from gui.run_feed import RunFeed
from gui.widgets.labels import plain_tooltip, text_label


@final
class BatchLens(Lens):
    """Fits losses going forward, the objective and the outcome.

    While one sample is looked at alone, the table stays that of the batch it belongs to, as long as its loss is the one
    that stands there; else it is that of the sample.
    """

    key = "batch"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self._shown: Shown | None = None
        self._whole: dict[str, Batch] = {}
        self._step: Step | None = None
        self._tables: dict[str, Batch] = {}
        self.table: BatchTable | None = None
        self.headline = text_label("", "title", wrap=True)
        self.loss = QComboBox()
        self.loss.setAccessibleName(self.tr("Which loss"))
        self.loss.activated.connect(lambda _at: self._draw())
        self.foot = text_label("", "strong", wrap=True)
        self.hint = text_label("", "caption", "secondary", wrap=True)
        self.all = QPushButton(self.tr("Whole batch"))
        self.all.clicked.connect(lambda: self.sample_wanted.emit(None))
        self.copy, self.save = QPushButton(self.tr("Copy")), QPushButton(self.tr("CSV…"))
        self.copy.setToolTip(plain_tooltip(self.tr("Copy the table, with exact numbers and tabs between")))
        self.save.setToolTip(plain_tooltip(self.tr("Save the table as a CSV file")))
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self.headline, 1)
        head.addWidget(self.loss)
        foot = QHBoxLayout()
        foot.setSpacing(6)
        foot.addWidget(self.foot, 1)
        for button in (self.all, self.copy, self.save):
            foot.addWidget(button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 8, 12, 12)
        self._column.setSpacing(6)
        self._column.addLayout(head)
        self._column.addWidget(self.hint)
        self._column.addLayout(foot)

    @property
    def title(self) -> str:
        return self.tr("Batch")

    @property
    def purpose(self) -> str:
        return self.tr("Every sample of the batch with its prediction, target and loss.")

    def fits(self, shown: Shown) -> bool:
        moment = shown.moment
        nodes = self.document.result.nodes
        if isinstance(moment, Forward):
            return moment.block == "Loss" and moment.node in nodes and nodes[moment.node].block == "Loss"
        return isinstance(moment, Objective | Outcome) and any(node in nodes for node in losses_in(shown.step))

    def show_moment(self, shown: Shown) -> None:
        self._shown = shown
        moment = shown.moment
        names = [node for node in losses_in(shown.step) if node in self.document.result.nodes]
        chosen = moment.node if isinstance(moment, Forward) else self.loss.currentText()
        self.loss.clear()
        self.loss.addItems(names)
        self.loss.setCurrentIndex(max(0, self.loss.findText(chosen)))
        self.loss.setVisible(len(names) > 1 and not isinstance(moment, Forward))
        self._draw()

    def drop(self) -> None:
        self._shown = self._step = None
        self._whole, self._tables = {}, {}
        if self.table is not None:
            self.table.show_batch(None)

    def _draw(self) -> None:
        shown, node = self._shown, self.loss.currentText()
        if shown is None:
            return
        batch = self._made(shown, node)
        if batch is None:
            return
        alone = shown.sample
        if alone is None:
            self._whole[self._place(shown, node)] = batch
        else:
            batch = self._within(shown, node, batch)
        if self.table is None:
            self.table = self._make_table()
        if batch is not self.table.model_.batch:
            self.table.show_batch(batch)
        whole = alone is None or len(batch.rows) > 1
        self.table.mark(alone if whole else 0)
        self._say(batch, node, alone)

    def _made(self, shown: Shown, node: str) -> Batch | None:
        """The table of a loss in this step, made once."""
        place = self._place(shown, node)
        if self._step is not shown.step:
            self._step, self._tables = shown.step, {}
        if place not in self._tables:
            found = batch_of(shown, self.document.result, node)
            if found is None:
                return None
            self._tables[place] = found
        return self._tables[place]

    def _place(self, shown: Shown, node: str) -> str:
        return f"{node}/{type(shown.moment).__name__ if isinstance(shown.moment, Outcome) else ''}"

    def _within(self, shown: Shown, node: str, own: Batch) -> Batch:
        """The table of the whole batch, where this sample is one of it with the very same loss."""
        whole, sample = self._whole.get(self._place(shown, node)), shown.sample
        if whole is None or sample is None or sample >= len(whole.rows) or whole.columns != own.columns:
            return own
        there, here = whole.rows[sample][-1].sort, own.rows[0][-1].sort
        return whole if np.isclose(there, here, rtol=1e-5, atol=1e-9) else own

    def _make_table(self) -> BatchTable:
        """Not before it is needed: keys in a table that is there from the beginning would walk through the step."""
        table = BatchTable()
        table.sample_chosen.connect(self._choose)
        self.copy.clicked.connect(table.copy)
        self.save.clicked.connect(table.ask_to_save)
        self._column.insertWidget(2, table, 1)
        return table

    def _choose(self, row: int) -> None:
        shown = self._shown
        if shown is None or self.table is None or self.table.model_.batch is None:
            return
        if len(self.table.model_.batch.rows) > 1:
            self.sample_wanted.emit(row)

    def _say(self, batch: Batch, node: str, alone: int | None) -> None:
        count = len(batch.rows)
        words = self.tr("{0} samples").format(format_integer(count)) if count > 1 else self.tr("1 sample")
        self.headline.setText(f"{node} · {words}")
        self.all.setVisible(alone is not None)
        if alone is not None:
            self.hint.setText(self.tr("Looking at sample {0} alone.").format(alone + 1))
        else:
            self.hint.setText(self.tr("Click a sample to follow it alone through the network."))
        self.hint.setVisible(alone is not None or count > 1)
        words = self.tr("mean of the losses: {0}") if batch.mean else self.tr("sum of the losses: {0}")
        if batch.made:
            words = self.tr("mean of the losses before the step: {0}")
            words = words if batch.mean else self.tr("sum of the losses before the step: {0}")
        self.foot.setText(words.format(format_number(batch.total, 6)) if math.isfinite(batch.total) else "")
        self.foot.setToolTip(plain_tooltip(format_exact(batch.total)))
