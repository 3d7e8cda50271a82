"""The way through what the pointer is on, or what is selected: back to the data and on to the loss."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, final

from PySide6.QtWidgets import QWidget

from engine.graph import Graph
from gui.canvas.block_item import BlockItem
from gui.canvas.look import Detail
from gui.canvas.stage import Stage
from gui.canvas.wire_item import Ends, WireItem

Way = tuple[frozenset[str], frozenset[Ends]]
"""Blocks and wires."""
_ONE_BY_ONE: Final = 64
"""Of more blocks and wires than these it is quicker to paint all that is in view."""
NO_WAY: Way = (frozenset(), frozenset())


def way_through(graph: Graph, nodes: Iterable[str], wires: Iterable[Ends] = ()) -> Way:
    """All that these nodes and wires depend on, and all that depends on them; each node is looked at once a side."""
    nodes, wires = frozenset(node_id for node_id in nodes if node_id in graph), frozenset(wires)
    blocks, lines = set(nodes), set(wires)
    for upstream in (True, False):
        seen = set(nodes) | {ends[0] if upstream else ends[2] for ends in wires}
        waiting = deque(seen)
        while waiting:
            node_id = waiting.popleft()
            for wire in graph.wires_into(node_id) if upstream else graph.wires_out_of(node_id):
                lines.add(wire.ends)
                other = wire.from_node if upstream else wire.to_node
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        blocks |= seen
    return frozenset(blocks), frozenset(lines)


@final
class Trail:
    """Highlights that way. Items ask `look` when they are painted, so that a change costs one repaint."""

    def __init__(self, stage: Stage, viewport: QWidget) -> None:
        self._stage = stage
        self._viewport = viewport
        self._seen: tuple[object, object, object] | None = None

    def follow(self, block: BlockItem | None, wire: WireItem | None) -> None:
        """The pointer is on this block or wire; on neither, what is selected counts."""
        stage, look = self._stage, self._stage.scene.look
        nodes: frozenset[str] = frozenset()
        wires: frozenset[Ends] = frozenset()
        if block is not None:
            nodes = frozenset({block.node_id})
        elif wire is not None:
            wires = frozenset({wire.wire.ends})
        else:
            nodes, chosen = stage.selection.ids, stage.scene.wires
            wires = chosen.chosen | {ends for ends, _ in chosen.dots}
        graph = stage.document.project.graph
        if self._seen is not None and self._seen[0] is graph.into and self._seen[1:] == (nodes, wires):
            return
        self._seen = (graph.into, nodes, wires)
        way = way_through(graph, nodes, wires) if nodes or wires else NO_WAY
        others = way[0] ^ look.path_blocks, way[1] ^ look.path_wires
        if any(others):
            look.path_blocks, look.path_wires = way
            self._repaint(*others)

    def _repaint(self, blocks: frozenset[str], wires: frozenset[Ends]) -> None:
        """Paint what is on the way now, or no longer."""
        scene = self._stage.scene
        if len(blocks) + len(wires) > _ONE_BY_ONE or scene.look.detail is Detail.SHAPES:
            self._viewport.update()
            return
        for item in (*map(scene.blocks.get, blocks), *map(scene.wires.items.get, wires)):
            if item is not None:
                item.update()
