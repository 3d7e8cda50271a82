"""The list of problems: what `check` found, worst first; a click shows the block."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem, QStackedLayout, QWidget

from engine.problem import Problem
from engine.result import Result
from gui.document import Document
from gui.problem_delegate import PROBLEM_ROLE, ProblemDelegate
from gui.selection import Selection
from gui.theme import theme
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import plain_tooltip


@final
class ProblemList(QWidget):
    """All problems of the graph. `counted(errors, warnings)` tells how many, after each check."""

    counted = Signal(int, int)

    def __init__(self, document: Document, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problems")
        self._selection = selection
        self._shown: tuple[Problem, ...] | None = None
        self._list = QListWidget(self)
        self._list.setItemDelegate(ProblemDelegate(self._list))
        self._list.setResizeMode(QListView.ResizeMode.Adjust)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._list.setMouseTracking(True)
        self._list.setAccessibleName(self.tr("Problems"))
        self._list.itemClicked.connect(self._show_block)
        self._list.itemActivated.connect(self._show_block)
        self._empty = EmptyState(
            "success",
            self.tr("No problems"),
            self.tr("What is wrong with the graph, and how to mend it, is listed here as you draw."),
            parent=self,
        )
        self._layout = QStackedLayout(self)
        self._layout.addWidget(self._empty)
        self._layout.addWidget(self._list)
        document.checked.connect(self.show_result)
        theme().changed.connect(self._list.doItemsLayout)
        self.show_result(document.result)

    def show_result(self, result: Result) -> None:
        """List the problems of a check."""
        if result.problems == self._shown:
            return
        self._shown = result.problems
        self._list.clear()
        for problem in result.problems:
            text = f"{problem.message} {problem.hint}".strip()
            item = QListWidgetItem(text)
            item.setData(PROBLEM_ROLE, problem)
            item.setToolTip(plain_tooltip(f"{problem.code}  {text}"))
            self._list.addItem(item)
        self._layout.setCurrentWidget(self._list if result.problems else self._empty)
        warnings = sum(problem.severity == "warning" for problem in result.problems)
        self.counted.emit(len(result.errors), warnings)

    def _show_block(self, item: QListWidgetItem) -> None:
        problem: Problem = item.data(PROBLEM_ROLE)
        if problem.node is not None:
            self._selection.show_path(problem.node)
