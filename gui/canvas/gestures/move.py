"""Moving blocks, with snapping to the grid and to neighbours."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt

from engine import edits
from gui.canvas.block_item import BlockItem
from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough, tr
from gui.canvas.snapping import Snapping
from gui.canvas.stage import Stage


@final
class MoveBlocks(Gesture):
    """A press selects, a drag moves what is selected. Alt moves freely, without snapping."""

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, stage: Stage, item: BlockItem) -> None:
        super().__init__(stage)
        self._pressed = item
        self._start: At | None = None
        self._before: frozenset[str] = frozenset()
        self._toggle_off = False
        self._from: dict[str, QPointF] = {}
        self._snapping: Snapping | None = None

    def begin(self, at: At) -> None:
        stage, node_id = self.stage, self._pressed.node_id
        self._start, self._before = at, stage.selection.ids
        if at.adds:
            self._toggle_off = node_id in self._before
            stage.selection.set(self._before | {node_id})
        else:
            stage.scene.choose_wires(())
            if node_id not in self._before:
                stage.selection.set({node_id})
        stage.scene.bring_forward(node_id)

    def move(self, at: At) -> None:
        assert self._start is not None
        if not self._from:
            if not far_enough(self._start, at):
                return
            self._lift()
        assert self._snapping is not None
        way = at.scene - self._start.scene
        area = QRectF(self._from[self._pressed.node_id], self._pressed.body.size()).translated(way)
        guides: tuple[QLineF, ...] = ()
        if not at.modifiers & Qt.KeyboardModifier.AltModifier:
            correction, guides = self._snapping.snap(area, self.stage.camera.scale)
            way += correction
        self.stage.scene.shift({node_id: place + way for node_id, place in self._from.items()})
        self.stage.overlay.set_guides(guides)

    def _lift(self) -> None:
        scene = self.stage.scene
        self._from = {node_id: scene.blocks[node_id].pos() for node_id in self.stage.selection.ids}
        others = [item.area for node_id, item in scene.blocks.items() if node_id not in self._from]
        self._snapping = Snapping(others)

    def finish(self, at: At) -> bool:
        self.move(at)
        stage = self.stage
        stage.overlay.set_guides(())
        if not self._from:
            self._click(at)
            return True
        scene = stage.scene
        now = {node_id: scene.blocks[node_id].pos() for node_id in self._from}
        if now != self._from:
            moved = {node_id: (place.x(), place.y()) for node_id, place in now.items()}
            project, _ = edits.move_nodes(scene.with_places(stage.document.project), moved)
            text = tr("Move {0}").format(next(iter(moved))) if len(moved) == 1 else tr("Move {0} blocks")
            stage.document.edit(text.format(len(moved)), project, moved=frozenset(moved))
        return True

    def _click(self, at: At) -> None:
        if self._toggle_off:
            self.stage.selection.set(self._before - {self._pressed.node_id})
        elif not at.adds:
            self.stage.selection.set({self._pressed.node_id})

    def cancel(self, reason: Cancel) -> None:
        self.stage.overlay.set_guides(())
        self.stage.scene.settle(self._from)
        if reason is not Cancel.DOCUMENT_CHANGED:
            self.stage.selection.set(self._before)
