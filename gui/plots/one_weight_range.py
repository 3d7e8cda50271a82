"""Which part of a curve is shown when nobody chose one: all of the way, unless the weight explodes."""

from __future__ import annotations

import math
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MARGIN: Final = 1.25
GROWTH: Final = 1.75
"""A weight that comes near the edge gets room to go on, and the curve beyond it is seen."""
LEAST: Final = 1.0
"""A weight near zero is shown among ±1."""
NEAR_EDGE: Final = 0.92
JUMP: Final = 3.0
"""A weight that leaps so many times as far as the picture reaches is not followed: the curve would be lost."""
MOST_GROWTH: Final = 40.0
_WAY: Final = 0.05
_CLIMB: Final = 0.4
"""A weight that came down a part of the curve shows that part; one that rests, so much of the slopes around it."""


@final
class AutoRange:
    """Reaches from −`reach` to `reach`, and further as the weight goes further."""

    def __init__(self) -> None:
        self.reach = MARGIN * LEAST
        self._most = self.reach * MOST_GROWTH

    def begin(self, weight: float) -> None:
        """A weight is there to begin with."""
        size = abs(weight) if math.isfinite(weight) else LEAST
        self.reach = MARGIN * max(LEAST, size)
        self._most = self.reach * MOST_GROWTH

    def follow(self, weight: float) -> bool:
        """The weight is there now; whether the range grew."""
        size = abs(weight)
        if not NEAR_EDGE * self.reach < size <= JUMP * self.reach:
            return False
        before = self.reach
        self.reach = min(GROWTH * size, self._most)
        return self.reach > before

    @property
    def ends(self) -> tuple[float, float]:
        """From, to."""
        return -self.reach, self.reach


def heights(loss: Floats, passed: Floats) -> tuple[float, float] | None:
    """How much of the heights of a curve to show: its bottom, and what was passed; None without any finite ones.

    Args:
        loss: of the curve.
        passed: of the places that the weight was at.
    """
    known, been = loss[np.isfinite(loss)], passed[np.isfinite(passed)]
    if not known.size:
        return None
    low, high = float(known.min()), float(known.max())
    low = min(low, float(been.min())) if been.size else low
    top = float(been.max()) if been.size else low
    passed_by = top - low
    shown = passed_by if passed_by > _WAY * (high - low) else _CLIMB * (high - low)
    shown = shown if shown > 0 else max(abs(low), 1.0) * 0.1
    return low - 0.1 * shown, low + 1.15 * shown


def barrier(w: Floats, loss: Floats, here: float) -> float:
    """The highest place of a curve between its bottom and a weight: what a descent that is stuck does not get over.

    NaN without a finite height in between.
    """
    known = np.isfinite(loss)
    if not known.any():
        return math.nan
    bottom = float(w[known][loss[known].argmin()])
    between = known & (w >= min(bottom, here)) & (w <= max(bottom, here))
    return float(loss[between].max()) if between.any() else math.nan
