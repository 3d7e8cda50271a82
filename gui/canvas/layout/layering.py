"""Which layer each block belongs to. Every block and wire is visited a fixed number of times; nothing recurses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

Neighbours = list[list[int]]


def neighbours(count: int, pairs: Iterable[tuple[int, int]]) -> tuple[Neighbours, Neighbours]:
    """Sources and readers of each block, without the wires that close loops."""
    unique = list(dict.fromkeys(pairs))
    before, after = _tables(count, unique)
    if len(_in_order(before, after)) < count:
        closing = _closing(count, before, after)
        before, after = _tables(count, [pair for pair in unique if pair not in closing])
    return before, after


def _tables(count: int, pairs: Iterable[tuple[int, int]]) -> tuple[Neighbours, Neighbours]:
    before: Neighbours = [[] for _ in range(count)]
    after: Neighbours = [[] for _ in range(count)]
    for source, target in pairs:
        before[target].append(source)
        after[source].append(target)
    return before, after


def _in_order(before: Neighbours, after: Neighbours) -> list[int]:
    """Sources first; blocks in and behind loops are missing."""
    waiting = [len(sources) for sources in before]
    ready = deque(node for node, count in enumerate(waiting) if not count)
    order: list[int] = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for reader in after[node]:
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    return order


def _closing(count: int, before: Neighbours, after: Neighbours) -> set[tuple[int, int]]:
    """The wires that lead back into the path they came from, by depth-first search that begins at sources."""
    state = [0] * count
    back: set[tuple[int, int]] = set()
    for root in sorted(range(count), key=lambda node: bool(before[node])):
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(after[root]))]
        while stack:
            node, readers = stack[-1]
            for reader in readers:
                if state[reader] == 1:
                    back.add((node, reader))
                elif not state[reader]:
                    state[reader] = 1
                    stack.append((reader, iter(after[reader])))
                    break
            else:
                state[node] = 2
                stack.pop()
    return back


def layers(before: Neighbours, after: Neighbours) -> tuple[list[int], list[int]]:
    """Layer of each block, and how many layers the longest way from it goes on.

    A block stands right behind the last of its sources; one without sources just before its first reader.
    """
    order = _in_order(before, after)
    layer = [0] * len(before)
    for node in order:
        here = layer[node] + 1
        for reader in after[node]:
            layer[reader] = max(layer[reader], here)
    for node in order:
        if not before[node] and after[node]:
            layer[node] = min(layer[reader] for reader in after[node]) - 1
    rest = [0] * len(before)
    for node in reversed(order):
        here = rest[node] + 1
        for source in before[node]:
            rest[source] = max(rest[source], here)
    return layer, rest


def components(before: Neighbours, after: Neighbours) -> list[list[int]]:
    """Blocks that hang together, each lot in file order, in the order of their first blocks."""
    found: list[list[int]] = []
    seen = [False] * len(before)
    for root in range(len(before)):
        if seen[root]:
            continue
        seen[root] = True
        lot = [root]
        for node in lot:  # grows while it is walked through
            _take(before[node], seen, lot)
            _take(after[node], seen, lot)
        found.append(sorted(lot))
    return found


def _take(others: Sequence[int], seen: list[bool], lot: list[int]) -> None:
    for other in others:
        if not seen[other]:
            seen[other] = True
            lot.append(other)
