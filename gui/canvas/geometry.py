"""Measures of the canvas in scene units, which are pixels at 100 %: where ports sit and how wires run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

GRID: Final = 8.0
"""Blocks snap to multiples of this."""

RADIUS: Final = 8.0
MIN_WIDTH: Final = 160.0
MAX_WIDTH: Final = 256.0
HEAD: Final = 56.0
"""Height of name and summary, and of a block with at most one port a side."""
ROW: Final = 20.0
"""Height of a labelled port."""
THUMBNAIL: Final = 56.0
"""Height of the picture below, with the space around it."""
STRIP: Final = 4.0
PORT_RADIUS: Final = 5.0
CATCH: Final = 14.0
"""How far from its centre a port is caught, in pixels on the screen."""
MARGIN: Final = 14.0
"""How far a block paints beyond its body: ports, ring of the selection, badge."""

FAR: Final = 100_000.0
"""Places beyond this are not believed; a drawing that large could not be scrolled to."""

_REACH: Final = (28.0, 150.0)
_LOOP: Final = 220.0
_BACK: Final = 48.0
_LANE: Final = 28.0
_LEAST_LANE: Final = 24.0
_TURN: Final = 72.0


def snapped(value: float) -> float:
    """The nearest place on the grid."""
    return round(value / GRID) * GRID


def block_height(inputs: int, outputs: int, thumbnail: bool) -> float:
    """Height of a block with that many ports a side, on the grid."""
    rows = max(inputs, outputs)
    height = HEAD if rows < 2 else math.ceil((HEAD + rows * ROW + 4.0) / GRID) * GRID
    return height + (THUMBNAIL if thumbnail else 0.0)


def port_heights(count: int) -> tuple[float, ...]:
    """Where the ports of one side sit, from the top: a single one beside the name, several below in rows."""
    if count < 2:
        return (HEAD / 2,) * count
    return tuple(HEAD + ROW * (index + 0.5) for index in range(count))


def wire_path(
    start: QPointF, end: QPointF, via: Sequence[tuple[float, float]] = (), lane: float | None = None
) -> QPainterPath:
    """A smooth curve that leaves an output to the right and enters an input from the left.

    Args:
        start: the output.
        end: the input.
        via: places to run through.
        lane: the height at which a wire to the left may run between two rows of blocks, if there is such a lane.
    """
    path = QPainterPath(start)
    if not via and lane is not None:
        _go_back(path, start, end, lane)
        return path
    if not via:
        reach = wire_reach(end.x() - start.x(), end.y() - start.y())
        path.cubicTo(start.x() + reach, start.y(), end.x() - reach, end.y(), end.x(), end.y())
        return path
    points = [start, *(QPointF(x, y) for x, y in via), end]
    # Catmull-Rom: at a bend the curve runs parallel to the line between its neighbours.
    for index in range(len(points) - 1):
        here, there = points[index], points[index + 1]
        reach = min(abs(there.x() - here.x()), 120.0) / 2 + 8.0
        leave = QPointF(reach, 0.0) if index == 0 else (there - points[index - 1]) / 6
        arrive = QPointF(reach, 0.0) if index == len(points) - 2 else (points[index + 2] - here) / 6
        path.cubicTo(here + leave, there - arrive, there)
    return path


def lane_between(start: QRectF, end: QRectF) -> float | None:
    """Where a wire from one block to another further left runs between their rows; None where it need not or cannot.

    It keeps near the row it goes to: blocks differ in height, and rows are aligned at the top.
    """
    if end.left() >= start.right() - _BACK:
        return None
    down, up = end.top() - start.bottom(), start.top() - end.bottom()
    if down >= _LEAST_LANE:
        return end.top() - min(_LANE, down / 2)
    return end.bottom() + min(_LANE, up / 2) if up >= _LEAST_LANE else None


def _go_back(path: QPainterPath, start: QPointF, end: QPointF, lane: float) -> None:
    """Like a line of text to the next: round the corner, back in the lane between the rows, round into the input."""
    # Two thirds make a half circle; it is flatter where it would reach too far.
    out, back = (min(_TURN, abs(lane - place.y()) * 2 / 3) for place in (start, end))
    path.cubicTo(start.x() + out, start.y(), start.x() + out, lane, start.x(), lane)
    path.lineTo(end.x(), lane)
    path.cubicTo(end.x() - back, lane, end.x() - back, end.y(), end.x(), end.y())


def wire_reach(dx: float, dy: float) -> float:
    """How far a wire's handles reach: half way forwards, in a loop of limited size backwards."""
    if dx >= 0:
        return min(max(dx / 2, _REACH[0], min(abs(dy) / 3, 64.0)), max(_REACH[1], dx / 2.5))
    return min(max(_REACH[0], 36.0 - dx * 0.4 + abs(dy) * 0.1), _LOOP)


def distance_to(path: QPainterPath, point: QPointF) -> float:
    """Distance of a point from a curve."""
    nearest = math.inf
    px, py = point.x(), point.y()
    for polygon in path.toSubpathPolygons():
        corners = [(corner.x(), corner.y()) for corner in polygon.toList()]
        for (ax, ay), (bx, by) in pairwise(corners):
            dx, dy = bx - ax, by - ay
            length = dx * dx + dy * dy
            along = 0.0 if length == 0 else min(max(((px - ax) * dx + (py - ay) * dy) / length, 0.0), 1.0)
            nearest = min(nearest, math.hypot(px - ax - along * dx, py - ay - along * dy))
    return nearest


def believable(point: tuple[float, float] | None) -> bool:
    """Whether a place from a file can be drawn."""
    return point is not None and all(math.isfinite(value) and abs(value) <= FAR for value in point)


def around(point: QPointF, radius: float) -> QRectF:
    """The square with that centre."""
    return QRectF(point.x() - radius, point.y() - radius, 2 * radius, 2 * radius)
