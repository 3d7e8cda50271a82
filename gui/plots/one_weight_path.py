"""Where a weight has been, and how far of that has been shown: steps come by the hundred, a ball rolls one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST: Final = 10_000
"""Updates that are kept."""
STILL: Final = 0.002
"""Seconds that an update takes to show which moves nothing; one that can be seen takes `SEEN` more, and one across the
whole picture `ACROSS` more."""
SEEN: Final = 0.03
ACROSS: Final = 0.45
PIXELS: Final = 350


@final
class WeightPath:
    """The values of one weight after each update, and a place on the way that follows the last of them.

    Attributes:
        steps, values: updates made, and the weight then; ascending, as far as they are kept.
    """

    def __init__(self) -> None:
        self.steps: list[int] = []
        self.values: list[float] = []
        self._at = 0.0

    def clear(self) -> None:
        """Another weight."""
        self.steps, self.values, self._at = [], [], 0.0

    def extend(self, steps: Sequence[int], values: Sequence[float]) -> None:
        """Updates were made."""
        self.steps.extend(steps)
        self.values.extend(values)
        beyond = len(self.steps) - MOST
        if beyond > 0:
            del self.steps[:beyond], self.values[:beyond]
            self._at = max(0.0, self._at - beyond)

    def move(self, step: int, value: float) -> None:
        """The weight changed without an update; what was later than this step never came to be. Shown at once."""
        while self.steps and self.steps[-1] >= step:
            self.steps.pop()
            self.values.pop()
        self.extend([step], [value])
        self._at = float(len(self.steps) - 1)

    # -- being shown --

    @property
    def settled(self) -> bool:
        """Whether the last update is what is shown."""
        return self._at >= len(self.steps) - 1

    @property
    def shown(self) -> int:
        """Number of the update that is shown, or the last one before what is shown; counts what is kept."""
        return int(self._at)

    @property
    def leg(self) -> tuple[float, float, float]:
        """Between two updates: the weight before and after, and how far between them, 0 … 1."""
        before = int(self._at)
        after = min(before + 1, len(self.values) - 1)
        return self.values[before], self.values[after], self._at - before

    def trail(self, most: int) -> Floats:
        """The last weights that were shown, the present one last, (n,)."""
        return np.array(self.values[max(0, self.shown + 1 - most) : self.shown + 1], dtype=np.float64)

    def visited(self, since: int) -> Iterator[float]:
        """Those shown since so many were, and the one on the way to which it is."""
        yield from self.values[since : math.ceil(self._at) + 1]

    def hurry(self) -> None:
        """Show the last update."""
        self._at = max(0.0, float(len(self.steps) - 1))

    def advance(self, seconds: float, span: float, within: float) -> None:
        """Let time pass.

        Args:
            seconds: that passed.
            span: of the picture, in units of the weight.
            within: seconds that all of the way ahead may take; it goes the faster, the longer that is.
        """
        first = int(self._at)
        if self.settled:
            return
        times = _durations(np.array(self.values[first:], dtype=np.float64), span)
        ahead = np.concatenate([[0.0], np.cumsum(times)])
        here = (self._at - first) * times[0]
        rest = float(ahead[-1] - here)
        now = here + seconds * max(1.0, rest / within)
        self._at = first + float(np.interp(now, ahead, np.arange(ahead.size)))


def _durations(values: Floats, span: float) -> Floats:
    """Seconds that the ways between values take to be shown."""
    with np.errstate(all="ignore"):
        far = np.abs(np.diff(values)) / span if span > 0 and math.isfinite(span) else np.ones(values.size - 1)
    # What leaves the picture is not watched on its way.
    far = np.where(np.isfinite(far) & (far < 2.0), np.minimum(far, 1.0), 0.0)
    found: Floats = STILL + SEEN * np.minimum(1.0, far * PIXELS / 2) + ACROSS * far
    return found
