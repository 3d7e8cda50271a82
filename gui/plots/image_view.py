"""A grid of images with what the network takes them for."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QFontMetricsF, QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip, QWidget

from engine.events import Snapshot
from engine.snapshots import ImageGrid
from gui.format import format_number
from gui.panel import Table
from gui.plots.output_view import OutputView
from gui.plots.pixels import qimage
from gui.screen_reader import tell_as
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

CELL: Final = (78, 86)
PICTURE: Final = 50


@final
class ImageGridView(OutputView):
    """Right answers bear a check mark, wrong ones a cross and the true class: nothing is told by colour alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._snapshot: ImageGrid | None = None
        self._pictures: list[QImage] = []
        tell_as(self, QAccessible.Role.Chart, about=self.summary)
        self.setAccessibleName(self.tr("Pictures and what they are taken for"))
        self.setMinimumSize(QSize(*CELL))
        theme().changed.connect(self.update)

    def clear(self) -> None:
        self._snapshot, self._pictures = None, []
        self.update()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, ImageGrid)
        if self._snapshot is None or not np.array_equal(self._snapshot.images, snapshot.images):
            self._pictures = [qimage(image) for image in snapshot.images]
        self._snapshot = snapshot
        self.update()

    def _columns(self) -> int:
        return max(1, int(self.width() // theme().px(CELL[0])))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._snapshot is None:
            return
        painter = QPainter(self)
        painter.setFont(theme().font("caption"))
        height, columns = theme().px(CELL[1]), self._columns()
        width = self.width() / columns
        for index in range(len(self._pictures)):
            cell = QRectF((index % columns) * width, (index // columns) * height, width, height)
            if cell.bottom() > self.height() + 6:
                break
            self._paint_cell(painter, self._snapshot, index, cell)

    def _paint_cell(self, painter: QPainter, snapshot: ImageGrid, index: int, cell: QRectF) -> None:
        look, picture = theme(), self._pictures[index]
        side = look.px(PICTURE)
        place = QRectF(cell.left() + (cell.width() - side) / 2, cell.top() + 2, side, side)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, picture.width() > side)
        painter.drawImage(place, picture)
        right = int(snapshot.predicted[index]) == int(snapshot.true[index])
        tone = "success_text" if right else "error_text"
        painter.setPen(look.pen(tone, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place.adjusted(-1, -1, 1, 1))
        name = class_name(snapshot, int(snapshot.predicted[index]))
        percent = self.tr("{0} %").format(_percent(float(snapshot.confidence[index])))
        below = percent if right else self.tr("is {0}").format(class_name(snapshot, int(snapshot.true[index])))
        metrics = QFontMetricsF(painter.font())
        line = metrics.height()
        centre = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        for row, (text, color) in enumerate(((f"{'✓' if right else '✗'} {name}", tone), (below, "secondary"))):
            painter.setPen(look.pen(color))
            room = QRectF(cell.left() + 1, place.bottom() + 3 + row * line, cell.width() - 2, line)
            painter.drawText(room, centre, metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width()))

    def words_at(self, point: QPoint) -> str:
        """What is known of the image below a point of the widget."""
        snapshot, columns = self._snapshot, self._columns()
        column, row = int(point.x() // (self.width() / columns)), int(point.y() // theme().px(CELL[1]))
        index = row * columns + column
        if snapshot is None or not 0 <= index < len(self._pictures):
            return ""
        return self.tr("taken for {0} ({1} %)\nis {2}").format(
            class_name(snapshot, int(snapshot.predicted[index])),
            format_number(100 * float(snapshot.confidence[index])),
            class_name(snapshot, int(snapshot.true[index])),
        )

    def summary(self) -> str:
        """How many are right, and what the wrong ones are taken for, in a line."""
        snapshot = self._snapshot
        if snapshot is None:
            return ""
        wrong = np.flatnonzero(snapshot.predicted != snapshot.true)
        told = self.tr("{0} of {1} right").format(len(snapshot.true) - wrong.size, len(snapshot.true))
        words = self.tr("{0} taken for {1}")
        pairs = [(int(snapshot.true[each]), int(snapshot.predicted[each])) for each in wrong]
        mistakes = (words.format(class_name(snapshot, true), class_name(snapshot, said)) for true, said in pairs)
        return "; ".join([told, *mistakes])

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), plain_tooltip(self.words_at(event.pos())), self)
            return True
        return super().event(event)

    def table(self) -> Table:
        header = ["index", "true", "predicted", "confidence"]
        snapshot = self._snapshot
        if snapshot is None:
            return header, []
        rows = zip(snapshot.true, snapshot.predicted, snapshot.confidence, strict=True)
        return header, [
            [index, class_name(snapshot, int(true)), class_name(snapshot, int(predicted)), float(confidence)]
            for index, (true, predicted, confidence) in enumerate(rows)
        ]


def class_name(snapshot: ImageGrid, index: int) -> str:
    """The name of a class, its index where it has none."""
    return snapshot.classes[index] if 0 <= index < len(snapshot.classes) else str(index)


def _percent(share: float) -> str:
    return str(round(100 * share)) if np.isfinite(share) else "NaN"
