"""Words for what is on the canvas: tool tips, and the description for screen readers."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.block import block_named
from gui.canvas.block_item import BlockItem
from gui.canvas.group_faces import about
from gui.canvas.hits import Hit, PortRef
from gui.canvas.scene import CanvasScene
from gui.canvas.wire_item import WireItem
from gui.selection import Selection


def _tr(text: str) -> str:
    return QCoreApplication.translate("CanvasTips", text)


def tip(scene: CanvasScene, found: Hit | None) -> str:
    """What is told of a port, block or wire; plain text."""
    if isinstance(found, PortRef):
        return _port_tip(scene, found)
    if isinstance(found, BlockItem):
        return _block_tip(found)
    return _wire_tip(found) if isinstance(found, WireItem) else ""


def _port_tip(scene: CanvasScene, ref: PortRef) -> str:
    port = scene.blocks[ref.node].face.port(ref.side, ref.port)
    if port is None:
        return ""
    side = _tr("input") if ref.side == "in" else _tr("output")
    head = " · ".join(part for part in (f"{side} {port.name}", port.shape) if part)
    return "\n".join(part for part in (head, port.doc) if part)


def _block_tip(item: BlockItem) -> str:
    if item.face.problems:
        return "\n\n".join(f"{problem.message} {problem.hint}".strip() for problem in item.face.problems)
    block = block_named(item.face.kind)
    unknown = about(item.face.kind) or _tr("This version does not know this block.")
    lines = [item.face.kind, block.doc if block is not None else unknown]
    if item.face.bypass:
        lines.append(_tr("Muted: what comes in goes out unchanged."))
    return "\n".join(lines)


def _wire_tip(item: WireItem) -> str:
    return "\n".join(part for part in (str(item.wire), item.label) if part)


def described(scene: CanvasScene, selection: Selection) -> str:
    """The whole canvas in a sentence, for screen readers."""
    blocks, wires = len(scene.blocks), len(scene.wires.items)
    first = _tr("1 block") if blocks == 1 else _tr("{0} blocks").format(blocks)
    total = f"{first}, {_tr('1 wire') if wires == 1 else _tr('{0} wires').format(wires)}."
    if scene.decor.items:
        total += " " + _tr("{0} frames and notes.").format(len(scene.decor.items))
    decor = [scene.decor.items[name].described() for name in sorted(scene.decor.chosen)]
    if decor and not selection.ids:
        return f"{total} {_tr('Selected: {0}').format('. '.join(decor))}."
    single = selection.single
    if single is not None and single in scene.blocks:
        face = scene.blocks[single].face
        told = [_tr("Selected: {0}, {1}").format(face.title, face.kind), face.summary]
        told += [problem.message for problem in face.problems]
        return f"{total} {'. '.join(part.rstrip('.') for part in told if part)}."
    if len(selection.ids) > 1:
        return f"{total} {_tr('{0} selected.').format(len(selection.ids))}"
    return total
