"""A grid of images with what the network takes them for."""

from __future__ import annotations

from typing import final

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QToolTip

from engine.events import ImageGrid, Snapshot
from gui.plots.output_view import OutputView
from gui.theme import theme

CELL = 76
PICTURE = 48


@final
class ImageGridView(OutputView):
    """Right answers have a check mark and the predicted class, wrong ones a cross and both; nothing by colour alone."""

    def __init__(self) -> None:
        super().__init__()
        self._snapshot: ImageGrid | None = None
        self._pictures: list[QImage] = []
        self.setMinimumSize(QSize(CELL, CELL))
        theme().changed.connect(self.update)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        assert isinstance(snapshot, ImageGrid)
        if self._snapshot is None or not np.array_equal(self._snapshot.images, snapshot.images):
            self._pictures = [qimage(image) for image in snapshot.images]
        self._snapshot = snapshot
        self.update()

    def _columns(self) -> int:
        return max(1, int(self.width() // theme().px(CELL)))

    def paintEvent(self, event: QPaintEvent) -> None:
        snapshot = self._snapshot
        if snapshot is None:
            return
        look = theme()
        painter = QPainter(self)
        font = look.font("caption")
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        cell, side = look.px(CELL), look.px(PICTURE)
        columns = self._columns()
        width = self.width() / columns
        for index, picture in enumerate(self._pictures):
            left, top = (index % columns) * width, (index // columns) * cell
            if top + cell > self.height():
                break
            place = QRectF(left + (width - side) / 2, top + 2, side, side)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, picture.width() > side)
            painter.drawImage(place, picture)
            right = int(snapshot.predicted[index]) == int(snapshot.true[index])
            color = "success_text" if right else "error_text"
            painter.setPen(look.pen(color, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(-1, -1, 1, 1))
            percent = round(100 * float(snapshot.confidence[index]))
            words = f"{'✓' if right else '✗'} {self._name(int(snapshot.predicted[index]))} {percent} %"
            text = metrics.elidedText(words, Qt.TextElideMode.ElideMiddle, width - 4)
            below = QRectF(left, place.bottom() + 2, width, cell - side - 4)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)

    def _name(self, index: int) -> str:
        assert self._snapshot is not None
        classes = self._snapshot.classes
        return classes[index] if index < len(classes) else str(index)

    def _words(self, point: QPoint) -> str:
        snapshot = self._snapshot
        columns = self._columns()
        column, row = int(point.x() // (self.width() / columns)), int(point.y() // theme().px(CELL))
        index = row * columns + column
        if snapshot is None or index >= len(self._pictures):
            return ""
        return self.tr("taken for {0} ({1} %)\nis {2}").format(
            self._name(int(snapshot.predicted[index])),
            round(100 * float(snapshot.confidence[index]), 1),
            self._name(int(snapshot.true[index])),
        )

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._words(event.pos()), self)
            return True
        return super().event(event)

    def table(self) -> tuple[list[str], list[list[object]]]:
        header = ["index", "true", "predicted", "confidence"]
        snapshot = self._snapshot
        if snapshot is None:
            return header, []
        rows = zip(snapshot.true, snapshot.predicted, snapshot.confidence, strict=True)
        return header, [
            [index, self._name(int(true)), self._name(int(predicted)), float(confidence)]
            for index, (true, predicted, confidence) in enumerate(rows)
        ]


def qimage(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> QImage:
    """An image of its own from uint8 `(height, width)` or `(height, width, 3)`."""
    data = np.ascontiguousarray(pixels)
    height, width = data.shape[:2]
    if data.ndim == 2:
        return QImage(data.tobytes(), width, height, width, QImage.Format.Format_Grayscale8).copy()
    return QImage(data.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
