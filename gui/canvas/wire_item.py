"""One wire on the canvas: one graphics item with its curve, and its shape written in the middle."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QStaticText, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.block import PortKind
from engine.graph import Wire
from gui.canvas.geometry import distance_to, wire_path
from gui.canvas.look import LABELS_FROM, Detail, Look

Ends = tuple[str, str, str, str]
LABEL_ROOM: Final = 28.0
"""How much longer than its label a wire has to be to bear it."""


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
        self._label_at = QPointF()
        self._label_box = QRectF()
        self._label_fits = False
        self._bounds = QRectF()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    # -- what the scene tells it --

    def set_wire(self, wire: Wire) -> None:
        """Other bends."""
        changed = wire.via != self.wire.via
        self.wire = wire
        if changed:
            self._trace()

    def set_ends(self, start: QPointF, end: QPointF) -> None:
        """Run from there to there, in scene coordinates."""
        if start != self._start or end != self._end or self.path.isEmpty():
            self._start, self._end = QPointF(start), QPointF(end)
            self._trace()

    def set_look(self, label: str, kind: PortKind, wrong: bool) -> None:
        """What flows through it, and whether it ends where it must not."""
        if label != self.label:
            self.prepareGeometryChange()
            self.label, self._text = label, None
            self._place_label()
        if (kind, wrong) != (self.kind, self.wrong):
            self.kind, self.wrong = kind, wrong
            self.update()

    def set_flags(self, *, hovered: bool | None = None, chosen: bool | None = None, lifted: bool | None = None) -> None:
        """Look touched, selected, or lifted off its input while its end is carried elsewhere."""
        hovered = self.hovered if hovered is None else hovered
        chosen = self.chosen if chosen is None else chosen
        lifted = self.lifted if lifted is None else lifted
        if (hovered, chosen, lifted) != (self.hovered, self.chosen, self.lifted):
            self.hovered, self.chosen, self.lifted = hovered, chosen, lifted
            self.setZValue(0.5 if hovered or chosen else 0.0)
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
        return self._label_at

    def distance(self, point: QPointF) -> float:
        """How far a point of the scene is from the curve."""
        return distance_to(self.path, point)

    # -- inside --

    def _trace(self) -> None:
        self.prepareGeometryChange()
        self.path = wire_path(self._start, self._end, self.wire.via)
        if self.wire.via:
            self._label_at = self.path.pointAtPercent(0.5)
        else:
            # The middle of a curve that is the same from both ends.
            self._label_at = (self._start + self._end) / 2
        self._place_label()

    def _place_label(self) -> None:
        width, height = self.look.width("mono", self.label) + 8.0, self.look.mono_metrics.height() + 2.0
        self._label_box = QRectF(self._label_at.x() - width / 2, self._label_at.y() - height / 2, width, height)
        box = self.path.controlPointRect()
        self._label_fits = max(box.width(), box.height()) >= width + LABEL_ROOM
        self._bounds = box.adjusted(-6.0, -6.0, 6.0, 6.0).united(self._label_box)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setPen(self._pen())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self.path)
        if self.look.scale >= LABELS_FROM and (self._label_fits or self.hovered or self.chosen):
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
        if not self.label or self.lifted:
            return
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
