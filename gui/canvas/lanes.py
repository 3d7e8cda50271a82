"""Which wires run in which lanes, so that two of them do not run in one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, final

from gui.canvas.routing import BESIDE, Route
from gui.canvas.wire_item import Ends

_WIDTH: Final = 512.0
Cell = tuple[int, int]


@final
class Lanes:
    """The level parts of routed wires, in cells of a coarse grid."""

    def __init__(self) -> None:
        self._routes: dict[Ends, Route] = {}
        self._cells: dict[Cell, set[Ends]] = {}

    def put(self, ends: Ends, route: Route | None) -> None:
        """A wire runs there now; None: it needs no lane."""
        old = self._routes.pop(ends, None)
        if old is not None:
            for cell in _cells(old.left, old.right, old.lane):
                self._cells[cell].discard(ends)
        if route is not None:
            self._routes[ends] = route
            for cell in _cells(route.left, route.right, route.lane):
                self._cells.setdefault(cell, set()).add(ends)

    def move(self, dx: float, dy: float) -> None:
        """All wires run elsewhere now, as they are."""
        routes, self._routes, self._cells = self._routes, {}, {}
        for ends, route in routes.items():
            self.put(ends, route.moved(dx, dy))

    def is_taken(self, ends: Ends, left: float, right: float, lane: float) -> bool:
        """Whether another wire than that one runs there, or too near; wires of one output may run together."""
        for column, row in _cells(left, right, lane):
            for near in (row - 1, row, row + 1):
                for other in self._cells.get((column, near), ()):
                    route = self._routes[other]
                    apart = abs(route.lane - lane) >= BESIDE or route.right <= left or route.left >= right
                    if not apart and other[:2] != ends[:2]:
                        return True
        return False


def _cells(left: float, right: float, lane: float) -> Iterator[Cell]:
    row = math.floor(lane / BESIDE)
    for column in range(math.floor(left / _WIDTH), math.floor(right / _WIDTH) + 1):
        yield (column, row)
