"""What is said of blocks, ports and wires."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from gui.canvas.block_item import BlockItem
from gui.canvas.face import PortFace, Side
from gui.canvas.scene import CanvasScene
from gui.canvas.wire_item import WireItem


def _tr(text: str) -> str:
    return QCoreApplication.translate("CanvasAccess", text)


def block_words(scene: CanvasScene, item: BlockItem, place: int, count: int) -> str:
    """Where it stands in the graph, what goes in and out, what is wrong."""
    face = item.face
    parts = [_tr("{0}, block {1} of {2}").format(face.kind, place, count)]
    if face.bypass:
        parts.append(_tr("muted"))
    if item.live.text():  # what a comparison found, or a number that training shows
        parts.append(item.live.text())
    wires = [wire.wire for wire in scene.wires.at({item.node_id})]
    sources = [f"{wire.from_node}.{wire.from_port}" for wire in wires if wire.to_node == item.node_id]
    readers = [f"{wire.to_node}.{wire.to_port}" for wire in wires if wire.from_node == item.node_id]
    if sources:
        parts.append(_tr("reads {0}").format(", ".join(sorted(sources))))
    if readers:
        parts.append(_tr("goes to {0}").format(", ".join(sorted(readers))))
    parts += [f"{problem.message} {problem.hint}".strip().rstrip(".") for problem in face.problems]
    return ". ".join(parts) + "."


def port_words(item: BlockItem, side: Side, port: PortFace) -> str:
    """Whose port it is, what flows, whether it is connected."""
    whose = _tr("Input of {0}") if side == "in" else _tr("Output of {0}")
    state = _tr("connected") if port.wired else _tr("must be connected") if port.missing else _tr("not connected")
    kind = {"target": _tr("targets"), "scalar": _tr("a loss")}.get(port.kind, _tr("values"))
    return ", ".join(part for part in (whose.format(item.face.title), kind, port.shape, state) if part)


def wire_words(item: WireItem) -> str:
    """From where to where."""
    wire = item.wire
    return _tr("Wire from {0}.{1} to {2}.{3}").format(wire.from_node, wire.from_port, wire.to_node, wire.to_port)
