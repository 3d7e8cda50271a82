"""A long network in rows below each other, as text goes on in the next line: in one row nobody could read it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Final, final

from gui.canvas.layout.sheet import Direction, Sheet, Size

LONGEST: Final = 90_000.0
"""A row is never longer than this: places far out are not believed."""
LONG: Final = 8_000.0
SLIM: Final = 12.0
"""What is longer than `LONG`, and so many times longer than broad, is folded."""
ROW_GAP: Final = 80.0
"""Room between rows, for the wires that go back to the next one."""
_FOLD: Final = 0.85
_UNFOLD: Final = 1.2
"""One row becomes several where it is shown at less than this part of a readable size, and several one above that."""
_STAY: Final = 0.92
"""Rows that are there stay, though others would show everything larger by a little."""
_WORTH: Final = 1.25
"""Rows that do not make everything so much larger are not worth their long wires."""
_MOST_ROWS: Final = 12
_SHAPE: Final[dict[Direction, float]] = {"right": 2.2, "down": 0.6}
"""How much longer than broad it shall be when it is folded, so that it fills a screen."""
_GIVE: Final = 0.4
"""A row may be longer or shorter by that part, to break where few wires cross."""
_CROSSED: Final = 0.2
"""What a wire that crosses from row to row costs, beside the square of how much too long or short rows are."""
_KEPT: Final = (0.5, 1.5)
"""The present rows stay while they are that long, measured by what would be best."""


@final
class Columns:
    """The layers of a component, one behind the other.

    Attributes:
        starts: where each begins; length: where the last one ends.
    """

    def __init__(self, rows: Sequence[Sequence[int]], starts: Sequence[float], length: float) -> None:
        self.rows = rows
        self.starts = starts
        self.length = length

    def span(self, begin: int, end: int) -> float:
        """How long the layers from `begin` up to `end` are."""
        return (self.starts[end] if end < len(self.starts) else self.length) - self.starts[begin]


def breaks(columns: Columns, breadth: float, sheet: Sheet) -> list[int]:
    """The layers with which rows begin, the first one included; [0] where everything stays in one row."""
    present = _present(columns, sheet)
    count = _rows_wanted(columns.length, breadth, sheet.direction)
    if count < 2 and sheet.room is not None:
        known = len(present) if any(place is not None for place in sheet.now) else 0
        count = _rows_to_read(columns.length, breadth, sheet.room, known)
    if count < 2:
        return [0]
    wanted = columns.length / count
    spans = [columns.span(begin, end) for begin, end in pairwise([*present, len(columns.rows)])]
    if len(present) > 1 and all(wanted * _KEPT[0] <= span for span in spans[:-1]) and max(spans) <= wanted * _KEPT[1]:
        return present
    return _best(columns, wanted, _crossing(columns, sheet))


def _rows_wanted(length: float, breadth: float, direction: Direction) -> int:
    count = int(length // LONGEST) + 1
    if length > LONG and length > SLIM * breadth:
        count = max(count, round(math.sqrt(length / (_SHAPE[direction] * (breadth + ROW_GAP)))))
    return count


def _rows_to_read(length: float, breadth: float, room: Size, present: int) -> int:
    """How many rows it takes to read everything in that room, or to show it largest; as few as can be.

    What stands in one row, or in several, does so a little longer than it would be made: one block more or less turns
    nothing over.
    """

    def scale(rows: int) -> float:
        return min(room[0] * rows / length, room[1] / (rows * (breadth + ROW_GAP) - ROW_GAP))

    one, counts = scale(1), range(2, _MOST_ROWS + 1)
    enough = min(1.0, max(map(scale, counts)))
    if one >= (_UNFOLD if present > 1 else _FOLD if present == 1 else 1.0):
        return 1
    if enough < one * (1.0 if present > 1 else _WORTH):
        return 1
    if present > 1 and scale(present) >= enough * _STAY:
        return present
    return next(rows for rows in counts if scale(rows) >= enough)


def _best(columns: Columns, wanted: float, crossing: Sequence[int]) -> list[int]:
    """Rows of about that length, broken where few wires cross: those that cost least, all together."""
    count, starts = len(columns.rows), [*columns.starts, columns.length]
    fewest = min(crossing[1:count], default=0)
    cost, before = [0.0] + [math.inf] * count, [0] * (count + 1)
    for begin in range(count):
        if cost[begin] == math.inf:
            continue
        first = max(bisect_left(starts, starts[begin] + wanted * (1 - _GIVE)), begin + 1)
        last = max(bisect_right(starts, starts[begin] + wanted * (1 + _GIVE)), begin + 2)  # a layer may be very long
        for end in {*range(min(first, last - 1), last), *([count] if last > count else ())}:
            here = cost[begin] + (crossing[end] - fewest) * _CROSSED if end < count else cost[begin]
            here += ((starts[end] - starts[begin]) / wanted - 1) ** 2
            if here < cost[end]:
                cost[end], before[end] = here, begin
    found, at = list[int](), count
    while at:
        at = before[at]
        found.append(at)
    return found[::-1]


def _crossing(columns: Columns, sheet: Sheet) -> list[int]:
    """How many wires run from before each layer to it or beyond."""
    layer = {node: index for index, row in enumerate(columns.rows) for node in row}
    change = [0] * (len(columns.rows) + 2)
    for cord in sheet.cords:
        start, end = layer.get(cord.source), layer.get(cord.target)
        if start is not None and end is not None and start < end:
            change[start + 1] += 1
            change[end + 1] -= 1
    return list(accumulate(change))


def _present(columns: Columns, sheet: Sheet) -> list[int]:
    """The layers with which rows begin now: those that stand before, and not behind, the layer before them."""
    found, last = [0], -math.inf
    for index, row in enumerate(columns.rows):
        left = _left(row, sheet)
        if left is not None:
            if left < last:
                found.append(index)
            last = left
    return found


def _left(row: Iterable[int], sheet: Sheet) -> float | None:
    known = [place[0] for node in row if node < len(sheet.now) and (place := sheet.now[node]) is not None]
    return min(known, default=None)
