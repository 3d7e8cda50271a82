"""Keeps up with the parameters of a linear fit: asks what it is, follows them through the updates, sets them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from engine.events import Applied
from engine.stepevents import Followed, LinearFitTaken
from engine.weightviews import LinearFit
from gui.document import Document
from gui.plots.one_weight_path import WeightPath
from gui.run_feed import RunFeed

Floats = NDArray[np.float64]

WHO: Final = "linked spaces"
SETTLE: Final = 250
"""Milliseconds that edits rest before the network is asked anew."""


@final
class FitLink(QObject):
    """Asks only while it is awake.

    Attributes:
        fit: what the network is; None while that is not known, or when it is no linear fit.
        way: of the parameters, measured along itself; `rows` are the parameters at its places, (k,) each.

    Signals:
        fit_changed(): another network or other data, or none.
        moved(): the parameters did.
        restarted(): they are where training begins.
        refused(str): why there is nothing to see.
    """

    fit_changed = Signal()
    moved = Signal()
    restarted = Signal()
    refused = Signal(str)

    def __init__(self, document: Document, feed: RunFeed, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._feed = document, feed
        self.fit: LinearFit | None = None
        self.way, self.rows = WeightPath(), list[Floats]()
        self._awake = False
        self._request = 0
        self._sent = False
        self._wanted: dict[int, float] | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(SETTLE)
        self._later.timeout.connect(self._ask)
        feed.on(LinearFitTaken, self._taken)
        feed.on(Followed, self._followed)
        feed.on(Applied, lambda _: self.edited())

    @property
    def theta(self) -> Floats:
        """All parameters now, (k,)."""
        return self.rows[-1]

    @property
    def shown(self) -> Floats:
        """All parameters where the way is shown, between two updates."""
        place = min(self.way.shown, len(self.rows) - 1)
        after = self.rows[min(place + 1, len(self.rows) - 1)]
        found: Floats = self.rows[place] + (after - self.rows[place]) * self.way.leg[2]
        return found

    # -- being asked for --

    def set_awake(self, awake: bool) -> None:
        """Ask, or be silent: somebody looks, or no longer."""
        if awake == self._awake:
            return
        self._awake = awake
        if awake:
            self._ask()
        else:
            self._later.stop()
            self._request, self._sent = 0, False
            if self._feed.has_session:
                self._feed.session.follow(WHO, ())

    def edited(self) -> None:
        """The document or the run is another one: ask anew when the edits rest."""
        if self._awake:
            self._later.start()

    def forget(self) -> None:
        """Another document."""
        self._request, self._sent, self._wanted = 0, False, None
        self._clear_way()
        self.fit = None
        self.fit_changed.emit()
        self.edited()

    def _clear_way(self) -> None:
        self.way.clear()
        self.rows = []

    def _ask(self) -> None:
        if not self._awake:
            return
        if not self._document.result.trainable:
            self._refuse("")
            return
        self._request = self._feed.next_request()
        self._feed.current_session.linear_fit(self._request)

    def _refuse(self, sentence: str) -> None:
        self.fit = None
        self._clear_way()
        self.fit_changed.emit()
        self.refused.emit(sentence)

    # -- answers --

    def _taken(self, event: LinearFitTaken) -> None:
        if event.request != self._request:
            return
        self._request = 0
        if event.fit is None:
            self._refuse(event.error)
            return
        other = self.fit is None or self.fit.entries != event.fit.entries
        self.fit = event.fit
        if other:
            self._clear_way()
        self._feed.session.follow(WHO, event.fit.entries)
        self.fit_changed.emit()

    def _followed(self, event: Followed) -> None:
        if event.who != WHO or self.fit is None or event.entries != self.fit.entries or event.error:
            return
        if not event.moved:
            self._extend(event.steps.tolist(), event.values)
        elif self._wanted is not None and self._sent:
            wanted, self._wanted, self._sent = self._wanted, None, False
            self.set(wanted)
        else:
            by_hand, self._sent = self._sent, False
            self._move(int(event.steps[-1]), event.values[-1])
            if not by_hand and not event.steps[-1]:
                self.restarted.emit()
        self.moved.emit()

    def _extend(self, steps: list[int], rows: Floats) -> None:
        begin = self.rows[-1] if self.rows else rows[0]
        with np.errstate(all="ignore"):
            far = np.linalg.norm(np.diff(np.vstack([begin, rows]), axis=0), axis=1)
            along = (self.way.values[-1] if self.way.values else 0.0) + np.cumsum(far)
        self.way.extend(steps, along.tolist())
        self.rows = [*self.rows, *rows][-len(self.way.steps) :]

    def _move(self, step: int, row: Floats) -> None:
        while self.way.steps and self.way.steps[-1] >= step:
            self.way.steps.pop()
            self.way.values.pop()
            self.rows.pop()
        before = self.way.values[-1] if self.way.values else 0.0
        with np.errstate(all="ignore"):
            far = float(np.linalg.norm(row - self.rows[-1])) if self.rows else 0.0
        self.way.move(step, before + far)
        self.rows.append(np.array(row))

    # -- by hand --

    def set(self, numbers: Mapping[int, float]) -> None:
        """Set some parameters, by their place; shown at once. Of what comes in quick succession, the last is kept."""
        if self.fit is None or not self.rows or not self._awake:
            return
        row = self.theta.copy()
        for place, value in numbers.items():
            row[place] = value
        self._move(self.way.steps[-1], row)
        self.moved.emit()
        if self._sent:
            self._wanted = {**(self._wanted or {}), **numbers}
            return
        self._sent = True
        self._feed.session.set_weights({self.fit.entries[place]: value for place, value in numbers.items()})
