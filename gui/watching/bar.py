"""The strip above the canvas while a run elsewhere is watched."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from gui.format import format_duration, format_integer
from gui.icons import icon
from gui.theme import set_kind
from gui.watching.watching import Watching
from gui.widgets.labels import plain_tooltip


@final
class WatchBar(QFrame):
    """Says what is watched, how far it is and how old the last news is; fetches weights, and ends it."""

    def __init__(self, watching: Watching, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("watchBar")
        set_kind(self, "info")
        self._watching = watching
        self._text = QLabel(self)
        self._text.setObjectName("watchText")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._newer = QPushButton(self.tr("Show the newer run"), self)
        self._newer.setObjectName("watchNewer")
        self._newer.clicked.connect(watching.show_newer)
        self._weights, self._stop = QPushButton(self), QPushButton(self.tr("Stop watching"), self)
        self._weights.setObjectName("watchWeights")
        self._weights.setToolTip(
            plain_tooltip(
                self.tr(
                    "Take the weights that the run saved last: outputs, predictions and the confusion matrix show them"
                )
            )
        )
        self._stop.setObjectName("watchStop")
        self._weights.clicked.connect(watching.load_weights)
        self._stop.clicked.connect(watching.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 8, 6)
        row.setSpacing(8)
        eye = QLabel(self)
        eye.setPixmap(icon("eye").pixmap(16, 16))
        row.addWidget(eye)
        row.addWidget(self._text, 1)
        for button in (self._newer, self._weights, self._stop):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        watching.changed.connect(self._update)
        self._update()

    def _update(self) -> None:
        watching = self._watching
        self.setVisible(watching.active)
        if not watching.active:
            return
        words = self.words()
        if words != self._text.text():
            self._text.setText(words)
        self._newer.setVisible(watching.newer is not None)
        standing = watching.told.standing
        if watching.fetching:
            label = self.tr("Loading weights…")
        elif standing is not None:
            label = self.tr("Load weights of step {0}").format(format_integer(standing.step))
        else:
            label = self.tr("Load weights")
        if label != self._weights.text():
            self._weights.setText(label)
        self._weights.setEnabled(watching.can_load and not watching.fetching)

    def words(self) -> str:
        """What the strip says, in one or two sentences."""
        watching = self._watching
        assert watching.place is not None
        parts = [self.tr("Watching {0}").format(watching.place.name)]
        last = watching.told.last
        if last:
            epoch, planned = format_integer(last["epoch"]), format_integer(watching.told.planned)
            parts.append(self.tr("epoch {0} of {1}").format(epoch, planned))
        age = self._age()
        if watching.stalled or watching.trouble:
            problem = self.tr("It does not answer.") if watching.stalled else watching.trouble
            parts.append(self.tr("last news {0} ago").format(age) if watching.showing else self.tr("no news yet"))
            return self.tr("{0}. {1} It is tried again.").format(", ".join(parts), problem)
        if not watching.showing:
            parts.append(self.tr("looking…"))
        elif watching.told.over:
            parts.append(self.tr("training finished"))
        else:
            parts.append(self.tr("last news {0} ago").format(age))
        text = ", ".join(parts) + "."
        if watching.weights_step:
            step = format_integer(watching.weights_step)
            text += " " + self.tr("Pictures and predictions are those of step {0}.").format(step)
        elif watching.can_load:
            text += " " + self.tr("Its weights show outputs and pictures.")
        if watching.newer is not None:
            text += " " + self.tr("A newer run has started: {0}.").format(watching.newer.name)
        if watching.damaged:
            text += " " + self.tr("Lines of its records that cannot be read: {0}.").format(watching.damaged)
        return text

    def _age(self) -> str:
        """Whole seconds: nobody wants to see more, and every digit would flicker."""
        return format_duration(max(1, int(self._watching.age)))
