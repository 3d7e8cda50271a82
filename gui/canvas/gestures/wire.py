"""Drawing a wire: from port to port by a drag, or by a click on each; carried off its input; dropped into the void."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QPointF, Qt

from engine import edits
from gui.canvas.block_item import BlockItem
from gui.canvas.fitting import Fitting, Refusal
from gui.canvas.geometry import wire_path
from gui.canvas.gestures.base import At, Cancel, Gesture, far_enough, tr
from gui.canvas.hits import PortRef, block_at, port_near
from gui.canvas.lights import Lights
from gui.canvas.overlay import NewWire
from gui.canvas.remedies import remedies
from gui.canvas.stage import Stage, Wish
from gui.canvas.wire_item import WireItem


@final
class DrawWire(Gesture):
    """From a free port, or with the end of a wire that sat on the pressed input."""

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, stage: Stage, port: PortRef, carried: WireItem | None = None) -> None:
        """From a port; or, from a port at which the wire `carried` ends, with that end of it."""
        super().__init__(stage)
        self._pressed = port
        self._anchor = port
        self._start: At | None = None
        self._under_way = False
        wires = stage.document.project.graph.wires_into(port.node, port.port) if port.side == "in" else ()
        if carried is None and wires:
            carried = stage.scene.wires.items[wires[-1].ends]
        self._carried = carried
        if carried is not None:
            wire = carried.wire
            out, into = PortRef(wire.from_node, "out", wire.from_port), PortRef(wire.to_node, "in", wire.to_port)
            self._anchor = out if port.side == "in" else into
        self._fitting = Fitting(stage.document, self._anchor, self._carried.wire if self._carried else None)
        self._lights = Lights(stage, self._fitting, self._anchor.other_side)

    # -- the gesture --

    def begin(self, at: At) -> None:
        self._start = at
        self.stage.hints.hush()

    def move(self, at: At) -> None:
        assert self._start is not None
        if self._under_way or far_enough(self._start, at):
            self._pick_up()
            self._show(at)

    def finish(self, at: At) -> bool:
        self.move(at)
        if not self._under_way:
            # A click: the wire sticks to the pointer until the next one.
            self._pick_up()
            self._show(at)
            return False
        target, refusal = self._aim(at)
        if target is None:
            self._drop_in_void(at)
        elif self._is_back(target):
            self._put_down()
        elif refusal is not None:
            self._refuse(target, refusal, at)
        else:
            self._connect(target)
        return True

    def cancel(self, reason: Cancel) -> None:
        self._put_down()

    # -- showing --

    def _pick_up(self) -> None:
        if self._under_way:
            return
        self._under_way = True
        if self._carried is not None:
            self._carried.set_flags(lifted=True)
        assert self._start is not None
        self._lights.start(self._start.scene)

    def _put_down(self) -> None:
        self._lights.stop()
        self.stage.hints.hush()
        self.stage.overlay.set_wire(None)
        if self._carried is not None and self.stage.scene.wires.items.get(self._carried.wire.ends) is self._carried:
            self._carried.set_flags(lifted=False)

    def _show(self, at: At) -> None:
        target, refusal = self._aim(at)
        if target is not None and self._is_back(target):
            refusal = None
        place = self._place(target) if target is not None and refusal is None else None
        end = place if place is not None else at.scene
        self.stage.overlay.set_wire(self._curve(end, refused=refusal is not None))
        if refusal is not None:
            self.stage.hints.say(refusal.text, at.view)
        else:
            self.stage.hints.hush()

    def _curve(self, end: QPointF, *, refused: bool) -> NewWire:
        start = self._place(self._anchor) or end
        path = wire_path(start, end) if self._anchor.side == "out" else wire_path(end, start)
        return NewWire(path, start, end, refused)

    def _place(self, port: PortRef) -> QPointF | None:
        item = self.stage.scene.blocks.get(port.node)
        return None if item is None else item.port_place(port.side, port.port)

    # -- aiming --

    def _aim(self, at: At) -> tuple[PortRef | None, Refusal | None]:
        """The port meant, and why the wire cannot end there: the nearest one caught, or the best of a block."""
        scene, anchor = self.stage.scene, self._anchor
        port = port_near(scene, at.scene, lambda ref: ref.side != anchor.side)
        if port is None:
            port = port_near(scene, at.scene, lambda ref: ref.side == anchor.side and ref.node != anchor.node)
        if port is None:
            block = block_at(scene, at.scene)
            port = self._best_port(block) if block is not None and block.node_id != anchor.node else None
        return port, self._fitting.refusal(port) if port is not None else None

    def _is_back(self, target: PortRef) -> bool:
        """Whether a carried end is where it came from."""
        return self._carried is not None and target == self._pressed

    def _best_port(self, block: BlockItem) -> PortRef | None:
        """Of a block the pointer is on: a free port of the anchor's kind that fits, else the first one that fits."""
        anchor, side = self._anchor, self._anchor.other_side
        kind = self.stage.scene.port_kind(anchor.node, anchor.side, anchor.port)
        ports = sorted(block.face.ports(side), key=lambda port: (port.wired and side == "in", port.kind != kind))
        refs = [PortRef(block.node_id, side, port.name) for port in ports]
        return next((ref for ref in refs if self._fitting.refusal(ref) is None), refs[0] if refs else None)

    # -- ending --

    def _connect(self, target: PortRef) -> None:
        project, touched = self._fitting.drawn(target)
        wire = self._fitting.wire_to(target)
        self._put_down()
        self.stage.document.edit(tr("Connect {0} to {1}").format(wire.from_node, wire.to_node), project, touched)

    def _refuse(self, target: PortRef, refusal: Refusal, at: At) -> None:
        """The wire goes back, and what is in the way stays to be read, with what can be done about it."""
        stage = self.stage
        project, touched = self._fitting.drawn(target)
        actions = remedies(stage, refusal, project, touched, self._fitting.wire_to(target))
        curve = self._curve(at.scene, refused=True)
        self._put_down()
        stage.overlay.retract(curve, forwards=self._anchor.side == "out")
        stage.hints.say(refusal.text, at.view, actions)

    def _drop_in_void(self, at: At) -> None:
        self._put_down()
        if self._carried is None:
            self.stage.search(Wish(at.scene, port=self._anchor))
            return
        wire = self._carried.wire
        project, touched = edits.disconnect(self.stage.document.project, [wire])
        text = tr("Disconnect {0} from {1}").format(wire.from_node, wire.to_node)
        self.stage.document.edit(text, project, touched)
