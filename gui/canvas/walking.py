"""Going from block to block with the keyboard: along wires to the left and right, by place up and down."""

from __future__ import annotations

from typing import Final

from gui.canvas.block_item import BlockItem
from gui.canvas.camera import Camera
from gui.canvas.scene import CanvasScene

Step = tuple[int, int]
"""Columns and rows: (1, 0) is to the right."""

_SIDEWAYS: Final = 2.5
"""How much worse a block is that lies off the direction than one that is as far along it."""


def neighbour(scene: CanvasScene, node_id: str, step: Step) -> str | None:
    """The block to go to: along the first wire, or the nearest one that lies that way; None at the edge."""
    graph = scene.document.project.graph
    if step[0] > 0:
        readers = [wire.to_node for wire in graph.wires_out_of(node_id) if wire.to_node in scene.blocks]
        if readers:
            return min(readers, key=lambda other: scene.blocks[other].y())
    if step[0] < 0:
        sources = [wire.from_node for wire in graph.wires_into(node_id) if wire.from_node in scene.blocks]
        if sources:
            return sources[0]
    return _nearest(scene, scene.blocks[node_id], step)


def first(scene: CanvasScene, camera: Camera) -> str | None:
    """Where to begin when nothing is selected: the block nearest to the middle of the view."""
    centre = camera.centre
    return min(
        scene.blocks,
        key=lambda node_id: (scene.blocks[node_id].area.center() - centre).manhattanLength(),
        default=None,
    )


def _nearest(scene: CanvasScene, here: BlockItem, step: Step) -> str | None:
    start, best, least = here.area.center(), None, 0.0
    for item in scene.blocks.values():
        way = item.area.center() - start
        along = way.x() * step[0] + way.y() * step[1]
        off = abs(way.y() * step[0]) + abs(way.x() * step[1])
        if item is here or along <= 0:
            continue
        cost = along + _SIDEWAYS * off
        if best is None or cost < least:
            best, least = item.node_id, cost
    return best
