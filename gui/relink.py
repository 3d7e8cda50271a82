"""A data file that is no longer where the graph says: find it again."""

from __future__ import annotations

from pathlib import Path
from typing import final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from engine import edits
from engine.result import Result
from gui.document import Document
from gui.notices import Notice, notices
from gui.paths import stored_path

MOVED = "D03"
_FILTERS = {"csv": "*.csv *.tsv *.txt", "npz": "*.npz *.npy"}


@final
class Relink(QObject):
    """Watches for problems of code D03 (the data file is missing) and offers to point at the file anew."""

    def __init__(self, document: Document, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._window = document, window
        self._told: dict[str, Notice] = {}
        document.checked.connect(self._look)
        document.replaced.connect(self._told.clear)

    def _look(self, result: Result) -> None:
        missing = {problem.node: problem for problem in result.problems if problem.code == MOVED and problem.node}
        for path in [path for path in self._told if path not in missing]:
            notices().dismiss(self._told.pop(path))
        for path, problem in missing.items():
            if path not in self._told:
                action = (self.tr("Find it…"), lambda path=path: self.ask(path))
                self._told[path] = notices().warn(problem.message, actions=[action])

    def ask(self, path: str) -> None:
        """Let the user choose the file or folder for an Input node."""
        plan = self._document.result.nodes[path]
        start = str(self._document.folder or Path.home())
        if plan.params["dataset"] in _FILTERS:
            pattern = f"({_FILTERS[plan.params['dataset']]})"
            name, _ = QFileDialog.getOpenFileName(self._window, self.tr("Find the data file"), start, pattern)
        else:
            name = QFileDialog.getExistingDirectory(self._window, self.tr("Find the data folder"), start)
        if name:
            self.use(plan.node, "path" if plan.params["dataset"] in (*_FILTERS, "images") else "folder", Path(name))

    def use(self, node_id: str, parameter: str, found: Path) -> None:
        """Point the Input at the file: relative to the graph file where both lie together."""
        project, touched = edits.set_params(
            self._document.project, node_id, {parameter: stored_path(found, self._document.folder)}
        )
        self._document.edit(self.tr("Relink {0}").format(found.name), project, touched)
