"""Dropping a block from the palette, on the ground or into a wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from PySide6.QtCore import QPointF, QRectF

from engine.graph import EMPTY, Wire
from gui.canvas.adding import SIZE, add_block, show_added, with_room
from gui.canvas.geometry import snapped
from gui.canvas.gestures.base import At, Cancel, Gesture, tr
from gui.canvas.slotting import Slot
from gui.canvas.stage import Stage, Wish
from gui.inserting import Inserted, Steps, insert_block


@final
class DropBlock(Gesture):
    """Shows where the block would land while it hovers, lights the wire it would go into, adds it where it is dropped.

    With Ctrl it lands beside the wire.
    """

    def __init__(self, stage: Stage, kind: str, params: Mapping[str, Any] = EMPTY) -> None:
        super().__init__(stage)
        self._kind, self._params = kind, params
        self._place = (0.0, 0.0)
        self._slot = Slot(stage, self._into)

    def begin(self, at: At) -> None:
        self.stage.hints.hush()
        self.move(at)

    def move(self, at: At) -> None:
        self._place = (snapped(at.scene.x() - SIZE[0] / 2), snapped(at.scene.y() - SIZE[1] / 2))
        ghost = QRectF(*self._place, *SIZE)
        self.stage.overlay.set_ghost(ghost)
        if at.free:
            self._slot.clear()
        else:
            self._slot.hold(QPointF(ghost.center()), at.view)

    def finish(self, at: At) -> bool:
        self.move(at)
        stage, why = self.stage, self._slot.refusal
        stage.overlay.set_ghost(None)
        made = self._slot.drop()
        if made is not None:
            stage.document.edit(tr("Insert {0}").format(made.node_id), made.project, made.touched, moved=made.moved)
            show_added(stage, made.node_id)
            return True
        add_block(stage, self._kind, Wish(at.scene), self._params)
        if why:
            stage.hints.say(why, at.view, severity="warning")
        return True

    def cancel(self, reason: Cancel) -> None:
        self.stage.overlay.set_ghost(None)
        self._slot.clear()

    def _into(self, wire: Wire) -> Inserted:
        project = self.stage.scene.with_places(self.stage.document.project)

        def put(apart: Steps) -> Inserted:
            return insert_block(project, self._kind, wire, self._params, self._place, apart=apart)

        return with_room(self.stage, wire, put)
