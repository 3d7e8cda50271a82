"""The list of problems: what `check` found, worst first; a click shows the block."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStackedLayout, QWidget

from engine.problem import Problem
from engine.result import Result
from gui.document import Document
from gui.icons import icon
from gui.selection import Selection
from gui.theme import theme
from gui.widgets.empty_state import EmptyState

_ICONS = {"error": ("error", "error_text"), "warning": ("warning", "warning_text"), "info": ("info", "secondary")}


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
        self._list.setWordWrap(True)
        self._list.setTextElideMode(Qt.TextElideMode.ElideNone)
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
        theme().changed.connect(self._rescale)
        self._rescale()
        self.show_result(document.result)

    def show_result(self, result: Result) -> None:
        """List the problems of a check."""
        if result.problems == self._shown:
            return
        self._shown = result.problems
        self._list.clear()
        for problem in result.problems:
            item = QListWidgetItem(icon(*_ICONS[problem.severity]), f"{problem.message} {problem.hint}".strip())
            item.setData(Qt.ItemDataRole.UserRole, problem.node)
            item.setToolTip(problem.code)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{problem.severity}: {problem.message} {problem.hint}")
            self._list.addItem(item)
        self._layout.setCurrentWidget(self._list if result.problems else self._empty)
        warnings = sum(problem.severity == "warning" for problem in result.problems)
        self.counted.emit(len(result.errors), warnings)

    def _rescale(self) -> None:
        self._list.setIconSize(QSize(theme().px(16), theme().px(16)))

    def _show_block(self, item: QListWidgetItem) -> None:
        path = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(path, str):
            self._selection.show(path.split(".", 1)[0])
