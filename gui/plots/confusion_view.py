"""The confusion matrix: rows are true classes, columns predicted ones."""

from __future__ import annotations

from typing import Final, NamedTuple, final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QAccessible, QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from engine.events import Snapshot
from engine.snapshots import Confusion
from gui.colormaps import viridis
from gui.colors import ink_on
from gui.format import format_count, format_integer
from gui.panel import Table
from gui.plots.output_view import OutputView
from gui.screen_reader import tell_as
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

_RIGHT: Final = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
_CENTRE: Final = Qt.AlignmentFlag.AlignCenter
_LARGEST_CELL: Final = 64


class _Frame(NamedTuple):
    """Where things are: the square of the cells, a cell's width, the width of the row names, a line's height."""

    square: QRectF
    cell: float
    names: float
    line: float


@final
class ConfusionView(OutputView):
    """Each cell is coloured by its share of the row and bears its count where there is room.

    Where the names of the classes do not fit above the columns, rows and columns bear numbers.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: Confusion | None = None
        tell_as(self, QAccessible.Role.Chart, about=self.headline)
        self.setAccessibleName(self.tr("Confusion matrix"))
        theme().changed.connect(self.update)

    def clear(self) -> None:
        self._snapshot = None
        self.update()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, Confusion)
        self._snapshot = snapshot
        self.update()

    def headline(self) -> str:
        """How much is right, and of which data."""
        snapshot = self._snapshot
        if snapshot is None:
            return ""
        total = int(snapshot.matrix.sum())
        part = round(100 * float(np.trace(snapshot.matrix)) / max(1, total), 1)
        words = {
            "val": self.tr("{0} % of {1} right, validation data"),
            "test": self.tr("{0} % of {1} right, test data"),
            "train": self.tr("{0} % of {1} right, training data"),
        }
        return words[snapshot.split].format(part, format_integer(total))

    def _class(self, index: int) -> str:
        assert self._snapshot is not None
        return self._snapshot.classes[index] if index < len(self._snapshot.classes) else str(index)

    # -- drawing --

    def _frame(self, names: list[str]) -> _Frame:
        metrics = QFontMetricsF(theme().font("caption"))
        line = metrics.height()
        corner = metrics.horizontalAdvance(self._corner())
        longest = max([corner, *(metrics.horizontalAdvance(name) for name in names)])
        wide = min(longest + 10, self.width() * 0.36)
        count = max(1, len(names))
        room = min(self.width() - wide - 4, self.height() - 2 * line - 14)
        side = max(20.0, min(room, count * theme().px(_LARGEST_CELL)))
        left = max(wide, (self.width() - side - wide) / 2 + wide)
        return _Frame(QRectF(left, 2 * line + 10, side, side), side / count, wide, line)

    def _corner(self) -> str:
        return self.tr("true ↓  predicted →")

    def _labels(self) -> tuple[list[str], list[str]]:
        """Names for rows and columns."""
        assert self._snapshot is not None
        names = [self._class(index) for index in range(len(self._snapshot.matrix))]
        metrics = QFontMetricsF(theme().font("caption"))
        widest = max((metrics.horizontalAdvance(name) for name in names), default=0.0)
        numbers = [str(index) for index in range(len(names))]
        if widest + 4 <= self._frame(names).cell or names == numbers:
            return names, names
        return [f"{name}  {index}" for index, name in enumerate(names)], numbers

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._snapshot is None:
            return
        painter = QPainter(self)
        painter.setFont(theme().font("caption"))
        rows, columns = self._labels()
        frame = self._frame(rows)
        self._paint_names(painter, frame, rows, columns)
        self._paint_cells(painter, frame, self._snapshot.matrix)

    def _paint_names(self, painter: QPainter, frame: _Frame, rows: list[str], columns: list[str]) -> None:
        square, cell, wide, line = frame
        metrics = QFontMetricsF(painter.font())

        def write(place: QRectF, how: Qt.AlignmentFlag, text: str) -> None:
            painter.drawText(place, how, metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width()))

        painter.setPen(theme().pen("text"))
        write(QRectF(0, 0, self.width(), line), _CENTRE, self.headline())
        painter.setPen(theme().pen("secondary"))
        write(QRectF(square.left() - wide, square.top() - line - 4, wide - 8, line), _RIGHT, self._corner())
        every = max(1, int(np.ceil(line * 0.9 / cell)))
        for index in range(0, len(rows), every):
            middle = square.top() + (index + 0.5) * cell
            write(QRectF(square.left() - wide, middle - line / 2, wide - 8, line), _RIGHT, rows[index])
        widest = max(metrics.horizontalAdvance(name) for name in columns)
        every = max(1, int(np.ceil((min(widest, 60.0) + 2) / cell)))
        for index in range(0, len(columns), every):
            middle = square.left() + (index + 0.5) * cell
            room = max(cell, min(widest, 60.0)) * every
            write(QRectF(middle - room / 2, square.top() - line - 4, room, line), _CENTRE, columns[index])

    def _paint_cells(
        self, painter: QPainter, frame: _Frame, matrix: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    ) -> None:
        square, cell, _, line = frame
        shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
        colors = viridis()[np.minimum(255, (shares * 255).astype(int))]
        font = theme().font("mono_caption")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        gap = 0.5 if cell >= 6 else 0.0
        for row, column in np.ndindex(*matrix.shape):
            place = QRectF(square.left() + column * cell, square.top() + row * cell, cell, cell)
            shade = QColor(*colors[row, column].tolist())
            painter.fillRect(place.adjusted(gap, gap, -gap, -gap), shade)
            number = int(matrix[row, column])
            text = format_count(number)
            if number and metrics.horizontalAdvance(text) + 1 < cell and line <= cell + 2:
                painter.setPen(QColor(ink_on(shade.name())))
                painter.drawText(place, _CENTRE, text)

    # -- looking closely --

    def words_at(self, place: QPointF) -> str:
        """What the cell below a point of the widget says."""
        if self._snapshot is None:
            return ""
        square, cell, _, _ = self._frame(self._labels()[0])
        if not square.contains(place):
            return ""
        last = len(self._snapshot.matrix) - 1
        row = min(last, int((place.y() - square.top()) // cell))
        column = min(last, int((place.x() - square.left()) // cell))
        count = format_integer(int(self._snapshot.matrix[row, column]))
        return self.tr("{0} of {1} taken for {2}").format(count, self._class(row), self._class(column))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain_tooltip(self.words_at(QPointF(event.pos()))), self)
            return True
        return super().event(event)

    def table(self) -> Table:
        snapshot = self._snapshot
        if snapshot is None:
            return ["true \\ predicted"], []
        return ["true \\ predicted", *(self._class(index) for index in range(len(snapshot.matrix)))], [
            [self._class(row), *(int(value) for value in snapshot.matrix[row])] for row in range(len(snapshot.matrix))
        ]
