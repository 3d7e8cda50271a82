"""All of a large graph on its way, seen from afar: shown elsewhere as one picture, its items moved when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, final

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QGraphicsScene

from engine.graph import Point
from gui.canvas.block_item import BlockItem
from gui.canvas.ground import Box, Spot
from gui.canvas.look import Detail, Look
from gui.canvas.wire_set import WireSet

_ALIKE: Final = 1e-6


def common_way(boxes: Mapping[str, Box], targets: Mapping[str, Point]) -> Spot | None:
    """How far everything has to go from where it stands, where that is the same for all; else None."""
    if len(targets) != len(boxes):
        return None
    first, (x, y) = next(iter(targets.items()))
    dx, dy = x - boxes[first][0], y - boxes[first][1]
    for node_id, (x, y) in targets.items():
        left, top, _, _ = boxes[node_id]
        if not (-_ALIKE < x - left - dx < _ALIKE and -_ALIKE < y - top - dy < _ALIKE):
            return None
    return dx, dy


@contextmanager
def unindexed(scene: QGraphicsScene) -> Iterator[None]:
    """Qt's index takes items out one by one, slowly where many lie together: it is made anew when all have moved."""
    scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
    yield
    scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.BspTreeIndex)
    # A new index divides nothing until the scene's rectangle changes: every look-up would ask all items.
    scene.setSceneRect(scene.sceneRect().adjusted(-1.0, -1.0, 1.0, 1.0))


@final
class Drift:
    """Moving thousands of items takes longer than a frame, and from afar nobody needs them (`Overview`).

    Attributes:
        way: how far from its items everything is shown.
    """

    def __init__(
        self,
        scene: QGraphicsScene,
        blocks: Mapping[str, BlockItem],
        look: Look,
        shift: Callable[[Mapping[str, QPointF]], None],
    ) -> None:
        self._scene, self._blocks, self._look, self._shift = scene, blocks, look, shift
        self.way = QPointF()

    def show(self, way: QPointF) -> bool:
        """Show everything that far from where its items are; False near by, where the items have to be moved."""
        if self._look.detail is not Detail.SHAPES:
            return False
        self.way = way
        self._repaint()
        return True

    def land(self) -> None:
        """Move the items to where they are shown, as one comes near."""
        if not self.way.isNull():
            self._shift({node_id: item.pos() + self.way for node_id, item in self._blocks.items()})
        self._repaint()

    def carry(self, places: Mapping[str, Point], wires: WireSet) -> QPointF | None:
        """Put everything there, if it has to go the same way; None, and nothing done, if not."""
        way = common_way(wires.boxes(), places)
        if way is None:
            return None
        self.end()
        if way != (0.0, 0.0):
            with unindexed(self._scene):
                for node_id, place in places.items():
                    self._blocks[node_id].setPos(*place)
                wires.carry(*way)
            self._look.stir()
            self._repaint()
        return QPointF(*way)

    def end(self) -> None:
        """The items are moved to where they belong."""
        if not self.way.isNull():
            self.way = QPointF()
            self._repaint()

    def _repaint(self) -> None:
        for view in self._scene.views():
            view.viewport().update()
