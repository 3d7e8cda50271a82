"""Between the session's worker thread and the panels: one mailbox, drained at most once a frame."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar, final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from engine import session as sessions
from engine.events import Applied, Event, FactsRead, RunFailed, RunLoaded, RunState, StateChanged
from engine.graph import Project
from engine.references import renamed_later
from engine.session import Grain, RunPlace, Session
from engine.snapshots import Progress
from engine.stepevents import Timeline
from engine.surfaceevents import StartedThere
from gui import live_settings
from gui.away import Away, since_reset
from gui.document import Change, Document
from gui.turns import Turns

E = TypeVar("E", bound=Event)


@final
class RunFeed(QObject):
    """Owns the session of the document and hands its events to whoever asked for that type.

    The session is opened at the first command, so that a document that is only drawn costs no thread. The worker wakes
    the feed when the mailbox fills; the feed drains it after at most a frame: nothing runs while nothing happens.

    Signals:
        frame(): after each drain, when one of those that draw in turn has had its turn.
        state_changed(str): the run's state.
        stale_changed(bool): the document differs (or no longer differs) from what runs.
        restarted(): the run went back to step 0; what was shown of it is over.
        session_changed(): another session is to come: forget what was shown.
        opening(bool): a run is about to be shown, and nothing of it was told yet; True: one elsewhere, which cannot
            be asked for what it told before.
        away_told(str): what is to be said of a run elsewhere that is watched; "" when that is over.
    """

    frame = Signal()
    state_changed = Signal(str)
    stale_changed = Signal(bool)
    session_changed = Signal()
    restarted = Signal()
    opening = Signal(bool)
    away_told = Signal(str)
    _woken = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._session: Session | None = None
        self.running_project: Project | None = None
        """What the session was last told to train, with what was changed live since; None while there is none."""
        self._renamed: dict[str, str] = {}
        self._before_apply: tuple[Project, dict[str, str]] | None = None
        self._starting = self._given = False
        self._runs: RunPlace | None = None
        self._overrides: dict[str, Any] = {}
        self._stale = False
        self._state: RunState = "ready"
        self._step = 0
        self._slots: defaultdict[type[Event], list[Callable[[Any], None]]] = defaultdict(list)
        self._waiting: deque[Event] = deque()
        self._watched: dict[object, frozenset[str]] = {}
        self._looked_at: tuple[frozenset[str], int] = (frozenset(), 0)
        self._requests = 0
        self.away: Away | None = None
        """The run elsewhere that the panels show in place of the session's."""
        self._turns = Turns(self)
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.drain)
        self._woken.connect(self._wake, Qt.ConnectionType.QueuedConnection)
        document.changed.connect(self._document_changed)
        document.replaced.connect(self._document_replaced)
        document.facts_wanted.connect(self._read_facts)
        self.on(StateChanged, self._note_state)
        self.on(Progress, self._note_progress)
        self.on(Timeline, self._note_place)
        self.on(Applied, self._note_applied)
        self.on(RunFailed, self._note_failure)
        self.on(RunLoaded, self._note_loaded)
        self.on(StartedThere, self._note_loaded)
        self.on(FactsRead, lambda event: document.put_facts(event.key, event.facts))
        document.ask_for_facts()

    # -- listening --

    def on(self, kind: type[E], slot: Callable[[E], None]) -> None:
        """Call `slot` in the GUI thread with every event of that type."""
        self._slots[kind].append(slot)

    def off(self, kind: type[E], slot: Callable[[E], None]) -> None:
        """No longer call `slot` (a dialog that is closed)."""
        self._slots[kind].remove(slot)

    def draw_in_turn(self, draw: Callable[[], bool]) -> None:
        """Call `draw` in one of the frames to come, again and again; it says whether there was something to draw.

        One draws in a frame: all of them at once would hold up the mouse, and the training.
        """
        self._turns.add(draw)

    def draw_each_frame(self, draw: Callable[[], bool]) -> None:
        """As `draw_in_turn`, for what takes a millisecond or two: it draws in every frame, which then come sooner."""
        self._turns.add_light(draw)

    def watch(self, who: object, lanes: frozenset[str]) -> None:
        """Say which snapshot lanes a panel shows now (none while it is hidden); nothing else is computed."""
        before = self._all_watched()
        self._watched[who] = lanes
        if self._session is not None and self._all_watched() != before:
            self._session.watch(self._all_watched())

    def look_at(self, blocks: frozenset[str], sample: int) -> None:
        """Say of which blocks, by path, the lane `Responses` is to tell, and which image they are shown."""
        if (blocks, sample) != self._looked_at:
            self._looked_at = (blocks, sample)
            if self._session is not None:
                self._session.look_at(blocks, sample)

    def _all_watched(self) -> frozenset[str]:
        return frozenset().union(*self._watched.values())

    def drain(self) -> None:
        """Hand out everything that waits in the mailbox, then let the next panel that has something new draw it.

        A slot may turn the event loop (a file is saved) and so drain meanwhile: the order stays the same.
        """
        self._turns.begin()
        session = self._session
        if session is None and self.away is None:
            return
        if session is not None:
            self._waiting.extend(self._of_this_run(session.mailbox.drain()))
        try:
            while self._waiting:
                self._deliver(self._waiting.popleft())
        finally:
            if self._waiting:  # a slot failed: what else came is handed out in the next frame
                self._schedule()
        if self._session is session:
            if self._turns.draw():
                self._schedule()  # for the others
            self.frame.emit()

    def _deliver(self, event: Event) -> None:
        if isinstance(event, StateChanged):
            if self._starting and event.state == "ready":  # on its way from the data to the first step
                event = replace(event, state="loading")
            self._starting = self._starting and event.state == "loading"
        for slot in tuple(self._slots[type(event)]):
            slot(event)

    def _of_this_run(self, events: list[Event]) -> list[Event]:
        return since_reset(events, self._step) if self.away is None else self.away.of_session(events)

    def _wake(self) -> None:
        self._schedule(news=True)

    def _schedule(self, *, news: bool = False) -> None:
        if self._session is not None or self.away is not None:
            self._turns.schedule(self._timer, news=news)

    def set_away(self, away: Away | None) -> None:
        """From now on the panels show a run elsewhere, or no longer; what they showed is over."""
        if away is not None:
            self.opening.emit(True)
        self.away = away
        self.restarted.emit()
        self.state_changed.emit(self._state)
        if away is None:
            self._deliver(StateChanged(self._state, step=self._step))
            if self._given and self._session is not None:  # the panels are empty: show the weights it was given
                self._session.watch(frozenset())
                self._session.watch(self._all_watched())

    def tell(self, events: Sequence[Event]) -> None:
        """Hand out what the run elsewhere tells, as if the session had told it."""
        for event in events if self.away is not None else ():
            self._deliver(event)
        self._schedule()

    # -- commanding --

    @property
    def session(self) -> Session:
        """The session of the document, opened when first needed."""
        if self._session is None:
            self.opening.emit(False)
        if self._session is None:  # else who was told has opened it
            self._session = sessions.open(self._document.project, folder=self._document.folder, runs=self._runs)
            self._session.mailbox.on_first = self._woken.emit
            if self._looked_at[0]:
                self._session.look_at(*self._looked_at)
            self._session.watch(self._all_watched())
            for name, value in self._overrides.items():
                self._session.set_hyper(name, value)
            self.running_project, self._renamed = self._document.project, {}
            self._schedule()  # for what came before the mailbox could wake anybody
            self._set_stale()
        return self._session

    @property
    def current_session(self) -> Session:
        """The session, brought up to the edited document first where nothing learned could be lost by it."""
        session = self.session
        if self._stale and not self.trained and not self._document.result.errors:
            self.apply()
        return session

    @property
    def has_session(self) -> bool:
        """Whether a session is open."""
        return self._session is not None

    @property
    def state(self) -> RunState:
        """The run's last state that reached the window."""
        return self._state

    @property
    def trained(self) -> bool:
        """Whether the session has made a step or was given weights: something would be lost by starting afresh."""
        return self._step > 0 or self._given or self._state in ("running", "paused", "finished")

    @property
    def steps(self) -> int:
        """How many steps the run has made, as far as that has reached the window."""
        return self._step

    @property
    def stale(self) -> bool:
        """Whether the document differs from what runs in a way that Apply or Restart would bring over."""
        return self._stale

    def next_request(self) -> int:
        """A fresh number for a request."""
        self._requests += 1
        return self._requests

    def play(self) -> None:
        """Train, or go on, and say so at once: the first time torch and the data take a moment to load."""
        self._take_settings()
        self.current_session.play()
        self._expect_run()

    def step(self, grain: Grain) -> None:
        """Train for one sample, batch or epoch."""
        self._take_settings()
        self.current_session.step(grain)
        self._expect_run()

    def _take_settings(self) -> None:
        """Where the settings alone were edited, nothing learned is lost: what starts now starts with them."""
        running, now = self.running_project, self._document.project
        if running is None or not self._stale or self._document.result.errors:
            return
        if live_settings.same_network(running, now):
            self.apply()

    def _expect_run(self) -> None:
        if self._state in ("ready", "failed"):
            self._starting = True
            self._deliver(StateChanged("loading", step=self._step))

    def pause(self) -> None:
        """Hold."""
        self._starting = False
        self.session.pause()

    def stop(self) -> None:
        """End the training; what was learned stays."""
        if self._session is not None:
            self._starting = False
            self._session.stop()

    def reset(self) -> None:
        """Back to the start values of what runs."""
        if self._session is not None:
            self._starting = False
            self._session.reset()
            if self._given:
                self._given = False
                self.state_changed.emit(self._state)

    @property
    def runs_place(self) -> RunPlace | None:
        """Where runs leave their files; None: nowhere."""
        return self._runs

    def keep_runs(self, place: RunPlace | None) -> None:
        """Where runs leave their files from now on; None: nowhere."""
        if place != self._runs:
            self._runs = place
            if self._session is not None:
                self._session.keep_runs(place)

    def override(self, name: str, value: Any) -> None:
        """Set something of `engine.settings.LIVE` that is no part of the document (`dropout_off`), for this session."""
        self._overrides[name] = value
        if self._session is not None:
            self._session.set_hyper(name, value)

    def apply(self) -> None:
        """Let the edited graph run, keeping what was learned wherever name and shape allow."""
        if self._session is None:
            return  # it will open with the document as it is
        assert self.running_project is not None
        self._session.apply(self._document.project, dict(self._renamed))
        self._before_apply = (self.running_project, self._renamed)
        self.running_project, self._renamed = self._document.project, {}
        self._set_stale()

    def restart(self) -> None:
        """Start afresh from the document as it is."""
        self.apply()
        self.reset()

    def close(self, wait: bool = True) -> None:
        """End the session's thread; unless told to wait, it takes its last step by itself."""
        self._timer.stop()
        self._turns.stop()
        self._waiting.clear()
        if self._session is not None:
            session, self._session = self._session, None
            session.mailbox.on_first = None
            session.close(wait)
        self.running_project = self._before_apply = None

    # -- following the document --

    def _document_changed(self, change: Change) -> None:
        self._renamed = renamed_later(self._renamed, change.path_renames)
        self._follow_live_settings()
        self._set_stale()

    def _document_replaced(self) -> None:
        self.close(wait=False)
        self._state, self._step, self._overrides, self._starting = "ready", 0, {}, False
        self._given = False
        self._set_stale()
        self.session_changed.emit()
        self.state_changed.emit(self._state)

    def _follow_live_settings(self) -> None:
        """Let the learning rate and its like reach the session at once, whichever edit or undo changed them."""
        running, now = self.running_project, self._document.project
        if self._session is None or running is None or running.training == now.training:
            return
        self.running_project = live_settings.follow(self._session, running, now)

    def _set_stale(self) -> None:
        running, now = self.running_project, self._document.project
        stale = running is not None and not live_settings.same_run(running, now)
        if stale != self._stale:
            self._stale = stale
            self.stale_changed.emit(stale)

    def _note_state(self, event: StateChanged) -> None:
        if event.step == 0 and self._step > 0:
            self.restarted.emit()
        self._step = event.step
        if event.state != self._state:
            self._state = event.state
            self.state_changed.emit(event.state)

    def _note_progress(self, event: Progress) -> None:
        if self.away is None:
            self._step = max(self._step, event.step)

    def _note_place(self, event: Timeline) -> None:
        """Gone back to step 0 is no restart: what was shown of the run may be gone forth to again."""
        if event.moved:
            self._step = event.at

    def _note_applied(self, _: Applied) -> None:
        self._before_apply = None

    def _note_loaded(self, event: RunLoaded | StartedThere) -> None:
        if not event.error:
            self._given = True
            self.state_changed.emit(self._state)

    def _note_failure(self, event: RunFailed) -> None:
        """An edited graph that could not be taken over: what runs is still the one before."""
        if self._before_apply is not None and event.code[0] in "GD":
            (self.running_project, renamed), self._before_apply = self._before_apply, None
            self._renamed = renamed_later(renamed, self._renamed.items())
            self._set_stale()

    def _read_facts(self, wanted: list[tuple[str, dict[str, Any]]]) -> None:
        for key, params in wanted:
            self.session.read_facts(key, params, self._document.folder)
