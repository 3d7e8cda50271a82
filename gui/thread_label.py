"""In the status bar: how many threads a training computes with, and on being asked, why."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from engine.machineevents import ThreadsChosen
from engine.snapshots import Progress
from gui.run_feed import RunFeed
from gui.theme import set_role, set_tone
from gui.widgets.labels import plain_tooltip


@final
class ThreadLabel(QLabel):
    """Empty until a training is ready, and while one elsewhere is watched."""

    def __init__(self, feed: RunFeed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._feed = feed
        self.setObjectName("threadsInUse")
        set_role(self, "caption")
        set_tone(self, "secondary")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setContentsMargins(6, 0, 6, 0)
        self._told: ThreadsChosen | None = None
        self._shown: ThreadsChosen | None = None
        feed.on(ThreadsChosen, self._take)
        feed.on(Progress, lambda _event: self._show())
        feed.session_changed.connect(self._forget)

    def _forget(self) -> None:
        self._told = None
        self._show()

    def _take(self, event: ThreadsChosen) -> None:
        self._told = event
        self._show()

    def _show(self) -> None:
        event = self._told if self._feed.away is None else None
        if event is self._shown:
            return
        self._shown = event
        if event is None:
            self.setText("")
            self.setToolTip("")
            return
        number = event.threads
        self.setText(self.tr("1 thread") if number == 1 else self.tr("{0} threads").format(number))
        self.setToolTip(plain_tooltip(self._why(event)))

    def _why(self, event: ThreadsChosen) -> str:
        if event.why == "file":
            return self.tr("The settings of this network name the number of threads.")
        if event.why == "begun":
            return self.tr("This training was begun with so many threads; it is the same to the bit with them alone.")
        if event.why == "given":
            return self.tr("So many threads were asked for when the program was started.")
        if event.why == "device":
            return self.tr("The training computes on another device; the processor only prepares.")
        if event.most == 1:
            return self.tr("The program may use one thread only.")
        if event.threads == 1:
            words = self.tr("Of {0} threads one computes: waiting for others would take longer than they save.")
            first = words.format(event.most)
        else:
            words = self.tr("Of {0} threads {1} compute: a step takes about 1/{2:.1f} of the time that one needs.")
            first = words.format(event.most, event.threads, event.faster or 1.0)
        if event.why == "measured":
            second = self.tr("This follows from the work of a step and from what was measured once on this computer.")
        else:
            second = self.tr("This follows from the work of a step; at rest, what this computer gains is measured.")
        return f"{first} {second}"
