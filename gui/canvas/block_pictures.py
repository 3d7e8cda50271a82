"""Blocks painted once and copied from then on, as long as neither they nor the zoom change."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

MOST_BYTES: Final = 64 * 2**20
"""What all pictures together may take: a screen full of blocks at twice the resolution needs a fifth of it."""

State = tuple[object, ...]


@final
@dataclass(slots=True)
class _Picture:
    """What was painted, in which state and at how many pixels a point; where its corner lies from the block's.

    None: seen once in that state.
    """

    state: State
    pixmap: QPixmap | None = None
    corner: tuple[int, int] = (0, 0)
    ratio: float = 1.0

    @property
    def size(self) -> int:
        """Bytes."""
        return 0 if self.pixmap is None else self.pixmap.width() * self.pixmap.height() * 4


@final
class BlockPictures:
    """The pictures of all blocks, those used last at the end.

    A picture is made when a block is painted for the second time in the same state: while the view zooms, no state
    comes twice.
    """

    def __init__(self) -> None:
        self._pictures: OrderedDict[str, _Picture] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """What they take."""
        return self._bytes

    def forget(self, name: str) -> None:
        """The block looks different now, or is gone."""
        found = self._pictures.pop(name, None)
        if found is not None:
            self._bytes -= found.size

    def clear(self) -> None:
        """All blocks are others now, whatever they are called."""
        self._pictures.clear()
        self._bytes = 0

    def paint(
        self, painter: QPainter, name: str, bounds: QRectF, state: State, draw: Callable[[QPainter], object]
    ) -> None:
        """Paint a block, from its picture if there is one.

        Args:
            painter: in the block's coordinates, on a screen.
            name: whose picture it is.
            bounds: what the block covers, in its coordinates.
            state: all that the look depends on besides the block itself.
            draw: paints the block.
        """
        found = self._pictures.get(name)
        if found is None or found.state != state:
            self.forget(name)
            self._pictures[name] = _Picture(state)
            draw(painter)
            return
        self._pictures.move_to_end(name)
        pixmap = found.pixmap
        if pixmap is None:
            pixmap = self._make(found, painter, bounds, draw)
        transform, ratio, corner = painter.transform(), found.ratio, found.corner
        # Whole pixels of the screen: between them a picture would blur.
        x, y = round(transform.dx() * ratio) + corner[0], round(transform.dy() * ratio) + corner[1]
        painter.resetTransform()
        painter.drawPixmap(QPointF(x / ratio, y / ratio), pixmap)
        painter.setTransform(transform)

    def _make(
        self, picture: _Picture, painter: QPainter, bounds: QRectF, draw: Callable[[QPainter], object]
    ) -> QPixmap:
        ratio = painter.device().devicePixelRatio()
        scale = painter.transform().m11()
        area = QRectF(bounds.topLeft() * scale * ratio, bounds.size() * scale * ratio).toAlignedRect()
        pixmap = QPixmap(area.size())
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        inner = QPainter(pixmap)
        inner.setRenderHints(painter.renderHints())
        inner.translate(-area.x() / ratio, -area.y() / ratio)
        inner.scale(scale, scale)
        draw(inner)
        inner.end()
        picture.pixmap, picture.corner, picture.ratio = pixmap, (area.x(), area.y()), ratio
        self._bytes += picture.size
        while self._bytes > MOST_BYTES and len(self._pictures) > 1:
            self._bytes -= self._pictures.popitem(last=False)[1].size
        return pixmap
