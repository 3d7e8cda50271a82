"""Measures of the canvas in scene units, which are pixels at 100 %: where ports sit and how wires run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath

from gui.canvas.curves import plain, through, to_path

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


def wire_path(start: QPointF, end: QPointF, via: Sequence[tuple[float, float]] = ()) -> QPainterPath:
    """A smooth curve that leaves an output to the right and enters an input from the left, through dots if any."""
    begin, last = (start.x(), start.y()), (end.x(), end.y())
    return to_path(through(begin, via, last) if via else plain(begin, last))


def corners_of(path: QPainterPath) -> list[tuple[float, float]]:
    """A curve as short straight lines."""
    return [(corner.x(), corner.y()) for polygon in path.toSubpathPolygons() for corner in polygon.toList()]


def distance_from(corners: Sequence[tuple[float, float]], point: QPointF) -> float:
    """Distance of a point from a line with corners."""
    nearest = math.inf
    px, py = point.x(), point.y()
    for (ax, ay), (bx, by) in pairwise(corners):
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        along = 0.0 if length == 0 else min(max(((px - ax) * dx + (py - ay) * dy) / length, 0.0), 1.0)
        nearest = min(nearest, math.hypot(px - ax - along * dx, py - ay - along * dy))
    return nearest


def believable(point: tuple[float, float] | None) -> bool:
    """Whether a place from a file can be drawn."""
    return point is not None and -FAR <= point[0] <= FAR and -FAR <= point[1] <= FAR  # which no NaN is


def around(point: QPointF, radius: float) -> QRectF:
    """The square with that centre."""
    return QRectF(point.x() - radius, point.y() - radius, 2 * radius, 2 * radius)
