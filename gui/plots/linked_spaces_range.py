"""Which part of a parameter space is shown: the solution in the middle, the way to it all around."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MARGIN: Final = 1.3
LEAST: Final = 0.5
"""Half of the range at least, in parts of the solution's size."""
NEAR_EDGE: Final = 0.95
JUMP: Final = 3.0
"""A leap so many times as far as the picture reaches is not followed: it explodes."""
MOST_GROWTH: Final = 8.0


@final
class SpaceRange:
    """Centred on a place, reaching as far as parameters go."""

    def __init__(self) -> None:
        self.centre: Floats = np.zeros(2)
        self.reach: Floats = np.ones(2)
        self._most: Floats = np.ones(2) * MOST_GROWTH

    def begin(self, centre: Floats, theta: Floats) -> None:
        """Show these two."""
        off = np.abs(np.where(np.isfinite(theta), theta, centre) - centre)
        self.centre = centre.copy()
        self.reach = MARGIN * np.maximum(off, LEAST * np.maximum(1.0, np.abs(centre)))
        # One axis may be far longer than the other, but a path along it should not look like a line.
        self.reach = np.maximum(self.reach, 0.35 * self.reach.max())
        self._most = self.reach * MOST_GROWTH

    def follow(self, theta: Floats) -> bool:
        """The parameters are there now; whether the range grew."""
        if not np.isfinite(theta).all():
            return False
        off = np.abs(theta - self.centre)
        if np.any(off > JUMP * self.reach) or not np.any(off > NEAR_EDGE * self.reach):
            return False
        before = self.reach
        self.reach = np.minimum(np.maximum(self.reach, MARGIN * off), self._most)
        return bool(np.any(self.reach > before))

    def holds(self, theta: Floats) -> bool:
        """Whether a place is in the picture."""
        return bool(np.isfinite(theta).all() and np.all(np.abs(theta - self.centre) <= self.reach))

    def ticks(self, count: int) -> tuple[Floats, Floats]:
        """Evenly spaced places along both axes."""
        low, high = self.centre - self.reach, self.centre + self.reach
        return np.linspace(low[0], high[0], count), np.linspace(low[1], high[1], count)
