"""Places for blocks that have none: layers from left to right. Iterative and linear but for sorting within layers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Final

from engine.graph import Graph, Point

Size = tuple[float, float]
GAP_X: Final = 88.0
"""Room between layers, for a wire's shape label."""
GAP_Y: Final = 40.0
GRID: Final = 8.0
SWEEPS: Final = 4


def layered(graph: Graph, size: Callable[[str], Size]) -> dict[str, Point]:
    """A place for every node: upper left corners, the first layer at x = 0.

    A node lies right of everything it reads from; data that are read only far right move there. Nodes in a loop are
    placed as if the wire that closes it were not there.
    """
    if not len(graph):
        return {}
    before, after = _neighbours(graph)
    layer = _layers(before, after)
    columns = _columns(layer)
    places = _rows(columns, before, after, size)
    x, found = 0.0, dict[str, Point]()
    for column in columns:
        for node_id in column:
            found[node_id] = (x, places[node_id])
        x = _on_grid(x + max(size(node_id)[0] for node_id in column) + GAP_X)
    top = min(y for _, y in found.values())
    return {node_id: (x, _on_grid(y - top)) for node_id, (x, y) in found.items()}


def _on_grid(value: float) -> float:
    return round(value / GRID) * GRID


def _neighbours(graph: Graph) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Sources and readers of each node, in file order, without the wires that close loops."""
    order = [node.id for node in graph.ordered_nodes()]
    back = _closing(graph, order)
    before: dict[str, list[str]] = {node_id: [] for node_id in order}
    after: dict[str, list[str]] = {node_id: [] for node_id in order}
    for wire in graph.wires():
        if (wire.from_node, wire.to_node) not in back:
            before[wire.to_node].append(wire.from_node)
            after[wire.from_node].append(wire.to_node)
    return before, after


def _closing(graph: Graph, order: Sequence[str]) -> set[tuple[str, str]]:
    """The wires that lead back into the path they came from, by depth-first search without recursion."""
    state: dict[str, int] = {}
    back: set[tuple[str, str]] = set()
    for root in order:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(graph.wires_out_of(root)))]
        while stack:
            node_id, wires = stack[-1]
            for wire in wires:
                seen = state.get(wire.to_node)
                if seen == 1:
                    back.add((node_id, wire.to_node))
                elif seen is None:
                    state[wire.to_node] = 1
                    stack.append((wire.to_node, iter(graph.wires_out_of(wire.to_node))))
                    break
            else:
                state[node_id] = 2
                stack.pop()
    return back


def _layers(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> dict[str, int]:
    """The longest way from a node without sources; nodes without sources stand just left of their first reader."""
    waiting = {node_id: len(sources) for node_id, sources in before.items()}
    ready = deque(node_id for node_id, count in waiting.items() if not count)
    layer = dict.fromkeys(before, 0)
    while ready:
        node_id = ready.popleft()
        for reader in after[node_id]:
            layer[reader] = max(layer[reader], layer[node_id] + 1)
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    for node_id, sources in before.items():
        if not sources and after[node_id]:
            layer[node_id] = min(layer[reader] for reader in after[node_id]) - 1
    lowest = min(layer.values())
    return {node_id: value - lowest for node_id, value in layer.items()}


def _columns(layer: Mapping[str, int]) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(max(layer.values()) + 1)]
    for node_id, index in layer.items():
        columns[index].append(node_id)
    return [column for column in columns if column]


def _rows(
    columns: Sequence[list[str]],
    before: Mapping[str, list[str]],
    after: Mapping[str, list[str]],
    size: Callable[[str], Size],
) -> dict[str, float]:
    """Tops of the nodes: sweeps to and fro, each node as near to the middle of its neighbours as its column allows."""
    top: dict[str, float] = {}
    for column in columns:
        y = 0.0
        for node_id in column:
            top[node_id] = y
            y += size(node_id)[1] + GAP_Y
    for sweep in range(SWEEPS):
        neighbours, ordered = (before, columns) if sweep % 2 == 0 else (after, list(reversed(columns)))
        for column in ordered:
            wanted = {
                node_id: median(top[other] for other in neighbours[node_id]) if neighbours[node_id] else top[node_id]
                for node_id in column
            }
            column.sort(key=lambda node_id, wanted=wanted: wanted[node_id])  # type: ignore[misc]
            _spread(column, wanted, top, size)
    return top


def _spread(
    column: Sequence[str], wanted: Mapping[str, float], top: dict[str, float], size: Callable[[str], Size]
) -> None:
    """Put a column's nodes where they want to be, pushed apart by as little as keeps them from overlapping."""
    blocks: list[tuple[float, float, list[str]]] = []  # (top, height, nodes) of runs that touch
    for node_id in column:
        place, height, nodes = wanted[node_id], size(node_id)[1] + GAP_Y, [node_id]
        while blocks and blocks[-1][0] + blocks[-1][1] > place:
            above, above_height, above_nodes = blocks.pop()
            weight = len(above_nodes) / (len(above_nodes) + len(nodes))
            place = above * weight + (place - above_height) * (1 - weight)
            height, nodes = above_height + height, above_nodes + nodes
        blocks.append((place, height, nodes))
    for place, _, nodes in blocks:
        y = place
        for node_id in nodes:
            top[node_id] = y
            y += size(node_id)[1] + GAP_Y
