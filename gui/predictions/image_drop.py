"""A place to drop an image onto."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QWidget

from gui.file_dialogs import ask_open_path
from gui.theme import theme

IMAGES = "*.png *.jpg *.jpeg *.bmp *.gif *.webp *.tif *.tiff"


@final
class ImageDrop(QWidget):
    """Shows the image asked about. A click opens a file dialog.

    Signals:
        dropped(str): the path of a file, an image or a table of rows.
    """

    dropped = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("imageDrop")
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Drop an image here, or press Enter to choose one"))
        self._image = QImage()
        theme().changed.connect(self.update)

    def set_image(self, image: QImage) -> None:
        """Show an image; a null one brings the hint back."""
        self._image = image
        self.updateGeometry()
        self.update()

    def ask(self) -> None:
        """Choose a file."""
        patterns = self.tr("Images ({0})").format(IMAGES)
        path = ask_open_path(self, self.tr("Choose an image"), "", patterns)
        if path is not None:
            self.dropped.emit(str(path))

    def sizeHint(self) -> QSize:
        return QSize(theme().px(140), theme().px(140))

    def minimumSizeHint(self) -> QSize:
        if not self._image.isNull():
            return QSize(theme().px(64), theme().px(64))
        words = QFontMetrics(theme().font("text")).boundingRect(QRect(), Qt.AlignmentFlag.AlignCenter, self._hint())
        return words.size() + QSize(28, 24)

    def _hint(self) -> str:
        return self.tr("Drop an image here\nor click to choose one")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.ask()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths[0])

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(look.pen("accent" if self.hasFocus() else "border", 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(look.brush("plot"))
        painter.drawRoundedRect(frame, 8, 8)
        if self._image.isNull():
            painter.setPen(look.pen("secondary"))
            painter.setFont(look.font("text"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(frame.adjusted(12, 8, -12, -8), int(flags), self._hint())
            return
        room = frame.adjusted(8, 8, -8, -8)
        size = self._image.size().scaled(room.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, 0, size.width(), size.height())
        place.moveCenter(room.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._image.width() > size.width())
        painter.drawImage(place, self._image)
