"""Resizing a frame or note by its edges and corners."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF, Qt

from engine import decorations
from gui.canvas.decor_item import DecorItem, Edge
from gui.canvas.frames import FrameItem
from gui.canvas.geometry import snapped
from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough, tr
from gui.canvas.stage import Stage

_CURSORS: Final = {
    (0, 0): Qt.CursorShape.SizeAllCursor,
    (1, 0): Qt.CursorShape.SizeHorCursor,
    (0, 1): Qt.CursorShape.SizeVerCursor,
    (1, 1): Qt.CursorShape.SizeFDiagCursor,
    (1, -1): Qt.CursorShape.SizeBDiagCursor,
}


def cursor_of(edge: Edge) -> Qt.CursorShape:
    """The pointer that says which way an edge can be pulled."""
    across, down = edge
    flipped = (-across, -down) if across < 0 or (across == 0 and down < 0) else edge
    return _CURSORS[flipped]


@final
class ResizeDecor(Gesture):
    """The edges that were caught follow the pointer, on the grid; with Alt freely. The blocks stay where they are."""

    def __init__(self, stage: Stage, item: DecorItem, edge: Edge) -> None:
        super().__init__(stage)
        self._name = item.name
        self._is_frame = isinstance(item, FrameItem)
        self._edge = edge
        self._area = QRectF(item.area)
        self._start: At | None = None
        self._under_way = False
        self.cursor = cursor_of(edge)  # type: ignore[misc] # which one depends on the edge

    def begin(self, at: At) -> None:
        self._start = at
        if self._name not in self.stage.scene.decor.chosen:
            self.stage.scene.choose_wires(())
            self.stage.selection.set(())
            self.stage.scene.decor.choose({self._name})

    def move(self, at: At) -> None:
        assert self._start is not None
        self._under_way = self._under_way or far_enough(self._start, at)
        if self._under_way:
            free = at.free or bool(at.modifiers & Qt.KeyboardModifier.AltModifier)
            self.stage.scene.decor.reshape(self._name, self._pulled(at.scene - self._start.scene, free=free))

    def _pulled(self, way: QPointF, *, free: bool) -> QRectF:
        least = decorations.LEAST_FRAME if self._is_frame else decorations.LEAST_NOTE
        place = (lambda value: value) if free else snapped
        area, (across, down) = QRectF(self._area), self._edge
        if across < 0:
            area.setLeft(min(place(area.left() + way.x()), area.right() - least[0]))
        elif across > 0:
            area.setRight(max(place(area.right() + way.x()), area.left() + least[0]))
        if down < 0:
            area.setTop(min(place(area.top() + way.y()), area.bottom() - least[1]))
        elif down > 0:
            area.setBottom(max(place(area.bottom() + way.y()), area.top() + least[1]))
        return area

    def finish(self, at: At) -> bool:
        self.move(at)
        item = self.stage.scene.decor.items.get(self._name)
        if item is not None and item.area != self._area:
            area = item.area
            project = decorations.put(
                self.stage.document.project,
                replace(item.decoration, x=area.x(), y=area.y(), width=area.width(), height=area.height()),
            )
            text = tr("Resize a frame") if self._is_frame else tr("Resize a note")
            self.stage.document.edit(text, project, moved=frozenset({self._name}))
        return True

    def cancel(self, reason: Cancel) -> None:
        self.stage.scene.decor.settle({self._name})
