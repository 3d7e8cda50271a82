"""The Predict panel."""

from __future__ import annotations

from pathlib import Path
from typing import final

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedLayout, QStackedWidget, QVBoxLayout, QWidget

from engine.blocks.input import TOYS
from engine.dataspec import Field
from engine.events import Predicted
from gui.background import run_in_background
from gui.document import Document
from gui.notices import notices
from gui.panel import Panel
from gui.plots.saving import save_widget
from gui.plots.toolbar import PlotToolbar
from gui.predictions.answer import AnswerView
from gui.predictions.image_drop import ImageDrop
from gui.predictions.row_form import RowForm
from gui.run_feed import RunFeed
from gui.theme import set_role, set_tone
from gui.widgets.empty_state import EmptyState


@final
class PredictionPanel(Panel):
    """Asks the session; the answer is what the network says now, trained or not."""

    name = "predictions"
    icon_name = "predict"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self._request = 0
        self.answer: Predicted | None = None
        self._row = RowForm()
        self._row.edited.connect(self.ask_row)
        self._drop = ImageDrop()
        self._drop.dropped.connect(self.ask_file)
        self._input = QStackedWidget()
        self._input.addWidget(self._row)
        self._input.addWidget(self._drop)
        self._view = AnswerView()
        self._head = QLabel()
        self._head.setObjectName("predictionHead")
        self._head.setTextFormat(Qt.TextFormat.PlainText)
        self._head.setWordWrap(True)
        self._ask = QPushButton(self.tr("Predict"))
        self._ask.setObjectName("predictNow")
        self._ask.clicked.connect(self.ask_row)
        self._lay_out()
        self.setAcceptDrops(True)
        feed.on(Predicted, self._take)
        feed.session_changed.connect(self.clear)
        document.checked.connect(self._follow)
        self._follow()

    @property
    def title(self) -> str:
        return self.tr("Predict")

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.addWidget(self._input, 1)
        left.addWidget(self._ask)
        right = QVBoxLayout()
        set_role(self._head, "strong")
        right.addWidget(self._head)
        right.addWidget(self._view)
        right.addStretch(1)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        bar = PlotToolbar(self)
        self._hint = QLabel(self.tr("Also: drop a CSV or NPY file with rows"))
        set_role(self._hint, "caption")
        set_tone(self._hint, "secondary")
        bar.left.addWidget(self._hint)
        column.addWidget(bar)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(left, 2)
        row.addLayout(right, 3)
        column.addLayout(row, 1)
        empty = EmptyState(
            "predict",
            self.tr("Predict"),
            self.tr("Ask the network about a row, an image or a point of your own, once it has an Input block."),
        )
        self._stack = QStackedLayout(self)
        self._stack.addWidget(empty)
        self._stack.addWidget(filled)

    # -- what can be asked --

    def _field(self) -> Field | None:
        for path in self.document.result.inputs:
            facts = self.document.result.nodes[path].facts
            field = facts.field("x") if facts is not None else None
            if field is not None:
                return field
        return None

    def _follow(self) -> None:
        field = self._field()
        self._stack.setCurrentIndex(0 if field is None or self.document.result.errors else 1)
        if field is None:
            return
        if len(field.shape) == 3:
            self._input.setCurrentWidget(self._drop)
            self._ask.hide()
        else:
            count = int(np.prod([dim for dim in field.shape if isinstance(dim, int)], dtype=np.int64))
            names = field.columns if len(field.columns) == count else tuple(f"x{i + 1}" for i in range(count))
            self._row.set_features(self._asked_names(names))
            self._input.setCurrentWidget(self._row)
            self._ask.show()

    def _asked_names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Toy sets are asked for their two coordinates, functions for x: features are made from these."""
        plan = self.document.result.nodes[self.document.result.inputs[0]]
        dataset = plan.params.get("dataset")
        if dataset == "function":
            return ("x",)
        return ("x1", "x2") if dataset in TOYS else names

    # -- asking --

    def ask_row(self) -> None:
        """Ask about the typed row."""
        try:
            row = self._row.row()
        except ValueError as error:
            self._say(str(error), "error")
            return
        self._send(row[np.newaxis])

    def ask_point(self, x: float, y: float) -> None:
        """Ask about a point of the plane, and show it as the row."""
        self._row.set_row([x, y])
        self._send(np.array([[x, y]]))

    def ask_file(self, path: str) -> None:
        """Ask about an image, or every row of a table."""
        if self._input.currentWidget() is self._drop:
            run_in_background(lambda: QImage(path), self._drop.set_image, self._failed)
        self._send(path)

    def _failed(self, error: BaseException) -> None:
        notices().failure(error)

    def _send(self, data: object) -> None:
        if self.document.result.errors:
            self._say(self.tr("The graph has problems; mend them first."), "error")
            return
        self._request = self.feed.next_request()
        self.feed.session.predict(data, self._request)

    # -- answers --

    def _take(self, event: Predicted) -> None:
        if event.request != self._request:
            return
        self.answer = event
        if event.error:
            self._view.clear()
            self._say(event.error, "error")
            return
        self._view.show_answer(event)
        count = len(event.outputs)
        if count > 1:
            self._say(self.tr("{0} rows; the first of them below, all in the CSV").format(count))
        elif event.labels:
            self._say(event.labels[0])
        else:
            self._say("")

    def _say(self, text: str, tone: str = "text") -> None:
        self._head.setText(text)
        set_tone(self._head, "error" if tone == "error" else "text")

    def clear(self) -> None:
        """Another session: no answer yet."""
        self.answer = None
        self._view.clear()
        self._drop.set_image(QImage())
        self._say("")
        self._follow()

    # -- dropping files --

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() and not url.path().endswith(".chainrule") for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.ask_file(paths[0])

    # -- taking away --

    def save_picture(self, path: Path) -> None:
        save_widget(self, path)

    def table(self) -> tuple[list[str], list[list[object]]]:
        answer = self.answer
        if answer is None or answer.error:
            return ["row"], []
        values = answer.probabilities if answer.probabilities is not None else answer.outputs
        flat = np.asarray(values).reshape(len(values), -1)
        names = answer.classes if len(answer.classes) == flat.shape[1] else [f"output{i}" for i in range(flat.shape[1])]
        labels = answer.labels or [""] * len(flat)
        rows = zip(labels, flat, strict=True)
        return ["row", "label", *names], [[i, label, *map(float, row)] for i, (label, row) in enumerate(rows)]
