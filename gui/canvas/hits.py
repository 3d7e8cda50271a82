"""What lies under the pointer: ports are caught from afar, wires from near, blocks where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, final

from PySide6.QtCore import QPointF, QRectF, Qt

from gui.canvas.block_item import BlockItem
from gui.canvas.decor_item import WHOLE, DecorItem, Edge
from gui.canvas.face import Side
from gui.canvas.geometry import CATCH, around
from gui.canvas.scene import CanvasScene
from gui.canvas.wire_item import WireItem

WIRE_CATCH: Final = 7.0
"""How far from its curve a wire is caught, in pixels on the screen."""
_LEAST_CATCH: Final = 6.0


@final
class PortRef(NamedTuple):
    """A port of a block on the canvas."""

    node: str
    side: Side
    port: str

    @property
    def other_side(self) -> Side:
        """Where the other end of its wires is."""
        return "out" if self.side == "in" else "in"


Hit = PortRef | BlockItem | WireItem


def hit(scene: CanvasScene, at: QPointF) -> Hit | None:
    """What the pointer is on: a port first, then the block in front, then the nearest wire."""
    block = block_at(scene, at)
    port = port_near(scene, at)
    if port is not None and (block is None or port.node == block.node_id):
        return port
    return block or port or wire_near(scene, at)


def block_at(scene: CanvasScene, at: QPointF) -> BlockItem | None:
    """The block in front at a place."""
    return next((item for item in _blocks(scene, around(at, 0.5)) if item.area.contains(at)), None)


def port_near(scene: CanvasScene, at: QPointF, wanted: Callable[[PortRef], bool] | None = None) -> PortRef | None:
    """The nearest port within reach that is wanted."""
    reach = catch_radius(scene)
    nearest, found = reach * reach, None
    for item in _blocks(scene, around(at, reach)):
        local = at - item.pos()
        for (side, name), place in item.ports():
            dx, dy = place.x() - local.x(), place.y() - local.y()
            ref = PortRef(item.node_id, side, name)
            if dx * dx + dy * dy < nearest and (wanted is None or wanted(ref)):
                nearest, found = dx * dx + dy * dy, ref
    return found


def catch_radius(scene: CanvasScene) -> float:
    """How far ports are caught, in scene units: as far as fingers need, but from afar no further than half a block."""
    return min(max(CATCH / scene.look.scale, _LEAST_CATCH), 2.5 * CATCH)


def wire_near(scene: CanvasScene, at: QPointF) -> WireItem | None:
    """The nearest wire within reach."""
    reach = WIRE_CATCH / scene.look.scale
    nearest, found = reach, None
    for item in _items(scene, around(at, reach)):
        if isinstance(item, WireItem) and (distance := item.distance(at)) <= nearest:
            nearest, found = distance, item
    return found


def decor_at(scene: CanvasScene, at: QPointF, found: Hit | None) -> tuple[DecorItem, Edge] | None:
    """The frame or note at a place where `hit` found this, and by what it is caught. Notes lie above wires."""
    if found is None:
        return scene.decor.at(at)
    note = scene.decor.note_at(at) if isinstance(found, WireItem) else None
    return None if note is None else (note, WHOLE)


def blocks_in(scene: CanvasScene, area: QRectF) -> list[BlockItem]:
    """The blocks whose bodies touch an area."""
    return [item for item in _blocks(scene, area) if item.area.intersects(area)]


def _blocks(scene: CanvasScene, area: QRectF) -> Iterator[BlockItem]:
    """From front to back."""
    return (item for item in _items(scene, area) if isinstance(item, BlockItem))


def _items(scene: CanvasScene, area: QRectF) -> list[object]:
    return list(scene.items(area, Qt.ItemSelectionMode.IntersectsItemBoundingRect))
