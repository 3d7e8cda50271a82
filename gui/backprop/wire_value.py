"""What a wire carries in a moment, written or drawn at its middle."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from gui.backprop.tiles import GAP, flat
from gui.colormaps import colorize, diverging
from gui.fonts import Role, make_font
from gui.format import format_number
from gui.plots.pixels import qimage
from gui.theme import theme

_PAD: Final = 6.0
_ROWS: Final = 4
_COLUMNS: Final = 4
_PICTURE: Final = 64.0
_BAR: Final = 5.0
_LEAST: Final = 6.0
_READABLE: Final = 0.8
_LARGEST: Final = 1.7


@final
class WireValue(QGraphicsItem):
    """A card with a title such as `→ x`, and the numbers, or a heatmap with its range."""

    def __init__(self, title: str, array: NDArray[Any], color: str, entry: int | None = None) -> None:
        """Of the numbers one may be marked: `entry` is its place, row by row."""
        super().__init__()
        self.title, self._color, self.entry = title, color, entry
        self._flat = flat(array)
        rows, columns = self._flat.values.shape
        self.is_numbers = rows <= _ROWS and columns <= _COLUMNS and array.ndim <= 2
        self.texts = (
            [[format_number(float(value)) for value in row] for row in self._flat.values] if self.is_numbers else []
        )
        finite = np.abs(self._flat.values[np.isfinite(self._flat.values)])
        self._limit = float(finite.max()) if finite.size else 0.0
        self.setZValue(5.0)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._measure()

    def _measure(self) -> None:
        mono, caption = QFontMetricsF(_font("mono_caption")), QFontMetricsF(_font("caption_strong"))
        self._line = max(mono.height(), caption.height())
        title = caption.horizontalAdvance(self.title)
        if self.is_numbers:
            cells = [text for row in self.texts for text in row]
            self._cell = max((mono.horizontalAdvance(text) for text in cells), default=0.0) + 8.0
            columns = max((len(row) for row in self.texts), default=0)
            wide, high = max(title, self._cell * columns), self._line * (1 + len(self.texts))
        else:
            rows, columns = self._flat.values.shape
            scale = min(_PICTURE / rows, 1.6 * _PICTURE / columns)
            self._image = (max(12.0, columns * scale), max(8.0, rows * scale))
            limit = format_number(self._limit, 3)
            self._ends = (f"-{limit}", limit)
            least = mono.horizontalAdvance("".join(self._ends)) + 10.0
            wide, high = max(title, self._image[0], least), self._line * 2 + self._image[1] + _BAR + 6.0
        self._box = QRectF(0.0, 0.0, wide + 2 * _PAD, high + 2 * _PAD)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height on the canvas."""
        return self._box.width() * self.scale(), self._box.height() * self.scale()

    def magnify(self, zoom: float) -> None:
        """Stay readable where the canvas is seen from afar, at a zoom of less than 1."""
        self.setScale(min(max(1.0, _READABLE / zoom), _LARGEST))

    def put(self, centre: QPointF) -> None:
        """Stand there."""
        wide, high = self.size
        self.setPos(centre.x() - wide / 2, centre.y() - high / 2)

    def boundingRect(self) -> QRectF:
        return self._box.adjusted(-1.0, -1.0, 1.0, 1.0)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        look = theme()
        painter.setPen(look.pen(self._color, 1.5))
        painter.setBrush(look.brush("raised"))
        painter.drawRoundedRect(self._box, 6.0, 6.0)
        inside = self._box.adjusted(_PAD, _PAD, -_PAD, -_PAD)
        painter.setFont(_font("caption_strong"))
        painter.setPen(look.pen("text"))
        painter.drawText(QRectF(inside.left(), inside.top(), inside.width(), self._line), 0, self.title)
        body = inside.adjusted(0.0, self._line, 0.0, 0.0)
        if self.is_numbers:
            self._paint_numbers(painter, body)
        else:
            self._paint_picture(painter, body)

    def _paint_numbers(self, painter: QPainter, body: QRectF) -> None:
        look = theme()
        painter.setFont(_font("mono_caption"))
        for row, texts in enumerate(self.texts):
            for column, text in enumerate(texts):
                if self.entry is not None and self._flat.index[row, column] == self.entry:
                    left, top = body.left() + column * self._cell, body.top() + row * self._line
                    self._mark(painter, QRectF(left - 3.0, top, self._cell - 2.0, self._line))
                value = self._flat.values[row, column]
                tone = "positive_text" if value > 0 else "negative_text" if value < 0 else "secondary"
                painter.setPen(look.pen(tone))
                cell = QRectF(body.left() + column * self._cell, body.top() + row * self._line, self._cell, self._line)
                painter.drawText(cell, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _mark(self, painter: QPainter, cell: QRectF) -> None:
        """Ring the number that the cursor is at."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(theme().pen("panel", 3.5))
        painter.drawRoundedRect(cell, 3.0, 3.0)
        painter.setPen(theme().pen("text", 1.5))
        painter.drawRoundedRect(cell, 3.0, 3.0)

    def _paint_picture(self, painter: QPainter, body: QRectF) -> None:
        look, limit = theme(), self._limit or 1.0
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)
        table = diverging(look.palette)
        pixels = colorize(self._flat.values, table, -limit, limit)
        raised = look.color("raised")
        pixels[self._flat.index == GAP] = (raised.red(), raised.green(), raised.blue())
        area = QRectF(body.left(), body.top() + 2.0, *self._image)
        painter.drawImage(area, qimage(pixels))
        if self.entry is not None:
            for row, column in np.argwhere(self._flat.index == self.entry)[:1]:
                rows, columns = self._flat.values.shape
                wide, high = area.width() / columns, area.height() / rows
                cell = QRectF(area.left() + column * wide, area.top() + row * high, wide, high)
                grow = max(0.0, (_LEAST - min(wide, high)) / 2)
                self._mark(painter, cell.adjusted(-grow, -grow, grow, grow))
        bar = QRectF(body.left(), area.bottom() + 3.0, body.width(), _BAR)
        painter.drawImage(bar, qimage(colorize(np.linspace(-1, 1, 101)[None, :], table, -1.0, 1.0)))
        painter.setPen(look.pen("secondary"))
        painter.setFont(_font("mono_caption"))
        words = QRectF(body.left(), bar.bottom(), body.width(), self._line)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._ends[0])
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._ends[1])


@cache
def _font(role: Role) -> QFont:
    """In units of the scene, which the view scales with the text."""
    return make_font(role)
