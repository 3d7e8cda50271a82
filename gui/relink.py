"""A data file that is no longer where the graph says: find it again. One that was mended meanwhile is read again."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import final

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from engine import edits
from engine.levels import focus, located, prefix_of, put
from engine.result import Result
from gui.document import Change, Document
from gui.file_dialogs import ask_folder, ask_open_path
from gui.notices import Notice, notices
from gui.paths import stored_path

MOVED = "D03"
_IN_FILES = frozenset({"D01", "D02", "D03", "D04", "D06", "D08"})
"""What may have been mended with another program."""
_FILTERS = {"csv": "*.csv *.tsv *.txt", "npz": "*.npz *.npy"}
_FOLDERS = ("images", "shards")


@final
class Relink(QObject):
    """Watches for problems of code D03 (the data file is missing) and offers to point at the file anew."""

    def __init__(self, document: Document, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._window = document, window
        self._told: dict[str, Notice] = {}
        document.checked.connect(self._look)
        document.replaced.connect(self._forget)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.applicationStateChanged.connect(self.look_again)

    def look_again(self, state: Qt.ApplicationState = Qt.ApplicationState.ApplicationActive) -> None:
        """Read data anew that could not be read, once somebody comes back from another program."""
        if state != Qt.ApplicationState.ApplicationActive:
            return
        if any(problem.code in _IN_FILES for problem in self._document.result.errors):
            self._document.recheck()

    def _forget(self) -> None:
        """Another document: the files of the one before are missed no longer."""
        for notice in self._told.values():
            notices().dismiss(notice)
        self._told.clear()

    def _look(self, result: Result) -> None:
        missing = {
            problem.node: problem
            for problem in result.problems
            if problem.code == MOVED and problem.node is not None and self._chosen(problem.node)
        }
        for path in [path for path in self._told if path not in missing]:
            notices().dismiss(self._told.pop(path))
        for path, problem in missing.items():
            if path not in self._told:
                action = (self.tr("Find it…"), partial(self.ask, path))
                self._told[path] = notices().warn(problem.message, actions=[action])

    def _parameter(self, path: str) -> str:
        """The parameter of an Input that says where its data lie."""
        dataset = self._document.result.nodes[path].params["dataset"]
        return "path" if dataset in (*_FILTERS, *_FOLDERS) else "folder"

    def _chosen(self, path: str) -> bool:
        """Whether there is a path at all that could be wrong: choosing the first is the inspector's business."""
        return bool(self._document.result.nodes[path].params.get(self._parameter(path)))

    def ask(self, path: str) -> None:
        """Let the user choose the file or folder for an Input node."""
        plan = self._document.result.nodes.get(path)
        if plan is None:
            return
        start = self._document.folder or Path.home()
        pattern = _FILTERS.get(plan.params["dataset"])
        if pattern is not None:
            found = ask_open_path(self._window, self.tr("Find the data file"), start, f"({pattern})")
        else:
            found = ask_folder(self._window, self.tr("Find the data folder"), start)
        if found is not None:
            self.use(path, self._parameter(path), found)

    def use(self, path: str, parameter: str, found: Path) -> None:
        """Point the Input, which may be in a group, at the file: relative to the graph file where both lie together."""
        whole = self._document.project
        level, turns, node_id = located(whole, path)
        prefix = prefix_of(whole, level, turns)
        stored = stored_path(found, self._document.folder)
        edited, touched = edits.set_params(focus(whole, level, prefix), node_id, {parameter: stored})
        project, _ = put(whole, level, prefix, edited)
        self._document.make(self.tr("Relink {0}").format(found.name), project, Change(touched, level=level))
