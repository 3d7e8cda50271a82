"""Picking a wire: a click selects it, a drag near one of its ends carries that end elsewhere."""

from __future__ import annotations

import math
from typing import Final, final

from PySide6.QtCore import QPointF

from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough
from gui.canvas.gestures.wire import DrawWire
from gui.canvas.hits import PortRef
from gui.canvas.stage import Stage
from gui.canvas.wire_item import Ends, WireItem

END: Final = 56.0
"""How far from its port a wire can be taken by its end, in pixels on the screen; never beyond a third of its way."""


@final
class PickWire(Gesture):
    """A wire stays where it is; but its ends can be pulled off."""

    def __init__(self, stage: Stage, item: WireItem) -> None:
        super().__init__(stage)
        self._item = item
        self._before: frozenset[Ends] = frozenset()
        self._start: At | None = None
        self._carry: DrawWire | None = None

    def begin(self, at: At) -> None:
        scene, ends = self.stage.scene, self._item.wire.ends
        self._start, self._before = at, scene.wires.chosen
        if at.adds:
            scene.choose_wires(scene.wires.chosen ^ {ends})
        else:
            self.stage.selection.set(())
            scene.decor.choose(())
            scene.choose_wires({ends})

    def move(self, at: At) -> None:
        assert self._start is not None
        if self._carry is None and far_enough(self._start, at):
            port = self._end_at(self._start.scene)
            if port is not None:
                self._carry = DrawWire(self.stage, port, self._item)
                self._carry.begin(self._start)
        if self._carry is not None:
            self._carry.move(at)

    def finish(self, at: At) -> bool:
        self.move(at)
        return self._carry is None or self._carry.finish(at)

    def cancel(self, reason: Cancel) -> None:
        if self._carry is not None:
            self._carry.cancel(reason)
        if reason is not Cancel.DOCUMENT_CHANGED:
            self.stage.scene.choose_wires(self._before)

    def _end_at(self, place: QPointF) -> PortRef | None:
        """The port near which the wire is held; None in its middle part."""
        wire, (start, end) = self._item.wire, self._item.ports
        reach = min(END / self.stage.camera.scale, self._item.path.length() / 3)
        out, into = (math.dist((place.x(), place.y()), (port.x(), port.y())) for port in (start, end))
        if min(out, into) > reach:
            return None
        if out < into:
            return PortRef(wire.from_node, "out", wire.from_port)
        return PortRef(wire.to_node, "in", wire.to_port)
