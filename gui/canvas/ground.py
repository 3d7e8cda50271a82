"""Where blocks stand, in cells of a coarse grid: what a wire would cross is looked up along its way."""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Collection, Iterable
from itertools import chain
from typing import Final, final

from PySide6.QtCore import QRectF

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""
Spot = tuple[float, float]

CELL: Final = 256.0
_FEW_CELLS: Final = 12
"""What spans more cells is not looked at in a hurry."""
_MOST_CELLS: Final = 512
"""What spans more cells than this is not looked at: no wire that long is followed by eye."""


@final
class Ground:
    """The boxes of blocks by cell.

    Attributes:
        boxes: of all blocks, by their ids.
    """

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self._cells: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
        self._edges: Box | None = None
        self._stirred: Box | None = None
        self._asked: dict[tuple[float, float, float, float], list[Box]] = {}
        """What lies along which lines: wires that run back in rows ask for the same heights, one after the other."""

    def __len__(self) -> int:
        return len(self.boxes)

    def __contains__(self, node_id: str) -> bool:
        return node_id in self.boxes

    def put(self, node_id: str, box: Box) -> None:
        """A block stands there now."""
        old = self.boxes.get(node_id)
        if old is not None:
            if old == box:
                return
            self.drop(node_id)
        self.boxes[node_id] = box
        if self._edges is not None:
            self._edges = _around(self._edges, box)
        for cell in _cells(box):
            self._cells[cell].add(node_id)
        self._stir(box)

    def fill(self, boxes: Iterable[tuple[str, Box]]) -> None:
        """Many blocks stand there now, of which none stood anywhere: that stirs nothing."""
        for node_id, box in boxes:
            self.boxes[node_id] = box
            for cell in _cells(box):
                self._cells[cell].add(node_id)
        self._edges = None
        self._asked.clear()

    def drop(self, node_id: str) -> None:
        """It is gone."""
        box = self.boxes.pop(node_id, None)
        if box is None:
            return
        if self._edges is not None and any(map(operator.eq, box, self._edges)):
            self._edges = None  # it held that edge: who holds it now is looked up when somebody asks
        for cell in _cells(box):
            self._cells[cell].discard(node_id)
        self._stir(box)

    def move(self, dx: float, dy: float) -> None:
        """Everything stands elsewhere now, as it is: that stirs nothing."""
        boxes, self.boxes = self.boxes, {}
        self._cells.clear()
        self.fill(
            (name, (left + dx, top + dy, right + dx, bottom + dy)) for name, (left, top, right, bottom) in boxes.items()
        )

    def _stir(self, box: Box) -> None:
        self._stirred = box if self._stirred is None else _around(self._stirred, box)
        self._asked.clear()

    def extent(self) -> QRectF:
        """What all blocks cover."""
        if not self.boxes:
            return QRectF()
        if self._edges is None:
            lefts, tops, rights, bottoms = zip(*self.boxes.values(), strict=True)
            self._edges = (min(lefts), min(tops), max(rights), max(bottoms))
        return _rect(self._edges)

    def settle(self) -> QRectF:
        """Everything that was taken up or put down since the last time."""
        box, self._stirred = self._stirred, None
        return QRectF() if box is None else _rect(box)

    def is_free(self, start: Spot, end: Spot, apart: float, own: Collection[str]) -> bool:
        """Whether nothing but these blocks comes nearer than that to the box between two places. No for large boxes."""
        (left, top), (right, bottom) = start, end
        if left > right:
            left, right = right, left
        if top > bottom:
            top, bottom = bottom, top
        left, top, right, bottom = left - apart, top - apart, right + apart, bottom + apart
        first, last = math.floor(left / CELL), math.floor(right / CELL)
        high, low = math.floor(top / CELL), math.floor(bottom / CELL)
        if (last - first + 1) * (low - high + 1) > _FEW_CELLS:
            return False
        for column in range(first, last + 1):
            for row in range(high, low + 1):
                for name in self._cells.get((column, row), ()):
                    if name in own:
                        continue
                    box = self.boxes[name]
                    if box[0] < right and box[2] > left and box[1] < bottom and box[3] > top:
                        return False
        return True

    def is_taken(self, area: Box) -> bool:
        """Whether any block reaches into that box."""
        left, top, right, bottom = area
        names = chain.from_iterable(self._cells.get(cell, ()) for cell in _cells(area))
        boxes = map(self.boxes.__getitem__, names)
        return any(box[0] < right and box[2] > left and box[1] < bottom and box[3] > top for box in boxes)

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
        key = (left, right, y, apart)
        known = self._asked.get(key)
        if known is None:
            known = self._asked[key] = self._along(left, right, y - apart, y + apart)
        return known

    def _along(self, left: float, right: float, top: float, bottom: float) -> list[Box]:
        boxes, found = self.boxes, dict[str, Box]()
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


def _around(one: Box, other: Box) -> Box:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def _rect(box: Box) -> QRectF:
    return QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1])


def _cells(box: Box) -> list[tuple[int, int]]:
    left, top = math.floor(box[0] / CELL), math.floor(box[1] / CELL)
    right, bottom = math.floor(box[2] / CELL), math.floor(box[3] / CELL)
    if left == right and top == bottom:
        return [(left, top)]
    if (right - left + 1) * (bottom - top + 1) > _MOST_CELLS:
        return []
    return [(column, row) for column in range(left, right + 1) for row in range(top, bottom + 1)]
