"""The confusion matrix: rows are true classes, columns predicted ones."""

from __future__ import annotations

from typing import final

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip

from engine.events import Confusion, Snapshot
from gui.colormaps import viridis
from gui.format import format_count
from gui.plots.output_view import OutputView
from gui.theme import theme


@final
class ConfusionView(OutputView):
    """Each cell is coloured by its share of the row and bears its count where there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: Confusion | None = None
        theme().changed.connect(self.update)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, Confusion)
        self._snapshot = snapshot
        right = np.trace(snapshot.matrix) / max(1, snapshot.matrix.sum())
        self.setAccessibleDescription(self.tr("{0} % right").format(round(100 * float(right), 1)))
        self.update()

    def _geometry(self) -> tuple[QRectF, float]:
        """The square of the matrix, and the width of the class names."""
        assert self._snapshot is not None
        metrics = QFontMetricsF(theme().font("caption"))
        longest = max((metrics.horizontalAdvance(name) for name in self._snapshot.classes), default=0.0)
        names = min(longest + 8, self.width() * 0.3)
        line = metrics.height()
        side = max(20.0, min(self.width() - names - line - 8, self.height() - 2 * line - 12))
        left = (self.width() - side - names - line) / 2 + names + line
        return QRectF(left, 2 * line + 6, side, side), names

    def paintEvent(self, event: QPaintEvent) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        look = theme()
        painter = QPainter(self)
        font = look.font("caption")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        square, names = self._geometry()
        count = len(snapshot.matrix)
        cell = square.width() / count
        self._paint_names(painter, square, names, cell, metrics)
        shares = snapshot.matrix / np.maximum(1, snapshot.matrix.sum(axis=1, keepdims=True))
        table = viridis()
        painter.setFont(look.font("mono_caption"))
        for row in range(count):
            for column in range(count):
                share = float(shares[row, column])
                red, green, blue = (int(part) for part in table[min(255, int(share * 255))])
                place = QRectF(square.left() + column * cell, square.top() + row * cell, cell, cell)
                painter.fillRect(place.adjusted(0.5, 0.5, -0.5, -0.5), QColor(red, green, blue))
                number = int(snapshot.matrix[row, column])
                text = format_count(number)
                if number and metrics.horizontalAdvance(text) + 4 < cell and metrics.height() < cell:
                    painter.setPen(QColor("#101318" if share > 0.6 else "#ffffff"))
                    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_names(
        self, painter: QPainter, square: QRectF, names: float, cell: float, metrics: QFontMetricsF
    ) -> None:
        assert self._snapshot is not None
        painter.setPen(theme().pen("secondary"))
        line = metrics.height()
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        centre = Qt.AlignmentFlag.AlignCenter
        total = int(self._snapshot.matrix.sum())
        part = round(100 * float(np.trace(self._snapshot.matrix)) / max(1, total), 1)
        splits = {"val": self.tr("validation"), "test": self.tr("test"), "train": self.tr("training")}
        head = self.tr("{0} % of {1} right ({2} data) · columns: predicted").format(
            part, format_count(total), splits[self._snapshot.split]
        )
        shown = metrics.elidedText(head, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(QRectF(0, 0, self.width(), line), centre, shown)
        for index, name in enumerate(self._snapshot.classes):
            row = QRectF(square.left() - names - 4, square.top() + index * cell, names, cell)
            if cell >= line * 0.8:
                painter.drawText(row, right, metrics.elidedText(name, Qt.TextElideMode.ElideRight, names))
            column = QRectF(square.left() + index * cell, square.top() - line - 2, cell, line)
            painter.drawText(column, centre, metrics.elidedText(name, Qt.TextElideMode.ElideRight, cell - 2))

    def _words(self, x: float, y: float) -> str:
        snapshot = self._snapshot
        if snapshot is None:
            return ""
        square, _ = self._geometry()
        cell = square.width() / len(snapshot.matrix)
        if not square.contains(x, y):
            return ""
        row = min(len(snapshot.matrix) - 1, int((y - square.top()) // cell))
        column = min(len(snapshot.matrix) - 1, int((x - square.left()) // cell))
        return self.tr("{0} of {1} taken for {2}").format(
            int(snapshot.matrix[row, column]), self._class(row), self._class(column)
        )

    def _class(self, index: int) -> str:
        assert self._snapshot is not None
        return self._snapshot.classes[index] if index < len(self._snapshot.classes) else str(index)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._words(event.pos().x(), event.pos().y()), self)
            return True
        return super().event(event)

    def table(self) -> tuple[list[str], list[list[object]]]:
        snapshot = self._snapshot
        if snapshot is None:
            return ["true"], []
        return ["true \\ predicted", *snapshot.classes], [
            [self._class(row), *(int(value) for value in snapshot.matrix[row])] for row in range(len(snapshot.matrix))
        ]
