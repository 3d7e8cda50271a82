"""What a drag carries along: selected blocks, frames and notes, and whatever stands on the frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

from PySide6.QtCore import QPointF, QRectF

from engine import decorations, edits
from engine.graph import Project, Touched
from gui.canvas.scene import CanvasScene
from gui.canvas.wire_item import WireItem

MANY: Final = 300
"""All of a graph with more blocks is dragged as one picture where it is seen from afar."""


def carried(scene: CanvasScene, names: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Blocks whose middle stands on one of these frames; and these frames and notes with those that lie on them."""
    decor = scene.decor.carried_by(names)
    areas = scene.decor.frame_areas(decor)
    blocks = frozenset(
        node_id for node_id, item in scene.blocks.items() if any(area.contains(item.area.center()) for area in areas)
    )
    return blocks, decor


@final
class Load:
    """Shows blocks, frames and notes on their way, and makes the project in which they have arrived.

    Attributes:
        blocks, decor: where each was at the start.
    """

    def __init__(self, scene: CanvasScene, blocks: Iterable[str], decor: Iterable[str]) -> None:
        self._scene = scene
        on_frames, decor = carried(scene, decor)
        self.blocks = {name: scene.blocks[name].pos() for name in {*blocks, *on_frames} if name in scene.blocks}
        self.decor = {name: scene.decor.items[name].pos() for name in decor}
        self._wires = [
            item
            for item in scene.wires.at(self.blocks)
            if item.dots and item.wire.from_node in self.blocks and item.wire.to_node in self.blocks
        ]
        self._way = QPointF()
        self._is_all = len(self.blocks) == len(scene.blocks) > MANY and not self._wires

    @property
    def touched(self) -> Touched:
        """Blocks at wires whose dots went along."""
        return frozenset(node_id for item in self._wires for node_id in (item.wire.from_node, item.wire.to_node))

    def __len__(self) -> int:
        return len(self.blocks) + len(self.decor)

    @property
    def names(self) -> frozenset[str]:
        """The ids of everything."""
        return frozenset((*self.blocks, *self.decor))

    def left_behind(self) -> list[QRectF]:
        """The blocks that stay, for snapping."""
        return [item.area for name, item in self._scene.blocks.items() if name not in self.blocks]

    def show(self, way: QPointF) -> None:
        """Show everything that far from where it was."""
        self._way = way
        if self._is_all and self._scene.drift.show(way):
            self._scene.decor.shift({name: place + way for name, place in self.decor.items()})
            return
        # Where only a frame and what stands on it moves, no other frame is meant.
        middles = [self._scene.blocks[name].body.center() + place + way for name, place in self.blocks.items()]
        self._scene.decor.welcome([] if self.decor else middles, self.decor)
        self._scene.decor.shift({name: place + way for name, place in self.decor.items()})
        self._scene.shift({name: place + way for name, place in self.blocks.items()})
        for item in self._wires:
            item.show_dots(_moved(item, way))

    def settle(self) -> None:
        """Show everything where the document says."""
        self._scene.decor.welcome(())
        self._scene.decor.settle(self.decor)
        self._scene.settle([name for name in self.blocks if name in self._scene.blocks])
        for item in self._wires:
            item.show_dots(item.wire.via)

    def arrived(self) -> Project | None:
        """The project with everything where it is shown; None when nothing moved. The drag is over."""
        self._scene.decor.welcome(())
        if self._way == QPointF():
            return None
        project = self._scene.document.project
        if self.blocks:
            dx, dy = self._way.x(), self._way.y()
            moved = {name: (place.x() + dx, place.y() + dy) for name, place in self.blocks.items()}
            project, _ = edits.move_nodes(self._scene.with_places(project), moved)
        for item in self._wires:
            project, _ = edits.bend(project, item.wire, _moved(item, self._way))
        return decorations.move(project, {name: _point(place + self._way) for name, place in self.decor.items()})


def _moved(item: WireItem, way: QPointF) -> list[tuple[float, float]]:
    return [(x + way.x(), y + way.y()) for x, y in item.wire.via]


def _point(place: QPointF) -> tuple[float, float]:
    return (place.x(), place.y())
