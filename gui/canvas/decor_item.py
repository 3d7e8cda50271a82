"""What frames and notes have in common: a rectangle that is selected, moved by its body and resized by its edges."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.decorations import Decoration
from gui.canvas.geometry import RADIUS
from gui.canvas.look import Look

Edge = tuple[int, int]
"""Which edges are meant: -1 the left or upper, 1 the right or lower, 0 neither."""
WHOLE: Final[Edge] = (0, 0)
GRIP: Final = 6.0
"""How near an edge it is caught, in pixels on the screen."""
SPARE: Final = 4.0


class DecorItem(QGraphicsItem):
    """A frame or note on the canvas. Its position is its upper left corner.

    Attributes:
        name: id in the document.
        chosen: selected.
        size: width and height as a rectangle at (0, 0).
    """

    name: str
    decoration: Decoration

    def __init__(self, decoration: Decoration, look: Look) -> None:
        super().__init__()
        self.look = look
        self.chosen = False
        self.size = QRectF()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.set_decoration(decoration)

    def set_decoration(self, decoration: Decoration) -> None:
        """Show what the document says."""
        self.decoration = decoration
        self.name = decoration.id
        self.set_area(QRectF(decoration.x, decoration.y, decoration.width, decoration.height))
        self.fill()
        self.update()

    def set_area(self, area: QRectF) -> None:
        """Show another place or size, while a gesture lasts; the document is not asked."""
        if area.size() != self.size.size():
            self.prepareGeometryChange()
            self.size = QRectF(QPointF(), area.size())
        self.setPos(area.topLeft())

    def set_chosen(self, chosen: bool) -> None:
        """Look selected."""
        if chosen != self.chosen:
            self.chosen = chosen
            self.update()

    @property
    def area(self) -> QRectF:
        """The rectangle in scene coordinates."""
        return self.size.translated(self.pos())

    def part_at(self, at: QPointF) -> Edge | None:
        """What is caught at a place of the scene: edges to pull, `WHOLE` to move it; None beside it."""
        grip = min(GRIP / self.look.scale, self.size.width() / 4, self.size.height() / 4)
        local = at - self.pos()
        if not self.size.adjusted(-grip, -grip, grip, grip).contains(local):
            return None
        across = _edge(local.x(), self.size.width(), grip)
        down = _edge(local.y(), self.size.height(), grip)
        if (across, down) != WHOLE:
            return (across, down)
        return WHOLE if self.is_solid_at(local) else None

    @abstractmethod
    def is_solid_at(self, local: QPointF) -> bool:
        """Whether a press there, away from the edges, takes the thing rather than what lies behind it."""

    @abstractmethod
    def fill(self) -> None:
        """Take over what the decoration says beside its place."""

    @abstractmethod
    def draw(self, painter: QPainter) -> None:
        """Paint in the item's coordinates, at any scale."""

    @abstractmethod
    def described(self) -> str:
        """In words, for screen readers."""

    def boundingRect(self) -> QRectF:
        return self.size.adjusted(-SPARE, -SPARE, SPARE, SPARE)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self.draw(painter)

    def draw_ring(self, painter: QPainter) -> None:
        """The ring of the selection, as wide on the screen at every zoom."""
        if self.chosen:
            pen = QPen(self.look.accent.color(), 2.0)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.size, RADIUS, RADIUS)
            painter.setPen(Qt.PenStyle.NoPen)


def _edge(place: float, length: float, grip: float) -> int:
    if place <= grip:
        return -1
    return 1 if place >= length - grip else 0
