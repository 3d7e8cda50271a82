"""The inside of moments: single neurons and single weights, with the real numbers in the formulas.

The order is that of a calculation by hand: forward neuron by neuron, weighted sum and activation together; the loss of
each output and their sum; then back, neuron by neuron: the gradient that arrives, the local derivative, their product,
and for each weight of the neuron its gradient and its new value. Matt Mazur's "A Step by Step Backpropagation Example"
(2015) is in this order, and the numerals of the level of weights are its numbers from the first to the last.

Nothing is written out before it is asked for, so any network can be walked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, final

import numpy as np

from engine.moments import Array, Backward, Forward, Level, Moment, Objective, Step, Update, Values
from engine.numeralcounts import Counts
from engine.numeralparts import Fetch, Numeral, Scene, Writer

MOST: Final = 4_000_000
"""Numerals of a step that can be walked."""

_Part = tuple[Moment, str]
"""A moment, and what of it: `out`, `sum`, a port of inputs as `in:PORT`, `weights`, or `update`."""


@final
class Numerals:
    """Walks one step at a finer level than blocks, for one sample of the batch."""

    def __init__(self, step: Step, sample: int = 0, fetch: Fetch | None = None) -> None:
        """Look into a step.

        Args:
            step: taken apart.
            sample: of the batch, from 0; gradients of weights are over all samples whatever it is.
            fetch: gives arrays that are not in the step, being too large; None: they are left out.
        """
        self._step, self._scene = step, Scene(step, sample, fetch)
        self._writer = Writer(self._scene)
        self._counts = Counts(self._scene)

    def outline(self) -> tuple[Array, Array]:
        """Which moment each numeral of the level of weights is part of, and whether it is of that level only.

        Without those, they are the numerals of the level of neurons. Nothing is written out for it.

        Returns:
            int32 `(numerals,)` and bool `(numerals,)`.

        Raises:
            ValueError: there are more than `MOST`.
        """
        moments: list[Array] = [np.empty(0, np.int32)]
        fine: list[Array] = [np.empty(0, bool)]
        total = 0
        for group in self._groups():
            for part, element in self._elements_of(group):
                found, only = self._counts.pattern(*part, element)
                moments.append(found)
                fine.append(only)
                total += len(found)
                if total > MOST:
                    text = f"This step has more than {MOST:,} single weights: too many to walk from one to the next."
                    raise ValueError(text)
        return np.concatenate(moments), np.concatenate(fine)

    def walk(self, level: Level, first: int = 0, count: int = 500) -> tuple[Numeral, ...]:
        """So many numerals of the whole step, from this one on. `block` has none."""
        return tuple(islice(self._walk(level, range(len(self._step.moments)), first), count))

    def inside(self, moment: int, level: Level, first: int = 0, count: int = 500) -> tuple[Numeral, ...]:
        """The same of one moment of blocks."""
        return tuple(islice(self._walk(level, range(moment, moment + 1), first), count))

    # -- order --

    def _walk(self, level: Level, wanted: range, first: int) -> Iterator[Numeral]:
        """From this one on; those before are counted, and not written out."""
        if level == "block":
            return
        for group in self._groups():
            parts = [part for part in group if part[0].index in wanted]
            for part, element in self._elements_of(parts):
                count = self._count(part, element, level)
                if first < count:
                    yield from self._numerals(part, element, level, first)
                first = max(0, first - count)

    def _groups(self) -> Iterator[Sequence[_Part]]:
        """Parts that are walked together, neuron by neuron."""
        group: list[_Part] = []
        for moment in self._step.moments:
            together, alone = self._parts(moment)
            if together and not (group and self._joins(group[-1][0], moment)):
                yield group
                group = []
            group += together
            for part in alone:
                yield group
                group = [part]
        yield group

    def _parts(self, moment: Moment) -> tuple[list[_Part], list[_Part]]:
        """What can be walked with what came before, and what begins anew."""
        if isinstance(moment, Forward | Objective):
            return [(moment, "out")], []
        if isinstance(moment, Update):
            return ([], []) if self._scene.told_with_gradient(moment) else ([], [(moment, "update")])
        if not isinstance(moment, Backward):
            return [], []
        back: list[_Part] = [(moment, f"in:{values.name}") for values in moment.inputs if self._asked(moment, values)]
        weights: list[_Part] = [(moment, "weights")] if moment.weights else []
        sums: list[_Part] = [(moment, "sum")] if any(each.terms for each in moment.upstream) else []
        if moment.form == "number":
            return [*sums, *back], []
        return [*sums, *weights], back

    def _joins(self, before: Moment, moment: Moment) -> bool:
        """Whether a block goes on neuron by neuron where the moment before it ended."""
        if isinstance(moment, Forward):
            single = list(moment.sources.values()) == [f"{before.node}.{_first(before)}"]
            return moment.form == "number" and isinstance(before, Forward) and single
        if isinstance(moment, Backward) and isinstance(before, Backward):
            sources = self._scene.forward[before.node].sources.values()
            reads = any(source.rpartition(".")[0] == moment.node for source in sources)
            return reads and moment.form in ("number", "linear") and not any(each.terms for each in moment.upstream)
        return False

    def _asked(self, moment: Backward, values: Values) -> bool:
        """Not what only tells how the data would have to change."""
        source = self._scene.forward[moment.node].sources.get(values.name, "").rpartition(".")[0]
        return source in self._scene.forward and self._scene.forward[source].form != "data"

    def _elements_of(self, parts: Sequence[_Part]) -> Iterator[tuple[_Part, int]]:
        """Neuron by neuron through all the parts."""
        sizes = [self._elements(part) for part in parts]
        for element in range(max(sizes, default=0)):
            for part, size in zip(parts, sizes, strict=True):
                if element < size:
                    yield part, element

    def _count(self, part: _Part, element: int, level: Level) -> int:
        moments, fine = self._counts.pattern(*part, element)
        return len(moments) if level == "weight" else int(len(fine) - np.count_nonzero(fine))

    def _elements(self, part: _Part) -> int:
        """Neurons of a part, in one sample."""
        moment, what = part
        if isinstance(moment, Forward):
            if moment.form == "scalar":
                return 1
            return max((self._scene.size(values) for values in moment.outputs), default=0)
        if isinstance(moment, Backward):
            if what.startswith("in:"):
                return self._scene.size(self._scene.input(moment, what[3:]))
            if what == "sum" or moment.form == "linear":
                return self._scene.size(moment.upstream[0].total)
            return 1
        if isinstance(moment, Update):
            return moment.before.size
        return 1

    # -- numbers --

    def _numerals(self, part: _Part, element: int, level: Level, first: int = 0) -> Iterator[Numeral]:
        moment, what = part
        if isinstance(moment, Backward) and what == "weights":
            if level == "weight" and moment.form == "linear":
                yield from self._writer.weights(moment, element, first)
        else:
            yield from islice(self._written(moment, what, element, level), first, None)

    def _written(self, moment: Moment, what: str, element: int, level: Level) -> Iterator[Numeral]:
        if isinstance(moment, Forward):
            yield from self._writer.loss(moment) if moment.form == "scalar" else self._writer.outputs(moment, element)
        elif isinstance(moment, Objective):
            yield from self._writer.total(moment)
        elif isinstance(moment, Backward) and what == "sum":
            yield from self._writer.arriving(moment, element)
        elif isinstance(moment, Backward):
            yield from self._writer.back(moment, what[3:], element)
        elif isinstance(moment, Update) and level == "weight" and moment.applied is not None:
            yield from self._writer.update(moment, element)


def _first(moment: Moment) -> str:
    return moment.outputs[0].name if isinstance(moment, Forward) and moment.outputs else "out"
