"""Execution order and loops of a directed graph, without recursion."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

Key = tuple[int, ...]
"""Place in the file, by which equals are ordered."""


def components(names: Iterable[K], after: Mapping[K, Iterable[K]]) -> list[list[K]]:
    """Strongly connected components, each after the ones it leads to (Tarjan 1972, with a stack of iterators)."""
    index: dict[K, int] = {}
    low: dict[K, int] = {}
    stack: list[K] = []
    on_stack: set[K] = set()
    found: list[list[K]] = []
    for root in names:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(after.get(root, ())))]
        while work:
            name, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(after.get(other, ()))))
                    break
                if other in on_stack:
                    low[name] = min(low[name], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    at = len(stack) - 1
                    while stack[at] != name:
                        at -= 1
                    found.append(stack[at:])
                    on_stack.difference_update(stack[at:])
                    del stack[at:]
    return found


def loops(names: Sequence[K], after: Mapping[K, Iterable[K]]) -> list[list[K]]:
    """The components that hold a loop: several names, or one that leads to itself."""
    return [part for part in components(names, after) if len(part) > 1 or part[0] in after.get(part[0], ())]


def loop_through(name: str, left: Collection[str], before: Mapping[str, Iterable[str]]) -> list[str]:
    """The one component with a loop, where every loop goes through that name and `left` is what loops lead to."""
    found, waiting = {name}, [name]
    while waiting:
        for other in before[waiting.pop()]:
            if other in left and other not in found:
                found.add(other)
                waiting.append(other)
    return list(found)


def shortest_loop(start: K, within: Iterable[K], after: Mapping[K, Iterable[K]]) -> list[K]:
    """A shortest way from `start` back to itself inside a component, `start` first and not repeated."""
    inside = set(within)
    came_from: dict[K, K] = {}
    waiting = deque([start])
    while waiting:
        name = waiting.popleft()
        for other in after.get(name, ()):
            if other == start:
                way = [name]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if other in inside and other not in came_from:
                came_from[other] = name
                waiting.append(other)
    return [start]


def first_order(
    keys: Mapping[str, Key],
    before: Mapping[str, Collection[str]],
    after: Mapping[str, Iterable[str]],
    late: frozenset[str],
    without: frozenset[str] = frozenset(),
) -> list[str]:
    """Every name after those it depends on; among the possible ones the name with the smallest key comes first.

    Names in a loop, and what they lead to, are left out; so are those in `without`, but not what they lead to. `late`
    names (closed under `after`) come last.
    """
    missing = {name: len(sources) for name, sources in before.items() if name not in without}
    for name in without:
        for other in after.get(name, ()):
            if other in missing:
                missing[other] -= 1
    ready = [(name in late, keys[name], name) for name, count in missing.items() if not count]
    heapify(ready)
    order: list[str] = []
    while ready:
        name = heappop(ready)[2]
        order.append(name)
        for other in after.get(name, ()):
            if other in missing:
                missing[other] -= 1
                if not missing[other]:
                    heappush(ready, (other in late, keys[other], other))
    return order
