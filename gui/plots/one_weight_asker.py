"""Keeps up with one weight of the session: follows it, asks for its curve when that is no longer true, sets it."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from engine.events import StateChanged
from engine.stepevents import Followed, LossCurveTaken, LossCurving
from engine.weightviews import Entry, LossCurve, On
from gui.document import Document
from gui.plots.one_weight_path import WeightPath
from gui.run_feed import RunFeed

Floats = NDArray[np.float64]

WHO: Final = "one weight"
FEW: Final = 17
"""Places that make a curve worth showing in the stead of an older one."""
REST: Final = 10.0
"""While a training runs, so many times what the last curve took are left to it before the next one."""
LEAST_REST: Final = 100
LONG: Final = 400
"""Milliseconds after which a curve is worth telling how far it is."""
SETTLE: Final = 250
"""Milliseconds that edits rest before the network is asked anew."""
_GOING: Final = ("running", "loading")


@final
class CurveAsker(QObject):
    """Asks only while it is awake.

    Attributes:
        entry: the weight; None: none is chosen.
        on: what the loss is evaluated on.
        path: of the weight.
        known: the last answer; None before.
        w, loss: the curve to draw, (n,) each.
        curve_at: updates made before it; `stale`: whether other weights have moved since.

    Signals:
        path_changed(): the weight moved.
        restarted(): it is where training begins.
        curve_changed(): there is something new to draw.
        progress(int, int): so many of so many batches of a long curve are evaluated; (0, 0): none is under way.
        failed(str): why there is nothing to see.
    """

    path_changed = Signal()
    restarted = Signal()
    curve_changed = Signal()
    progress = Signal(int, int)
    failed = Signal(str)

    def __init__(self, document: Document, feed: RunFeed, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._feed = document, feed
        self.entry: Entry | None = None
        self.on: On = "train"
        self.path = WeightPath()
        self.known: LossCurve | None = None
        self.w: Floats = np.empty(0)
        self.loss: Floats = np.empty(0)
        self.curve_at = 0
        self.stale = False
        self._ends = (-1.0, 1.0)
        self._awake = self._outdated = False
        self._request = 0
        self._sent = 0
        self._rested, self._asked = QElapsedTimer(), QElapsedTimer()
        self._rest = 0.0
        self._wanted: float | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SETTLE)
        self._later.timeout.connect(self._begin)
        feed.on(Followed, self._followed)
        feed.on(LossCurving, self._curving)
        feed.on(LossCurveTaken, self._taken)
        feed.on(StateChanged, self._state_changed)

    # -- what is asked about --

    def choose(self, entry: Entry | None, on: On) -> None:
        """Look at another weight, or at the same on other data."""
        if entry != self.entry:
            self.path.clear()
        self.entry, self.on = entry, on
        self.known, self.stale = None, False
        self.w = self.loss = np.empty(0)
        self._begin()

    def set_ends(self, low: float, high: float) -> None:
        """Compute the curve between these weights from now on."""
        if (low, high) != self._ends:
            self._ends = (low, high)
            self._want()

    def set_awake(self, awake: bool) -> None:
        """Ask, or be silent: somebody looks, or no longer."""
        if awake == self._awake:
            return
        self._awake = awake
        if awake:
            self._begin()
        else:
            self._later.stop()
            self._request = self._sent = 0
            if self._feed.has_session:
                self._feed.session.follow(WHO, ())

    def edited(self) -> None:
        """The document is another one: ask anew when the edits rest."""
        if self._awake:
            self._later.start()

    def set_weight(self, value: float) -> None:
        """Set the weight by hand. While the session takes up one value, only the last of those to come is kept."""
        if self.entry is None or not self._awake:
            return
        if self.path.steps:  # shown at once; the session says so in a moment
            self.path.move(self.path.steps[-1], value)
            self.path_changed.emit()
        if self._sent:
            self._wanted = value
            return
        self._sent, self._wanted = self._sent + 1, None
        self._feed.session.set_weights({self.entry: value})

    def cancel(self) -> None:
        """Give a long curve up."""
        if self._request and self._feed.has_session:
            self._feed.session.cancel_curve(self._request)

    # -- asking --

    def _begin(self) -> None:
        self._request = self._sent = 0
        if self._awake and self.entry is not None and self._document.result.trainable:
            self._feed.current_session.follow(WHO, (self.entry,))

    def _want(self) -> None:
        self._outdated = True
        self._ask()

    def _ask(self) -> None:
        if not self._awake or self.entry is None or not self._feed.has_session or not self._document.result.trainable:
            return
        going = self._feed.state in _GOING
        if going and (self._request or (self._rested.isValid() and self._rested.elapsed() < self._rest)):
            return  # the next update asks again
        self._outdated = False
        self._request = self._feed.next_request()
        self._asked.start()
        at_once = going or bool(self._sent)
        self._feed.session.loss_curve(self.entry, *self._ends, self._request, on=self.on, now=at_once)

    # -- answers --

    def _followed(self, event: Followed) -> None:
        if event.who != WHO or self.entry is None or event.entries != (self.entry,):
            return
        if event.error or not event.steps.size:
            self.failed.emit(event.error)
            return
        values = event.values[:, 0].tolist()
        by_hand = event.moved and self._sent > 0
        if event.moved:
            self._moved(int(event.steps[-1]), values[-1])
            if not by_hand and not event.steps[-1]:
                self.restarted.emit()
        else:
            self.path.extend(event.steps.tolist(), values)
        self.stale = self.stale or (self.w.size > 0 and not by_hand)
        self.path_changed.emit()
        self._want()

    def _moved(self, step: int, value: float) -> None:
        if not self._sent:
            self.path.move(step, value)
            return
        self._sent -= 1
        if self._wanted is None:
            self.path.move(step, value)
        else:
            self.set_weight(self._wanted)

    def _curving(self, event: LossCurving) -> None:
        if event.request != self._request:
            return
        self._take(event.curve, complete=False)
        if self._asked.elapsed() > LONG:
            self.progress.emit(event.made, event.total)

    def _taken(self, event: LossCurveTaken) -> None:
        if event.request != self._request:
            return
        self._request = 0
        self._rested.start()
        self._rest = max(LEAST_REST, REST * 1000 * event.seconds)
        self.progress.emit(0, 0)
        if event.error:
            self.failed.emit(event.error)
        elif event.curve is not None:
            self._take(event.curve, complete=event.complete)
        if self._outdated:
            self._ask()

    def _take(self, curve: LossCurve, *, complete: bool) -> None:
        self.known = curve
        if complete or curve.w.size >= FEW:
            self.w, self.loss, self.curve_at, self.stale = curve.w, curve.loss, curve.at, False
        self.curve_changed.emit()

    def _state_changed(self, event: StateChanged) -> None:
        if event.state not in _GOING and self._outdated:
            self._ask()
        elif event.state not in _GOING and self.known is not None and self.stale:
            self._want()
