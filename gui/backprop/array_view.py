"""A tensor as numbers in cells, or as a heatmap with its scale, the exact number of each place on hover."""

from __future__ import annotations

from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QBrush,
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from engine.wording import index_text
from gui.backprop.tiles import GAP, Flat, flat
from gui.colormaps import colorize, diverging
from gui.colors import mix
from gui.format import format_exact, format_number
from gui.icons import icon
from gui.plots.pixels import qimage
from gui.screen_reader import say, tell_as
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

MOST_ROWS: Final = 8
MOST_COLUMNS: Final = 5
"""Tables up to this size are written as numbers."""
CELL: Final = 68
ROW: Final = 24
BAR: Final = 10
TALLEST: Final = 180
_TINT: Final = 0.45
_WAYS: Final = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
"""Rows down and columns to the right."""


@final
class ArrayView(QWidget):
    """Numbers of one tensor. A click picks one, arrow keys walk and Enter picks, Ctrl+C copies all with full precision.

    Signals:
        picked(object): the place of a number, a tuple of indices.
        chain_wanted(object): the chain rule of the weight at that place; from the menu, where `weights` is set.
    """

    picked = Signal(object)
    chain_wanted = Signal(object)

    def __init__(self, array: NDArray[Any], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.array = array
        self._name = name
        self._flat: Flat = flat(array)
        rows, columns = self._flat.values.shape
        self.is_table = 0 < rows <= MOST_ROWS and 0 < columns <= MOST_COLUMNS and array.ndim <= 2
        finite = np.abs(self._flat.values[np.isfinite(self._flat.values)])
        self._limit = float(finite.max()) if finite.size else 0.0
        self._chosen: tuple[int, int] | None = None
        self._at: tuple[int, int] | None = None
        """Where the arrow keys are."""
        self.weights = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        tell_as(self, QAccessible.Role.Chart, about=self.summary)
        self.setAccessibleName(name)
        theme().changed.connect(self.updateGeometry)

    @property
    def left_out(self) -> int:
        """How many numbers are not in the picture."""
        return self._flat.left_out

    # -- size --

    def sizeHint(self) -> QSize:
        rows, columns = self._flat.values.shape
        scale = theme().px
        if self.is_table:
            return QSize(scale(CELL) * columns + 1, scale(ROW) * rows + 1)
        wide = scale(260)
        high = min(scale(TALLEST), max(scale(18), round(wide * rows / max(1, columns))))
        return QSize(wide, high + self._scale_height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), theme().px(120)), self.sizeHint().height())

    def _scale_height(self) -> int:
        return theme().px(BAR + 22)

    def _picture(self) -> QRect:
        """Where the heatmap is, without its scale."""
        rows, columns = self._flat.values.shape
        high = self.height() - self._scale_height()
        wide = min(self.width(), max(theme().px(24), round(high * columns / max(1, rows))))
        return QRect(0, 0, wide, high)

    def _cell_width(self) -> float:
        columns = self._flat.values.shape[1]
        return min(float(theme().px(CELL)), (self.width() - 1) / max(1, int(columns)))

    # -- painting --

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._flat.values.size:
            return
        painter = QPainter(self)
        if self.is_table:
            self._paint_table(painter)
        else:
            self._paint_heatmap(painter)
        if self._chosen is not None:
            painter.setPen(theme().pen("text", 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._cell(*self._chosen).adjusted(1, 1, -1, -1))
        if self.hasFocus():
            painter.setPen(theme().pen("accent", 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._cell(*self._at) if self._at is not None else self.rect().adjusted(1, 1, -1, -1))

    def _paint_table(self, painter: QPainter) -> None:
        colors, values = theme().palette, self._flat.values
        painter.setFont(theme().font("mono_caption"))
        for row in range(values.shape[0]):
            for column in range(values.shape[1]):
                value, cell = float(values[row, column]), self._cell(row, column)
                painter.fillRect(cell, theme().brush("plot"))
                if np.isfinite(value) and self._limit > 0:
                    hue = colors.positive if value > 0 else colors.negative
                    painter.fillRect(cell, _brush(mix(colors.plot, hue, _TINT * abs(value) / self._limit)))
                painter.setPen(theme().pen("line"))
                painter.drawRect(cell)
                painter.setPen(theme().pen("text" if np.isfinite(value) else "error_text"))
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, format_number(self._number(row, column)))

    def _paint_heatmap(self, painter: QPainter) -> None:
        table, values, area = diverging(theme().palette), self._flat.values, self._picture()
        limit = self._limit or 1.0
        pixels = colorize(values, table, -limit, limit)
        background = theme().color("panel")
        pixels[self._flat.index == GAP] = (background.red(), background.green(), background.blue())
        painter.drawImage(area, qimage(pixels))
        painter.setPen(theme().pen("line"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        self._paint_scale(painter, area.bottom() + theme().px(5))

    def _paint_scale(self, painter: QPainter, top: int) -> None:
        """From the most negative over zero to the most positive."""
        wide = min(self.width(), theme().px(200))
        bar = QRect(0, top, wide, theme().px(BAR))
        ramp = np.linspace(-1.0, 1.0, 101)[None, :]
        painter.drawImage(bar, qimage(colorize(ramp, diverging(theme().palette), -1.0, 1.0)))
        painter.drawRect(bar.adjusted(0, 0, -1, -1))
        painter.setFont(theme().font("mono_caption"))
        painter.setPen(theme().pen("secondary"))
        words = QRect(0, bar.bottom() + 1, wide, self.height() - bar.bottom() - 1)
        limit = format_number(self._limit, 3)
        for text, side in (
            (f"-{limit}", Qt.AlignmentFlag.AlignLeft),
            ("0", Qt.AlignmentFlag.AlignHCenter),
            (limit, Qt.AlignmentFlag.AlignRight),
        ):
            painter.drawText(words, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _cell(self, row: int, column: int) -> QRectF:
        if self.is_table:
            wide, high = self._cell_width(), theme().px(ROW)
            return QRectF(column * wide, row * high, wide, high)
        area, (rows, columns) = self._picture(), self._flat.values.shape
        wide, high = area.width() / columns, area.height() / rows
        return QRectF(column * wide, row * high, max(4.0, wide), max(4.0, high))

    # -- the numbers --

    def _number(self, row: int, column: int) -> float:
        return float(self.array.reshape(-1)[self._flat.index[row, column]])

    def place_at(self, point: QPoint) -> tuple[int, int] | None:
        """Row and column under a point."""
        rows, columns = self._flat.values.shape
        if self.is_table:
            row, column = int(point.y() / theme().px(ROW)), int(point.x() / self._cell_width())
        else:
            area = self._picture()
            row, column = int(point.y() * rows / area.height()), int(point.x() * columns / area.width())
        inside = 0 <= row < rows and 0 <= column < columns and point.x() >= 0 and point.y() >= 0
        return (row, column) if inside and self._flat.index[row, column] != GAP else None

    def tip(self, row: int, column: int) -> str:
        """The exact number of a cell, with its place, counted from 1."""
        place = self._indices(row, column)
        value = self.array.reshape(-1)[self._flat.index[row, column]]
        exact = str(int(value)) if self.array.dtype.kind in "iub" else format_exact(_shortest(value))
        return f"{self._name}{index_text(place)} = {exact}"

    def _indices(self, row: int, column: int) -> tuple[int, ...]:
        found = np.unravel_index(int(self._flat.index[row, column]), self.array.shape) if self.array.ndim else ()
        return tuple(int(index) for index in found)

    def text(self) -> str:
        """All numbers exactly, a row a line, tabs between."""
        rows = self.array.reshape(-1, self.array.shape[-1]) if self.array.ndim else self.array.reshape(1, 1)
        return "\n".join("\t".join(format_exact(_shortest(value)) for value in row) for row in rows)

    def summary(self) -> str:
        """All numbers if they are few, else how many there are and where they lie, in a line."""
        if self.array.size <= MOST_ROWS * MOST_COLUMNS:
            return self.text()
        known = self._flat.values[np.isfinite(self._flat.values)]
        ends = [format_number(float(end)) for end in (known.min(), known.max())] if known.size else []
        shape = " × ".join(map(str, self.array.shape))
        return f"{shape}: {' … '.join(ends)}" if ends else shape

    def copy(self) -> None:
        """Put all numbers on the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    def pick(self, row: int, column: int) -> None:
        """Choose a number, and tell."""
        self._chosen = (row, column)
        self.setToolTip("")
        self.update()
        self.picked.emit(self._indices(row, column))

    # -- events --

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            place = self.place_at(event.pos())
            text = self.tip(*place) if place is not None else ""
            QToolTip.showText(event.globalPos(), plain_tooltip(text), self)
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self.pick(*place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in _WAYS and self._flat.values.size:
            self._walk(*_WAYS[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at is not None:
            self.pick(*self._at)
        else:
            super().keyPressEvent(event)

    def _walk(self, down: int, right: int) -> None:
        """To the next number that way, and have it said; the first key goes to the one picked, or to the first."""
        if self._at is None:
            self._at = self._chosen or (0, 0)
        else:
            row, column = self._at[0] + down, self._at[1] + right
            rows, columns = self._flat.values.shape
            while 0 <= row < rows and 0 <= column < columns and self._flat.index[row, column] == GAP:
                row, column = row + down, column + right
            if not (0 <= row < rows and 0 <= column < columns):
                return
            self._at = (row, column)
        say(self, self.tip(*self._at))
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        pointed = self.place_at(event.pos()) if event.reason() == event.Reason.Mouse else self._chosen
        if self.weights and pointed is not None:
            place = self._indices(*pointed)
            menu.addAction(
                icon("backprop"), self.tr("Chain rule of this weight"), lambda: self.chain_wanted.emit(place)
            )
        menu.addAction(icon("copy"), self.tr("Copy numbers"), self.copy)
        menu.popup(event.globalPos())


def _shortest(value: Any) -> float:
    """A float32 as the shortest decimal that reads back as itself."""
    return float(str(value)) if isinstance(value, np.float32) else float(value)


def _brush(color: str) -> QBrush:
    return QBrush(QColor(color))
