"""The run elsewhere that is watched: begun, followed, its weights fetched, and left again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from PySide6.QtCore import QObject, QTimer, Signal

from engine.events import RunLoaded, StateChanged
from engine.graph import Project
from engine.watching.folder import FolderPlace
from engine.watching.follower import Follower, Newer, Told, Trouble, Weights, place_of
from engine.watching.place import Place
from engine.watching.watcher import News
from gui.away import Away
from gui.background import run_aside
from gui.document import Document
from gui.file_actions import FileActions
from gui.notices import notices
from gui.run_feed import RunFeed
from gui.threads import in_gui
from gui.watching.same import data_folder, same_network
from gui.watching.telling import Telling

STALL_S: Final = 5.0
"""Seconds after which a look that has not come back is told."""
TICK_MS: Final = 1000


@final
class Watching(QObject):
    """Follows one run at a time. Nothing runs while nothing is watched.

    Signals:
        changed(): something that is said of it is another now.

    Attributes:
        place: where the run is; None while nothing is watched.
        told: how far it is.
        trouble: why it cannot be read now, "" while it can.
        damaged: lines that could not be read.
        fetching: whether weights are on their way.
        weights_step: the session has the weights of this step; 0: none of the run.
        newer: a run that has begun beside it since; None where none has.
        walk: steps through backpropagation.
    """

    changed = Signal()

    def __init__(self, document: Document, feed: RunFeed, files: FileActions, parent: QObject) -> None:
        super().__init__(parent)
        self.walk: Callable[[], None] = lambda: None
        self._document, self._feed, self._files = document, feed, files
        self._follower: Follower | None = None
        self._round = 0
        self._waiting: deque[Told] = deque()
        self._hearing = self._replacing = False
        self._request = self._fetched_step = 0
        self._news_at = 0.0
        self._forget()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        document.replaced.connect(self._another_document)
        feed.on(RunLoaded, self._loaded)
        feed.on(StateChanged, self._session_told)

    def _forget(self) -> None:
        self.place: Place | None = None
        self.told = Telling()
        self.trouble = ""
        self.damaged = self.weights_step = 0
        self.fetching = False
        self.newer: Place | None = None
        self._saved, self._known = "", False

    # -- beginning and ending --

    @property
    def active(self) -> bool:
        """Whether something is watched."""
        return self.place is not None

    @property
    def showing(self) -> bool:
        """Whether the panels show it: its graph is on the canvas."""
        return self._known

    @property
    def can_load(self) -> bool:
        """Whether the run has saved weights that the session does not have."""
        standing = self.told.standing
        return self._known and bool(self._saved) and (standing is None or standing.step != self.weights_step)

    def start(self, text: str) -> None:
        """Watch a run directory or an address. Raises PlaceError: that is none."""
        place = place_of(text)
        self.stop()
        self.place = place
        self._round += 1
        this = self._round
        self._news_at = time.monotonic()
        self._follower = Follower(place, lambda told: in_gui(lambda: self._hear(this, told)))
        self._follower.start()
        self._timer.start()
        self._say()

    def stop(self) -> None:
        """Watch no longer: the transport and the panels are those of this window's own training again."""
        if self._follower is None:
            return
        self._timer.stop()
        self._follower.stop()
        self._follower = None
        self._waiting.clear()
        had = self._known
        self._forget()
        if had:
            self._feed.set_away(None)
        self._feed.away_told.emit("")
        self.changed.emit()

    def join(self, seconds: float) -> bool:
        """Stop, and wait for the thread's end; whether it has ended."""
        follower = self._follower
        self.stop()
        return follower is None or follower.join(seconds)

    def show_newer(self) -> None:
        """Watch the run that has begun beside this one."""
        if self.newer is not None:
            self.start(self.newer.address)

    def look_now(self) -> None:
        """Look at once."""
        if self._follower is not None:
            self._follower.look_now()

    def load_weights(self) -> None:
        """Give the session the weights that the run saved last, so that pictures and answers are those of the run."""
        if self._follower is not None and self._known and not self.fetching:
            self.fetching = True
            self._follower.want_weights()
            self._say()

    def _another_document(self) -> None:
        if not self._replacing:
            self.stop()

    # -- hearing --

    def _hear(self, this: int, told: Told) -> None:
        """In order, also where a question is asked meanwhile."""
        if this != self._round or self._follower is None:
            return
        self._waiting.append(told)
        if self._hearing:
            return
        self._hearing = True
        try:
            while self._waiting:
                self._take(self._waiting.popleft())
        finally:
            self._hearing = False

    def _take(self, told: Told) -> None:
        if isinstance(told, News):
            self._take_news(told)
        elif isinstance(told, Trouble):
            self.trouble = told.text
        elif isinstance(told, Newer):
            self.newer = told.place
        else:
            self._take_weights(told)
        self._say()

    def _take_news(self, news: News) -> None:
        if news.graph is not None and not self._show(news.graph):
            self.stop()
            return
        now = time.monotonic()
        if not self._saved and not self.told.last:
            self._news_at = now - news.age
        elif news.any or news.weights != self._saved:
            self._news_at = now
        self._saved, self.damaged, self.trouble = news.weights, news.damaged, ""
        if news.again:
            self._feed.restarted.emit()
        self._feed.tell(self.told.events(news))

    def _show(self, project: Project) -> bool:
        """Put the graph of the run on the canvas; False where the user stays with what is there."""
        assert self.place is not None
        keep = same_network(self._document.project, project) and (self._known or not self._feed.trained)
        if not keep:
            place = self.place
            if not self._known and not self._files.may_leave(lambda: self.start(place.address)):
                return False
            if self.place is not place:
                return False
            folder = None
            if isinstance(place, FolderPlace):
                path: Path = place.path
                folder = run_aside(lambda: data_folder(path, project))
            self._replacing = True
            try:
                self._document.replace(project, None, folder)
            finally:
                self._replacing = False
        if not self._known or not keep:
            self._known = True
            self.weights_step = 0
            self._feed.set_away(Away(load=self.load_weights, walk=self.walk))
        return True

    def _take_weights(self, told: Weights) -> None:
        if told.path is None:
            self.fetching = False
            notices().warn(told.error)
            return
        self._request, self._fetched_step = self._feed.next_request(), told.step
        self._feed.current_session.load_run(told.path, self._request)

    def _loaded(self, event: RunLoaded) -> None:
        if event.request != self._request or not self.fetching:
            return
        self.fetching = False
        away = self._feed.away
        if not event.error and away is not None:
            self.weights_step = away.step = self._fetched_step
        self._say()

    def _session_told(self, _event: StateChanged) -> None:
        """The transport has just shown the session's own place, which is not what is watched."""
        if self._known and self.told.last:
            self._feed.tell([self.told.progress()])
        self._say()

    # -- telling --

    @property
    def age(self) -> float:
        """Seconds since the run last told anything new."""
        return max(0.0, time.monotonic() - self._news_at)

    @property
    def stalled(self) -> bool:
        """Whether a look has been going on for too long; weights, which may be large, take their time."""
        return self._follower is not None and not self.fetching and self._follower.held_up() > STALL_S

    def _tick(self) -> None:
        self._say()

    def _say(self) -> None:
        if self.place is None:
            return
        self._feed.away_told.emit(self.tr("Watching {0}").format(self.place.name))
        self.changed.emit()
