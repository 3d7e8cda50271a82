"""What trainings leave on disk: where, whether at all, and weights of earlier runs put back to work."""

from __future__ import annotations

from pathlib import Path
from typing import Final, cast, final

from PySide6.QtCore import QObject, QStandardPaths, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from engine.checkpoints import BEST, disk_use
from engine.events import RunKept, RunLoaded
from engine.runplace import GRAPH, WEIGHTS, RunPlace, latest_run, run_title, runs_folder
from engine.snapshots import RunSaved
from engine.wording import byte_text
from gui.actions import Actions
from gui.checkpoint_settings import checkpoint_plan
from gui.document import Document
from gui.file_dialogs import ask_open_path
from gui.notices import notices
from gui.run_feed import RunFeed
from gui.settings import settings

SETTING: Final = "runs/keep"
KEPT_RUNS, KEPT_BYTES = 10, 1 << 30
"""How much of documents that were never saved is kept."""


@final
class RunKeeping(QObject):
    """Tells the session where its runs go: beside the graph file, as the command line does, or to a folder of the app.

    Attributes:
        folder: the directory of the run that the session trains; None while it has none.
    """

    def __init__(self, actions: Actions, document: Document, feed: RunFeed, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._feed, self._window = document, feed, window
        self.folder: Path | None = None
        self._last: Path | None = None
        self._wanted, self._show = actions.keep_runs, actions.show_run
        self._wanted.setChecked(cast("bool", settings().value(SETTING, True, type=bool)))
        self._wanted.toggled.connect(self._switch)
        actions.show_run.triggered.connect(self.show)
        actions.load_run.triggered.connect(self.ask_load)
        document.replaced.connect(self._forget)
        document.path_changed.connect(self._follow)
        feed.on(RunKept, self._note)
        feed.on(RunSaved, lambda event: self._tell_size(event.bytes))
        feed.on(RunLoaded, self._tell_loaded)
        self._follow()

    # -- where --

    @property
    def place(self) -> RunPlace:
        """Where the document's runs go."""
        if self._document.path is not None:
            return RunPlace(runs_folder(self._document.path), checkpoints=checkpoint_plan())
        return RunPlace(app_folder(), KEPT_RUNS, KEPT_BYTES, checkpoint_plan())

    def _follow(self) -> None:
        self._feed.keep_runs(self.place if self._wanted.isChecked() else None)

    def _switch(self, on: bool) -> None:
        settings().setValue(SETTING, on)
        self._follow()

    def _forget(self) -> None:
        self.folder = self._last = None
        self._tell_size(0)
        self._follow()

    def _note(self, event: RunKept) -> None:
        self.folder = Path(event.path) if event.path else None
        self._last = self.folder or self._last
        self._tell_size(0 if self.folder is None else disk_use(self.folder)[0])

    def _tell_size(self, size: int) -> None:
        """What the run takes on disk stands where its folder is shown."""
        words = self.tr("Show run &folder ({0})").format(byte_text(size)) if size else self.tr("Show run &folder")
        self._show.setText(words)
        self._show.setToolTip("" if self.folder is None else str(self.folder))

    # -- looking --

    def show(self) -> None:
        """Open the directory of this run, or of the last one, in the system's file manager."""
        folder = self.newest()
        if folder is None:
            words = self.tr("No run of this network is on disk yet. Play makes one.")
            off = self.tr("No run of this network is on disk: keeping runs is switched off in the Run menu.")
            notices().info(words if self._wanted.isChecked() else off)
        else:
            show_folder(folder)

    def newest(self) -> Path | None:
        """The directory of this run, or of the last one of this document; None where there is none."""
        if self._last is not None and self._last.is_dir():
            return self._last
        return latest_run(self.place.folder) if self._document.path is not None else None

    # -- weights of an earlier run --

    def ask_load(self) -> None:
        """Choose the weights of a run, and train on from them."""
        if self._feed.stale and self._feed.trained:
            notices().warn(self.tr("The graph was edited since it was trained. Apply or undo the edits first."))
            return
        start = self.newest() or latest_run(self.place.folder) or self._document.folder or Path.home()
        path = ask_open_path(
            self._window, self.tr("Load weights from a run"), start / WEIGHTS, self.tr("Weights (*.safetensors)")
        )
        if path is not None:
            self.load(path)

    def load(self, path: Path) -> None:
        """Load the weights of a run directory or weights file; the session checks whether they fit."""
        if path.name not in (WEIGHTS, BEST) and (path.parent / GRAPH).is_file():
            path = path.parent  # another file of a run was pointed at
        self._feed.current_session.load_run(path, self._feed.next_request())

    def _tell_loaded(self, event: RunLoaded) -> None:
        if event.error:
            notices().error(event.error)
            return
        if self._feed.away is not None:
            return  # the strip of the watched run says whose weights are shown
        path = Path(event.path)
        name = run_title(path.parent if path.name in (WEIGHTS, BEST) else path)
        words = self.tr("The weights of {0} are in place. Reset goes back to the start values.")
        notices().success(words.format(name))


def app_folder() -> Path:
    """Where runs of documents lie that were never saved. It need not exist."""
    data = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    return Path(data) / "chainrule" / "runs"


def show_folder(folder: Path) -> None:
    """Open a folder in the system's file manager; where there is none, say where it is."""
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        notices().info(str(folder))
