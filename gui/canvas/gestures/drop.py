"""Dropping a block from the palette."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QRectF

from gui.canvas.adding import SIZE, add_block
from gui.canvas.geometry import snapped
from gui.canvas.gestures.base import At, Cancel, Gesture
from gui.canvas.stage import Stage, Wish


@final
class DropBlock(Gesture):
    """Shows where the block would land while it hovers, adds it where it is dropped."""

    def __init__(self, stage: Stage, kind: str) -> None:
        super().__init__(stage)
        self._kind = kind

    def begin(self, at: At) -> None:
        self.stage.hints.hush()
        self.move(at)

    def move(self, at: At) -> None:
        left, top = snapped(at.scene.x() - SIZE[0] / 2), snapped(at.scene.y() - SIZE[1] / 2)
        self.stage.overlay.set_ghost(QRectF(left, top, *SIZE))

    def finish(self, at: At) -> bool:
        self.stage.overlay.set_ghost(None)
        add_block(self.stage, self._kind, Wish(at.scene))
        return True

    def cancel(self, reason: Cancel) -> None:
        self.stage.overlay.set_ghost(None)
