"""Finds the ways from one weight to the loss: all of them summed, and the largest listed, without enumerating them.

From the loss back, each number of the network is told the sum over its ways on (its gradient), how many there are, and
the largest |product| among them. With the last of these as the estimate, best-first search hands out the ways in the
order of their size, and never looks at one that is not among the largest (Hart, Nilsson and Raphael, 1968: the estimate
is exact, so the search goes straight).
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from engine.chains import Factor, Path, Place, Savings, WeightChain
from engine.jacobians import Floats, Mask, Rows
from engine.netcode import tensor_home
from engine.result import Source
from engine.scalargraph import END, Link, ScalarGraph, Use


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """Steps on from one number, the most promising first: where to, the factor, and the best |product| that way."""

    to: tuple[tuple[Link | Use | None, Source, int], ...]
    values: Floats
    bounds: Floats


Weight = tuple[str, Sequence[int]]
"""`block.parameter`, and the index of a number in it."""

_Trail = tuple[Any, tuple[Link | Use | None, Source, int], float] | None


@final
class PathFinder:
    """One forward pass, taken apart; then any number of weights can be asked about."""

    def __init__(self, graph: ScalarGraph) -> None:
        self._graph = graph
        self._savings: Savings | None = None
        self._known: dict[tuple[Source, int], _Ways] = {}

    # -- asking --

    def chain(
        self,
        name: str,
        index: Sequence[int],
        *,
        paths: int = 10,
        done: Sequence[Weight] | None = None,
    ) -> WeightChain:
        """All ways from one weight to the loss.

        Args:
            name: `block.parameter`.
            index: of the weight in it.
            paths: so many are listed at most.
            done: weights whose gradients are known already; None: those that backpropagation comes to before this one.

        Raises:
            ValueError: there is no such weight, or the loss does not depend on it.
        """
        home = name if name in self._graph.leaves else self._home(name)
        leaf = self._graph.leaves[home]
        place = tuple(int(number) for number in index)
        if len(place) != leaf.ndim or not all(0 <= at < size for at, size in zip(place, leaf.shape, strict=True)):
            raise ValueError(f'"{name}" has the shape {tuple(leaf.shape)}; it has no weight {list(place)}.')
        at = int(np.ravel_multi_index(place, leaf.shape)) if place else 0
        uses = self._graph.uses.get(home, [])
        if not uses:
            raise ValueError(f'The loss does not depend on "{name}".')
        starts = [(use, *self._graph.start(use, at)) for use in uses]
        terms = [self._graph.sums[use.to][outs] @ values for use, outs, values in starts]
        count = sum(float(self._graph.counts[use.to][outs].sum()) for use, outs, _ in starts)
        before = self._reached_before(home, at) if done is None else self._reached_by(done)
        found = list(itertools.islice(self._search(starts), paths))
        shown = tuple(self._path(home, at, trail, before) for trail in found)
        gradient = float(sum(terms))
        alone, saved = self._costs(starts, before)
        return WeightChain(
            weight=Place(home, place),
            value=leaf.detach().reshape(-1)[at].item(),
            gradient=gradient,
            autograd=self._graph.gradient(home).reshape(-1)[at].item(),
            paths=shown,
            count=count,
            rest=gradient - sum(path.product for path in shown) if count > len(shown) else 0.0,
            new=alone - saved,
            reused=saved,
            savings=self.savings(),
        )

    def _home(self, name: str) -> str:
        path, _, _ = name.rpartition(".")
        home = tensor_home(self._graph.net.result, name) if path in self._graph.net.result.nodes else name
        if home not in self._graph.leaves:
            raise ValueError(f'There is no parameter "{name}".')
        return home

    # -- the largest ways --

    def _search(self, starts: Sequence[tuple[Use, NDArray[np.int64], Floats]]) -> Iterator[_Trail]:
        """Trails from the weight to the loss, the largest |product| first."""
        steps = [(use, use.to, outs, values) for use, outs, values in starts]
        first = self._sorted(steps)
        serial = itertools.count()
        heap: list[tuple[float, int, float, _Trail, _Ways, int]] = []

        def push(prefix: float, trail: _Trail, ways: _Ways, number: int) -> None:
            if number < len(ways.to):
                bound = abs(prefix) * float(ways.bounds[number])
                heapq.heappush(heap, (-bound, next(serial), prefix, trail, ways, number))

        push(1.0, None, first, 0)
        while heap:
            _, _, prefix, trail, ways, number = heapq.heappop(heap)
            push(prefix, trail, ways, number + 1)
            value = float(ways.values[number])
            extended: _Trail = (trail, ways.to[number], value)
            _, source, element = ways.to[number]
            if source == END:
                yield extended
            else:
                push(prefix * value, extended, self._on(source, element), 0)

    def _on(self, source: Source, element: int) -> _Ways:
        key = (source, element)
        if key not in self._known:
            steps: list[tuple[Any, Source, NDArray[np.int64], Floats]] = []
            weight = self._graph.ends.get(source)
            if weight is not None:
                steps.append((None, END, np.zeros(1, np.int64), np.array([weight])))
            for link in self._graph.links.get(source, ()):
                if link.jacobian is None:
                    steps.append((link, END, np.zeros(1, np.int64), link.gradient[element : element + 1]))
                else:
                    steps.append((link, link.to, *link.jacobian.column(element)))
            self._known[key] = self._sorted(steps)
        return self._known[key]

    def _sorted(self, steps: Sequence[tuple[Any, Source, NDArray[np.int64], Floats]]) -> _Ways:
        to: list[tuple[Any, Source, int]] = []
        values, bounds = [np.empty(0)], [np.empty(0)]
        for link, source, elements, factors in steps:
            best = np.ones(len(elements)) if source == END else self._graph.best[source][elements]
            leading = best >= 0
            to += [(link, source, int(element)) for element in elements[leading]]
            values.append(factors[leading])
            bounds.append(np.abs(factors[leading]) * best[leading])
        value, bound = np.concatenate(values), np.concatenate(bounds)
        order = np.argsort(-bound, kind="stable")
        return _Ways(tuple(to[number] for number in order), value[order], bound[order])

    def _path(self, name: str, at: int, trail: _Trail, before: Mapping[Source, Mask]) -> Path:
        steps = []
        while trail is not None:
            trail, step, value = trail
            steps.append((step, value))
        factors: list[Factor] = []
        by, source, element = self._weight(name, at), END, 0
        for (link, to, number), value in reversed(steps):
            reused = source in before and bool(before[source][element])
            place = Place("L") if to == END else self._place(to, number)
            path = "" if link is None else link.moment.plan.path
            whole = isinstance(link, Link) and link.jacobian is None
            if link is not None or value != 1:
                equals = self._equals(link, by, place, (number, at))
                factors.append(Factor(path, place, by, value, equals, whole, reused))
            by, source, element = place, to, number
        return Path(tuple(factors))

    # -- names --

    def _weight(self, name: str, at: int) -> Place:
        return Place(name, _index(at, tuple(self._graph.leaves[name].shape)))

    def _place(self, source: Source, element: int) -> Place:
        path, port = source
        value = self._graph.values[source]
        name = path if len(self._graph.net.result.nodes[path].outputs) == 1 else f"{path}.{port}"
        index = _index(element, tuple(value.shape))
        batched = value.ndim > 0 and value.shape[0] == self._graph.samples
        if batched and self._graph.samples == 1:
            return Place(name, index[1:])
        return Place(name, index, sample=batched)

    def _equals(self, link: Link | Use | None, by: Place, to: Place, numbers: tuple[int, int]) -> Place | None:
        """The number that the derivative of a Dense is; `numbers` are the element of `to`, and the weight's own."""
        element, at = numbers
        if isinstance(link, Link) and isinstance(link.jacobian, Rows):
            home = tensor_home(self._graph.net.result, f"{link.moment.plan.path}.weight")
            return Place(home, (to.index[-1], by.index[-1]))
        if isinstance(link, Use) and link.short == "weight" and (rows := self._graph.dense(link)) is not None:
            (source,) = link.moment.plan.sources.values()
            units, features = rows.weight.shape
            return self._place(source, element // units * features + at % features)
        return None

    # -- what is reused --

    def _reached_before(self, home: str, at: int) -> dict[Source, Mask]:
        """What the weights depend on that backpropagation comes to before this one."""
        marks: dict[Source, Mask] = {}
        for name, uses in self._graph.uses.items():
            for use in uses:
                if name == home:
                    self._graph.mark(marks, use, self._earlier(use, at))
                elif self._comes_first(name, home):
                    self._graph.mark(marks, use, self._graph.all(use.to))
        return self._graph.spread(marks)

    def _comes_first(self, name: str, home: str) -> bool:
        order = {moment.plan.path: number for number, moment in enumerate(self._graph.moments)}
        last = [max(order[use.moment.plan.path] for use in self._graph.uses[each]) for each in (name, home)]
        if last[0] != last[1]:
            return last[0] > last[1]
        names = list(self._graph.uses)
        return names.index(name) < names.index(home)

    def _earlier(self, use: Use, at: int) -> Mask:
        """Outputs that the numbers before this one in its parameter move."""
        mask = np.zeros(self._graph.values[use.to].numel(), bool)
        rows = self._graph.dense(use)
        if rows is None:
            mask[:] = at > 0
            return mask
        units = rows.weight.shape[0]
        neurons = -(-at // rows.weight.shape[1]) if use.short == "weight" else at
        mask.reshape(rows.rows, units)[:, :neurons] = True
        return mask

    def _reached_by(self, done: Sequence[Weight]) -> dict[Source, Mask]:
        marks: dict[Source, Mask] = {}
        for name, index in done:
            home = self._home(name)
            shape = tuple(self._graph.leaves[home].shape)
            for use in self._graph.uses.get(home, ()):
                mask = np.zeros(self._graph.values[use.to].numel(), bool)
                mask[self._graph.start(use, int(np.ravel_multi_index(tuple(index), shape)) if shape else 0)[0]] = True
                self._graph.mark(marks, use, mask)
        return self._graph.spread(marks)

    def _costs(
        self, starts: Sequence[tuple[Use, NDArray[np.int64], Floats]], before: Mapping[Source, Mask]
    ) -> tuple[int, int]:
        """Multiplications for one weight on its own, and how many of them were done before."""
        marks: dict[Source, Mask] = {}
        for use, outs, _ in starts:
            mask = np.zeros(self._graph.values[use.to].numel(), bool)
            mask[outs] = True
            self._graph.mark(marks, use, mask)
        reach = self._graph.spread(marks)
        first = sum(len(outs) for use, outs, values in starts if use.short != "bias")
        saved = {at: mask & before[at] for at, mask in reach.items() if at in before}
        return first + self._graph.cost(reach), self._graph.cost(saved)

    def savings(self) -> Savings:
        """What backpropagation saves in this network; a weight on its own is told by the first one of its parameter."""
        if self._savings is None:
            trained = [
                name for name in self._graph.net.result.phases[self._graph.phase].update if name in self._graph.uses
            ]
            behind = self._graph.spread(
                {use.to: self._graph.all(use.to) for name in trained for use in self._graph.uses[name]}
            )
            backprop, alone, weights = self._graph.cost(behind), 0, 0
            for name in trained:
                uses, size = self._graph.uses[name], self._graph.leaves[name].numel()
                own, _ = self._costs([(use, *self._graph.start(use, 0)) for use in uses], {})
                weights, alone = weights + size, alone + size * own
                backprop += sum(self._gradient_cost(use) for use in uses)
            forward = sum((moment.plan.macs or 0) * self._graph.samples for moment in self._graph.moments)
            self._savings = Savings(backprop, alone, 2 * weights * forward, weights)
        return self._savings

    def _gradient_cost(self, use: Use) -> int:
        """Multiplications for the gradient of a parameter, once that of the block's output is known."""
        size = use.moment.weights[use.short].numel()
        if use.short == "bias":
            return 0
        rows = self._graph.dense(use)
        if rows is not None:
            return rows.rows * size
        return max(size, (use.moment.plan.macs or 0) * self._graph.samples)


def _index(at: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(number) for number in np.unravel_index(at, shape)) if shape else ()
