"""Where a new note goes: where it was wanted if that covers nothing, else the nearest free ground that is seen."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF

from gui.canvas.geometry import GRID
from gui.canvas.notes import NoteItem
from gui.canvas.stage import Stage

_ROOM: Final = 16.0
"""Least distance from blocks and other notes."""
_ACROSS: Final = 24
"""So many places are tried beside each other, and below each other."""


def free_in_view(stage: Stage, box: QRectF, wanted: QPointF) -> QRectF:
    """The box with its middle there, or as near as it covers no block or note; below everything in a full view."""
    there = QRectF(box)
    there.moveCenter(wanted)
    if not _is_taken(stage, there, by_frames=False):
        return there
    seen = stage.camera.visible().adjusted(_ROOM, _ROOM, -_ROOM, -_ROOM)
    over = stage.camera.covered()
    behind = QRectF(stage.camera.to_scene(over.topLeft()), stage.camera.to_scene(over.bottomRight()))
    for place in sorted(_places(seen, box), key=lambda each: QLineF(each, there.topLeft()).length()):
        found = QRectF(place, box.size())
        hidden = not over.isEmpty() and found.intersects(behind)
        if not hidden and not _is_taken(stage, found, by_frames=True):
            return found
    there.moveTop(stage.scene.content_rect().bottom() + 2 * _ROOM)
    return there


def _is_taken(stage: Stage, area: QRectF, *, by_frames: bool) -> bool:
    around = area.adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM)
    others = (item for item in stage.scene.decor.items.values() if by_frames or isinstance(item, NoteItem))
    return stage.scene.is_taken(around) or any(item.area.intersects(around) for item in others)


def _places(seen: QRectF, box: QRectF) -> list[QPointF]:
    """Upper left corners of boxes that are seen whole."""
    wide, high = seen.width() - box.width(), seen.height() - box.height()
    if wide < 0.0 or high < 0.0:
        return []
    step = max(GRID, wide / _ACROSS, high / _ACROSS)
    return [
        QPointF(seen.left() + across * step, seen.top() + down * step)
        for across in range(int(wide / step) + 1)
        for down in range(int(high / step) + 1)
    ]
