"""Where blocks stand: as the layout says, or where there is room."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from PySide6.QtCore import QPointF, QRectF

from engine.graph import Graph, Layout, Point, Project
from gui.canvas.block_item import BlockItem
from gui.canvas.geometry import GRID, HEAD, believable, snapped
from gui.canvas.layout.layered import layered
from gui.canvas.layout.sheet import PortHeight, Size

ROOM: Final = 24.0
"""Least distance between a new block and the others."""


def places(project: Project, size: Callable[[str], Size], port: PortHeight | None = None) -> dict[str, Point]:
    """A place for every node of the top level: the layout's, or one found for those it leaves out.

    What is found is the same each time, as it follows from the project alone; it becomes part of the document when
    blocks are next moved.
    """
    graph, layout = project.graph, project.layout
    known = {node_id: place for node_id in graph.nodes if (place := stored(layout, node_id)) is not None}
    missing = [node.id for node in graph.ordered_nodes() if node.id not in known]
    if not missing:
        return known
    return {**known, **_beside(graph, missing, known, size, port)}


def stored(layout: Layout, node_id: str) -> Point | None:
    """The place the layout gives a node, if it can be drawn there."""
    place = layout.nodes.get(node_id)
    return place if believable(place) else None


def port_heights_of(blocks: Mapping[str, BlockItem]) -> PortHeight:
    """How far below the tops of these blocks their ports sit."""

    def height(node_id: str, side: str, port: str) -> float:
        item = blocks.get(node_id)
        places = item.ports() if item is not None else ()
        return next((place.y() for key, place in places if key == (side, port)), HEAD / 2)

    return height


def _beside(
    graph: Graph,
    missing: Iterable[str],
    known: Mapping[str, Point],
    size: Callable[[str], Size],
    port: PortHeight | None,
) -> dict[str, Point]:
    """The missing ones laid out by themselves, below the others."""
    chosen = frozenset(missing)
    part = graph
    if known:
        part = Graph.of(
            (node for node in graph.ordered_nodes() if node.id in chosen),
            (wire for wire in graph.wires() if wire.from_node in chosen and wire.to_node in chosen),
        )
    found = layered(part, size, port)
    if not known:
        return found
    left = min(x for x, _ in known.values())
    bottom = max(y + size(node_id)[1] for node_id, (_, y) in known.items()) + 2 * ROOM
    dx, dy = snapped(left), snapped(bottom)
    return {node_id: (x + dx, y + dy) for node_id, (x, y) in found.items()}


def free_place(wanted: QPointF, size: Size, taken: Callable[[QRectF], bool]) -> QPointF:
    """The first place on the grid from `wanted` downwards, then to the right, where a block of that size is free."""
    x, y = snapped(wanted.x()), snapped(wanted.y())
    step_y, step_x = snapped(size[1] / 2 + ROOM) or GRID, snapped(size[0] + 2 * ROOM)
    for column in range(8):
        for row in range(16):
            place = QPointF(x + column * step_x, y + row * step_y)
            if not taken(QRectF(place.x(), place.y(), *size).adjusted(-ROOM, -ROOM, ROOM, ROOM)):
                return place
    return QPointF(x, y)
