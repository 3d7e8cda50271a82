"""A plane of numbers as a picture: a window and a place marked on it, chosen by mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.backprop.convolution.cells import BAR, hatch, paint_scale, write_number
from gui.backprop.sliding import Pair
from gui.colormaps import colorize, diverging
from gui.format import format_exact, format_number
from gui.plots.pixels import qimage
from gui.screen_reader import tell_as
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

LARGEST_CELL: Final = 64
WRITTEN: Final = 32
"""Pixels from which on a cell bears its number."""
SINGLE: Final = 44
"""Pixels that a single row is high."""
RULED: Final = 7
"""Pixels from which on there are lines between cells."""
_ARROWS: Final = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


@final
class PlaneView(QWidget):
    """Cells `(rows, columns)` around which lie margins of padding; places in the margins are negative or beyond.

    Signals:
        pointed(object): the mouse is over another cell, or was pressed on it: (row, column).
        left(): the mouse left the cells.
        moved(int, int): an arrow key: rows down, columns to the right.
        play_pressed(): the space bar.
    """

    pointed = Signal(object)
    left = Signal()
    moved = Signal(int, int)
    play_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.values: NDArray[Any] = np.zeros((1, 1))
        self._margins = (0, 0, 0, 0)
        self._limit, self._title = 1.0, ""
        self._lit: NDArray[np.bool_] | None = None
        self._here: NDArray[np.bool_] | None = None
        self._mark: Pair | None = None
        self._texts: Callable[[int, int], tuple[str, ...]] | None = None
        self.tip: Callable[[int, int], str] = self._plain_tip
        self._image: tuple[object, QImage] | None = None
        self._over: Pair | None = None
        self._side = 200
        tell_as(self, QAccessible.Role.Chart, about=self.summary)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self._restyled)

    def summary(self) -> str:
        """How many numbers there are and between which they lie, in a line."""
        known = self.values[np.isfinite(self.values)]
        ends = " … ".join(format_number(float(end)) for end in (known.min(), known.max())) if known.size else ""
        return " × ".join(map(str, self.values.shape)) + (f": {ends}" if ends else "")

    # -- what is shown --

    def set_side(self, side: int) -> None:
        """How wide it may be, in pixels."""
        if side != self._side:
            self._side = side
            self.updateGeometry()
            self.update()

    def set_plane(
        self,
        title: str,
        values: NDArray[Any],
        limit: float,
        margins: tuple[int, int, int, int] = (0, 0, 0, 0),
        here: NDArray[np.bool_] | None = None,
        texts: Callable[[int, int], tuple[str, ...]] | None = None,
    ) -> None:
        """Show other numbers.

        Args:
            title: above them.
            values: `(rows, columns)`.
            limit: size of number whose colour is full.
            margins: padding above, left, below, right.
            here: which cells there are.
            texts: lines that are written into a cell with room for them, else the last one; the number unless told.
        """
        resized = values.shape != self.values.shape or margins != self._margins
        if resized or values is not self.values or limit != self._limit:
            self._image = None
        self.values, self._margins, self._limit = values, margins, limit
        self._here, self._texts = here, texts
        if title != self._title:
            self._title = title
            self.setAccessibleName(title)
        if resized:
            self.updateGeometry()
        self.update()

    def set_marks(self, lit: NDArray[np.bool_] | None, mark: Pair | None = None) -> None:
        """Outline a window and a cell; `lit` is `(rows, columns)` with the margins."""
        self._lit, self._mark = lit, mark
        self.update()

    def lit_by(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """A window for `set_marks` from the places of its cells."""
        above, left, below, right = self._margins
        height, width = self.values.shape
        found = np.zeros((height + above + below, width + left + right), dtype=bool)
        found[rows + above, columns + left] = True
        return found

    @property
    def mark(self) -> Pair | None:
        """The cell that is outlined."""
        return self._mark

    @property
    def title(self) -> str:
        """What stands above."""
        return self._title

    # -- size --

    def _shape(self) -> Pair:
        above, left, below, right = self._margins
        return (self.values.shape[0] + above + below, self.values.shape[1] + left + right)

    def _cell_size(self) -> float:
        rows, columns = self._shape()
        most = theme().px(LARGEST_CELL)
        return max(1.0, min(most, (self._side - 2) / columns, (self._side - 2) / rows))

    def _cell_height(self) -> float:
        """As the width, but for a single row, which would be thin."""
        size = self._cell_size()
        return max(size, float(theme().px(SINGLE))) if self._shape()[0] == 1 else size

    def _head(self) -> int:
        return QFontMetrics(theme().font("caption_strong")).height() + 4

    def _foot(self) -> int:
        return theme().px(BAR) + QFontMetrics(theme().font("mono_caption")).height() + 6

    def sizeHint(self) -> QSize:
        rows = self._shape()[0]
        return QSize(self._side, self._head() + round(rows * self._cell_height()) + 3 + self._foot())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def cell(self, row: int, column: int) -> QRectF:
        """Where a cell is."""
        wide, high = self._cell_size(), self._cell_height()
        left, top = 1 + (column + self._margins[1]) * wide, self._head() + 1 + (row + self._margins[0]) * high
        return QRectF(left, top, wide, high)

    def cell_at(self, point: QPointF) -> Pair | None:
        """The cell at a point, padding included."""
        size, (rows, columns) = self._cell_size(), self._shape()
        row = int((point.y() - self._head() - 1) // self._cell_height())
        column = int((point.x() - 1) // size)
        if 0 <= row < rows and 0 <= column < columns:
            return (row - self._margins[0], column - self._margins[1])
        return None

    # -- painting --

    def _restyled(self) -> None:
        self._image = None
        self.updateGeometry()
        self.update()

    def _drawn(self) -> QImage:
        palette = theme().palette
        if self._image is None or self._image[0] is not palette:
            pixels = colorize(self.values, diverging(palette), -self._limit, self._limit)
            self._image = (palette, qimage(pixels))
        return self._image[1]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme().font("caption_strong"))
        painter.setPen(theme().pen("text"))
        head = QRectF(0, 0, self.width(), self._head() - 4)
        title = painter.fontMetrics().elidedText(self._title, Qt.TextElideMode.ElideRight, int(head.width()))
        painter.drawText(head, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, title)
        rows, columns = self.values.shape
        area = self.cell(0, 0).united(self.cell(rows - 1, columns - 1))
        if any(self._margins):
            self._paint_padding(painter, area)
        painter.drawImage(area, self._drawn())
        self._paint_absent(painter)
        self._paint_lines(painter, area)
        self._paint_numbers(painter)
        self._paint_marks(painter)
        if self.hasFocus():
            painter.setPen(theme().pen("accent", 2.0))
            painter.drawRect(self._whole())
        paint_scale(painter, self._whole().bottom() + 4, min(self._side, theme().px(130)), self._limit)

    def _whole(self) -> QRectF:
        rows, columns = self._shape()
        return QRectF(1, self._head() + 1, columns * self._cell_size(), rows * self._cell_height())

    def _paint_padding(self, painter: QPainter, area: QRectF) -> None:
        whole = self._whole()
        hatch(painter, whole, "raised")
        painter.fillRect(area, theme().brush("plot"))

    def _paint_absent(self, painter: QPainter) -> None:
        if self._here is None or self._here.all():
            return
        for row, column in zip(*np.nonzero(~self._here), strict=True):
            hatch(painter, self.cell(int(row), int(column)), "panel")

    def _paint_lines(self, painter: QPainter, area: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme().pen("line"))
        size = self._cell_size()
        if size >= RULED:
            whole, (rows, columns) = self._whole(), self._shape()
            for row in range(1, rows):
                y = whole.top() + row * self._cell_height()
                painter.drawLine(QPointF(whole.left(), y), QPointF(whole.right(), y))
            for column in range(1, columns):
                x = whole.left() + column * size
                painter.drawLine(QPointF(x, whole.top()), QPointF(x, whole.bottom()))
        painter.setPen(theme().pen("border"))
        painter.drawRect(area)

    def _paint_numbers(self, painter: QPainter) -> None:
        size = self._cell_size()
        if size < theme().px(WRITTEN):
            return
        painter.setFont(theme().font("mono_caption"))
        rows, columns = self.values.shape
        for row in range(rows):
            for column in range(columns):
                if self._here is None or self._here[row, column]:
                    value = float(self.values[row, column])
                    lines = self._texts(row, column) if self._texts is not None else (format_number(value, 2),)
                    write_number(painter, self.cell(row, column), lines, value, self._limit)

    def _paint_marks(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._lit is not None:
            self._paint_lit(painter, self._lit)
        if self._mark is not None:
            cell = self.cell(*self._mark)
            grown = max(0.0, (theme().px(6) - cell.width()) / 2)
            cell = cell.adjusted(-grown, -grown, grown, grown)
            painter.setPen(theme().pen("panel", 4.0))
            painter.drawRect(cell)
            painter.setPen(theme().pen("text", 2.0))
            painter.drawRect(cell)

    def _paint_lit(self, painter: QPainter, lit: NDArray[np.bool_]) -> None:
        """The outline of a window; of one with holes, of each of its cells."""
        found = np.argwhere(lit)
        if not len(found):
            return
        (top, left), (bottom, right) = found.min(axis=0), found.max(axis=0)
        dense = len(found) == (bottom - top + 1) * (right - left + 1)
        above, aside = self._margins[:2]
        boxes = [(top, left, bottom, right)] if dense else [(row, column, row, column) for row, column in found]
        for first, second, third, fourth in boxes:
            start = self.cell(int(first) - above, int(second) - aside)
            box = start.united(self.cell(int(third) - above, int(fourth) - aside)).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.setPen(theme().pen("panel", 4.0))
            painter.drawRect(box)
            painter.setPen(theme().pen("warning", 2.0))
            painter.drawRect(box)

    # -- mouse and keys --

    def _plain_tip(self, row: int, column: int) -> str:
        rows, columns = self.values.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return self.tr("padding: 0")
        if self._here is not None and not self._here[row, column]:
            return ""
        value = self.values[row, column]
        exact = format_exact(float(str(value)) if isinstance(value, np.float32) else float(value))
        return self.tr("row {0}, column {1}: {2}").format(row + 1, column + 1, exact)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._over = None
            self._point(event.position())

    def _point(self, at: QPointF) -> None:
        cell = self.cell_at(at)
        if cell == self._over:
            return
        self._over = cell
        if cell is None:
            self.left.emit()
        else:
            self.pointed.emit(cell)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if self._over is not None:
            self._over = None
            self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and key in _ARROWS:
            self.moved.emit(*_ARROWS[key])
        elif plain and key == Qt.Key.Key_Space:
            self.play_pressed.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self.cell_at(QPointF(QPoint(event.pos())))
            QToolTip.showText(event.globalPos(), plain_tooltip(self.tip(*place) if place is not None else ""), self)
            return True
        return super().event(event)
