"""Where blocks stand, in cells of a coarse grid: what a wire would cross is looked up along its way."""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Iterable, Iterator
from typing import Final, final

from PySide6.QtCore import QRectF

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Spot = tuple[float, float]

CELL: Final = 256.0
_MOST_CELLS: Final = 512
"""What spans more cells than this is not looked at: no wire that long is followed by eye."""


@final
class Ground:
    """The boxes of blocks by cell.

    Attributes:
        boxes: of all blocks, by their ids.
        stirred: everything that was taken up or put down since `settle`.
    """

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self._cells: dict[tuple[int, int], set[str]] = {}
        self._edges: Box | None = None
        self.stirred = QRectF()

    def __len__(self) -> int:
        return len(self.boxes)

    def __contains__(self, node_id: str) -> bool:
        return node_id in self.boxes

    def put(self, node_id: str, area: QRectF) -> None:
        """A block stands there now."""
        box = (area.left(), area.top(), area.right(), area.bottom())
        if self.boxes.get(node_id) == box:
            return
        self.drop(node_id)
        self.boxes[node_id] = box
        if self._edges is not None:
            left, top, right, bottom = self._edges
            self._edges = (min(left, box[0]), min(top, box[1]), max(right, box[2]), max(bottom, box[3]))
        for cell in _cells(box):
            self._cells.setdefault(cell, set()).add(node_id)
        self.stirred = self.stirred.united(area)

    def drop(self, node_id: str) -> None:
        """It is gone."""
        box = self.boxes.pop(node_id, None)
        if box is None:
            return
        if self._edges is not None and any(map(operator.eq, box, self._edges)):
            self._edges = None  # it held that edge: who holds it now is looked up when somebody asks
        for cell in _cells(box):
            self._cells[cell].discard(node_id)
        self.stirred = self.stirred.united(QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1]))

    def extent(self) -> QRectF:
        """What all blocks cover."""
        if not self.boxes:
            return QRectF()
        if self._edges is None:
            lefts, tops, rights, bottoms = zip(*self.boxes.values(), strict=True)
            self._edges = (min(lefts), min(tops), max(rights), max(bottoms))
        left, top, right, bottom = self._edges
        return QRectF(left, top, right - left, bottom - top)

    def settle(self) -> QRectF:
        """What was stirred, once."""
        area, self.stirred = self.stirred, QRectF()
        return area

    def crossed(self, points: Iterable[Spot], apart: float, but: Collection[str] = ()) -> dict[str, Box]:
        """The boxes that come nearer than that to any of the points."""
        found: dict[str, Box] = {}
        boxes, cells = self.boxes, self._cells
        for x, y in points:
            for node_id in cells.get((math.floor(x / CELL), math.floor(y / CELL)), ()):
                if node_id not in found and node_id not in but:
                    left, top, right, bottom = box = boxes[node_id]
                    if left - apart < x < right + apart and top - apart < y < bottom + apart:
                        found[node_id] = box
        return found

    def along(self, left: float, right: float, y: float, apart: float) -> list[Box]:
        """The boxes that come nearer than that to a level line."""
        top, bottom, boxes, found = y - apart, y + apart, self.boxes, dict[str, Box]()
        first, last = math.floor(left / CELL), math.floor(right / CELL)
        high, low = math.floor(top / CELL), math.floor(bottom / CELL)
        if (last - first + 1) * (low - high + 1) > _MOST_CELLS:
            return []
        # A long wire asks of a hundred cells at each height it may run at: no generator, no call for each.
        cells = self._cells.get
        spots = [(column, row) for row in range(high, low + 1) for column in range(first, last + 1)]
        for names in filter(None, map(cells, spots)):
            for name in names:
                box = boxes[name]  # of a row of blocks few are at that height
                if box[1] < bottom and box[3] > top and box[0] < right and box[2] > left:
                    found[name] = box
        return list(found.values())


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    left, top, right, bottom = (math.floor(value / CELL) for value in box)
    if (right - left + 1) * (bottom - top + 1) > _MOST_CELLS:
        return
    for column in range(left, right + 1):
        for row in range(top, bottom + 1):
            yield (column, row)
