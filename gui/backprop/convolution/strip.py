"""Small pictures side by side, one of which is chosen: channels, filters, maps."""

from __future__ import annotations

from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QBrush,
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

from gui.colormaps import colorize, diverging
from gui.format import format_number
from gui.plots.pixels import qimage
from gui.screen_reader import say, tell_as
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

SIZES: Final = ((12, 40), (48, 32), (10_000, 24))
"""Up to so many pictures, so many pixels each."""
FINEST: Final = 64
"""Numbers along a side of a small picture; of larger ones some rows and columns are left out."""
GAP: Final = 5


@final
class Strip(QWidget):
    """Breaks into lines like text. A click or arrow keys choose.

    Signals:
        picked(int): another picture was chosen, from 0.
    """

    picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ""
        self.chosen = 0
        self._planes: NDArray[Any] = np.zeros((0, 1, 1))
        self._limit = 1.0
        self._closed: frozenset[int] = frozenset()
        self._images: tuple[object, list[QImage]] | None = None
        tell_as(self, QAccessible.Role.Chart, about=self._told)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme().changed.connect(self._restyled)

    @property
    def count(self) -> int:
        """How many pictures."""
        return len(self._planes)

    def set_planes(
        self, title: str, planes: NDArray[Any], limit: float, chosen: int, closed: frozenset[int] = frozenset()
    ) -> None:
        """Show other pictures.

        Args:
            title: before them.
            planes: `(count, height, width)`.
            limit: size of number whose colour is full.
            chosen: which one, from 0.
            closed: those that cannot be chosen.
        """
        if len(planes) != self.count or title != self.title:
            self.updateGeometry()
        if planes is not self._planes or limit != self._limit:
            self._images = None
        self.title, self._planes, self._limit = title, planes, limit
        self.chosen, self._closed = chosen, closed
        self.setAccessibleName(title)
        self.update()

    def _told(self) -> str:
        return self.tr("{0} of {1}").format(self.chosen + 1, self.count)

    # -- places --

    def _side(self) -> int:
        return theme().px(next(side for most, side in SIZES if self.count <= most))

    def _head(self) -> int:
        return QFontMetrics(theme().font("caption")).height() + 3

    def _columns(self, width: int) -> int:
        return max(1, (width + GAP - 6) // (self._side() + GAP))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        lines = -(-self.count // self._columns(width))
        return self._head() + lines * (self._side() + GAP) + 4

    def sizeHint(self) -> QSize:
        wide = self.count * (self._side() + GAP) + 6
        return QSize(wide, self.heightForWidth(wide))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(120), self._head() + self._side() + GAP)

    def place(self, index: int) -> QRectF:
        """Where a picture is."""
        columns, side = self._columns(self.width()), self._side()
        row, column = divmod(index, columns)
        return QRectF(3 + column * (side + GAP), self._head() + 3 + row * (side + GAP), side, side)

    def index_at(self, point: QPoint) -> int | None:
        """The picture at a point."""
        return next((index for index in range(self.count) if self.place(index).contains(point)), None)

    # -- painting --

    def _restyled(self) -> None:
        self._images = None
        self.updateGeometry()
        self.update()

    def _drawn(self) -> list[QImage]:
        palette = theme().palette
        if self._images is None or self._images[0] is not palette:
            step = max(1, -(-max(self._planes.shape[1:]) // FINEST))
            planes = np.nan_to_num(self._planes[:, ::step, ::step])
            pixels = colorize(planes, diverging(palette), -self._limit, self._limit)
            self._images = (palette, [qimage(each) for each in pixels])
        return self._images[1]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme().font("caption"))
        painter.setPen(theme().pen("secondary"))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        painter.drawText(QRectF(0, 0, self.width(), self._head()), flags, self.title)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for index, image in enumerate(self._drawn()):
            room = self.place(index)
            stretched = (
                Qt.AspectRatioMode.IgnoreAspectRatio if image.height() == 1 else Qt.AspectRatioMode.KeepAspectRatio
            )
            size = image.size().scaled(int(room.width()), int(room.height()), stretched)
            spot = QRectF(0, 0, size.width(), size.height())
            spot.moveCenter(room.center())
            if index in self._closed:
                painter.fillRect(room, QBrush(theme().color("line"), Qt.BrushStyle.BDiagPattern))
            else:
                painter.drawImage(spot, image)
            painter.setPen(theme().pen("line"))
            painter.drawRect(room)
            if index == self.chosen:
                painter.setPen(theme().pen("accent", 2.0))
                painter.drawRect(room.adjusted(-1.5, -1.5, 1.5, 1.5))
        if self.hasFocus():
            painter.setPen(theme().pen("accent", 1.0, Qt.PenStyle.DotLine))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    # -- mouse and keys --

    def _choose(self, index: int) -> None:
        if 0 <= index < self.count and index not in self._closed and index != self.chosen:
            self.chosen = index
            self.update()
            say(self, self._told())
            self.picked.emit(index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index is not None:
            self._choose(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = self._columns(self.width())
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
            Qt.Key.Key_Home: -self.chosen,
            Qt.Key.Key_End: self.count - 1 - self.chosen,
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        wanted, way = self.chosen + step, 1 if step > 0 else -1
        while wanted in self._closed:
            wanted += way
        self._choose(wanted)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(event.pos())
            QToolTip.showText(event.globalPos(), plain_tooltip("" if index is None else self.tip(index)), self)
            return True
        return super().event(event)

    def tip(self, index: int) -> str:
        """What is said of a picture on hover."""
        if index in self._closed:
            return self.tr("{0}: of another group").format(index + 1)
        plane = self._planes[index]
        low, high = (format_number(float(value)) for value in (np.nanmin(plane), np.nanmax(plane)))
        return self.tr("{0}: from {1} to {2}").format(index + 1, low, high)
