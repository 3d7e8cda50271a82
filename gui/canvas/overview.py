"""The canvas from far away: all blocks and wires in a few calls, without asking the items."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF

from gui.canvas.block_item import BlockItem
from gui.canvas.scene import CanvasScene
from gui.canvas.wire_item import WireItem

_SMALL: Final = 0.2
"""Where less than this part of the view is exposed, looking up what lies there is cheaper than drawing all."""
_BADGE: Final = 4.0
"""Radius of the badges, in pixels of the screen."""
Rects = dict[tuple[str, bool], list[QRectF]]
"""Category, and whether muted -> the blocks' areas."""


_MANY: Final = 500
_RING: Final = 2.5
"""Width of the rings of selected blocks, in pixels of the screen."""


@final
@dataclass(slots=True)
class _Marks:
    """Rings of selected and of wrong blocks, the corners of these and of those with a warning.

    Of thousands of selected blocks also what their rings cover, and what lies within.
    """

    chosen: list[QRectF] = field(default_factory=list)
    wrong: list[QRectF] = field(default_factory=list)
    badges: list[QPointF] = field(default_factory=list)
    warnings: list[QPointF] = field(default_factory=list)
    halos: list[QRectF] = field(default_factory=list)
    gaps: list[QRectF] = field(default_factory=list)


@final
class Overview:
    """Paints rectangles in the hues of their categories, and wires as one path."""

    def __init__(self, scene: CanvasScene) -> None:
        self._scene = scene
        self._stale = True
        self._rects: Rects = {}
        self._wires = QPainterPath()
        self._way_of: object = None
        self._way_stale = True
        self._way_path = QPainterPath()
        self._marks, self._marks_at = _Marks(), 0.0
        self._carried = QPointF()
        scene.synced.connect(self.forget)
        scene.dirtied.connect(self.forget)
        scene.carried.connect(self._carry)

    def _carry(self, way: QPointF) -> None:
        """Everything stands elsewhere, as it is: so does what is kept here."""
        self._carried += way

    def forget(self) -> None:
        """Something moved or changed: look afresh at the next paint."""
        if not self._scene.is_carried:
            self._forget()

    def _forget(self) -> None:
        self._carried = QPointF()
        self._stale = self._way_stale = True
        self._marks_at = 0.0

    def paint(self, painter: QPainter, exposed: QRectF, visible: QRectF) -> None:
        """Draw what an exposed part of the scene holds; the painter is in scene coordinates."""
        scene, away = self._scene, self._scene.drift.way
        if away.isNull() and exposed.width() * exposed.height() < _SMALL * visible.width() * visible.height():
            found = scene.items(exposed, Qt.ItemSelectionMode.IntersectsItemBoundingRect)
            blocks: list[BlockItem] | None = [item for item in found if isinstance(item, BlockItem)]
            rects = _by_category(blocks or ())
            wires = _joined(item for item in found if isinstance(item, WireItem))
        else:
            self._refresh()
            rects, wires, blocks = self._rects, self._wires, None
            away = away + self._carried
        scene.decor.paint_far(painter, exposed)
        painter.translate(away)
        painter.setPen(scene.look.far_wire)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(wires)
        if scene.look.path_wires:
            painter.setPen(scene.look.far_path)
            painter.drawPath(self._way())
        marks = self._marks_of(blocks)
        many = bool(marks.halos)
        if many:  # behind the blocks, one filled and one in it, in half of the time that lines take
            painter.setPen(Qt.PenStyle.NoPen)
            for ground, halos in ((scene.look.accent, marks.halos), (scene.look.canvas, marks.gaps)):
                painter.setBrush(ground)
                painter.drawRects(halos)
        for (category, muted), boxes in rects.items():
            hue = scene.look.strips[category]
            # What is muted is hollow: it is there, but does nothing.
            painter.setPen(QPen(hue, 0.0, Qt.PenStyle.DashLine) if muted else Qt.PenStyle.NoPen)
            painter.setBrush(scene.look.body_muted if muted else hue)
            painter.drawRects(boxes)
        painter.translate(-away)
        scene.decor.paint_far_titles(painter, exposed)
        painter.translate(away)
        self._paint_marked(painter, marks, [] if many else marks.chosen)
        painter.translate(-away)

    def _refresh(self) -> None:
        look = self._scene.look
        others = self._marks_at != look.scale or self._way_of is not look.path_wires
        if others and not self._carried.isNull():
            self._forget()  # what is looked at now stands where it is, and so has to all the rest
        if self._stale:
            self._stale = False
            self._rects = _by_category(self._scene.blocks.values())
            self._wires = _joined(self._scene.wires.items.values())

    def _way(self) -> QPainterPath:
        """The wires of the way that is highlighted."""
        wires = self._scene.look.path_wires
        if self._way_of is not wires or self._way_stale:
            items = self._scene.wires.items
            self._way_of, self._way_stale = wires, False
            self._way_path = _joined(items[ends] for ends in wires if ends in items)
        return self._way_path

    def _marks_of(self, blocks: Iterable[BlockItem] | None) -> _Marks:
        """Of these blocks, or of all there are."""
        scale = self._scene.look.scale
        if blocks is not None:
            return _marks(blocks, scale)
        if self._marks_at != scale:
            self._marks, self._marks_at = _marks(self._scene.blocks.values(), scale), scale
        return self._marks

    def _paint_marked(self, painter: QPainter, marks: _Marks, chosen: list[QRectF]) -> None:
        """Selected blocks ringed in the accent, wrong ones in red and with a round badge; a triangle warns.

        All as large on the screen as near by.
        """
        look = self._scene.look
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for boxes, pen in ((marks.wrong, look.far_error), (chosen, look.far_chosen)):
            _paint_rings(painter, boxes, pen, look.scale)
        painter.setPen(QPen(look.canvas, 0.0))
        size = _BADGE / look.scale
        painter.setBrush(look.error)
        for at in marks.badges:
            painter.drawEllipse(at, size, size)
        painter.setBrush(look.warning)
        for at in marks.warnings:
            corners = (at + QPointF(-size, size), at + QPointF(size, size), at + QPointF(0.0, -size))
            painter.drawPolygon(QPolygonF(corners))


def _marks(blocks: Iterable[BlockItem], scale: float) -> _Marks:
    rim, made = 3.0 / scale, _Marks()
    for item in blocks:
        face = item.face
        if item.chosen:
            made.chosen.append(item.area.adjusted(-rim, -rim, rim, rim))
        if face.severity == "error" and not face.unfinished:
            made.wrong.append(item.area.adjusted(-rim, -rim, rim, rim))
            made.badges.append(item.area.topRight())
        elif face.severity == "warning":
            made.warnings.append(item.area.topRight())
    if len(made.chosen) > _MANY:
        half = _RING / 2 / scale
        made.halos = [box.adjusted(-half, -half, half, half) for box in made.chosen]
        made.gaps = [box.adjusted(half, half, -half, -half) for box in made.chosen]
    return made


def _paint_rings(painter: QPainter, boxes: list[QRectF], pen: QPen, scale: float) -> None:
    """Of thousands two thin ones each, which take a quarter of the time that a wide one takes."""
    if not boxes:
        return
    if len(boxes) <= _MANY:
        painter.setPen(pen)
        painter.drawRects(boxes)
        return
    thin, step = QPen(pen), 1.0 / scale
    thin.setWidthF(1.0)
    painter.setPen(thin)
    painter.drawRects(boxes)
    painter.drawRects([box.adjusted(-step, -step, step, step) for box in boxes])


def _by_category(blocks: Iterable[BlockItem]) -> Rects:
    found: Rects = {}
    for item in blocks:
        found.setdefault((item.face.category, item.face.bypass), []).append(item.area)
    return found


def _joined(wires: Iterable[WireItem]) -> QPainterPath:
    path = QPainterPath()
    for item in wires:
        if not item.lifted:
            item.add_to(path)
    return path
