"""Compares the document with a file or with a moment of its history, and keeps the marks true while it is edited."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from engine import files
from engine.compare import Comparison, compare
from engine.graph import Project
from engine.problem import ChainruleError
from gui.background import run_in_background
from gui.canvas.view import CanvasView
from gui.comparison.marks import Marks
from gui.document import Document
from gui.file_actions import SUFFIX
from gui.file_dialogs import ask_open_path
from gui.notices import notices
from gui.theme import theme

REST: Final = 120
"""Milliseconds from the last edit to the next comparison."""


@final
class Comparer(QObject):
    """What is on the canvas is `after`; the other project is `before`.

    Attributes:
        name: what it is compared with: a file's name, or a moment of the history.
        comparison: what differs; None while nothing is compared.

    Signals:
        changed(): another comparison, or none.
    """

    changed = Signal()

    def __init__(self, document: Document, canvas: CanvasView, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._window = document, window
        self._marks = Marks(canvas)
        self._other: Project | None = None
        self.name = ""
        self.comparison: Comparison | None = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(REST)
        self._later.timeout.connect(self._compare)
        document.changed.connect(self._follow)
        document.replaced.connect(self.end)
        canvas.level.moved.connect(self._follow)
        theme().changed.connect(self._follow)

    def with_project(self, other: Project, name: str) -> None:
        """Compare with another project, called `name`."""
        self._other, self.name = other, name
        self._compare()

    def with_moment(self, index: int) -> None:
        """Compare with a moment of the history: after that many steps."""
        steps = self._document.undo_stack
        name = self.tr("the step “{0}”").format(steps.text(index - 1)) if index else self.tr("the beginning")
        self.with_project(self._document.moment(index), name)

    def with_file(self, path: Path) -> None:
        """Compare with a graph file, which is read off the GUI thread; says what is wrong with it."""

        def failed(error: BaseException) -> None:
            if not isinstance(error, ChainruleError | OSError):
                raise error
            notices().failure(error, self.tr("Nothing was compared."))

        run_in_background(lambda: files.load(path), lambda project: self.with_project(project, path.name), failed)

    def ask_file(self) -> None:
        """Choose a file to compare with."""
        start = self._document.folder or Path.home()
        patterns = self.tr("Chainrule graphs (*{0})").format(SUFFIX)
        path = ask_open_path(self._window, self.tr("Compare with"), start, patterns)
        if path is not None:
            self.with_file(path)

    def with_saved(self) -> None:
        """Compare with what the document's file holds."""
        if self._document.path is None:
            notices().info(self.tr("This network has not been saved yet. Compare it with a file, or with its history."))
            return
        self.with_file(self._document.path)

    def end(self) -> None:
        """No comparison, no marks."""
        if self._other is None:
            return
        self._other, self.comparison, self.name = None, None, ""
        self._later.stop()
        self._marks.clear()
        self.changed.emit()

    def _follow(self) -> None:
        if self._other is not None:
            self._later.start()

    def _compare(self) -> None:
        if self._other is None:
            return
        self.comparison = compare(self._other, self._document.project)
        self._marks.show(self.comparison.graph, self._other)
        self.changed.emit()
