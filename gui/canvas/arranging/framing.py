"""Frames stay around their blocks when these are arranged or aligned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QPointF, QRectF

from engine import decorations
from engine.decorations import Decoration, Frame
from engine.graph import Point, Project
from gui.canvas.block_item import BlockItem
from gui.canvas.scene import CanvasScene

TITLE_ROOM: Final = 32.0
"""Least room above the blocks of a frame that is put around them anew, for its title."""


def refitted(scene: CanvasScene, project: Project, places: Mapping[str, Point]) -> tuple[Project, frozenset[str]]:
    """With frames around their blocks, which go to these places, with as much room at each side as they have now.

    Frames of which no block moves stay. Notes on a frame go along with its upper left corner.

    Returns:
        The project, and the ids of the frames and notes that changed.
    """
    here = decorations.decorations(project.layout)
    # Where frames lie in frames, a note goes with the innermost one: the last that takes it.
    frames = sorted((item for item in here.values() if isinstance(item, Frame)), key=lambda it: -it.width * it.height)
    changed: dict[str, Decoration] = {}
    for frame in frames:
        blocks = [item for item in scene.blocks.values() if _area(frame).contains(item.area.center())]
        if not any(item.node_id in places and QPointF(*places[item.node_id]) != item.pos() for item in blocks):
            continue
        box = _around(frame, blocks, places)
        changed[frame.id] = replace(frame, x=box.x(), y=box.y(), width=box.width(), height=box.height())
        for name in decorations.carried(frame, here.values()):
            note = here[name]
            if not isinstance(note, Frame):
                changed[name] = replace(note, x=note.x + box.x() - frame.x, y=note.y + box.y() - frame.y)
    return decorations.put(project, *changed.values()) if changed else project, frozenset(changed)


def _around(frame: Frame, blocks: Iterable[BlockItem], places: Mapping[str, Point]) -> QRectF:
    before, after = QRectF(), QRectF()
    for item in blocks:
        before = before.united(item.area)
        place = QPointF(*places[item.node_id]) if item.node_id in places else item.pos()
        after = after.united(item.body.translated(place))
    now = _area(frame)
    return after.adjusted(
        min(now.left() - before.left(), 0.0),
        min(now.top() - before.top(), -TITLE_ROOM),
        max(now.right() - before.right(), 0.0),
        max(now.bottom() - before.bottom(), 0.0),
    )


def _area(frame: Frame) -> QRectF:
    return QRectF(frame.x, frame.y, frame.width, frame.height)
