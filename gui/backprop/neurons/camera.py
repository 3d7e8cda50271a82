"""Which part of the layout is seen, and how large."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QTransform

from gui.backprop.neurons.layout import READABLE, Layout
from gui.theme import theme

FARTHEST, CLOSEST = 0.1, 4.0
LARGEST: Final = 1.25
"""A small network does not grow beyond this by itself; as `READABLE`, at a text scale of 1."""
AIR: Final = 30.0


@final
class Camera:
    """Zoom and place.

    Attributes:
        scale: pixels to a unit of the layout.
        shift: where its origin is, in pixels.
        moved: whether the user chose the place: it is kept then.
    """

    def __init__(self) -> None:
        self.scale, self.shift, self.moved = 1.0, QPointF(), False

    def fit(self, layout: Layout, size: QSize, current: int, *, whole: bool = False) -> None:
        """Show all, or, unless the `whole` is wanted, what is around the current column if all is too small to read."""
        text = theme().text_scale
        scale = min(size.width() / layout.width, size.height() / layout.height, LARGEST * text)
        self.scale = scale if whole else max(READABLE * text, scale)
        self.moved = whole
        wide, high = size.width() / self.scale, size.height() / self.scale
        x, y = (wide - layout.width) / 2, (high - layout.height) / 2
        if layout.width > wide + 0.5:
            middle = layout.place(current, layout.rows[current][0])[0]
            x = min(0.0, max(wide - layout.width, wide / 2 - middle))
        if layout.height > high:
            y = 0.0
        self.shift = QPointF(x, y) * self.scale

    def shows(self, layout: Layout, size: QSize) -> bool:
        """Whether all of it is in view."""
        corner = self.on_screen(layout.width, layout.height)
        room = QRectF(-1, -1, size.width() + 2, size.height() + 2)
        return room.contains(self.shift) and room.contains(corner)

    def zoom(self, factor: float, around: QPointF) -> None:
        """Closer or farther; the place under `around` stays there."""
        scale = min(CLOSEST, max(FARTHEST, self.scale * factor))
        self.shift = around - (around - self.shift) * (scale / self.scale)
        self.scale, self.moved = scale, True

    def pan(self, by: QPointF) -> None:
        """Move what is seen."""
        self.shift += by
        self.moved = True

    def reveal(self, place: QPointF, size: QSize) -> bool:
        """Move as little as brings a place of the widget into view; whether that was needed."""
        room = QRectF(0, 0, size.width(), size.height()).adjusted(AIR, AIR, -AIR, -AIR)
        if room.contains(place):
            return False
        x = min(max(place.x(), room.left()), room.right())
        y = min(max(place.y(), room.top()), room.bottom())
        self.pan(QPointF(x, y) - place)
        return True

    def on_screen(self, x: float, y: float) -> QPointF:
        """A place of the layout in the widget."""
        return QPointF(x, y) * self.scale + self.shift

    def in_layout(self, at: QPointF) -> QPointF:
        """A place of the widget in the layout."""
        return (at - self.shift) / self.scale

    @property
    def transform(self) -> QTransform:
        """From the layout to the widget."""
        return QTransform(self.scale, 0, 0, self.scale, self.shift.x(), self.shift.y())
