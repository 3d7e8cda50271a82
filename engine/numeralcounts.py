"""How many numerals each part of a step has, without writing any of them out; `engine.numerals` skips by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, final

import numpy as np

from engine.moments import Array, Backward, Forward, Moment, Objective, Update
from engine.numeralparts import Scene

Pattern = tuple[Array, Array]
"""Of the numerals of a part at one element: the moment of each, int32, and whether it is of weights only, bool."""

_LOCAL: Final = {"weight": 1, "gradient": 1, "slope": 2}


@final
class Counts:
    """Agrees with `engine.numeralparts.Writer` on what there is."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known: dict[tuple[int, str], Pattern] = {}

    def pattern(self, moment: Moment, what: str, element: int) -> Pattern:
        """The numerals of a part of a moment (see `engine.numerals`) at an element."""
        if isinstance(moment, Forward) and moment.form != "scalar":
            found = [self._scene.array(output) is not None for output in moment.outputs]
            sizes = [self._scene.size(output) for output in moment.outputs]
            count = sum(there and element < size for there, size in zip(found, sizes, strict=True))
            return np.full(count, moment.index, np.int32), np.zeros(count, bool)
        key = (moment.index, what)
        if key not in self._known:
            fine = what in ("weights", "update")
            moments = np.array(list(self._moments(moment, what)), np.int32)
            self._known[key] = moments, np.full(len(moments), fine)
        return self._known[key]

    def _moments(self, moment: Moment, what: str) -> Iterator[int]:
        """The moment of each numeral; the same at all elements."""
        count = 0
        if isinstance(moment, Forward):
            elements = None if moment.elements is None else self._scene.array(moment.elements)
            several = moment.elements is not None and elements is not None and elements.size > 1
            count = 1 + (self._scene.size(moment.elements) if several and moment.elements is not None else 0)
        elif isinstance(moment, Objective):
            count = int(moment.composed)
        elif isinstance(moment, Update):
            count = int(moment.applied is not None and self._scene.array(moment.applied) is not None)
        elif isinstance(moment, Backward) and what == "sum":
            arrays = [[self._scene.array(term.values) for term in each.terms] for each in moment.upstream]
            count = sum(bool(terms) and all(array is not None for array in terms) for terms in arrays)
        elif isinstance(moment, Backward) and what == "weights":
            if moment.form == "linear":
                yield from self._weights(moment)
        elif isinstance(moment, Backward):
            count = self._back(moment, what.removeprefix("in:"))
        yield from (moment.index for _ in range(count))

    def _weights(self, moment: Backward) -> Iterator[int]:
        for values, update in self._scene.learned(moment):
            width = values.shape[1] if len(values.shape) == 2 else 1
            one = (moment.index,) if update is None else (moment.index, update.index)
            yield from one * width

    def _back(self, moment: Backward, port: str) -> int:
        if self._scene.array(self._scene.input(moment, port)) is None:
            return 0
        local = next((each for each in moment.local if each.values.name == port), None)
        if local is None or self._scene.array(local.values) is None:
            return 1
        return 1 if self._scene.array(moment.upstream[0].total) is None else _LOCAL[local.kind]
