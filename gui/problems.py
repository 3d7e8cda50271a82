"""The list of problems: what `check` found, worst first; a click shows the block."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem, QMenu, QStackedLayout, QWidget

from engine.problem import Problem
from engine.result import Result
from gui.document import Document
from gui.fixes import fix_label, fixes_of
from gui.problem_delegate import PROBLEM_ROLE, ProblemDelegate
from gui.selection import Selection
from gui.theme import theme
from gui.widgets.empty_state import EmptyState
from gui.widgets.labels import plain_tooltip


@final
class ProblemList(QWidget):
    """All problems of the graph; the menu of one has its quick fixes.

    Signals:
        counted(errors, warnings): how many there are, after each check.
        fix_wanted(Problem): its quick fix, after its block was shown.
    """

    counted = Signal(int, int)
    fix_wanted = Signal(object)

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
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._offer)
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
            kind = {"error": self.tr("Error"), "warning": self.tr("Warning")}.get(problem.severity, self.tr("Note"))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{kind}: {text}")  # the icon says it to the eye alone
            item.setToolTip(plain_tooltip(f"{problem.code}  {text}"))
            self._list.addItem(item)
        self._layout.setCurrentWidget(self._list if result.problems else self._empty)
        warnings = sum(problem.severity == "warning" for problem in result.problems)
        self.counted.emit(len(result.errors), warnings)

    def _offer(self, at: QPoint) -> None:
        """The quick fixes of the problem under the pointer, or of the current one for the menu key."""
        under = self._list.indexAt(at)
        row = under.row() if under.isValid() else self._list.currentRow()
        if row < 0:
            return
        item = self._list.item(row)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        show = menu.addAction(self.tr("Show the block"))
        show.setEnabled(item.data(PROBLEM_ROLE).node is not None)
        show.triggered.connect(lambda: self._show_block(item))
        for problem in fixes_of(item.data(PROBLEM_ROLE)):
            menu.addAction(fix_label(problem)).triggered.connect(lambda _on=False, each=problem: self._fix(item, each))
        menu.popup(self._list.viewport().mapToGlobal(at))

    def _fix(self, item: QListWidgetItem, problem: Problem) -> None:
        self._show_block(item)
        self.fix_wanted.emit(problem)

    def _show_block(self, item: QListWidgetItem) -> None:
        problem: Problem = item.data(PROBLEM_ROLE)
        if problem.node is not None:
            self._selection.show_path(problem.node)
