"""From elsewhere in the window into a step: why a layer learns as it does; a block that was clicked."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QMouseEvent

from engine.moments import Backward, Forward, Moment, Objective, Step
from engine.stepevents import Unfolded
from gui.backprop.mode import Backprop
from gui.canvas.block_item import BlockItem
from gui.canvas.hits import hit
from gui.canvas.view import CanvasView
from gui.docks import Docks
from gui.run_feed import RunFeed


@final
class Why(QObject):
    """Answers "why?" about a layer: the chain rule of the weight in it with the largest gradient.

    While a step is walked through, the cursor also goes to the block that is clicked on the canvas.
    """

    def __init__(self, mode: Backprop, feed: RunFeed, canvas: CanvasView, docks: Docks, parent: QObject) -> None:
        super().__init__(parent)
        self._mode, self._canvas, self._docks = mode, canvas, docks
        self._wanted = ""
        feed.on(Unfolded, lambda _: self._answer())  # after the mode itself, which is older
        mode.changed.connect(lambda active: None if active else self._forget())
        canvas.viewport().installEventFilter(self)

    def ask(self, layer: str) -> None:
        """Show why this layer gets the gradient it gets. A training that runs is paused."""
        self._wanted = layer
        if self._mode.active:
            self._docks.show("backprop")
            self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)  # so that keys walk, as after entering
            self._answer()
        else:
            self._mode.enter()

    def _forget(self) -> None:
        self._wanted = ""

    def _answer(self) -> None:
        step, layer, panel = self._mode.step, self._wanted, self._mode.panel
        if not layer or not self._mode.active or step is None:
            return
        from gui.backprop.chain import largest

        self._wanted = ""
        at = next((at for at, each in enumerate(step.moments) if isinstance(each, Backward) and each.node == layer), -1)
        if at >= 0:
            self._mode.go(at)
        if panel.shown is not None and (weight := largest(panel.shown, layer)) is not None:
            panel.lenses["chain"].weight_picked.emit(*weight)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.MouseButtonPress or not isinstance(event, QMouseEvent):
            return False
        if event.button() == Qt.MouseButton.LeftButton and not event.modifiers():
            self._go_to(hit(self._canvas.stage.scene, self._canvas.camera.to_scene(event.position())))
        return False

    def _go_to(self, found: object) -> None:
        step = self._mode.step
        if not self._mode.active or step is None or not isinstance(found, BlockItem):
            return
        path = self._canvas.level.prefix + found.node_id
        if not within(step.moments[self._mode.at], path):
            at = nearest(step, self._mode.at, path)
            if at is not None:
                self._mode.go(at)


def within(moment: Moment, path: str) -> bool:
    """Whether it is a moment of this block, or of one in this group."""
    node = moment.node or ""
    return node == path or node.startswith(f"{path}.")


def nearest(step: Step, at: int, path: str) -> int | None:
    """The moment of a block in the same pass as moment `at`; where there is none, the one that is nearest."""
    places = [each for each, moment in enumerate(step.moments) if within(moment, path)]
    same = [each for each in places if _pass(step.moments[each]) == _pass(step.moments[at])]
    return min(same or places, key=lambda each: abs(each - at), default=None)


def _pass(moment: Moment) -> str:
    return "forth" if isinstance(moment, Forward | Objective) else "back"
