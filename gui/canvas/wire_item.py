"""One wire on the canvas: one graphics item with its curve, its dots, and its shape written in the middle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QStaticText, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.block import PortKind
from engine.graph import Wire
from gui.canvas.block_item import BlockItem
from gui.canvas.curves import STRAIGHT, Cubic, Spot, covered, draw, plain, through, to_path
from gui.canvas.geometry import corners_of, distance_from
from gui.canvas.look import LABELS_FROM, Detail, Look
from gui.canvas.routing import Route
from gui.canvas.wire_paint import DOT_ROOM, paint_dots

Ends = tuple[str, str, str, str]
Mood = Literal["", "lit", "cut"]
"""What a gesture is about to do to a wire: put a block into it, cut it."""
_PEN_ROOM: Final = 4.0
"""What the widest pen needs beside the line, from afar as well."""
LABEL_ROOM: Final = 28.0
"""How much longer than its label a wire has to be to bear it: there must be wire to see on both sides."""
LABEL_GAP: Final = 3.0
_NO_BRUSH: Final = QBrush()
_NO_BOUNDS: Final = QRectF()
_NOWHERE: Final = (0.0, 0.0)
LABEL_PLACES: Final = (0.5, 0.38, 0.62, 0.26, 0.74)
"""Where along the wire a label may be, the best place first."""


@final
class WireItem(QGraphicsItem):
    """Draws the curve from an output to an input."""

    # What every wire has stands in slots, which take a third of the memory of a table of names.
    __slots__ = (
        "_bounds",
        "_corners",
        "_curve",
        "_dots",
        "_end",
        "_label_seen",
        "_middle",
        "_path",
        "_route",
        "_start",
        "label",
        "look",
        "wire",
    )
    # What most wires never have stands here once: there are thousands of them.
    kind: PortKind = "value"
    wrong = hovered = chosen = lifted = hushed = False
    mood: Mood = ""
    chosen_dots: frozenset[int] = frozenset()
    flow: QPen | None = None
    _carried = False
    """Whether it was moved as it is: then what is kept here is meant from its position, else from the scene's."""
    _text: QStaticText | None = None
    _label_box = QRectF()
    _label_fits = _long_enough = False

    def __init__(self, wire: Wire, look: Look) -> None:
        super().__init__()
        self.wire = wire
        self.look = look
        self.label = ""
        self._dots: tuple[Spot, ...] = wire.via
        self._start: Spot | None = None
        self._end: Spot = _NOWHERE
        self._route: Route | None = None
        self._curve: Sequence[Cubic] | None = None
        self._path: QPainterPath | None = None
        self._corners: list[Spot] | None = None
        self._middle: QPointF | None = None
        self._bounds: QRectF | None = None
        self._label_seen = -1

    # -- what the scene tells it --

    def set_wire(self, wire: Wire) -> None:
        """Other dots."""
        changed = wire.via != self.wire.via or wire.via != self._dots
        self.wire = wire
        if changed:
            self.show_dots(wire.via)

    def show_dots(self, dots: Sequence[tuple[float, float]]) -> None:
        """Run through these dots, whatever the document says, while they are dragged."""
        self._dots = tuple(dots)
        self.chosen_dots = frozenset(index for index in self.chosen_dots if index < len(self._dots))
        self._land()
        self._trace()

    def choose_dots(self, chosen: frozenset[int]) -> None:
        """Show these dots as selected."""
        if chosen != self.chosen_dots:
            self.chosen_dots = chosen
            self.update()

    def set_ends(self, start: Spot, end: Spot, route: Route | None = None) -> None:
        """Run from there to there, in scene coordinates; by that route unless it has dots of its own."""
        if self._carried or start != self._start or end != self._end or route != self._route:
            self._land()
            self._start, self._end, self._route = start, end, route
            self._trace()

    def carry(self, dx: float, dy: float) -> None:
        """Move as it is, with both of its blocks; its label stays where it is on the wire."""
        self.moveBy(dx, dy)
        self._carried, self._corners = True, None
        if self._label_seen >= 0:
            self._label_seen = self.look.revision
        self.look.stirred = None

    def _land(self) -> None:
        """Mean the scene's coordinates again; what hangs on the curve has to be found anew."""
        if self._carried:
            dx, dy = self.x(), self.y()
            self._carried = False
            (left, top), (right, bottom) = self._start or _NOWHERE, self._end
            self._start, self._end = (left + dx, top + dy), (right + dx, bottom + dy)
            if self._route is not None:
                self._route = self._route.moved(dx, dy)
            self.setPos(0.0, 0.0)

    def set_mood(self, mood: Mood) -> None:
        """Show what a gesture is about to do to it."""
        if mood != self.mood:
            self.mood = mood
            self.setZValue(self._height())
            self.update()

    def set_look(self, label: str, kind: PortKind, wrong: bool) -> None:
        """What flows through it, and whether it ends where it must not."""
        if label != self.label:
            self.label = label
            if self._text is not None:
                self._text = None
            self._forget_bounds()
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

    def set_hushed(self, hushed: bool) -> None:
        """Leave out its label, as something else stands there."""
        if hushed != self.hushed:
            self.hushed = hushed
            self.update()

    # -- where it is --

    @property
    def middle(self) -> QPointF:
        """The middle of the curve in scene coordinates."""
        return self._centre() + self.pos()

    @property
    def label_box(self) -> QRectF | None:
        """Where the label is written; None where there is none or no room for it."""
        return self._label_box.translated(self.pos()) if self.label and self._has_room() else None

    @property
    def path(self) -> QPainterPath:
        """The curve in scene coordinates."""
        return self._line().translated(self.pos()) if self._carried else self._line()

    def add_to(self, path: QPainterPath) -> None:
        """Draw the curve into a path of the scene; from afar nobody needs one of its own."""
        if self._carried:
            path.addPath(self.path)
        else:
            draw(path, self._pieces())

    def distance(self, point: QPointF) -> float:
        """How far a point of the scene is from the curve."""
        return distance_from(self.corners, point)

    @property
    def corners(self) -> list[tuple[float, float]]:
        """The curve as short straight lines, in scene coordinates."""
        if self._corners is None:
            self._corners = corners_of(self.path)
        return self._corners

    @property
    def dots(self) -> tuple[tuple[float, float], ...]:
        """The dots it runs through, in scene coordinates, as shown now."""
        return self._dots

    @property
    def ports(self) -> tuple[QPointF, QPointF]:
        """Where it begins and ends."""
        return QPointF(*(self._start or _NOWHERE)) + self.pos(), QPointF(*self._end) + self.pos()

    @property
    def is_on_path(self) -> bool:
        """Whether it lies on the way that is highlighted."""
        return self.wire.ends in self.look.path_wires

    # -- inside --

    def _line(self) -> QPainterPath:
        """The curve to be painted, made when it is first asked for: of a large graph most wires are out of view."""
        if self._path is None:
            self._path = to_path(self._pieces())
        return self._path

    def _pieces(self) -> Sequence[Cubic]:
        """The same as numbers; made when it is first asked for, too."""
        if self._curve is None:
            start, end, route = self._start or _NOWHERE, self._end, self._route
            if self._dots:
                self._curve = through(start, self._dots, end)
            else:
                self._curve = plain(start, end) if route is None else route.curve(start, end)
        return self._curve

    def _height(self) -> float:
        """Targets run below, as their wires are long and would cross the labels of others."""
        if self.mood:
            return 3.0  # above the block that is held over it
        if self.hovered or self.chosen or self.chosen_dots:
            return 0.5
        return -0.1 if self.kind == "target" else 0.0

    def _trace(self) -> None:
        self._forget_bounds()
        self._curve = self._path = self._corners = self._middle = None

    def _forget_bounds(self) -> None:
        """They are others now. Qt is told if it has asked for them: from afar nobody does."""
        if self._bounds is not None:
            self.prepareGeometryChange()
            if self.look.stirred is not None:  # its label leaves room to others
                self.look.stirred = self.look.stirred.united(self._bounds)
            self._bounds = None
        self._label_seen = -1

    def _centre(self) -> QPointF:
        """The middle of the curve, meant as it is kept here."""
        if self._middle is None:
            # A curve of one piece is the same from both ends.
            bent, (x, y), (right, below) = len(self._pieces()) > 1, self._start or _NOWHERE, self._end
            self._middle = self._line().pointAtPercent(0.5) if bent else QPointF((x + right) / 2, (y + below) / 2)
        return self._middle

    def _measured(self) -> QRectF:
        if self._start is None:
            return _NO_BOUNDS
        (left, top), (right, bottom) = self._start, self._end
        bent = bool(self._dots) or self._route is not None or right - left < STRAIGHT
        if bent:
            left, top, right, bottom = covered(self._pieces())
        elif top > bottom:
            top, bottom = bottom, top
        beside = above = _PEN_ROOM
        if self.label:
            width, height = self._label_size()
            self._long_enough = max(right - left, bottom - top) >= width + LABEL_ROOM
            # A label stands on the wire at one of its places, or above or below the middle.
            inside = 0.0 if bent else (right - left) * (min(LABEL_PLACES) if self._long_enough else 0.5)
            beside = max(beside, width / 2 + 2.0 - inside)
            above = max(above, height / 2 + 2.0 if self._long_enough else 1.5 * height + 2.0)
        if self._dots:
            beside, above = max(beside, DOT_ROOM), max(above, DOT_ROOM)
        return QRectF(left - beside, top - above, right - left + 2 * beside, bottom - top + 2 * above)

    def _label_size(self) -> tuple[float, float]:
        return self.look.width("mono", self.label) + 8.0, self.look.mono_height + 2.0

    def _has_room(self) -> bool:
        """Whether there is a place on the wire without block or other label; looked for anew when blocks moved."""
        if self._is_label_placed():
            return self._label_fits
        self._label_seen = self.look.revision
        self.boundingRect()  # which tells whether the wire is long enough to bear it
        (width, height), here = self._label_size(), self.pos()
        for at in self._label_places(height):
            box = QRectF(at.x() - width / 2, at.y() - height / 2, width, height)
            there = box.translated(here)
            if not self._long_enough and any(there.contains(x, y) for x, y in self.corners):
                continue
            found = self.scene().items(there, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
            if not any(self._is_covered_by(item, there) for item in found):
                self._label_box, self._label_fits = box, True
                return True
        self._label_fits = False
        return False

    def _is_label_placed(self) -> bool:
        """Whether its place was sought since blocks moved, or was not touched by the latest move."""
        look, seen = self.look, self._label_seen
        if seen != look.revision:
            if look.stirred is None or seen != look.revision - 1:
                return False
            area = self._label_box if self._label_fits else self.boundingRect()
            if look.stirred.intersects(area.translated(self.pos()) if self._carried else area):
                return False
            self._label_seen = look.revision
        return True

    def _label_places(self, height: float) -> Iterator[QPointF]:
        """Centres of where the label may be: on the wire if it is long enough, else above or below its middle."""
        if not self._long_enough:
            away = QPointF(0.0, height / 2 + LABEL_GAP)
            yield self._centre() - away
            yield self._centre() + away
            return
        for part in LABEL_PLACES:
            at = self._centre() if part == 0.5 else self._line().pointAtPercent(part)
            if all(abs(at.x() - x) + abs(at.y() - y) > 3 * height for x, y in self._dots):
                yield at

    def _is_covered_by(self, item: QGraphicsItem, box: QRectF) -> bool:
        if isinstance(item, BlockItem):
            return item.area.intersects(box)
        if not isinstance(item, WireItem) or item is self:
            return False
        placed = item._label_fits and item._is_label_placed()  # noqa: SLF001 - one of our own
        return placed and item._label_box.translated(item.pos()).intersects(box)  # noqa: SLF001

    def boundingRect(self) -> QRectF:
        if self._bounds is None:
            self._bounds = self._measured()
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        look, pen = self.look, self._pen()
        if widget is not None and self._is_level() and pen.style() is Qt.PenStyle.SolidLine:
            (left, height), (right, _) = self._start or _NOWHERE, self._end
            width = pen.widthF() / look.scale if pen.isCosmetic() else pen.widthF()
            painter.fillRect(QRectF(left, height - width / 2, right - left, width), pen.color())
        else:
            painter.setPen(pen)
            painter.setBrush(_NO_BRUSH)
            painter.drawPath(self._line())
        if self._dots and look.detail is not Detail.SHAPES:
            paint_dots(painter, self._dots, self.chosen_dots, look)
        if look.scale >= LABELS_FROM and self.label and not (self.lifted or self.hushed) and self._has_room():
            self._paint_label(painter)

    def _is_level(self) -> bool:
        """Whether it runs level: as a rectangle it is painted in a third of the time."""
        (left, height), (right, other) = self._start or _NOWHERE, self._end
        return height == other and left < right and self._route is None and not self._dots

    def _pen(self) -> QPen:
        look = self.look
        if self.mood:
            return look.wire_lit if self.mood == "lit" else look.wire_cut
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
        if self.is_on_path:
            return look.wires_path[self.kind]
        return look.wires[self.kind] if look.detail is Detail.FULL else look.wires_far[self.kind]

    def _paint_label(self, painter: QPainter) -> None:
        if self._text is None:
            self._text = QStaticText(self.label)
            self._text.setTextFormat(Qt.TextFormat.PlainText)
            self._text.prepare(QTransform(), self.look.mono_font)
        if self._long_enough:
            painter.fillRect(self._label_box, self.look.canvas)
        painter.setPen(self.look.text if self.hovered or self.chosen or self.is_on_path else self.look.secondary)
        painter.setFont(self.look.mono_font)
        painter.drawStaticText(QPointF(self._label_box.left() + 4.0, self._label_box.top() + 1.0), self._text)
