"""What the marks in a picture mean."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, NamedTuple, final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.colormaps import Rgb
from gui.plot_style import curve_pen
from gui.theme import theme
from gui.widgets.labels import plain_tooltip

Mark = Literal["dot", "ring", "diamond", "square", "line"]
MARK_WIDTH = 14
GAP = 6


class Entry(NamedTuple):
    """A mark, its colour (of the palette, or `#rrggbb`) and what it means."""

    mark: Mark
    color: str
    text: str


@final
class Key(QWidget):
    """Marks and words, one below or beside the other; a word too long ends in … and shows on hover with the others."""

    def __init__(self, entries: tuple[Entry, ...] = (), *, beside: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._beside = beside
        self.entries: tuple[Entry, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.updateGeometry)
        self.set_entries(entries)

    def set_entries(self, entries: tuple[Entry, ...]) -> None:
        """Explain other marks."""
        if entries != self.entries:
            self.entries = entries
            words = "\n".join(entry.text for entry in entries)
            self.setAccessibleName(words)
            self.setToolTip(plain_tooltip(words))
            self.updateGeometry()
            self.update()

    def _row(self) -> int:
        return theme().px(18)

    def _columns(self) -> list[float]:
        """The left ends of the entries, and the right end of the last."""
        metrics = QFontMetrics(theme().font("caption"))
        ends, wide = [0.0], theme().px(MARK_WIDTH) + GAP
        for entry in self.entries:
            ends.append(ends[-1] + wide + metrics.horizontalAdvance(entry.text) + 2 * GAP)
        return ends

    def sizeHint(self) -> QSize:
        if self._beside:
            return QSize(round(self._columns()[-1]), self._row())
        widest = max((right - left for left, right in pairwise(self._columns())), default=0)
        return QSize(round(widest) - 2 * GAP + 2, self._row() * len(self.entries))

    def minimumSizeHint(self) -> QSize:
        return QSize(theme().px(40), self._row() * (1 if self._beside else len(self.entries)))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(look.font("caption"))
        metrics = QFontMetrics(look.font("caption"))
        wide = look.px(MARK_WIDTH)
        columns = self._columns()
        for place, entry in enumerate(self.entries):
            left, top = (columns[place], 0) if self._beside else (0.0, place * self._row())
            _paint_mark(painter, entry, QRectF(left, top, wide, self._row()))
            painter.setPen(look.pen("secondary"))
            words = QRectF(left + wide + GAP, top, self.width() - left - wide - GAP, self._row())
            text = metrics.elidedText(entry.text, Qt.TextElideMode.ElideRight, int(words.width()))
            painter.drawText(words.adjusted(0, 0, 2, 0), Qt.AlignmentFlag.AlignVCenter, text)


def _paint_mark(painter: QPainter, entry: Entry, room: QRectF) -> None:
    color = theme().color(entry.color)
    middle, side = room.center(), theme().px(8)
    if entry.mark == "line":
        painter.setPen(curve_pen(entry.color, 2))
        painter.drawLine(QPointF(room.left(), middle.y()), QPointF(room.right(), middle.y()))
        return
    painter.setPen(theme().pen(entry.color, 1.5) if entry.mark == "ring" else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if entry.mark == "ring" else color)
    box = QRectF(0, 0, side, side)
    box.moveCenter(middle)
    if entry.mark == "diamond":
        ends = (QPointF(0, -side), QPointF(side, 0), QPointF(0, side), QPointF(-side, 0))
        painter.drawPolygon(QPolygonF([middle + end * 0.6 for end in ends]))
    elif entry.mark == "square":
        painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 2, 2)
    else:
        painter.drawEllipse(box)


@final
class ScaleColumn(QWidget):
    """A colour scale from bottom to top with its ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._ends = ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def set_scale(self, table: Rgb, low: str, high: str) -> None:
        """Show a lookup table of shape `(n, 3)`, lowest first."""
        self._ends = low, high
        turned = table[::-1]
        self._image = QImage(turned.tobytes(), 1, len(turned), 3, QImage.Format.Format_RGB888).copy()
        self.setAccessibleName(f"{low} … {high}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        mono = QFontMetrics(theme().font("mono_caption"))
        widest = max(mono.horizontalAdvance(end) for end in self._ends)
        return QSize(theme().px(MARK_WIDTH) + GAP + widest + 2, theme().px(80))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        wide = look.px(10)
        strip = QRectF((look.px(MARK_WIDTH) - wide) / 2, 0.5, wide, self.height() - 1)
        painter.drawImage(strip, self._image)
        painter.setPen(look.pen("border"))
        painter.drawRect(strip)
        painter.setPen(look.pen("secondary"))
        painter.setFont(look.font("mono_caption"))
        left = look.px(MARK_WIDTH) + GAP
        words = QRectF(left, 0, self.width() - left, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignTop, self._ends[1])
        painter.drawText(words, Qt.AlignmentFlag.AlignBottom, self._ends[0])
