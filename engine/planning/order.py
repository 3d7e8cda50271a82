"""Execution order and loops of a directed graph, without recursion."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

Key = tuple[int, ...]
"""Place in the file, by which equals are ordered."""
Rank = tuple[bool, Key, str]
"""Whether it comes late, its key, its name: what is taken first among those that could be."""


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


def merged_order(
    order: Sequence[str],
    place: Mapping[str, int],
    loose: Collection[str],
    rank: Callable[[str], Rank],
    before: Mapping[str, Collection[str]],
    after: Mapping[str, Iterable[str]],
) -> list[str]:
    """`first_order` of all names, from that of all but the `loose` ones (closed under `after`), which come in between.

    `place` says where in `order` a name stands. Nothing in `order` depends on a loose name, so it stays as it is; a
    loose name is taken, among those it could come after, before the first that has a larger rank. Loose names in a
    loop, and what they lead to, are left out.
    """
    missing = {name: sum(source in loose for source in before[name]) for name in loose}
    ready: list[tuple[Rank, str]] = []
    later: list[tuple[int, str]] = []

    def free(name: str) -> None:
        """All loose names it depends on are taken; it may have to wait for others."""
        since = 1 + max((place[source] for source in before[name] if source in place), default=-1)
        heappush(later, (since, name))

    for name, count in missing.items():
        if not count:
            free(name)
    found: list[str] = []
    at = 0
    while ready or later:
        if not ready and later[0][0] > at:
            found += order[at : later[0][0]]
            at = later[0][0]
        while later and later[0][0] <= at:
            name = heappop(later)[1]
            heappush(ready, (rank(name), name))
        if at < len(order) and rank(order[at]) < ready[0][0]:
            found.append(order[at])
            at += 1
            continue
        name = heappop(ready)[1]
        found.append(name)
        for other in after.get(name, ()):
            missing[other] -= 1
            if not missing[other]:
                free(other)
    return found + list(order[at:])


def with_all_after(names: Iterable[str], after: Mapping[str, Iterable[str]]) -> set[str]:
    """These names and all that depend on them."""
    found = set(names)
    waiting = list(found)
    while waiting:
        for other in after.get(waiting.pop(), ()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
