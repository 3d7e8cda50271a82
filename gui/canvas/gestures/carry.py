"""Moving frames and notes, with whatever stands on the frames."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QLineF, QRectF, Qt

from gui.canvas.carrying import Load
from gui.canvas.decor_item import DecorItem
from gui.canvas.frames import FrameItem
from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough, tr
from gui.canvas.snapping import Snapping
from gui.canvas.stage import Stage


@final
class CarryDecor(Gesture):
    """A press selects, a drag moves what is selected. Alt moves freely, without snapping."""

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, stage: Stage, item: DecorItem) -> None:
        super().__init__(stage)
        self._pressed = item
        self._area = QRectF(item.area)
        self._start: At | None = None
        self._before: frozenset[str] = frozenset()
        self._blocks_before: frozenset[str] = frozenset()
        self._load: Load | None = None
        self._snapping: Snapping | None = None

    def begin(self, at: At) -> None:
        stage, decor, name = self.stage, self.stage.scene.decor, self._pressed.name
        self._start, self._before, self._blocks_before = at, decor.chosen, stage.selection.ids
        if at.adds:
            decor.choose(decor.chosen | {name})
        elif name not in decor.chosen:
            stage.scene.choose_wires(())
            stage.selection.set(())
            decor.choose({name})

    def move(self, at: At) -> None:
        assert self._start is not None
        if self._load is None:
            if not far_enough(self._start, at):
                return
            scene = self.stage.scene
            self._load = Load(scene, self.stage.selection.ids, scene.decor.chosen)
            self._snapping = Snapping(self._load.left_behind())
        assert self._snapping is not None
        way = at.scene - self._start.scene
        guides: tuple[QLineF, ...] = ()
        if not (at.free or at.modifiers & Qt.KeyboardModifier.AltModifier):
            correction, guides = self._snapping.snap(self._area.translated(way), self.stage.camera.scale)
            way += correction
        self._load.show(way)
        self.stage.overlay.set_guides(guides)

    def finish(self, at: At) -> bool:
        self.move(at)
        self.stage.overlay.set_guides(())
        if self._load is None:
            self._click(at)
            return True
        project = self._load.arrived()
        if project is not None:
            self.stage.document.edit(self._text(self._load), project, self._load.touched, moved=self._load.names)
        return True

    def _text(self, load: Load) -> str:
        if isinstance(self._pressed, FrameItem) and self._pressed.title:
            return tr("Move the frame {0}").format(self._pressed.title)
        if isinstance(self._pressed, FrameItem):
            return tr("Move a frame")
        return tr("Move a note") if len(load) == 1 else tr("Move {0} things").format(len(load))

    def _click(self, at: At) -> None:
        decor, name = self.stage.scene.decor, self._pressed.name
        if at.adds and name in self._before:
            decor.choose(self._before - {name})
        elif not at.adds:
            self.stage.selection.set(())
            decor.choose({name})

    def cancel(self, reason: Cancel) -> None:
        self.stage.overlay.set_guides(())
        if self._load is not None:
            self._load.settle()
        if reason is not Cancel.DOCUMENT_CHANGED:
            self.stage.selection.set(self._blocks_before)
            self.stage.scene.decor.choose(self._before)
