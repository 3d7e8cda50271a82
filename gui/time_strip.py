"""The strip below the canvas with which one drags through the past of the training."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QSlider, QVBoxLayout, QWidget

from gui.format import format_integer
from gui.theme import set_kind, theme
from gui.timeline import TimeTravel, past_words
from gui.widgets.boxed_button import boxed_button
from gui.widgets.labels import ElidedLabel, plain_tooltip, text_label

PAGES: Final = 20
LEAST_TOLD: Final = 0.1
"""MiB; less is told as less than that, not as none."""


@final
class TimeStrip(QFrame):
    """A slider over the updates that can be gone to; what they cost, and what lies ahead, in words.

    Signals:
        left(): the button that closes it.
    """

    left = Signal()

    def __init__(self, travel: TimeTravel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeStrip")
        set_kind(self, "bar")
        self._travel = travel
        self._back = boxed_button(self, "chevron-left", self.tr("One update back"), "timeBack")
        self._forth = boxed_button(self, "chevron-right", self.tr("One update forth"), "timeForth")
        self._close = boxed_button(self, "close", self.tr("Close"), "timeClose")
        self._back.clicked.connect(lambda: travel.go(travel.wanted - 1))
        self._forth.clicked.connect(lambda: travel.go(travel.wanted + 1))
        self._close.clicked.connect(self.left)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setObjectName("timeSlider")
        self.slider.setAccessibleName(self.tr("Update that is gone to"))
        self.slider.valueChanged.connect(travel.go)
        self._first = text_label("", "mono_caption", "secondary")
        self._last = text_label("", "mono_caption", "secondary")
        self._at = text_label("", "mono_caption")
        self._at.setObjectName("timeAt")
        self._words = ElidedLabel(role="caption", tone="secondary")
        self._words.setObjectName("timeWords")
        self._figure = text_label("", "mono_caption", "secondary")
        self._figure.setObjectName("timeFigure")
        self._lay_out()
        self.hide()
        travel.changed.connect(self._show)
        theme().changed.connect(self._show)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(6)
        for part in (self._back, self._forth, self._first):
            row.addWidget(part)
        row.addWidget(self.slider, 1)
        row.addWidget(self._last)
        row.addSpacing(6)
        row.addWidget(self._close)
        below = QHBoxLayout()
        below.setSpacing(12)
        below.addWidget(self._at)
        below.addWidget(self._words, 1)
        below.addWidget(self._figure)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 6)
        column.setSpacing(2)
        column.addLayout(row)
        column.addLayout(below)

    def set_shown(self, shown: bool) -> None:
        """Open or close."""
        self.setVisible(shown)
        if shown:
            self._travel.ask()
            self._show()

    def _show(self) -> None:
        if self.isHidden():
            return
        place = self._travel.place
        there = place is not None and place.last > place.first
        with QSignalBlocker(self.slider):
            if place is not None:
                self.slider.setRange(place.first, place.last)
                self.slider.setPageStep(max(1, (place.last - place.first) // PAGES))
                self.slider.setValue(self._travel.wanted)
        self.slider.setEnabled(there)
        self._back.setEnabled(place is not None and self._travel.wanted > place.first)
        self._forth.setEnabled(place is not None and self._travel.wanted < place.last)
        self._words.setText(self._sentence())
        if place is None:
            for label in (self._first, self._last, self._at, self._figure):
                label.setText("")
            return
        self._first.setText(format_integer(place.first))
        self._last.setText(format_integer(place.last))
        of = self.tr("update {0} of {1}")
        self._at.setText(of.format(format_integer(self._travel.wanted), format_integer(place.last)))
        updates, used, limit = past_words(place)
        figure = self.tr("{0} updates in {1} of {2} MiB")
        used_ = f"{used:.1f}" if used >= LEAST_TOLD else f"<{LEAST_TOLD}"
        self._figure.setText(figure.format(format_integer(updates), used_, f"{limit:.0f}"))
        tip = self.tr(
            "{0} complete states are kept; the updates in between are made once more, which gives the same numbers to "
            "the last digit."
        )
        self._figure.setToolTip(plain_tooltip(tip.format(format_integer(place.states))))

    def _sentence(self) -> str:
        place = self._travel.place
        if self._travel.running:
            return self.tr("While the training runs, there is no going back. Pause it, then drag through its past.")
        if place is None or place.last == place.first:
            return self.tr("Nothing has been learned yet. After some training, drag here through its past.")
        if self._travel.wanted < place.last:
            ahead = format_integer(place.last - self._travel.wanted)
            return self.tr("{0} ahead, until you play or edit.").format(ahead)
        return self.tr("Drag to go back. Plots, pictures and numbers follow.")
