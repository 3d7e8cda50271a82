"""All of a large graph on its way, seen from afar: shown elsewhere as one picture, its items moved when it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QGraphicsScene

from gui.canvas.block_item import BlockItem
from gui.canvas.look import Detail, Look


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

    def end(self) -> None:
        """The items are moved to where they belong."""
        if not self.way.isNull():
            self.way = QPointF()
            self._repaint()

    def _repaint(self) -> None:
        for view in self._scene.views():
            view.viewport().update()
