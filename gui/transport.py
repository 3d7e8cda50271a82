"""The bar at the top: history on the left, the transport in the middle, what the training does on the right."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from engine.events import Progress, StateChanged
from gui.actions import Actions
from gui.format import format_count, format_duration, format_integer, format_number
from gui.run_feed import RunFeed
from gui.theme import set_kind, set_role, set_tone, theme
from gui.widgets.segmented import Segmented

GRAINS = ("sample", "batch", "epoch")


@final
class TransportBar(QFrame):
    """Play and its neighbours. The actions do the work; this shows them and the run's progress."""

    def __init__(self, actions: Actions, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport")
        set_kind(self, "bar")
        self._device = ""
        self._play = self._button(actions.play, primary=True)
        self._play.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.grain = Segmented(
            [("sample", self.tr("Sample")), ("batch", self.tr("Batch")), ("epoch", self.tr("Epoch"))], parent=self
        )
        self.grain.setObjectName("grain")
        self.grain.setAccessibleName(self.tr("How far one step goes"))
        self.grain.setToolTip(self.tr("How far one step goes"))
        self.grain.set_value("batch")
        self._numbers = QLabel(self)
        self._numbers.setObjectName("runNumbers")
        set_role(self._numbers, "mono_caption")
        set_tone(self._numbers, "secondary")
        self._numbers.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._progress = QProgressBar(self)
        self._progress.setObjectName("runProgress")
        self._progress.setTextVisible(False)
        self._progress.setRange(0, 1000)
        self._arrange(actions)
        feed.on(Progress, self._show_progress)
        feed.on(StateChanged, self._show_state)
        feed.session_changed.connect(self.clear)
        theme().changed.connect(self._rescale)
        self._rescale()
        self.clear()

    def _button(self, action: QAction, *, primary: bool = False) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_kind(button, "primary" if primary else "boxed")
        return button

    def _arrange(self, actions: Actions) -> None:
        left, middle, right = QWidget(self), QWidget(self), QWidget(self)
        left_row, middle_row, right_column = QHBoxLayout(left), QHBoxLayout(middle), QVBoxLayout(right)
        for row in (left_row, middle_row):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
        right_column.setContentsMargins(0, 0, 0, 0)
        right_column.setSpacing(4)
        for action in (actions.open, actions.save, actions.undo, actions.redo):
            button = self._button(action)
            set_kind(button, "")
            left_row.addWidget(button)
        left_row.addStretch(1)
        middle_row.addWidget(self._button(actions.reset))
        middle_row.addWidget(self._play)
        middle_row.addWidget(self._button(actions.step))
        middle_row.addWidget(self._button(actions.stop))
        middle_row.addSpacing(6)
        middle_row.addWidget(self.grain)
        right_column.addStretch(1)
        right_column.addWidget(self._numbers)
        right_column.addWidget(self._progress)
        right_column.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(12)
        layout.addWidget(left, 1)
        layout.addWidget(middle, 0)
        layout.addWidget(right, 1)

    def _rescale(self) -> None:
        self._play.setMinimumWidth(theme().px(92))
        self._progress.setFixedHeight(theme().px(3))
        for button in self.findChildren(QToolButton):
            button.setIconSize(QSize(theme().px(16), theme().px(16)))

    def clear(self) -> None:
        """No run yet."""
        self._numbers.setText(self.tr("not trained yet"))
        self._numbers.setToolTip("")
        self._progress.setValue(0)

    def _show_state(self, event: StateChanged) -> None:
        self._device = event.device or self._device
        if event.state == "ready" and event.step == 0:
            self.clear()
        if event.state == "loading":
            self._numbers.setText(self.tr("loading the data…"))

    def _show_progress(self, event: Progress) -> None:
        parts = [
            self.tr("epoch {0}/{1}").format(format_integer(event.epoch), format_integer(event.epochs)),
            self.tr("step {0}").format(format_integer(event.step)),
        ]
        if event.samples_per_s > 0:
            parts.append(self.tr("{0} samples/s").format(format_count(event.samples_per_s)))
        if event.seconds_left is not None and event.seconds_left >= 1:
            parts.append(self.tr("{0} left").format(format_duration(event.seconds_left)))
        if self._device:
            parts.append(self._device.upper())
        self._numbers.setText(" · ".join(parts))
        self._numbers.setToolTip(
            self.tr("loss {0} · learning rate {1} · {2} steps an epoch").format(
                format_number(event.loss), format_number(event.lr), format_integer(event.steps_per_epoch)
            )
        )
        whole = max(1, event.epochs * event.steps_per_epoch)
        self._progress.setValue(min(1000, round(1000 * event.step / whole)))
