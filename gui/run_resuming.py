"""A training that was left goes on: offered when its document is opened, or chosen from a run directory."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from PySide6.QtCore import QDate, QDateTime, QLocale, QObject, QTimer
from PySide6.QtWidgets import QWidget

from engine.checkpoints import Standing, checkpoints_in
from engine.events import RunResumed
from engine.runplace import GRAPH, latest_run, unfinished_run
from gui.actions import Actions
from gui.document import Document
from gui.file_dialogs import ask_folder
from gui.notices import Notice, notices
from gui.run_feed import RunFeed
from gui.run_keeping import RunKeeping

_AMONG: Final = 10
"""Runs that are looked through for a recovered document, which has no folder of runs of its own."""


@final
class RunResuming(QObject):
    """Lets the session take up a run where its last checkpoint is, and plays on."""

    def __init__(self, actions: Actions, document: Document, feed: RunFeed, runs: RunKeeping, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._feed, self._runs, self._window = document, feed, runs, window
        self._offer: Notice | None = None
        self._goes_on = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.offer)
        actions.resume_run.triggered.connect(self.ask)
        document.replaced.connect(self._another_document)
        feed.on(RunResumed, self._tell)
        feed.state_changed.connect(self._follow)

    # -- offering --

    def _another_document(self) -> None:
        self._goes_on = False
        self._withdraw()
        self._later.start()  # a recovered document gets its edits after it was replaced

    def offer(self) -> None:
        """Offer to go on with the newest run of a document that was opened or recovered, where it is not over."""
        document = self._document
        if self._feed.trained or (document.path is None and document.is_clean):
            return  # examples and new documents begin afresh
        among = 1 if document.path is not None else _AMONG
        found = unfinished_run(self._runs.place.folder, document.project, among)
        if found is None:
            return
        path, at = found
        words = self.tr("The training of this network stands at {0}.").format(self._words(at) + self._saved(path))
        self._offer = notices().info(words, actions=[(self.tr("Resume this training"), lambda: self.resume(path))])

    def _words(self, at: Standing | RunResumed) -> str:
        if at.planned > 1:
            return self.tr("epoch {0:,} of {1:,}, step {2:,}").format(at.epochs, at.planned, at.step)
        return self.tr("step {0:,}").format(at.step)

    def _saved(self, run: Path) -> str:
        """When that was, to tell one evening's run from another's; "" where the disk does not say."""
        try:
            seconds = max(path.stat().st_mtime for path in checkpoints_in(run))
        except (OSError, ValueError):
            return ""
        at, system = QDateTime.fromSecsSinceEpoch(int(seconds)), QLocale.system()
        clock = system.toString(at.time(), QLocale.FormatType.ShortFormat)
        if at.date() == QDate.currentDate():
            return self.tr(", saved today at {0}").format(clock)
        return self.tr(", saved on {0} at {1}").format(
            system.toString(at.date(), QLocale.FormatType.ShortFormat), clock
        )

    def _withdraw(self) -> None:
        if self._offer is not None:
            notices().dismiss(self._offer)
            self._offer = None

    # -- resuming --

    def ask(self) -> None:
        """Choose a run directory, and go on with its training."""
        start = self._runs.newest() or latest_run(self._runs.place.folder) or self._runs.place.folder
        path = ask_folder(self._window, self.tr("Resume a run"), start)
        if path is not None:
            self.resume(path)

    def resume(self, path: Path) -> None:
        """Go on with the training in a run directory; the session checks whether it is of this network."""
        feed = self._feed
        if path == self._runs.folder and feed.state in ("running", "loading"):
            notices().info(self.tr("This training is going on."))
        elif not (path / GRAPH).is_file():
            words = self.tr("{0} is no run: choose a folder that holds {1}.")
            notices().warn(words.format(path.name, GRAPH))
        elif feed.stale and feed.trained:
            notices().warn(self.tr("The graph was edited since it was trained. Apply or undo the edits first."))
        elif feed.steps and self._runs.folder is None:
            words = self.tr(
                "What the network has learned is kept nowhere. Save it with its weights, or reset it first."
            )
            notices().warn(words)
        else:
            feed.current_session.resume_run(path, feed.next_request())

    def _tell(self, event: RunResumed) -> None:
        if event.error:
            notices().error(event.error)
            return
        self._withdraw()
        if event.over:
            words = self.tr("This training was done, at {0}. Play goes on for as many epochs again.")
        else:
            words = self.tr("The training goes on from {0}.")
            self._goes_on = True
        notices().success(words.format(self._words(event)))

    def _follow(self, state: str) -> None:
        """It stands where it was: now it plays."""
        if self._goes_on and state == "paused":
            self._goes_on = False
            self._feed.play()
        elif state == "running":
            self._withdraw()  # another training has begun
