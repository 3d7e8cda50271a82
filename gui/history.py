"""The history as a list: every step by its name; a click goes there and back."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPalette, QUndoStack
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QUndoView,
    QVBoxLayout,
    QWidget,
)

from gui.comparison.comparer import Comparer
from gui.document import Document
from gui.icons import icon
from gui.theme import theme
from gui.widgets.labels import plain_tooltip


@final
class _Step(QStyledItemDelegate):
    """Writes the steps that are undone in slanted, paler letters."""

    def __init__(self, stack: QUndoStack, parent: QWidget) -> None:
        super().__init__(parent)
        self._stack = stack

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        super().initStyleOption(option, index)
        if index.row() > self._stack.index():  # the first row is the beginning
            option.font.setItalic(True)
            option.palette.setColor(QPalette.ColorRole.Text, theme().color("secondary"))


@final
class History(QWidget):
    """Jumping is not an edit: the later steps stay until something else is done. The view is not in the history."""

    def __init__(self, document: Document, comparer: Comparer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("history")
        self.list = QUndoView(document.undo_stack, self)
        self.list.setObjectName("historyList")
        self.list.setAccessibleName(self.tr("History"))
        self.list.setCleanIcon(icon("save", "secondary"))
        self.list.setEmptyLabel(self.tr("Beginning"))
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Step(document.undo_stack, self.list))
        document.undo_stack.indexChanged.connect(lambda _: self.list.viewport().update())
        self.compare = QPushButton(self.tr("Compare from here"), self)
        self.compare.setObjectName("historyCompare")
        self.compare.setToolTip(
            plain_tooltip(self.tr("From now on the canvas marks what differs from this step, wherever you go"))
        )
        self.compare.clicked.connect(lambda: comparer.with_moment(document.undo_stack.index()))
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 8)
        foot.addWidget(self.compare, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.list, 1)
        column.addLayout(foot)
