"""Which numbers a Sum, Mean or GlobalAvgPool takes together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, final

import numpy as np

from gui.backprop.cuts import Array, Cut, Place

KINDS: Final = frozenset(["GlobalAvgPool", "Mean", "Sum"])
_COUNTS: Final = ("n", "m")
"""What their formulas call the number of numbers."""


@final
class Reduced:
    """One such block in one step: which axes of its input go."""

    def __init__(self, kind: str, params: Mapping[str, Any], x: Array) -> None:
        axes = params.get("dim") or () if kind != "GlobalAvgPool" else tuple(range(2, x.ndim))
        chosen = (axes,) if isinstance(axes, int) else tuple(axes)
        self._x = x
        self._gone = {axis % x.ndim for axis in chosen} if chosen and x.ndim else set(range(x.ndim))
        self._labelled = kind == "GlobalAvgPool"

    def cuts(self, known: Mapping[str, Array], result: Array, place: Place) -> Iterator[Cut]:
        """The numbers that one place of the output is made of, or the one that a place of the input went into."""
        x, gone = self._x, self._gone
        count = float(np.prod([x.shape[axis] for axis in gone], dtype=np.float64))
        counts = {name: np.array(count) for name in _COUNTS}
        if r"\delta" in known:
            delta = known[r"\delta"]
            kept = tuple(at for axis, at in enumerate(place) if axis not in gone)
            spot = (
                kept if delta.ndim == len(kept) else tuple(0 if axis in gone else at for axis, at in enumerate(place))
            )
            yield Cut({**counts, r"\delta": delta[spot]}, result[place], ())
            return
        rest = iter(place if result.ndim < x.ndim else [at for axis, at in enumerate(place) if axis not in gone])
        where = tuple(slice(None) if axis in gone else next(rest) for axis in range(x.ndim))
        numbers = x[where].reshape(-1)
        if self._labelled:  # x_{c,i}: of one channel
            yield Cut({**counts, "x": numbers[None, :]}, result[place].reshape(1), (0,))
        yield Cut({**counts, "x": numbers}, result[place], ())
