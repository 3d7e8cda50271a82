"""Moving blocks, with snapping to the grid and to neighbours."""

from __future__ import annotations

from dataclasses import replace
from typing import final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt

from engine import edits
from engine.graph import Wire
from gui.canvas.block_item import BlockItem
from gui.canvas.carrying import Load
from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough, tr
from gui.canvas.slotting import Slot, is_free
from gui.canvas.snapping import Snapping
from gui.canvas.stage import Stage
from gui.canvas.taking import Taking, take_out
from gui.inserting import Inserted, insert_existing, steps


@final
class MoveBlocks(Gesture):
    """A press selects, a drag moves what is selected.

    A block without wires that is let go over a wire goes into it. With Alt from the start blocks are taken out of their
    wires, which heal. Ctrl (or Alt, where there is nothing to take out) moves freely: no snapping, past the wires.
    """

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
        self._taking: Taking | None = None
        self._slot: Slot | None = None

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
            self._lift(at)
        assert self._snapping is not None
        way = at.scene - self._start.scene
        area = QRectF(self._from[self._pressed.node_id], self._pressed.body.size()).translated(way)
        guides: tuple[QLineF, ...] = ()
        free = at.free or (self._taking is None and bool(at.modifiers & Qt.KeyboardModifier.AltModifier))
        if not free:
            correction, guides = self._snapping.snap(area, self.stage.camera.scale)
            way += correction
        assert self._load is not None
        self._load.show(way)
        self.stage.overlay.set_guides(guides)
        if self._slot is not None and not at.free:
            self._slot.hold(self._pressed.area.center(), at.view)
        elif self._slot is not None:
            self._slot.clear()

    def _lift(self, at: At) -> None:
        scene = self.stage.scene
        self._load = Load(scene, self.stage.selection.ids, scene.decor.chosen)
        self._from = self._load.blocks
        self._snapping = Snapping(self._load.left_behind())
        if at.modifiers & Qt.KeyboardModifier.AltModifier:
            self._taking = take_out(self.stage, frozenset(self._from))
        project, node_id = self.stage.document.project, self._pressed.node_id
        if len(self._load) == 1 and (self._taking is not None or is_free(project, node_id)):
            self._slot = Slot(self.stage, self._into, frozenset({node_id}))

    def _into(self, wire: Wire) -> Inserted:
        """The project with the block, taken out of its wires if it has any, put into another where it is held."""
        project, touched = self.stage.scene.with_places(self.stage.document.project), edits.NOTHING
        if self._taking is not None:
            project, touched = self._taking.heal(project)
        place, wide = self._pressed.pos(), self._pressed.body.width()
        apart = steps(self.stage.scene.blocks[wire.from_node].body.width(), wide)
        made = insert_existing(project, self._pressed.node_id, wire, (place.x(), place.y()), apart=apart)
        return replace(made, touched=made.touched | touched)

    def finish(self, at: At) -> bool:
        self.move(at)
        stage = self.stage
        stage.overlay.set_guides(())
        if not self._from:
            self._click(at)
            return True
        assert self._load is not None
        inserted = self._slot.drop() if self._slot is not None else None
        if inserted is not None:
            text = tr("Insert {0}").format(inserted.node_id)
            self._put_down()
            stage.document.edit(text, inserted.project, inserted.touched, moved=inserted.moved)
            self._load.settle()
            return True
        self._put_down()
        project, touched, moved = self._load.arrived(), self._load.touched, frozenset(self._from)
        if project is not None:
            text = tr("Move {0}") if self._taking is None else tr("Take out {0}")
            if self._taking is not None:
                project, more = self._taking.heal(project)
                touched |= more
            named = next(iter(moved)) if len(moved) == 1 else tr("{0} blocks").format(len(moved))
            before = stage.document.project
            stage.document.edit(text.format(named), project, touched, moved=moved)
            if stage.document.project is before:
                self._load.settle()  # a group refuses to hand its input on as its output
        return True

    def _put_down(self) -> None:
        if self._slot is not None:
            self._slot.clear()
        if self._taking is not None:
            self._taking.put_away()

    def _click(self, at: At) -> None:
        if self._toggle_off:
            self.stage.selection.set(self._before - {self._pressed.node_id})
        elif not at.adds:
            self.stage.scene.decor.choose(())
            self.stage.selection.set({self._pressed.node_id})

    def cancel(self, reason: Cancel) -> None:
        self.stage.overlay.set_guides(())
        self._put_down()
        if self._load is not None:
            self._load.settle()
        if reason is not Cancel.DOCUMENT_CHANGED:
            self.stage.selection.set(self._before)
