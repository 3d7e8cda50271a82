"""One wire on the canvas: one graphics item with its curve, and its shape written in the middle."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QStaticText, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.block import PortKind
from engine.graph import Wire
from gui.canvas.block_item import BlockItem
from gui.canvas.geometry import distance_to, wire_path
from gui.canvas.look import LABELS_FROM, Detail, Look

Ends = tuple[str, str, str, str]
LABEL_ROOM: Final = 12.0
"""How much longer than its label a wire has to be to bear it."""
LABEL_PLACES: Final = (0.5, 0.38, 0.62, 0.26, 0.74)
"""Where along the wire a label may be, the best place first."""


@final
class WireItem(QGraphicsItem):
    """Draws the curve from an output to an input."""

    def __init__(self, wire: Wire, look: Look) -> None:
        super().__init__()
        self.wire = wire
        self.look = look
        self.kind: PortKind = "value"
        self.wrong = False
        self.hovered = False
        self.chosen = False
        self.lifted = False
        self.flow: QPen | None = None
        self.path = QPainterPath()
        self.label = ""
        self._text: QStaticText | None = None
        self._start = self._end = QPointF()
        self._lane: float | None = None
        self._middle = QPointF()
        self._label_box = QRectF()
        self._label_fits = False
        self._long_enough = False
        self._label_seen = -1
        self._bounds = QRectF()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    # -- what the scene tells it --

    def set_wire(self, wire: Wire) -> None:
        """Other bends."""
        changed = wire.via != self.wire.via
        self.wire = wire
        if changed:
            self._trace()

    def set_ends(self, start: QPointF, end: QPointF, lane: float | None = None) -> None:
        """Run from there to there, in scene coordinates; a wire to the left in the lane between the rows."""
        if (start, end, lane) != (self._start, self._end, self._lane) or self.path.isEmpty():
            self._start, self._end, self._lane = QPointF(start), QPointF(end), lane
            self._trace()

    def set_look(self, label: str, kind: PortKind, wrong: bool) -> None:
        """What flows through it, and whether it ends where it must not."""
        if label != self.label:
            self.prepareGeometryChange()
            self.label, self._text = label, None
            self._measure()
        if (kind, wrong) != (self.kind, self.wrong):
            self.kind, self.wrong = kind, wrong
            self.setZValue(self._height())
            self.update()

    def set_flags(self, *, hovered: bool | None = None, chosen: bool | None = None, lifted: bool | None = None) -> None:
        """Look touched, selected, or lifted off its input while its end is carried elsewhere."""
        hovered = self.hovered if hovered is None else hovered
        chosen = self.chosen if chosen is None else chosen
        lifted = self.lifted if lifted is None else lifted
        if (hovered, chosen, lifted) != (self.hovered, self.chosen, self.lifted):
            self.hovered, self.chosen, self.lifted = hovered, chosen, lifted
            self.setZValue(self._height())
            self.update()

    def set_flow(self, color: QColor | None, width: float) -> None:
        """Show what a view switch says of it (gradient, activation); None shows its kind again."""
        self.flow = None
        if color is not None:
            self.flow = QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        self.update()

    # -- where it is --

    @property
    def middle(self) -> QPointF:
        """The middle of the curve in scene coordinates."""
        return self._middle

    @property
    def label_box(self) -> QRectF | None:
        """Where the label is written; None where there is none or no room for it."""
        return self._label_box if self.label and self._has_room() else None

    def distance(self, point: QPointF) -> float:
        """How far a point of the scene is from the curve."""
        return distance_to(self.path, point)

    # -- inside --

    def _height(self) -> float:
        """Targets run below, as their wires are long and would cross the labels of others."""
        return 0.5 if self.hovered or self.chosen else -0.1 if self.kind == "target" else 0.0

    def _trace(self) -> None:
        self.prepareGeometryChange()
        self.path = wire_path(self._start, self._end, self.wire.via, self._lane)
        if self.wire.via or self._lane is not None:
            self._middle = self.path.pointAtPercent(0.5)
        else:
            # The middle of a curve that is the same from both ends.
            self._middle = (self._start + self._end) / 2
        self._measure()

    def _measure(self) -> None:
        width, height = self.look.width("mono", self.label) + 8.0, self.look.mono_metrics.height() + 2.0
        box = self.path.controlPointRect()
        self._label_box = QRectF(-width / 2, -height / 2, width, height)
        self._long_enough = max(box.width(), box.height()) >= width + LABEL_ROOM
        self._label_seen = -1
        self._bounds = box.adjusted(-width / 2 - 2.0, -height / 2 - 2.0, width / 2 + 2.0, height / 2 + 2.0)

    def _has_room(self) -> bool:
        """Whether there is a place on the wire without block or other label; looked for anew when blocks moved."""
        if self._label_seen == self.look.revision or not self._long_enough:
            return self._label_fits and self._long_enough
        self._label_seen = self.look.revision
        size = self._label_box.size()
        for part in LABEL_PLACES:
            at = self._middle if part == 0.5 else self.path.pointAtPercent(part)
            box = QRectF(at.x() - size.width() / 2, at.y() - size.height() / 2, size.width(), size.height())
            found = self.scene().items(box, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
            if not any(self._is_covered_by(item, box) for item in found):
                self._label_box, self._label_fits = box, True
                return True
        self._label_fits = False
        return False

    def _is_covered_by(self, item: QGraphicsItem, box: QRectF) -> bool:
        if isinstance(item, BlockItem):
            return item.area.intersects(box)
        if not isinstance(item, WireItem) or item is self:
            return False
        placed = item._label_fits and item._label_seen == self._label_seen  # noqa: SLF001 - one of our own
        return placed and item._label_box.intersects(box)  # noqa: SLF001

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setPen(self._pen())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self.path)
        if self.look.scale >= LABELS_FROM and self.label and not self.lifted and self._has_room():
            self._paint_label(painter)

    def _pen(self) -> QPen:
        look = self.look
        if self.lifted:
            return look.wire_back
        if self.chosen:
            return look.wire_selected
        if self.wrong:
            return look.wire_wrong
        if self.hovered:
            return look.wires_hover[self.kind]
        if self.flow is not None:
            return self.flow
        return look.wires[self.kind] if look.detail is Detail.FULL else look.wires_far[self.kind]

    def _paint_label(self, painter: QPainter) -> None:
        if self._text is None:
            self._text = QStaticText(self.label)
            self._text.setTextFormat(Qt.TextFormat.PlainText)
            self._text.prepare(QTransform(), self.look.mono_font)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.canvas)
        painter.drawRoundedRect(self._label_box, 4.0, 4.0)
        painter.setPen(self.look.text if self.hovered or self.chosen else self.look.secondary)
        painter.setFont(self.look.mono_font)
        painter.drawStaticText(QPointF(self._label_box.left() + 4.0, self._label_box.top() + 1.0), self._text)
