"""Numbers that arrive in pieces and are drawn as a whole."""

from __future__ import annotations

from typing import final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@final
class Growing:
    """A float64 array that grows at its end at amortised constant cost."""

    def __init__(self) -> None:
        self._data: Floats = np.empty(1024)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def extend(self, values: NDArray[np.floating] | list[float]) -> None:
        """Append values."""
        new = np.asarray(values, dtype=np.float64)
        need = self._size + new.size
        if need > self._data.size:
            grown = np.empty(max(need, 2 * self._data.size))
            grown[: self._size] = self._data[: self._size]
            self._data = grown
        self._data[self._size : need] = new
        self._size = need

    def clear(self) -> None:
        """Forget everything."""
        self._size = 0

    @property
    def values(self) -> Floats:
        """What is in it; a view that the next `extend` may leave behind."""
        return self._data[: self._size]


@final
class Smooth:
    """The trailing mean of a series over a window, kept up to date as the series grows."""

    def __init__(self, window: int = 1) -> None:
        self._window = max(1, window)
        self._tail: Floats = np.empty(0)
        self.result = Growing()

    @property
    def window(self) -> int:
        """How many values one mean takes in."""
        return self._window

    def restart(self, window: int, series: Floats) -> None:
        """Another window: everything anew."""
        self._window = max(1, window)
        self.clear()
        self.extend(series)

    def clear(self) -> None:
        """Forget everything."""
        self._tail = np.empty(0)
        self.result.clear()

    def extend(self, values: Floats) -> None:
        """The series went on with these values. A value that is not finite blanks its own place only."""
        if values.size == 0:
            return
        joined = np.concatenate([self._tail, values])
        finite = np.isfinite(joined)
        sums = np.concatenate([[0.0], np.cumsum(np.where(finite, joined, 0.0))])
        counts = np.concatenate([[0], np.cumsum(finite)])
        ends = np.arange(self._tail.size + 1, joined.size + 1)
        starts = np.maximum(0, ends - self._window)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = (sums[ends] - sums[starts]) / (counts[ends] - counts[starts])
        means[~finite[self._tail.size :]] = np.nan
        self.result.extend(means)
        self._tail = joined[max(0, joined.size - self._window + 1) :] if self._window > 1 else np.empty(0)
