"""Dragging the dots of wires."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt

from engine import edits
from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough, tr
from gui.canvas.snapping import Snapping
from gui.canvas.stage import Stage
from gui.canvas.wire_item import Ends, WireItem

_WIDTH: Final = 1e-3
"""Guides are drawn between areas, and Qt takes those without any width for nothing."""


@final
class MoveDots(Gesture):
    """A press selects the dot, a drag moves what is selected, level with ports and other dots; with Ctrl freely."""

    cursor = Qt.CursorShape.SizeAllCursor

    def __init__(self, stage: Stage, item: WireItem, index: int) -> None:
        super().__init__(stage)
        self._pressed = (item.wire.ends, index)
        self._start: At | None = None
        self._before: frozenset[tuple[Ends, int]] = frozenset()
        self._toggle_off = False
        self._from: dict[Ends, tuple[tuple[float, float], ...]] = {}
        self._snapping: Snapping | None = None

    def begin(self, at: At) -> None:
        scene = self.stage.scene
        self._start, self._before = at, scene.wires.dots
        if at.adds:
            self._toggle_off = self._pressed in self._before
            scene.choose_dots(self._before | {self._pressed})
        else:
            self.stage.selection.set(())
            scene.decor.choose(())
            if self._pressed not in self._before:
                scene.choose_dots({self._pressed})

    def move(self, at: At) -> None:
        assert self._start is not None
        if self._snapping is None:
            if not far_enough(self._start, at):
                return
            self._lift()
        assert self._snapping is not None
        ends, index = self._pressed
        way, guides = at.scene - self._start.scene, tuple[QLineF, ...]()
        if not at.free:
            step, guides = self._snapping.snap(_spot(self._from[ends][index]).translated(way), self.stage.camera.scale)
            way += step
        for each, dots in self._placed(way).items():
            self.stage.scene.wires.items[each].show_dots(dots)
        self.stage.overlay.set_guides(guides)

    def _lift(self) -> None:
        wires = self.stage.scene.wires
        self._from = {ends: wires.items[ends].dots for ends, _ in wires.dots}
        others: list[QRectF] = []
        for ends, item in wires.items.items():
            others += [_spot(dot) for index, dot in enumerate(item.dots) if (ends, index) not in wires.dots]
        for ends in self._from:
            others += [_spot((port.x(), port.y())) for port in wires.items[ends].ports]
        self._snapping = Snapping(others)

    def _placed(self, way: QPointF) -> dict[Ends, list[tuple[float, float]]]:
        chosen = self.stage.scene.wires.dots
        return {
            ends: [
                (x + way.x(), y + way.y()) if (ends, index) in chosen else (x, y) for index, (x, y) in enumerate(dots)
            ]
            for ends, dots in self._from.items()
        }

    def finish(self, at: At) -> bool:
        self.move(at)
        stage = self.stage
        stage.overlay.set_guides(())
        if self._snapping is None:
            if self._toggle_off:
                stage.scene.choose_dots(self._before - {self._pressed})
            elif not at.adds:
                stage.scene.choose_dots({self._pressed})
            return True
        project, touched = stage.document.project, edits.NOTHING
        for ends in self._from:
            item = stage.scene.wires.items[ends]
            if item.dots != item.wire.via:
                project, more = edits.bend(project, item.wire, item.dots)
                touched |= more
        if touched:
            count = len(stage.scene.wires.dots)
            text = tr("Move a dot") if count == 1 else tr("Move {0} dots").format(count)
            stage.document.edit(text, project, touched)
        return True

    def cancel(self, reason: Cancel) -> None:
        scene = self.stage.scene
        self.stage.overlay.set_guides(())
        for ends in self._from:
            if ends in scene.wires.items:
                scene.wires.items[ends].show_dots(scene.wires.items[ends].wire.via)
        if reason is not Cancel.DOCUMENT_CHANGED:
            scene.choose_dots(self._before)


def _spot(dot: tuple[float, float]) -> QRectF:
    return QRectF(dot[0], dot[1], _WIDTH, _WIDTH)
