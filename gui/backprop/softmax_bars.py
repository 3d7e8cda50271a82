"""Columns of bars side by side, a row for each class or output: the numbers beside them, the exact ones on hover."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from gui.backprop.softmax_stages import Stage
from gui.format import format_exact, format_number
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

ROW: Final = 24
HEAD: Final = 24
MOST_ROWS: Final = 40
NAMES: Final = 0.26
"""Part of the width that names of rows take at most."""
_GAP: Final = 14
_DIGITS, _FEWER, _WIDE = 4, 3, 520
"""Significant digits, in a narrow picture, and what is narrow."""


@final
class StageBars(QWidget):
    """Bars in columns. Positive is blue, negative orange; the row of the true class is framed and bears a check mark.

    Attributes:
        stages, names, marked: what is shown.
        order: the rows shown, as numbers of `names`: all, or those with the largest numbers in the last column.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stages: tuple[Stage, ...] = ()
        self.names: tuple[str, ...] = ()
        self.marked: int | None = None
        self.order: list[int] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)

    def show_stages(self, names: tuple[str, ...], stages: tuple[Stage, ...], marked: int | None = None) -> None:
        """Show other numbers."""
        self.names, self.stages, self.marked = names, stages, marked
        self.order = list(range(len(names)))
        if len(names) > MOST_ROWS and stages:
            largest = np.argsort(-np.abs(stages[-1].values), kind="stable")[:MOST_ROWS]
            self.order = sorted({*(int(each) for each in largest), *(() if marked is None else (marked,))})
        told = [f"{stage.title}: {', '.join(format_number(float(v)) for v in stage.values[:20])}" for stage in stages]
        self.setAccessibleDescription("\n".join(told))
        self.updateGeometry()
        self.update()

    @property
    def left_out(self) -> int:
        """How many rows are not shown."""
        return len(self.names) - len(self.order)

    # -- places --

    def sizeHint(self) -> QSize:
        return QSize(theme().px(320), theme().px(HEAD) + theme().px(ROW) * len(self.order) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(200), self.sizeHint().height())

    def _names_width(self) -> float:
        metrics = QFontMetricsF(theme().font("caption"))
        mark = theme().px(18) if self.marked is not None else 0
        wide = max((metrics.horizontalAdvance(self.names[row]) for row in self.order), default=0.0)
        return min(wide + mark + (_GAP if wide else 0), self.width() * NAMES)

    def _numbers_width(self, stage: Stage) -> float:
        """Of the widest number of a column, or of its title where that has no bar below."""
        metrics = QFontMetricsF(theme().font("mono_caption"))
        wide = max((metrics.horizontalAdvance(self._written(stage, row)) for row in self.order), default=0.0) + 6
        if stage.kind == "number":
            wide = max(wide, QFontMetricsF(theme().font("caption")).horizontalAdvance(stage.title) + 4)
        return wide

    def _written(self, stage: Stage, row: int) -> str:
        return format_number(float(stage.values[row]), _DIGITS if self.width() > theme().px(_WIDE) else _FEWER)

    def column(self, number: int) -> QRectF:
        """Where a column is, from top to bottom. All bars have one width."""
        widths = [self._numbers_width(stage) for stage in self.stages]
        bars = [stage.kind != "number" for stage in self.stages]
        room = self.width() - self._names_width() - sum(widths) - _GAP * len(widths)
        bar = max(8.0, room / max(1, sum(bars)))
        left = self._names_width()
        for before in range(number):
            left += widths[before] + bar * bars[before] + _GAP
        return QRectF(left, 0, widths[number] + bar * bars[number], self.height())

    def cell(self, row: int, column: int) -> QRectF:
        """Where the bar and the number of a shown row are."""
        room = self.column(column)
        return QRectF(room.left(), theme().px(HEAD) + row * theme().px(ROW), room.width(), theme().px(ROW))

    # -- painting --

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_names(painter)
        for number, stage in enumerate(self.stages):
            self._paint_stage(painter, number, stage)
            if number:
                self._paint_join(painter, number)

    def _paint_names(self, painter: QPainter) -> None:
        look, wide = theme(), self._names_width()
        painter.setFont(look.font("caption"))
        metrics = QFontMetricsF(painter.font())
        for row, name in enumerate(self.order):
            place = self.cell(row, 0)
            room = QRectF(0, place.top(), wide - _GAP / 2, place.height())
            if name == self.marked:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.brush("success_soft"))
                painter.drawRoundedRect(QRectF(0, place.top() + 1, self.width(), place.height() - 2), 4, 4)
            painter.setPen(look.pen("success_text" if name == self.marked else "secondary"))
            text = f"✓ {self.names[name]}" if name == self.marked else self.names[name]
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width() - 4)
            painter.drawText(room.adjusted(4, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_join(self, painter: QPainter, number: int) -> None:
        painter.setPen(theme().pen("secondary"))
        painter.setFont(theme().font("caption"))
        room = QRectF(self.column(number).left() - _GAP, 0, _GAP, theme().px(HEAD))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self.stages[number].join)

    def _paint_stage(self, painter: QPainter, number: int, stage: Stage) -> None:
        look, room = theme(), self.column(number)
        vertical = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(look.font("caption"))
        painter.setPen(look.pen("text"))
        side = Qt.AlignmentFlag.AlignRight if stage.kind == "number" else Qt.AlignmentFlag.AlignLeft
        painter.drawText(QRectF(room.left(), 0, room.width(), look.px(HEAD)), vertical | side, stage.title)
        painter.setFont(look.font("mono_caption"))
        words = self._numbers_width(stage)
        limit = 1.0 if stage.kind == "share" else _largest(stage)
        for row, index in enumerate(self.order):
            place, value = self.cell(row, number), float(stage.values[index])
            bar = QRectF(place.left(), place.top() + 5, place.width() - words, place.height() - 10)
            if stage.kind != "number":
                self._paint_bar(painter, bar, value / limit if limit else 0.0, signed=stage.kind == "signed")
            painter.setPen(look.pen("text" if np.isfinite(value) else "error_text"))
            right = QRectF(place.right() - words, place.top(), words, place.height())
            painter.drawText(right, vertical | Qt.AlignmentFlag.AlignRight, self._written(stage, index))

    def _paint_bar(self, painter: QPainter, room: QRectF, part: float, *, signed: bool) -> None:
        """A bar of `part` of its room, from -1 to 1."""
        look = theme()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.brush("grid"))
        painter.drawRoundedRect(room, 2, 2)
        zero = room.center().x() if signed else room.left()
        reach = room.width() / 2 if signed else room.width()
        if np.isfinite(part) and part:
            painter.setBrush(look.brush("positive" if part > 0 else "negative"))
            wide = max(1.5, abs(min(1.0, max(-1.0, part))) * reach)
            left = zero if part > 0 else zero - wide
            painter.drawRoundedRect(QRectF(left, room.top(), wide, room.height()), 2, 2)
        if signed:
            painter.setPen(look.pen("secondary"))
            painter.drawLine(room.center().toPoint() + QPoint(0, -8), room.center().toPoint() + QPoint(0, 8))

    # -- exact numbers --

    def words_at(self, point: QPoint) -> str:
        """The exact number below a point of the widget, with its name; "" for none."""
        row = int((point.y() - theme().px(HEAD)) // theme().px(ROW))
        if point.y() < theme().px(HEAD) or row >= len(self.order):
            return ""
        for number, stage in enumerate(self.stages):
            if self.column(number).contains(float(point.x()), 1.0):
                name = self.names[self.order[row]]
                of = f"{stage.name} ({name})" if name else stage.name
                return f"{of} = {format_exact(float(stage.values[self.order[row]]))}"
        return self.names[self.order[row]]

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain_tooltip(self.words_at(event.pos())), self)
            return True
        return super().event(event)


def _largest(stage: Stage) -> float:
    known = np.abs(stage.values[np.isfinite(stage.values)])
    return float(known.max()) if known.size else 0.0
