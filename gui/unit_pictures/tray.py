"""The pictures of one block's units, hanging below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.events import Array
from engine.snapshots import UnitPictures
from gui.canvas.block_item import BlockItem
from gui.canvas.look import Detail
from gui.colors import Palette
from gui.theme import theme
from gui.unit_pictures.cells import Cells, arranged, photo, strip_of

_RIM: Final = 1.0
_RING: Final = 2.0


@final
@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What hangs below a block.

    Attributes:
        units: its units as pictures.
        room: where, in the block's coordinates.
        image: a sample of the data as it is, in the place of units.
    """

    units: UnitPictures
    room: QRectF
    image: Array | None = None

    @property
    def count(self) -> int:
        """How many pictures there are."""
        return 1 if self.image is not None else len(self.units.pictures)

    def cells(self) -> Cells:
        """Where they stand, in the block's coordinates."""
        return arranged(self.count, 1 if self.image is not None else self.units.units, self.room)


@final
class Tray(QGraphicsItem):
    """A child of the block's item: it moves along, and goes with it. The block's own picture stays as it is.

    Attributes:
        block: the item it hangs below.
        shown: the pictures.
        cells: where they stand, in the block's coordinates.
    """

    _bounds = QRectF()
    """Qt asks for it as soon as the item has a parent."""
    _snapped: tuple[QTransform | None, tuple[QRectF, ...]] = (None, ())
    """A zoom, and the cells as whole pixels at it."""

    def __init__(self, block: BlockItem, shown: Shown) -> None:
        super().__init__(block)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.block = block
        self.ringed: int | None = None
        self._strip: QImage | None = None
        self._strip_of: Palette | None = None
        self.shown = shown
        self._lay_out()

    def show_units(self, shown: Shown) -> None:
        """Show these pictures; only where the pictures stand is painted again."""
        before, self.shown = self.shown, shown
        self._strip = None
        if (before.count, before.units.units, before.room) != (shown.count, shown.units.units, shown.room):
            self._lay_out()
        self.update()

    def ring(self, index: int | None) -> None:
        """Ring the picture of a unit, or none."""
        if index != self.ringed:
            self.ringed = index
            self.update()

    def cell_at(self, at: QPointF) -> int | None:
        """The unit whose picture is at a place of the scene."""
        local = at - self.block.pos()
        return next((index for index, rect in enumerate(self.cells.rects) if rect.contains(local)), None)

    @property
    def area(self) -> QRectF:
        """What it covers of the scene."""
        return self._area.translated(self.block.pos())

    @property
    def strip(self) -> QImage:
        """All pictures in colours, one below the other."""
        palette = theme().palette
        if self._strip is None or self._strip_of is not palette:
            image = self.shown.image
            self._strip = strip_of(self.shown.units.pictures, palette) if image is None else photo(image)
            self._strip_of = palette
        return self._strip

    def cut(self, index: int) -> QRectF:
        """Where a unit's picture is in the strip."""
        strip = self.strip
        high = strip.height() / self.shown.count
        return QRectF(0.0, index * high, strip.width(), high)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        strip, rects, look = self.strip, self.cells.rects, self.block.look
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.line)
        # One pixel at least at every zoom, so that a unit that says nothing is seen, too.
        rim = _RIM / min(look.scale, 1.0) if widget is not None else _RIM
        if widget is not None:
            if self._snapped[0] != painter.transform():
                snap = _Snap(painter)
                self._snapped = painter.transform(), tuple(snap(rect) for rect in rects)
            rects = self._snapped[1]
        painter.drawRects([rect.adjusted(-rim, -rim, rim, rim) for rect in rects])
        if self.ringed is not None and self.ringed < len(rects):
            ring = _RING * rim
            painter.setBrush(look.accent)
            painter.drawRect(rects[self.ringed].adjusted(-ring, -ring, ring, ring))
        wide, high = strip.width(), strip.height() / self.shown.count
        for index, rect in enumerate(rects):
            painter.drawImage(rect, strip, QRectF(0.0, index * high, wide, high))
        if self.cells.more and look.detail is Detail.FULL:
            painter.setPen(look.secondary)
            painter.setFont(look.label_font)
            painter.drawText(self.cells.rest, Qt.AlignmentFlag.AlignCenter, f"+{self.cells.more}")

    def _lay_out(self) -> None:
        self.prepareGeometryChange()
        self.cells = self.shown.cells()
        self._snapped = (None, ())
        self._area = self.cells.area
        spare = 2.0 * _RING * _RIM / 0.35
        self._bounds = self._area.adjusted(-spare, -spare, spare, spare)


@final
class _Snap:
    """Puts rectangles on whole pixels of the screen: pictures stand sharp, and equally far apart."""

    def __init__(self, painter: QPainter) -> None:
        self._transform = painter.transform()
        self._back = self._transform.inverted()[0]

    def __call__(self, rect: QRectF) -> QRectF:
        seen = self._transform.mapRect(rect)
        whole = QRectF(round(seen.left()), round(seen.top()), max(1, round(seen.width())), max(1, round(seen.height())))
        return self._back.mapRect(whole)


def tray_of(block: BlockItem) -> Tray | None:
    """What hangs below a block."""
    return next((child for child in block.childItems() if isinstance(child, Tray)), None)
