"""The network's answer: a bar for each class, or the numbers."""

from __future__ import annotations

from math import ceil, isfinite
from typing import final

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from engine.events import Predicted
from gui.format import format_number
from gui.plots.class_colors import class_colors
from gui.screen_reader import tell_as
from gui.theme import theme

ROW = 20
MAX_ROWS = 20
GAP = 8
LEAST_BAR = 24.0
LONGEST_NAME = 18


@final
class AnswerView(QWidget):
    """Draws the first row of a `Predicted`, most likely class first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[tuple[str, float, int]] = []
        self._bars = False
        tell_as(self, QAccessible.Role.Chart, about=self.summary)
        self.setAccessibleName(self.tr("Answer"))
        theme().changed.connect(self._rescale)

    def show_answer(self, event: Predicted) -> None:
        """Show an answer without an error."""
        self._bars = event.probabilities is not None
        values = np.asarray(event.probabilities if event.probabilities is not None else event.outputs)[0].ravel()
        names = event.classes if len(event.classes) == values.size else ()
        order = np.argsort(-values, kind="stable") if self._bars else np.arange(values.size)
        self.rows = [
            (names[index] if names else self._plain_name(int(index), values.size), float(values[index]), int(index))
            for index in order[:MAX_ROWS]
        ]
        self._rescale()
        self.update()

    def summary(self) -> str:
        """The answer in a line."""
        return ", ".join(f"{name} {format_number(value)}" for name, value, _ in self.rows)

    def _least(self) -> int:
        """Wide enough for names and numbers, with a short bar between them."""
        names, numbers = self._columns()
        return ceil(names + numbers + (GAP + LEAST_BAR if self._bars else 0) + 2 * GAP)

    def _columns(self) -> tuple[float, float]:
        """How wide the names and the numbers are; a name of more than LONGEST_NAME letters is elided."""
        name, mono = QFontMetricsF(theme().font("text")), QFontMetricsF(theme().font("mono"))
        longest = name.horizontalAdvance("n" * LONGEST_NAME)
        names = min(max((name.horizontalAdvance(row[0]) for row in self.rows), default=0.0), longest)
        return names + 2, max((mono.horizontalAdvance(self._number(row[1])) for row in self.rows), default=0.0) + 2

    def _number(self, value: float) -> str:
        return f"{100 * value:.1f} %" if self._bars and isfinite(value) else format_number(value)

    def _plain_name(self, index: int, count: int) -> str:
        return self.tr("output") if count == 1 else self.tr("output {0}").format(index + 1)

    def _rescale(self) -> None:
        self.setMinimumSize(self._least() if self.rows else 0, self.sizeHint().height())

    def clear(self) -> None:
        """No answer."""
        self.rows = []
        self._rescale()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(theme().px(160), theme().px(ROW) * max(1, len(self.rows)) + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font, mono = look.font("text"), look.font("mono")
        metrics = QFontMetricsF(font)
        names, width = self._columns()
        height = look.px(ROW)
        colors = class_colors(max(2, len(self.rows)))
        room = max(LEAST_BAR, self.width() - names - width - 3 * GAP)
        middle = Qt.AlignmentFlag.AlignVCenter
        for place, (name, value, index) in enumerate(self.rows):
            top = place * height
            painter.setFont(font)
            painter.setPen(look.pen("text"))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, names)
            painter.drawText(QRectF(0, top, names, height), middle, shown)
            if self._bars:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.brush("grid"))
                painter.drawRoundedRect(QRectF(names + GAP, top + 6, room, height - 12), 3, 3)
                painter.setBrush(colors[index % len(colors)])
                long = max(2.0, room * min(1.0, max(0.0, value)))  # NaN is 0
                painter.drawRoundedRect(QRectF(names + GAP, top + 6, long, height - 12), 3, 3)
            painter.setFont(mono)
            painter.setPen(look.pen("text"))
            if self._bars:
                right = QRectF(self.width() - width - 4, top, width, height)
                painter.drawText(right, middle | Qt.AlignmentFlag.AlignRight, self._number(value))
            else:
                painter.drawText(QRectF(names + GAP, top, width, height), middle, self._number(value))
