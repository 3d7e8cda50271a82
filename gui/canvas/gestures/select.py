"""Selecting: a click on empty ground, and the rubber band."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QRectF

from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough
from gui.canvas.hits import blocks_in
from gui.canvas.stage import Stage
from gui.canvas.wire_item import Ends


@final
class RubberBand(Gesture):
    """Selects the blocks that a rectangle touches; with Shift or Ctrl they are added. A mere click selects nothing."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._before: frozenset[str] = frozenset()
        self._wires_before: frozenset[Ends] = frozenset()
        self._decor_before: frozenset[str] = frozenset()
        self._start: At | None = None
        self._dragging = False

    def begin(self, at: At) -> None:
        self._start = at
        self._before = self.stage.selection.ids
        self._wires_before = self.stage.scene.wires.chosen
        self._decor_before = self.stage.scene.decor.chosen
        if not at.adds:
            self.stage.scene.choose_wires(())
            self.stage.scene.decor.choose(())

    def move(self, at: At) -> None:
        assert self._start is not None
        self._dragging = self._dragging or far_enough(self._start, at)
        if not self._dragging:
            return
        band = QRectF(self._start.scene, at.scene).normalized()
        self.stage.overlay.set_band(band)
        touched = {item.node_id for item in blocks_in(self.stage.scene, band)}
        self.stage.selection.set(self._before | touched if at.adds else touched)
        decor = self.stage.scene.decor
        within = decor.within(band)
        decor.choose(self._decor_before | within if at.adds else within)

    def finish(self, at: At) -> bool:
        self.move(at)
        self.stage.overlay.set_band(None)
        if not self._dragging and not at.adds:
            self.stage.selection.set(())
        return True

    def cancel(self, reason: Cancel) -> None:
        self.stage.overlay.set_band(None)
        self.stage.selection.set(self._before)
        self.stage.scene.choose_wires(self._wires_before)
        self.stage.scene.decor.choose(self._decor_before)
