"""The order of blocks and lanes within each layer: as they stand now where that is as good, else with fewer crossings.

Sweeps to and fro, each vertex as near to the middle of its neighbours as it can be (the barycentre method of Sugiyama,
Tagawa and Toda 1981), then exchanges of neighbours (Gansner et al. 1993, A Technique for Drawing Directed Graphs).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from gui.canvas.layout.lanes import Lanes
from gui.canvas.layout.sheet import Sheet

SWEEPS: Final = 8
EXCHANGED: Final = 1500
"""Neighbours are exchanged in drawings of up to so many vertices."""
WORTH: Final = 0.7
"""Blocks change their order where that leaves less than this part of the crossings."""
_PORTS: Final = 4096.0
"""More than any port's distance from the edge of its block: turns that into a part of a place."""

Rows = list[list[int]]


def ordered(lanes: Lanes, sheet: Sheet, lot: Sequence[int], rest: Sequence[int]) -> Rows:
    """The vertices of one component, layer by layer, each layer from its upper or left end.

    Args:
        lanes: all vertices.
        sheet: where the blocks are now.
        lot: the blocks of the component.
        rest: how many layers the longest way from each block goes on.
    """
    fresh = _as_walked(lanes, lot, rest)
    if all(len(row) == 1 for row in fresh):
        return fresh
    known = frozenset(node for node in lot if sheet.now[node] is not None)
    if not known:
        return _improved(fresh, lanes)[0]
    present = _as_it_stands(lanes, sheet, fresh)
    kept, fewest = _improved(present, lanes, known)
    if not fewest:
        return kept
    anew, crossings = _improved(fresh, lanes)
    # What people know is kept unless the other is clearly better, or differs in nothing but the lanes.
    same = all(_blocks(one, lanes) == _blocks(other, lanes) for one, other in zip(anew, present, strict=True))
    return anew if same or crossings < WORTH * fewest else kept


def _blocks(row: Sequence[int], lanes: Lanes) -> list[int]:
    return [node for node in row if node < lanes.blocks]


def _as_walked(lanes: Lanes, lot: Sequence[int], rest: Sequence[int]) -> Rows:
    """In the order of a walk that follows the longest way first: it becomes the straight line others branch from."""
    first = min(lanes.layer[node] for node in lot)
    rows: Rows = [[] for _ in range(max(lanes.layer[node] for node in lot) - first + 1)]
    blocks, seen = lanes.blocks, set[int]()
    for root in lot:
        if lanes.back[root]:
            continue
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            rows[lanes.layer[node] - first].append(node)
            ahead = lanes.ahead[node]
            if len(ahead) == 1:
                waiting.append(ahead[0][0])
            else:
                by_port = sorted(ahead, key=lambda end: (end[1], -rest[end[0]] if end[0] < blocks else 1))
                waiting.extend(end[0] for end in reversed(by_port))
    return rows


def _as_it_stands(lanes: Lanes, sheet: Sheet, rows: Rows) -> Rows:
    """Sorted by where the blocks are now; lanes and new blocks stand level with what they come from."""
    level: dict[int, float] = {}
    for row in rows:
        for node in row:
            place = sheet.now[node] if node < lanes.blocks else None
            if place is not None:
                level[node] = place[1] + lanes.hook[node]
                continue
            sources = [level[source] + leaves - lanes.hook[source] for source, leaves, _ in lanes.back[node]]
            level[node] = sum(sources) / len(sources) if sources else 0.0
    for row in reversed(rows):
        for node in row:
            if not lanes.back[node] and (node >= lanes.blocks or sheet.now[node] is None):
                readers = [level[end] + enters - lanes.hook[end] for end, _, enters in lanes.ahead[node]]
                level[node] = sum(readers) / len(readers) if readers else 0.0
    return [sorted(row, key=level.__getitem__) for row in rows]


def _improved(rows: Rows, lanes: Lanes, pinned: frozenset[int] = frozenset()) -> tuple[Rows, int]:
    """The best order found from this one on, and its crossings; this very one if none is better.

    Pinned blocks keep their order among themselves.
    """
    place = {node: float(index) for row in rows for index, node in enumerate(row)}
    best, fewest = rows, _crossings(rows, lanes, place)
    now, idle = [list(row) for row in rows], 0
    for sweep in range(SWEEPS):
        if not fewest or idle == 2:
            break
        _sweep(now, lanes, place, pinned, forwards=sweep % 2 == 0)
        found = _crossings(now, lanes, place)
        idle += 1
        if found < fewest:
            best, fewest, idle = [list(row) for row in now], found, 0
    if fewest and len(place) <= EXCHANGED:
        now = [list(row) for row in best]
        place = {node: float(index) for row in now for index, node in enumerate(row)}
        while _exchange(now, lanes, place, pinned):
            pass
        found = _crossings(now, lanes, place)
        if found < fewest:
            best, fewest = now, found
    return best, fewest


def _sweep(rows: Rows, lanes: Lanes, place: dict[int, float], pinned: frozenset[int], *, forwards: bool) -> None:
    table = lanes.back if forwards else lanes.ahead
    port = 1 if forwards else 2
    for row in rows[1:] if forwards else rows[-2::-1]:
        if len(row) == 1:
            continue
        wanted: dict[int, float] = {}
        for node in row:
            ends = table[node]
            total = sum(place[end[0]] + end[port] / _PORTS for end in ends)
            wanted[node] = total / len(ends) if ends else place[node]
        if pinned:
            _even_out([node for node in row if node in pinned], wanted)
        row.sort(key=wanted.__getitem__)
        for index, node in enumerate(row):
            place[node] = float(index)


def _even_out(nodes: Sequence[int], wanted: dict[int, float]) -> None:
    """Make the wishes rise in this order, each changed as little as can be (isotonic regression)."""
    runs: list[tuple[float, list[int]]] = []
    for node in nodes:
        mean, run = wanted[node], [node]
        while runs and runs[-1][0] > mean:
            before, earlier = runs.pop()
            mean = (before * len(earlier) + mean * len(run)) / (len(earlier) + len(run))
            run = earlier + run
        runs.append((mean, run))
    for mean, run in runs:
        wanted.update(dict.fromkeys(run, mean))


def _crossings(rows: Rows, lanes: Lanes, place: dict[int, float]) -> int:
    """Pairs of wires that cross: inversions, counted by insertion into a sorted list."""
    total = 0
    for row, following in pairwise(rows):
        if len(row) == 1 and len(following) == 1 and len(lanes.ahead[row[0]]) == 1:
            continue
        pieces = [
            (place[node] + leaves / _PORTS, place[end] + enters / _PORTS)
            for node in row
            for end, leaves, enters in lanes.ahead[node]
        ]
        pieces.sort()
        seen: list[float] = []
        for _, end in pieces:
            index = bisect_right(seen, end)
            total += len(seen) - index
            seen.insert(index, end)
    return total


def _exchange(rows: Rows, lanes: Lanes, place: dict[int, float], pinned: frozenset[int]) -> bool:
    """Exchange neighbours wherever that takes crossings away. Whether it did anywhere."""
    changed = False
    for row in rows:
        for index in range(len(row) - 1):
            one, other = row[index], row[index + 1]
            if one in pinned and other in pinned:
                continue
            gain = 0
            for table, port in ((lanes.back, 1), (lanes.ahead, 2)):
                ours = [place[end[0]] + end[port] / _PORTS for end in table[one]]
                theirs = [place[end[0]] + end[port] / _PORTS for end in table[other]]
                gain += sum((a > b) - (a < b) for a in ours for b in theirs)
            if gain > 0:
                row[index], row[index + 1] = other, one
                place[one], place[other] = place[other], place[one]
                changed = True
    return changed
