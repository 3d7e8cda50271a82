"""A new block put into a wire, with room made for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, final

from engine import edits
from engine.graph import EMPTY, Graph, Point, Project, Touched, Wire

STEP: Final = 248.0
"""From the left edge of a block to that of the next, with room for a wire between them."""
SPACING: Final = 72.0
"""Least distance between a block in a wire and those at its ends."""
Steps = tuple[float, float]
"""From the left edge of the wire's first block to that of the one put in, and from there to that of the wire's last."""
LEVEL: Final = 120.0
"""Blocks whose tops differ by less stand in one row, where the next one has to make room."""


@final
@dataclass(frozen=True, slots=True)
class Inserted:
    """What became of the project: ids whose plan may differ, ids that moved, and the new block's."""

    project: Project
    touched: Touched
    moved: Touched
    node_id: str


def steps(*widths: float) -> Steps:
    """How far apart blocks stand of which the first two are so wide."""
    first, second = (max(STEP, -(-(width + SPACING) // 8) * 8) for width in widths)
    return first, second


def insert_block(
    project: Project,
    kind: str,
    wire: Wire,
    params: Mapping[str, Any] = EMPTY,
    at: Point | None = None,
    *,
    apart: Steps = (STEP, STEP),
) -> Inserted:
    """A new block half way along a wire, or at a place; what comes after it moves right by as much as it needs.

    Raises:
        GraphError: blocks of that kind have no input or no output.
    """
    project, at, moved = _make_room(project, wire, at, apart)
    project, touched, node_id = edits.add_node(project, kind, at, params=params)
    if not _placed(project, wire):
        layout = replace(project.layout, nodes=project.layout.nodes.discard(node_id))
        project = replace(project, layout=layout)
    project, more = edits.insert_on_wire(project, node_id, wire, split=_dots_before(wire, at))
    return Inserted(project, touched | more, moved | {node_id}, node_id)


def insert_existing(project: Project, node_id: str, wire: Wire, at: Point, *, apart: Steps = (STEP, STEP)) -> Inserted:
    """A block that is there put into a wire at a place; what comes after it moves right by as much as it needs.

    Raises:
        GraphError: the block has no input or no output, or is at an end of the wire.
    """
    project, at, moved = _make_room(project, wire, at, apart)
    project, _ = edits.move_nodes(project, {node_id: at})
    project, touched = edits.insert_on_wire(project, node_id, wire, split=_dots_before(wire, at))
    return Inserted(project, touched, moved | {node_id}, node_id)


def _placed(project: Project, wire: Wire) -> bool:
    return wire.from_node in project.layout.nodes and wire.to_node in project.layout.nodes


def _dots_before(wire: Wire, at: Point) -> int:
    return sum(1 for x, _ in wire.via if x < at[0] + STEP / 2)


def _make_room(project: Project, wire: Wire, wanted: Point | None, apart: Steps) -> tuple[Project, Point, Touched]:
    """Where the block goes, and what moves out of its way: its successors, all by the same step."""
    places = project.layout.nodes
    start, end = places.get(wire.from_node), places.get(wire.to_node)
    if start is None or end is None:
        return project, wanted or (0.0, 0.0), frozenset()
    forwards, moved = start[0] < end[0], frozenset[str]()
    # Half way between what is free: behind a wide block the middle lies further right.
    x, y = wanted or ((start[0] + end[0] + apart[0] - apart[1]) / 2, (start[1] + end[1]) / 2)
    beside = [abs(place[1] - y) < LEVEL for place in (start, end)]
    if forwards and wanted is not None and beside[0]:
        x = max(x, start[0] + apart[0])
    short = x + apart[1] - end[0] if wanted is not None else sum(apart) - (end[0] - start[0])
    if forwards and short > 0 and (wanted is None or beside[1]):
        x = x if wanted is not None else start[0] + apart[0]
        after = [node_id for node_id in _after(project.graph, wire.to_node) if node_id in places]
        shifted = {each: (places[each][0] + short, places[each][1]) for each in after if places[each][0] > start[0]}
        project, _ = edits.move_nodes(project, shifted)
        moved = frozenset(shifted)
    return project, (round(x / 8) * 8.0, round(y / 8) * 8.0), moved


def _after(graph: Graph, start: str) -> set[str]:
    """The node and every one that reads from it, directly or not."""
    found, waiting = {start}, deque([start])
    while waiting:
        for wire in graph.wires_out_of(waiting.popleft()):
            if wire.to_node not in found:
                found.add(wire.to_node)
                waiting.append(wire.to_node)
    return found
