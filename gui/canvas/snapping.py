"""Snapping of moved blocks: edge to edge with a neighbour where one is near, to the grid elsewhere."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Final, final

from PySide6.QtCore import QLineF, QPointF, QRectF

from gui.canvas.geometry import snapped

REACH: Final = 6.0
"""How near an edge has to come to another to snap to it, in pixels on the screen."""
FAR: Final = 600.0
"""Neighbours further away along the guide line do not count: a line across the whole drawing explains nothing."""
_TAIL: Final = 16.0

Edge = tuple[float, QRectF]
_EDGES_X: Final[tuple[Callable[[QRectF], float], ...]] = (QRectF.left, QRectF.right)
_EDGES_Y: Final[tuple[Callable[[QRectF], float], ...]] = (QRectF.top, QRectF.bottom)


@final
class Snapping:
    """Knows the edges of all blocks that stay where they are, sorted, so that a move looks up only those near it."""

    def __init__(self, areas: Iterable[QRectF]) -> None:
        boxes = list(areas)
        self._x = [(edge, _sorted(boxes, edge)) for edge in _EDGES_X]
        self._y = [(edge, _sorted(boxes, edge)) for edge in _EDGES_Y]

    def snap(self, area: QRectF, scale: float) -> tuple[QPointF, tuple[QLineF, ...]]:
        """What to add to the place of a moved block, and the guide lines that show why."""
        reach = REACH / scale
        dx, column = _nearest(self._x, area, reach, _gap_down)
        dy, row = _nearest(self._y, area, reach, _gap_across)
        if column is None:
            dx = snapped(area.left()) - area.left()
        if row is None:
            dy = snapped(area.top()) - area.top()
        landed = area.translated(dx, dy)
        guides: list[QLineF] = []
        if column is not None:
            x, both = column[0], landed.united(column[1])
            guides.append(QLineF(x, both.top() - _TAIL, x, both.bottom() + _TAIL))
        if row is not None:
            y, both = row[0], landed.united(row[1])
            guides.append(QLineF(both.left() - _TAIL, y, both.right() + _TAIL, y))
        return QPointF(dx, dy), tuple(guides)


def _sorted(boxes: Iterable[QRectF], edge: Callable[[QRectF], float]) -> list[Edge]:
    return sorted(((edge(box), box) for box in boxes), key=_place)


def _place(edge: Edge) -> float:
    return edge[0]


def _nearest(
    sides: Iterable[tuple[Callable[[QRectF], float], list[Edge]]],
    area: QRectF,
    reach: float,
    gap: Callable[[QRectF, QRectF], float],
) -> tuple[float, Edge | None]:
    """The smallest step that puts an edge of the block on the same edge of a neighbour, and that edge."""
    found: tuple[float, float, float, Edge] | None = None
    for edge, edges in sides:
        own = edge(area)
        index = bisect_left(edges, own - reach, key=_place)
        while index < len(edges) and edges[index][0] <= own + reach:
            place, other = edges[index]
            index += 1
            away = gap(area, other)
            rank = (abs(place - own), away)
            if away <= FAR and (found is None or rank < found[:2]):
                found = (*rank, place - own, (place, other))
    return (found[2], found[3]) if found is not None else (0.0, None)


def _gap_down(area: QRectF, other: QRectF) -> float:
    return max(0.0, other.top() - area.bottom(), area.top() - other.bottom())


def _gap_across(area: QRectF, other: QRectF) -> float:
    return max(0.0, other.left() - area.right(), area.left() - other.right())
