"""Snapping of moved blocks: to edges and centres of neighbours, to equal gaps, to the grid elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from PySide6.QtCore import QLineF, QPointF, QRectF

from gui.canvas.arranging.preferences import snapping_wishes
from gui.canvas.geometry import snapped

REACH: Final = 6.0
"""How near an edge has to come to another to snap to it, in pixels on the screen."""
FAR: Final = 600.0
"""Neighbours further away do not count: a line across the whole drawing explains nothing."""
CELL: Final = 600.0
MOST: Final = 256
"""Of more neighbours than this only the nearest count: nobody aligns by eye with a heap."""
_TAIL: Final = 16.0
_TICK: Final = 5.0

Span = tuple[float, float]
"""Where a box begins and ends along one axis."""
Box = tuple[Span, Span]
"""Spans in x and y."""


@final
@dataclass(frozen=True, slots=True)
class _Snap:
    """One way to snap along an axis: the step, what speaks for it (less is better), and what shows it."""

    step: float
    rank: tuple[float, int, float]
    line: float | None = None
    gaps: tuple[Span, ...] = ()


@final
class Snapping:
    """Knows all blocks that stay where they are, by cells, so that a move looks up only those near it."""

    def __init__(self, areas: Iterable[QRectF], *, neighbours: bool | None = None, grid: bool | None = None) -> None:
        """Snap to these blocks and to the grid, or to what the user wants where that is not said."""
        wishes = snapping_wishes()
        self._neighbours = wishes.get("neighbours") if neighbours is None else neighbours
        self._grid = wishes.get("grid") if grid is None else grid
        self._cells: dict[tuple[int, int], list[Box]] = {}
        for area in areas if self._neighbours else ():
            box = _box(area)
            cell = (int(area.center().x() // CELL), int(area.center().y() // CELL))
            self._cells.setdefault(cell, []).append(box)

    def snap(self, area: QRectF, scale: float) -> tuple[QPointF, tuple[QLineF, ...]]:
        """What to add to the place of a moved block, and the guide lines that show why."""
        own, reach = _box(area), REACH / scale
        near = self._near(own)
        steps = []
        chosen: list[_Snap | None] = []
        for axis in (0, 1):
            found = _best(own, near, axis, reach)
            chosen.append(found)
            start = own[axis][0]
            steps.append(found.step if found is not None else snapped(start) - start if self._grid else 0.0)
        landed = ((own[0][0] + steps[0], own[0][1] + steps[0]), (own[1][0] + steps[1], own[1][1] + steps[1]))
        guides = [line for axis in (0, 1) for line in _shown(chosen[axis], landed, near, axis)]
        return QPointF(*steps), tuple(guides)

    def _near(self, own: Box) -> list[Box]:
        (left, right), (top, bottom) = own
        across = range(int((left - FAR) // CELL) - 1, int((right + FAR) // CELL) + 2)
        down = range(int((top - FAR) // CELL) - 1, int((bottom + FAR) // CELL) + 2)
        found = [box for x in across for y in down for box in self._cells.get((x, y), ())]
        if len(found) > MOST:
            found.sort(key=lambda box: _apart(own[0], box[0]) + _apart(own[1], box[1]))
            del found[MOST:]
        return found


def _box(area: QRectF) -> Box:
    return ((area.left(), area.left() + area.width()), (area.top(), area.top() + area.height()))


def _apart(one: Span, other: Span) -> float:
    """The gap between two spans; 0 where they overlap."""
    return max(0.0, other[0] - one[1], one[0] - other[1])


def _marks(span: Span) -> tuple[float, float, float]:
    return (span[0], span[1], (span[0] + span[1]) / 2)


def _best(own: Box, near: Iterable[Box], axis: int, reach: float) -> _Snap | None:
    """The smallest step that aligns with a neighbour or makes equal gaps; edges before centres before gaps."""
    best: _Snap | None = None
    marks, sideways = _marks(own[axis]), own[1 - axis]
    row: list[Span] = []
    for box in near:
        away = _apart(sideways, box[1 - axis])
        if away > FAR or _apart(own[axis], box[axis]) > FAR:
            continue
        if away == 0.0:
            row.append(box[axis])
        for kind, (mark, there) in enumerate(zip(marks, _marks(box[axis]), strict=True)):
            step = there - mark
            if -reach <= step <= reach:
                rank = (abs(step), kind, away)
                if best is None or rank < best.rank:
                    best = _Snap(step, rank, there)
    for found in _equal_gaps(own[axis], row, reach):
        if best is None or found.rank < best.rank:
            best = found
    return best


def _equal_gaps(own: Span, row: list[Span], reach: float) -> Iterable[_Snap]:
    """Ways to stand as far from a neighbour as it stands from the next, or in the middle between two."""
    before = max((span for span in row if span[1] <= own[0] + reach), key=lambda span: span[1], default=None)
    after = min((span for span in row if span[0] >= own[1] - reach), key=lambda span: span[0], default=None)
    length = own[1] - own[0]
    ways: list[tuple[float, tuple[Span, ...]]] = []
    if before is not None and after is not None:
        start = (before[1] + after[0] - length) / 2
        ways.append((start, ((before[1], start), (start + length, after[0]))))
    if before is not None:
        first = max((span for span in row if span[1] < before[0]), key=lambda span: span[1], default=None)
        if first is not None:
            start = before[1] + (before[0] - first[1])
            ways.append((start, ((first[1], before[0]), (before[1], start))))
    if after is not None:
        last = min((span for span in row if span[0] > after[1]), key=lambda span: span[0], default=None)
        if last is not None:
            start = after[0] - (last[0] - after[1]) - length
            ways.append((start, ((start + length, after[0]), (after[1], last[0]))))
    for start, gaps in ways:
        step = start - own[0]
        if -reach <= step <= reach and all(end > begin for begin, end in gaps):
            yield _Snap(step, (abs(step), 3, 0.0), None, gaps)


def _shown(found: _Snap | None, landed: Box, near: Iterable[Box], axis: int) -> list[QLineF]:
    """A line along all that is aligned now; or a line with ends across each of the equal gaps."""
    if found is None:
        return []
    sideways = landed[1 - axis]
    if found.line is not None:
        line = found.line
        same = [box[1 - axis] for box in near if _apart(sideways, box[1 - axis]) <= FAR and line in _marks(box[axis])]
        start, end = min(span[0] for span in (sideways, *same)), max(span[1] for span in (sideways, *same))
        return [_line(axis, line, start - _TAIL, line, end + _TAIL)]
    level = (sideways[0] + sideways[1]) / 2
    lines: list[QLineF] = []
    for start, end in found.gaps:
        lines.append(_line(axis, start, level, end, level))
        lines += [_line(axis, at, level - _TICK, at, level + _TICK) for at in (start, end)]
    return lines


def _line(axis: int, along: float, sideways: float, to_along: float, to_sideways: float) -> QLineF:
    if axis == 0:
        return QLineF(along, sideways, to_along, to_sideways)
    return QLineF(sideways, along, to_sideways, to_along)
