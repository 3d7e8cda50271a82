"""Moving blocks, with snapping to the grid and to neighbours."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt

from gui.canvas.block_item import BlockItem
from gui.canvas.carrying import Load
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
        self._load: Load | None = None
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
                stage.scene.decor.choose(())
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
        assert self._load is not None
        self._load.show(way)
        self.stage.overlay.set_guides(guides)

    def _lift(self) -> None:
        scene = self.stage.scene
        self._load = Load(scene, self.stage.selection.ids, scene.decor.chosen)
        self._from = self._load.blocks
        self._snapping = Snapping(self._load.left_behind())

    def finish(self, at: At) -> bool:
        self.move(at)
        stage = self.stage
        stage.overlay.set_guides(())
        if not self._from:
            self._click(at)
            return True
        assert self._load is not None
        project = self._load.arrived()
        if project is not None:
            moved = frozenset(self._from)
            text = tr("Move {0}").format(next(iter(moved))) if len(moved) == 1 else tr("Move {0} blocks")
            stage.document.edit(text.format(len(moved)), project, moved=moved)
        return True

    def _click(self, at: At) -> None:
        if self._toggle_off:
            self.stage.selection.set(self._before - {self._pressed.node_id})
        elif not at.adds:
            self.stage.scene.decor.choose(())
            self.stage.selection.set({self._pressed.node_id})

    def cancel(self, reason: Cancel) -> None:
        self.stage.overlay.set_guides(())
        if self._load is not None:
            self._load.settle()
        if reason is not Cancel.DOCUMENT_CHANGED:
            self.stage.selection.set(self._before)
