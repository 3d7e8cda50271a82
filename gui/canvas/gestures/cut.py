"""Slicing wires: a line drawn across them cuts all it crosses, as one step."""

from __future__ import annotations

from itertools import pairwise
from typing import final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath

from engine import edits
from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough, tr
from gui.canvas.stage import Stage
from gui.canvas.wire_item import Ends, WireItem


@final
class CutWires(Gesture):
    """Ctrl+Shift and the left button, from anywhere: also across a block. Nothing is cut that is not seen."""

    cursor = Qt.CursorShape.CrossCursor
    scrolls = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._start: At | None = None
        self._knife = QPainterPath()
        self._last = QPointF()
        self._cut: dict[Ends, WireItem] = {}

    def begin(self, at: At) -> None:
        self._start, self._last = at, at.scene
        self._knife = QPainterPath(at.scene)

    def move(self, at: At) -> None:
        assert self._start is not None
        if (self._knife.elementCount() < 2 and not far_enough(self._start, at)) or at.scene == self._last:
            return
        self._slice(self._last, at.scene)
        self._knife.lineTo(at.scene)
        self._last = at.scene
        self.stage.overlay.set_strokes([self._knife], cut=True)

    def _slice(self, begin: QPointF, end: QPointF) -> None:
        """Mark the wires between two places of the pointer."""
        scene, seen = self.stage.scene, _within(self.stage.camera.visible(), begin, end)
        if seen is None:
            return
        begin, end = seen
        area = QRectF(begin, end).normalized().adjusted(-1, -1, 1, 1)
        for item in scene.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect):
            if isinstance(item, WireItem) and item.wire.ends not in self._cut and _crosses(item, begin, end):
                self._cut[item.wire.ends] = item
                item.set_mood("cut")

    def finish(self, at: At) -> bool:
        self.move(at)
        self._put_away()
        wires = [item.wire for item in self._cut.values()]
        if wires:
            project, touched = edits.disconnect(self.stage.document.project, wires)
            text = tr("Cut {0} wires").format(len(wires))
            if len(wires) == 1:
                text = tr("Disconnect {0} from {1}").format(wires[0].from_node, wires[0].to_node)
            self.stage.document.edit(text, project, touched)
        return True

    def cancel(self, reason: Cancel) -> None:
        self._put_away()

    def _put_away(self) -> None:
        self.stage.overlay.set_strokes([])
        items = self.stage.scene.wires.items
        for ends, item in self._cut.items():
            if items.get(ends) is item:
                item.set_mood("")


def _within(area: QRectF, begin: QPointF, end: QPointF) -> tuple[QPointF, QPointF] | None:
    """The part of a line within a rectangle, as Liang and Barsky clip it (1984); None where it runs outside."""
    way, first, last = end - begin, 0.0, 1.0
    for step, low, high in (
        (way.x(), area.left() - begin.x(), area.right() - begin.x()),
        (way.y(), area.top() - begin.y(), area.bottom() - begin.y()),
    ):
        if step == 0.0 and not low <= 0.0 <= high:
            return None
        if step != 0.0:
            enters, leaves = sorted((low / step, high / step))
            first, last = max(first, enters), min(last, leaves)
    return (begin + way * first, begin + way * last) if first <= last else None


def _crosses(item: WireItem, begin: QPointF, end: QPointF) -> bool:
    line = (begin.x(), begin.y()), (end.x(), end.y())
    return any(_meet(*line, *piece) for piece in pairwise(item.corners))


def _meet(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    """Whether the lines from a to b and from c to d have a point in common."""
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0 and _overlap(a, b, c, d)


def _side(a: tuple[float, float], b: tuple[float, float], point: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _overlap(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    """Whether the boxes around both lines do, which tells parallel lines apart."""
    return all(
        max(min(a[axis], b[axis]), min(c[axis], d[axis])) <= min(max(a[axis], b[axis]), max(c[axis], d[axis]))
        for axis in (0, 1)
    )
