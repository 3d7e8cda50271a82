"""What a gesture draws above everything while it lasts: rubber band, guides, the wire being drawn, a block to come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QEasingCurve, QLineF, QObject, QPointF, QRectF, Qt, QVariantAnimation
from PySide6.QtGui import QPainter, QPainterPath

from gui.canvas.geometry import RADIUS, wire_path
from gui.canvas.look import Look
from gui.theme import theme

RETRACT_MS: Final = 140
_SPARE: Final = 16.0


@final
@dataclass(frozen=True, slots=True)
class NewWire:
    """A wire being drawn, in scene coordinates; `refused` when it cannot end there."""

    path: QPainterPath
    start: QPointF
    end: QPointF
    refused: bool = False


@final
class Overlay(QObject):
    """Scene-coordinate drawings, painted last. Setting one repaints only where it was and where it is."""

    def __init__(self, look: Look, repaint: Callable[[QRectF], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._repaint = repaint
        self._band: QRectF | None = None
        self._guides: tuple[QLineF, ...] = ()
        self._wire: NewWire | None = None
        self._ghost: QRectF | None = None
        self._rings: list[QRectF] = []
        self._strokes: list[QPainterPath] = []
        self._cutting = False
        self._retracted: tuple[NewWire, bool] | None = None
        self._retraction = QVariantAnimation(self)
        self._retraction.setStartValue(1.0)
        self._retraction.setEndValue(0.0)
        self._retraction.setEasingCurve(QEasingCurve.Type.InCubic)
        self._retraction.valueChanged.connect(self._draw_back)

    @property
    def band(self) -> QRectF | None:
        """The rubber band."""
        return self._band

    @property
    def wire(self) -> NewWire | None:
        """The wire being drawn."""
        return self._wire

    @property
    def guides(self) -> tuple[QLineF, ...]:
        """Lines along which blocks now align."""
        return self._guides

    @property
    def ghost(self) -> QRectF | None:
        """Where a block would land."""
        return self._ghost

    def set_band(self, band: QRectF | None) -> None:
        """Show, move or take away the rubber band."""
        self._soil(self._band)
        self._band = band
        self._soil(band)

    def set_guides(self, guides: tuple[QLineF, ...]) -> None:
        """Show guide lines, or none."""
        if guides != self._guides:
            for line in (*self._guides, *guides):
                self._soil(QRectF(line.p1(), line.p2()).normalized())
            self._guides = guides

    def set_wire(self, wire: NewWire | None) -> None:
        """Show, bend or take away the wire being drawn."""
        self._retraction.stop()
        self._put_wire(wire)

    def retract(self, wire: NewWire, *, forwards: bool) -> None:
        """Let a refused wire snap back to where it began (an output, if `forwards`)."""
        ms = theme().animation_ms(RETRACT_MS)
        if ms:
            self._retracted = (wire, forwards)
            self._retraction.setDuration(ms)
            self._retraction.start()

    def _draw_back(self, left: object) -> None:
        if self._retracted is None or not isinstance(left, float):
            return
        wire, forwards = self._retracted
        if left <= 0.0:
            self._put_wire(None)
            return
        end = wire.start + (wire.end - wire.start) * left
        path = wire_path(wire.start, end) if forwards else wire_path(end, wire.start)
        self._put_wire(NewWire(path, wire.start, end, refused=True))

    def _put_wire(self, wire: NewWire | None) -> None:
        self._soil(self._wire.path.controlPointRect() if self._wire is not None else None)
        self._wire = wire
        self._soil(wire.path.controlPointRect() if wire is not None else None)

    def set_ghost(self, ghost: QRectF | None) -> None:
        """Show where a block would land, or take that away."""
        self._soil(self._ghost)
        self._ghost = ghost
        self._soil(ghost)

    @property
    def strokes(self) -> list[QPainterPath]:
        """The line of a cut, or wires that will be."""
        return self._strokes

    def set_strokes(self, strokes: list[QPainterPath], *, cut: bool = False) -> None:
        """Show wires as they will be, or where a cut runs; or take these away."""
        for path in (*self._strokes, *strokes):
            self._soil(path.controlPointRect())
        self._strokes, self._cutting = strokes, cut

    @property
    def rings(self) -> list[QRectF]:
        """The areas of what was found."""
        return self._rings

    def set_rings(self, areas: list[QRectF]) -> None:
        """Ring what was found, or nothing."""
        if areas != self._rings:
            for area in (*self._rings, *areas):
                self._soil(area)
            self._rings = areas

    def clear(self) -> None:
        """Take everything away."""
        self.set_band(None)
        self.set_guides(())
        self.set_wire(None)
        self.set_ghost(None)
        self.set_strokes([])

    def paint(self, painter: QPainter) -> None:
        """Draw in scene coordinates."""
        look = self._look
        if self._ghost is not None:
            painter.setPen(look.band)
            painter.setBrush(look.accent_soft)
            painter.drawRoundedRect(self._ghost, RADIUS, RADIUS)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._rings:
            gap = 5.0 / look.scale if look.scale < 1.0 else 5.0
            painter.setPen(look.ring)
            painter.drawRects([area.adjusted(-gap, -gap, gap, gap) for area in self._rings])
        if self._guides:
            painter.setPen(look.guide)
            painter.drawLines(list(self._guides))
        if self._strokes:
            painter.setPen(look.knife if self._cutting else look.new_wire)
            for path in self._strokes:
                painter.drawPath(path)
        if self._wire is not None:
            painter.setPen(look.new_wire_wrong if self._wire.refused else look.new_wire)
            painter.drawPath(self._wire.path)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.error if self._wire.refused else look.accent)
            painter.drawEllipse(self._wire.end, 4.0 / look.scale, 4.0 / look.scale)
        if self._band is not None:
            painter.setPen(look.band)
            painter.setBrush(look.accent_pale)
            painter.drawRect(self._band)

    def _soil(self, area: QRectF | None) -> None:
        if area is not None:
            spare = _SPARE / self._look.scale
            self._repaint(area.adjusted(-spare, -spare, spare, spare))
