"""Where blocks stand across the layout: blocks that follow each other in straight lines, lanes straight past them.

A thread is a run of vertices on one line, a vertex a layer: each block with the neighbour that lies on the longest way,
each lane in itself. Threads do not cross, so "lies above" has no circles, and placing them is placing beads on strings.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import Final

from gui.canvas.layout.lanes import Lanes
from gui.canvas.layout.ordering import Rows

GAP: Final = 40.0
"""Between blocks of a layer."""
LANE_GAP: Final = 28.0
"""Between a block and a wire that passes it."""
BESIDE: Final = 16.0
"""Between two such wires."""
UNIT: Final = 8.0
PASSES: Final = 6

Bounds = list[list[tuple[int, float]]]


def across(rows: Rows, lanes: Lanes, rest: Sequence[int]) -> dict[int, float]:
    """The line of each vertex, where its hook lies: far enough apart, straight where it can be, near its neighbours."""
    thread, count = _threads(rows, lanes, rest)
    above, below = _bounds(rows, lanes, thread, count)
    wishes = _wishes(rows, lanes, thread, count)
    order = _downwards(above, below)
    at = [0.0] * count
    for each in order:
        at[each] = max((at[other] + apart for other, apart in above[each]), default=0.0)
    for turn in range(PASSES):
        moved = False
        for each in reversed(order) if turn % 2 == 0 else order:
            wish = wishes[each]
            if not wish:
                continue
            wanted = _middle([at[other] + way for other, way in wish])
            low = max((at[other] + apart for other, apart in above[each]), default=-inf)
            high = min((at[other] - apart for other, apart in below[each]), default=inf)
            there = min(max(wanted, low), high)
            if there != at[each]:
                at[each] = there
                moved = True
        if not moved and turn:
            break
    return {node: at[number] // UNIT * UNIT for node, number in thread.items()}


def _middle(values: list[float]) -> float:
    values.sort()
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def _threads(rows: Rows, lanes: Lanes, rest: Sequence[int]) -> tuple[dict[int, int], int]:
    """The number of each vertex's thread, and how many there are."""
    thread: dict[int, int] = {node: index for index, node in enumerate(rows[0])}
    count, length = len(thread), dict.fromkeys(rows[0], 1)
    for row, following in pairwise(rows):
        joins = _joins(row, following, lanes, rest, length)
        for node in following:
            before = joins.get(node)
            if before is None:
                thread[node], length[node] = count, 1
                count += 1
            else:
                thread[node], length[node] = thread[before], length[before] + 1
    return thread, count


def _joins(
    row: Sequence[int], following: Sequence[int], lanes: Lanes, rest: Sequence[int], length: dict[int, int]
) -> dict[int, int]:
    """Which vertex of a layer goes straight on from which of the layer before: both ways the best, none crossing."""
    blocks = lanes.blocks
    chosen: list[tuple[int, int, int]] = []
    for node in following:
        if node >= blocks:
            source = lanes.back[node][0][0]
            if source >= blocks:
                chosen.append((0, source, node))
            continue
        sources = [source for source, _, _ in lanes.back[node] if source < blocks]
        if not sources:
            continue
        source = max(sources, key=length.__getitem__)
        readers = [end for end, _, _ in lanes.ahead[source] if end < blocks]
        if max(readers, key=rest.__getitem__) == node:
            chosen.append((length[source] + rest[node], source, node))
    if len(chosen) < 2:
        return {node: source for _, source, node in chosen}
    return _uncrossed(chosen, row, following)


def _uncrossed(chosen: list[tuple[int, int, int]], row: Sequence[int], following: Sequence[int]) -> dict[int, int]:
    start = {node: index for index, node in enumerate(row)}
    end = {node: index for index, node in enumerate(following)}
    chosen.sort(key=lambda join: (-join[0], start[join[1]]))
    kept: list[tuple[int, int]] = []
    found: dict[int, int] = {}
    for _, source, node in chosen:
        join = (start[source], end[node])
        index = bisect_left(kept, join)
        if (index == 0 or kept[index - 1][1] < join[1]) and (index == len(kept) or join[1] < kept[index][1]):
            kept.insert(index, join)
            found[node] = source
    return found


def _bounds(rows: Rows, lanes: Lanes, thread: dict[int, int], count: int) -> tuple[Bounds, Bounds]:
    """For each thread those above and those below it, and how far apart their lines have to be."""
    apart: dict[tuple[int, int], float] = {}
    breadth, hook, blocks = lanes.breadth, lanes.hook, lanes.blocks
    for row in rows:
        for one, other in pairwise(row):
            passing = (one >= blocks) + (other >= blocks)
            gap = (GAP, LANE_GAP, BESIDE)[passing]
            least = -(-(breadth[one] - hook[one] + gap + hook[other]) // UNIT) * UNIT
            pair = (thread[one], thread[other])
            if apart.get(pair, 0.0) < least:
                apart[pair] = least
    above: Bounds = [[] for _ in range(count)]
    below: Bounds = [[] for _ in range(count)]
    for (one, other), least in apart.items():
        above[other].append((one, least))
        below[one].append((other, least))
    return above, below


def _wishes(rows: Rows, lanes: Lanes, thread: dict[int, int], count: int) -> Bounds:
    """For each thread the others that wires lead to, and how far from their lines it would be for a level wire."""
    wishes: Bounds = [[] for _ in range(count)]
    hook = lanes.hook
    for row in rows:
        for node in row:
            here = thread[node]
            for end, leaves, enters in lanes.ahead[node]:
                there = thread[end]
                if there != here:
                    way = (leaves - hook[node]) - (enters - hook[end])
                    wishes[there].append((here, way))
                    wishes[here].append((there, -way))
    return wishes


def _downwards(above: Bounds, below: Bounds) -> list[int]:
    """All threads, each after those above it."""
    waiting = [len(others) for others in above]
    order = [each for each, number in enumerate(waiting) if not number]
    for each in order:  # grows while it is walked through
        for other, _ in below[each]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order
