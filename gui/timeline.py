"""The past of the training as the window knows it, and the way through it."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QObject, Signal

from engine.events import Applied, HyperChanged, RunFailed, RunLoaded, Scalars, StateChanged
from engine.stepevents import Timeline
from gui.actions import Actions
from gui.format import format_integer
from gui.notices import notices
from gui.run_feed import RunFeed

AT_REST: Final = ("ready", "paused", "finished", "failed")


@final
class TimeTravel(QObject):
    """Knows where one can go to, goes there, and says when what lay ahead is lost.

    The session is asked for one place at a time: while it is on its way to one, only the place wanted last is kept. So
    a slider can be dragged as fast as one likes.

    Attributes:
        place: the past that can be gone to; None before the first training, and while one runs.
        wanted: the place asked for, until the session is there; else where it is.

    Signals:
        changed(): one of these.
    """

    changed = Signal()

    def __init__(self, actions: Actions, feed: RunFeed, parent: QObject) -> None:
        super().__init__(parent)
        self._actions, self._feed = actions, feed
        self.place: Timeline | None = None
        self.wanted = 0
        self._under_way = False
        self._ahead: Timeline | None = None
        """Where it was when it last stood in the past, until it goes on from there."""
        self._edited = False
        """Whether something was changed there."""
        actions.step_back.triggered.connect(self.step_back)
        feed.on(Timeline, self._take)
        feed.on(StateChanged, self._follow)
        feed.on(Scalars, self._train)
        for kind in (Applied, HyperChanged, RunLoaded):
            feed.on(kind, self._changed_by_hand)
        feed.on(RunFailed, self._gave_up)
        feed.restarted.connect(self._forget)
        feed.session_changed.connect(self._forget)
        self._update()

    # -- going --

    @property
    def ahead(self) -> int:
        """How many updates lie ahead: more than 0 after going back."""
        return 0 if self.place is None else self.place.last - self.place.at

    @property
    def running(self) -> bool:
        """Whether the training runs: it has to be paused first."""
        return self._feed.state in ("running", "loading")

    def go(self, at: int) -> None:
        """To the state after so many updates, soon."""
        if self.place is None:
            return
        self.wanted = max(self.place.first, min(at, self.place.last))
        self._set_out()
        self._update()

    def step_back(self) -> None:
        """To the state before the last update."""
        self.go(self.wanted - 1)

    def ask(self) -> None:
        """Find out what can be gone to: something may have changed it."""
        if self._feed.has_session and (self._feed.trained or self.place is not None):
            self._feed.session.history(self._feed.next_request())

    def _set_out(self) -> None:
        if self.place is not None and not self._under_way and self.wanted != self.place.at:
            self._under_way = True
            self._feed.session.goto(self.wanted)

    # -- following --

    def _take(self, event: Timeline) -> None:
        if self.running and not event.moved:
            return  # an answer that the training has run away from
        if event.error:
            self._under_way = False
            notices().warn(event.error)
            self.ask()
            return
        before, self._ahead, self._edited = self._ahead, event if event.last > event.at else None, False
        self.place = event
        if event.moved:
            self._under_way = False
            self._set_out()
        if not self._under_way:
            self.wanted = event.at
        if before is not None and not event.moved and event.at == before.at and event.last == event.at:
            self._tell_changed(before)
        self._update()

    def _follow(self, event: StateChanged) -> None:
        if event.state not in AT_REST:
            self.place, self._under_way = None, False
        elif event.state != "failed" and (self.place is None or self.place.at != event.step):
            self.ask()
        self._update()

    def _train(self, event: Scalars) -> None:
        """Steps were made: what lay ahead, lies there no longer."""
        before = self._ahead
        if before is not None and int(event.steps[0]) == before.at + 1:
            self._ahead = None
            if self._edited:
                self._tell_changed(before)
                return
            self._tell_forgotten(before)

    def _tell_forgotten(self, before: Timeline) -> None:
        ahead = before.last - before.at
        text = (
            self.tr(
                "The training goes on from update {0}. The update that lay ahead is forgotten; without changes "
                "by hand, it comes out the same again, to the last digit."
            )
            if ahead == 1
            else self.tr(
                "The training goes on from update {0}. The {1} updates that lay ahead are forgotten; without changes "
                "by hand, they come out the same again, to the last digit."
            )
        )
        notices().info(text.format(format_integer(before.at), format_integer(ahead)))

    def _tell_changed(self, before: Timeline) -> None:
        ahead = before.last - before.at
        text = (
            self.tr("Changed at update {0}: another future begins here. The update that lay ahead is gone.")
            if ahead == 1
            else self.tr("Changed at update {0}: another future begins here. The {1} updates that lay ahead are gone.")
        )
        notices().info(text.format(format_integer(before.at), format_integer(ahead)))

    def _changed_by_hand(self, _event: object) -> None:
        self._edited = True
        if not self.running:
            self.ask()

    def _gave_up(self, _event: RunFailed) -> None:
        if self._under_way and self.place is not None:
            self._under_way, self.wanted = False, self.place.at
            self._update()

    def _forget(self) -> None:
        self.place = self._ahead = None
        self._under_way, self.wanted = False, 0
        self._update()

    def _update(self) -> None:
        place = self.place
        self._actions.step_back.setEnabled(place is not None and self.wanted > place.first)
        self.changed.emit()


def past_words(place: Timeline) -> tuple[int, float, float]:
    """How many updates can be gone back to, in how many of how many mebibytes."""
    return place.last - place.first, place.bytes / (1 << 20), place.limit / (1 << 20)
