"""The table view of a batch: sorted by a click on a header, copied as text, saved as CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Final, final

from PySide6.QtCore import QModelIndex, QSize, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFileDialog, QHeaderView, QMenu, QTableView, QWidget

from gui.backprop.batch_model import SORT, Batch, BatchModel, header_and_rows
from gui.icons import icon
from gui.notices import notices
from gui.saving import save_table, table_text
from gui.theme import set_role, theme

_ROW: Final = 26
_PICTURE_ROW: Final = 36
_PICTURE: Final = 28
_WALKING: Final = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Space, Qt.Key.Key_Escape)
"""Keys that go to the mode: they walk through the step."""


@final
class BatchTable(QTableView):
    """Rows of samples. Up and Down choose one, Enter or a click looks at it alone.

    Signals:
        sample_chosen(int): the row of a sample in the batch, from 0.
    """

    sample_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model_ = BatchModel(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.model_)
        self._sorted.setSortRole(SORT)
        self.setModel(self._sorted)
        self.setObjectName("batchTable")
        self.setAccessibleName(self.tr("Samples of the batch"))
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.horizontalHeader().setHighlightSections(False)
        set_role(self, "mono_caption")
        set_role(self.horizontalHeader(), "caption")
        self.clicked.connect(self._choose)
        theme().changed.connect(self._rescale)

    def show_batch(self, batch: Batch | None) -> None:
        """Show another batch; it stays sorted as it was."""
        self.model_.set_batch(batch)
        self._rescale()
        self._fit()

    def _fit(self) -> None:
        """Columns as wide as what is in them; where that is too much, words are cut short with …, never the losses."""
        header, count = self.horizontalHeader(), self._sorted.columnCount()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.resizeColumnsToContents()
        header.setStretchLastSection(False)
        needed = sum(self.columnWidth(column) for column in range(count))
        narrow = needed > self.viewport().width()
        header.setStretchLastSection(not narrow)
        if narrow:
            for column in range(1, count - 1):
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _rescale(self) -> None:
        pictures = self.model_.batch is not None and bool(self.model_.batch.pictures)
        side = theme().px(_PICTURE)
        self.setIconSize(QSize(side, side))
        self.verticalHeader().setDefaultSectionSize(theme().px(_PICTURE_ROW if pictures else _ROW))

    def order(self) -> list[int]:
        """The samples from top to bottom."""
        return [self._sorted.mapToSource(self._sorted.index(row, 0)).row() for row in range(self._sorted.rowCount())]

    def mark(self, sample: int | None) -> None:
        """Select a sample's row, without telling."""
        if sample is None or sample not in (order := self.order()):
            self.clearSelection()
            return
        row = order.index(sample)
        self.selectRow(row)
        self.scrollTo(self._sorted.index(row, 0))

    def _choose(self, index: QModelIndex) -> None:
        self.sample_chosen.emit(self._sorted.mapToSource(index).row())

    # -- out of the window --

    def text(self) -> str:
        """The table as it is sorted, with tabs between and exact numbers."""
        batch = self.model_.batch
        return "" if batch is None else table_text(*header_and_rows(batch, self.order()))

    def copy(self) -> None:
        """Put the table on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    def save(self, path: Path) -> None:
        """Write the table as CSV."""
        batch = self.model_.batch
        if batch is not None:
            save_table(*header_and_rows(batch, self.order()), path)

    def ask_to_save(self) -> None:
        """Ask for a file, then write it."""
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save the batch"), "batch.csv", self.tr("CSV (*.csv)"))
        if not name:
            return
        try:
            self.save(Path(name))
        except OSError as error:
            notices().failure(error, self.tr("The table could not be saved."))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._choose(self.currentIndex())
        elif event.key() in _WALKING:
            event.ignore()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(icon("copy"), self.tr("Copy table"), self.copy)
        menu.addAction(icon("save"), self.tr("Save as CSV…"), self.ask_to_save)
        menu.popup(event.globalPos())
