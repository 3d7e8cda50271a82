"""The Predict panel."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from engine.blocks.input import TOYS
from engine.dataspec import Field
from engine.events import Predicted
from gui.background import run_in_background
from gui.document import Document
from gui.notices import notices
from gui.panel import Panel, Table
from gui.plots.toolbar import PlotToolbar
from gui.predictions.answer import AnswerView
from gui.predictions.image_drop import ImageDrop
from gui.predictions.row_form import RowForm
from gui.run_feed import RunFeed
from gui.theme import set_kind, set_role, set_tone
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import text_label
from gui.widgets.scroll import VerticalScroll
from gui.widgets.side_by_side import SideBySide


@final
class PredictionPanel(Panel):
    """Asks the session about a row, an image, a file or a point; the answer is what the network says now."""

    name = "predictions"
    icon_name = "predict"

    def __init__(self, document: Document, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(document, feed, parent)
        self._request = 0
        self.answer: Predicted | None = None
        self.row = RowForm()
        self.row.edited.connect(self.ask_row)
        self.drop = ImageDrop()
        self.drop.dropped.connect(self.ask_file)
        self._input = QStackedWidget()
        self._input.addWidget(self.row)
        self._input.addWidget(self.drop)
        self.view = AnswerView()
        self._head = QLabel()
        self._head.setObjectName("predictionHead")
        self._head.setTextFormat(Qt.TextFormat.PlainText)
        self._head.setWordWrap(True)
        set_role(self._head, "strong")
        self._ask = QPushButton(self.tr("Predict"))
        self._ask.setObjectName("predictNow")
        set_kind(self._ask, "primary")
        self._ask.clicked.connect(self.ask_row)
        self._lay_out()
        self.setAcceptDrops(True)
        feed.on(Predicted, self._take)
        feed.session_changed.connect(self.clear)
        document.checked.connect(self._follow)
        self._follow()

    def _lay_out(self) -> None:
        self._hint = text_label("", "caption", "secondary", wrap=True)
        bar = PlotToolbar(self, self._hint)
        question = QWidget()
        left = QVBoxLayout(question)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(8)
        left.addWidget(self._input, 1)
        left.addWidget(self._ask)
        answer = QWidget()
        self._answer = answer
        right = QVBoxLayout(answer)
        right.setContentsMargins(0, 0, 4, 0)
        right.setSpacing(4)
        right.addWidget(self._head)
        right.addWidget(self.view)
        right.addStretch(1)
        body = SideBySide(question, VerticalScroll(answer))
        empty = EmptyState(
            "predict",
            self.tr("Predict"),
            self.tr(
                "Ask the network about a row, an image or a point of your own, once it has an Input and no problems."
            ),
        )
        self.build(empty, bar, body)

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
        self.set_filled(field is not None and not self.document.result.errors)
        if field is None:
            return
        pictures = len(field.shape) == 3
        self._ask.setVisible(not pictures)
        self._input.setCurrentWidget(self.drop if pictures else self.row)
        if pictures:
            self._hint.setText(self.tr("Drop or choose a picture"))
            return
        count = int(np.prod([dim for dim in field.shape if isinstance(dim, int)], dtype=np.int64))
        names = field.columns if len(field.columns) == count else tuple(f"x{i + 1}" for i in range(count))
        asked = self._asked_names(names)
        self.row.set_features(asked)
        if len(asked) == 2:
            self._hint.setText(self.tr("Type, or click a point of the output"))
        else:
            self._hint.setText(self.tr("Type, or drop a CSV or NPY file"))

    def _asked_names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Toy sets are asked for their two coordinates, functions for x: features are made from these."""
        plan = self.document.result.nodes[self.document.result.inputs[0]]
        dataset = plan.params.get("dataset")
        if dataset == "function":
            return ("x",)
        return ("x1", "x2") if dataset in TOYS else names

    @property
    def takes_pictures(self) -> bool:
        """Whether the network can be asked about a picture."""
        return self.filled and self._input.currentWidget() is self.drop

    # -- asking --

    def ask_row(self) -> None:
        """Ask about the typed row."""
        try:
            row = self.row.row()
        except ValueError as error:
            self._say(str(error), fault=True)
            return
        self._send(row[np.newaxis])

    def ask_point(self, x: float, y: float) -> None:
        """Ask about a point of the plane, and show it as the row."""
        self.row.set_row([x, y])
        self._send(np.array([[x, y]]))

    def ask_file(self, path: str) -> None:
        """Ask about an image, or every row of a table."""
        if self._input.currentWidget() is self.drop:
            run_in_background(lambda: QImage(path), self.drop.set_image, self._failed)
        self._send(path)

    def _failed(self, error: BaseException) -> None:
        notices().failure(error)

    def _send(self, data: NDArray[np.float64] | str) -> None:
        if self.document.result.errors:
            self._say(self.tr("The graph has problems; mend them first."), fault=True)
            return
        self._request = self.feed.next_request()
        self.feed.current_session.predict(data, self._request)

    # -- answers --

    def _take(self, event: Predicted) -> None:
        if event.request != self._request:
            return
        self.answer = event
        if event.error or not len(event.outputs):
            self.view.clear()
            self._say(event.error or self.tr("There is no row in it."), fault=True)
            return
        self.view.show_answer(event)
        count = len(event.outputs)
        if count > 1:
            self._say(self.tr("{0} rows. The first one here, all of them under Save numbers.").format(count))
        else:
            self._say(self.tr("Class {0}").format(event.labels[0]) if event.labels else "")

    def _say(self, text: str, *, fault: bool = False) -> None:
        self._head.setText(text)
        self._head.setVisible(bool(text))
        set_tone(self._head, "error" if fault else "text")

    def clear(self) -> None:
        """Another session: no answer yet."""
        self.answer = None
        self.view.clear()
        self.drop.set_image(QImage())
        self._say("")
        self._follow()

    def refresh(self) -> bool:
        """Nothing: answers are shown when they come."""
        return False

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

    def picture(self) -> QWidget:
        return self._answer

    def table(self) -> Table:
        answer = self.answer
        if answer is None or answer.error:
            return ["row"], []
        values = answer.probabilities if answer.probabilities is not None else answer.outputs
        flat = np.asarray(values).reshape(len(values), -1)
        names = answer.classes if len(answer.classes) == flat.shape[1] else [f"output{i}" for i in range(flat.shape[1])]
        labels = answer.labels or [""] * len(flat)
        rows = zip(labels, flat, strict=True)
        return ["row", "label", *names], ([i, label, *map(float, row)] for i, (label, row) in enumerate(rows))
