"""Automatic layout: layers in the direction of the data, after Sugiyama. One implementation for files and for the menu.

The cost grows about linearly with blocks and wires. The same graph in the same places gives the same layout, and
laying out what this laid out anew moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from statistics import median_low
from typing import Final

from engine.graph import Graph, Point
from gui.canvas.layout.folding import ROW_GAP, Columns, breaks
from gui.canvas.layout.lanes import Lanes
from gui.canvas.layout.layering import components, layers, neighbours
from gui.canvas.layout.ordering import ordered
from gui.canvas.layout.sheet import Direction, PortHeight, Sheet, Size
from gui.canvas.layout.threads import GAP, across

LAYER_GAP: Final = 88.0
"""Room between layers, for a wire's shape label."""
GRID: Final = 8.0
_MOST: Final = 100_000.0
_APART: Final = 72.0
_LINE: Final = 1600.0
"""Blocks without wires stand in lines of at least this length."""

Places = dict[int, Point]
"""Vertex -> upper left corner, (along, across)."""


def layered(
    graph: Graph,
    size: Callable[[str], Size],
    port: PortHeight | None = None,
    now: Mapping[str, Point] | None = None,
    direction: Direction = "right",
    room: Size | None = None,
) -> dict[str, Point]:
    """A place for every node: upper left corners, on the grid.

    A node lies behind everything it reads from; data that are read only far on stand there. Nodes in a loop are placed
    as if the wire that closes it were not there. What is long and slim goes on in further rows, as text does.

    Args:
        graph: nodes and wires.
        size: width and height of a node.
        port: how far below a node's top a port sits.
        now: where nodes are: their order is kept where that costs no crossings, and most of them stay where they are.
            Without it the layout begins at (0, 0).
        direction: where the layers follow each other to.
        room: width and height of what can be seen at once and read. What is longer goes on in further rows if that
            makes all of it readable.
    """
    if not len(graph):
        return {}
    sheet = Sheet(graph, size, port, now, direction, room)
    found = _arranged(sheet)
    along, sideways = _anchor(sheet, found)
    return {sheet.ids[node]: sheet.turned_back(place[0] + along, place[1] + sideways) for node, place in found.items()}


def _arranged(sheet: Sheet) -> Places:
    before, after = neighbours(len(sheet.ids), ((cord.source, cord.target) for cord in sheet.cords))
    layer, rest = layers(before, after)
    lots = components(before, after)
    lanes = Lanes(sheet, layer)
    found: Places = {}
    far, depth = 0.0, 0.0
    for lot in _in_order(sheet, [lot for lot in lots if len(lot) > 1]):
        part, length, breadth = _component(sheet, lanes, lot, rest)
        found.update({node: (place[0], place[1] + depth) for node, place in part.items()})
        far, depth = max(far, length), depth + _up(breadth + _APART)
    found.update(_in_lines(sheet, [lot[0] for lot in lots if len(lot) == 1], max(far, _LINE), depth))
    return found


def _in_order(sheet: Sheet, lots: list[list[int]]) -> list[list[int]]:
    """Components as they stand below each other now; new ones come last."""

    def top(lot: Sequence[int]) -> float:
        return min((place[1] for node in lot if (place := sheet.now[node]) is not None), default=_MOST)

    return sorted(lots, key=top)


def _component(sheet: Sheet, lanes: Lanes, lot: Sequence[int], rest: Sequence[int]) -> tuple[Places, float, float]:
    """Places from (0, 0) on, length and breadth."""
    rows = ordered(lanes, sheet, lot, rest)
    line = across(rows, lanes, rest)
    starts: list[float] = []
    length = 0.0
    for row in rows:
        starts.append(length)
        length = _up(length + max((sheet.along[node] for node in row if node < lanes.blocks), default=0.0) + LAYER_GAP)
    places = {
        node: (starts[index], (line[node] - sheet.hook[node]))
        for index, row in enumerate(rows)
        for node in row
        if node < lanes.blocks
    }
    top = min(place[1] for place in places.values())
    breadth = max(place[1] + sheet.across[node] for node, place in places.items()) - top
    columns = Columns([[node for node in row if node in places] for row in rows], starts, length)
    begins = breaks(columns, breadth, sheet)
    if len(begins) > 1:
        length = _fold(places, columns, begins, sheet)
        top = min(place[1] for place in places.values())
    placed = {node: (place[0], _down(place[1] - top)) for node, place in places.items()}
    return placed, length, max(place[1] + sheet.across[node] for node, place in placed.items())


def _fold(places: Places, columns: Columns, begins: Sequence[int], sheet: Sheet) -> float:
    """Break a long layout into rows below each other; the length of the longest."""
    depth, longest = 0.0, 0.0
    for begin, end in pairwise([*begins, len(columns.rows)]):
        nodes = [node for row in columns.rows[begin:end] for node in row]
        top, left = min(places[node][1] for node in nodes), columns.starts[begin]
        for node in nodes:
            x, y = places[node]
            places[node] = (x - left, y - top + depth)
        longest = max(longest, *(places[node][0] + sheet.along[node] for node in nodes))
        depth = _up(max(places[node][1] + sheet.across[node] for node in nodes) + ROW_GAP)
    return longest


def _in_lines(sheet: Sheet, nodes: Sequence[int], length: float, depth: float) -> Places:
    """Blocks without wires, in lines one below the other."""
    found: Places = {}
    at, high = 0.0, 0.0
    for node in nodes:
        if at and at + sheet.along[node] > length:
            at, depth, high = 0.0, _up(depth + high + GAP), 0.0
        found[node] = (at, depth)
        at = _up(at + sheet.along[node] + GAP)
        high = max(high, sheet.across[node])
    return found


def _anchor(sheet: Sheet, found: Places) -> Point:
    """How far to move everything so that as many blocks as can be stay where they are."""
    stays = [(place, found[node]) for node, place in enumerate(sheet.now) if place is not None]
    if not stays:
        return (0.0, 0.0)
    shift = []
    for axis in (0, 1):
        wanted = _near(median_low(place[axis] - new[axis] for place, new in stays))
        low = -_MOST - min(place[axis] for place in found.values())
        high = _MOST - max(place[axis] for place in found.values())
        shift.append(_near(min(max(wanted, low), high)))
    return (shift[0], shift[1])


def _near(value: float) -> float:
    return round(value / GRID) * GRID


def _up(value: float) -> float:
    return -(-value // GRID) * GRID


def _down(value: float) -> float:
    return value // GRID * GRID
