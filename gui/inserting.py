"""A new block put into a wire, with room made for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

from engine import edits
from engine.graph import EMPTY, Graph, Project, Touched, Wire

STEP: Final = 248.0
"""From the left edge of a block to that of the next, with room for a wire between them."""


@final
@dataclass(frozen=True, slots=True)
class Inserted:
    """What became of the project: ids whose plan may differ, ids that moved, and the new block's."""

    project: Project
    touched: Touched
    moved: Touched
    node_id: str


def insert_block(project: Project, kind: str, wire: Wire, params: Mapping[str, Any] = EMPTY) -> Inserted:
    """A new block half way along a wire; what comes after it moves right by as much as it needs.

    Raises:
        GraphError: blocks of that kind have no input or no output.
    """
    places = project.layout.nodes
    start, end = places.get(wire.from_node), places.get(wire.to_node)
    moved: Touched = frozenset()
    at = (0.0, 0.0)
    if start is not None and end is not None:
        at = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        short = 2 * STEP - (end[0] - start[0])
        if start[0] < end[0] and short > 0:
            at = (start[0] + STEP, at[1])
            after = {node_id: places[node_id] for node_id in _after(project.graph, wire.to_node) if node_id in places}
            shifted = {node_id: (x + short, y) for node_id, (x, y) in after.items() if x > start[0]}
            project, _ = edits.move_nodes(project, shifted)
            moved = frozenset(shifted)
        at = (round(at[0] / 8) * 8.0, round(at[1] / 8) * 8.0)
    project, touched, node_id = edits.add_node(project, kind, at, params=params)
    if start is None or end is None:
        layout = replace(project.layout, nodes=project.layout.nodes.discard(node_id))
        project = replace(project, layout=layout)
    project, more = edits.insert_on_wire(project, node_id, wire)
    return Inserted(project, touched | more, moved | {node_id}, node_id)


def _after(graph: Graph, start: str) -> set[str]:
    """The node and every one that reads from it, directly or not."""
    found, waiting = {start}, deque([start])
    while waiting:
        for wire in graph.wires_out_of(waiting.popleft()):
            if wire.to_node not in found:
                found.add(wire.to_node)
                waiting.append(wire.to_node)
    return found
