"""Numbers that arrive in pieces and are drawn as a whole, at a cost that does not grow with their number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

CHUNK: Final = 256


@final
class Growing:
    """A float64 array that grows at its end at amortised constant cost."""

    def __init__(self) -> None:
        self._data: Floats = np.empty(1024)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def extend(self, values: NDArray[Any] | list[float]) -> None:
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
        sums = _window_sums(np.where(finite, joined, 0.0), self._window)[self._tail.size :]
        counts = _window_sums(finite.astype(np.float64), self._window)[self._tail.size :]
        with np.errstate(invalid="ignore", divide="ignore"):
            means = sums / counts
        means[~finite[self._tail.size :]] = np.nan
        self.result.extend(means)
        self._tail = joined[max(0, joined.size - self._window + 1) :] if self._window > 1 else np.empty(0)


def _window_sums(values: Floats, window: int) -> Floats:
    """The sum of each value and those before it, `window` at most, by additions alone.

    A difference of running sums would lose everything after a single huge value. Instead (M. van Herk, 1992) each
    window is the end of one block of `window` values and the beginning of the next.
    """
    count = values.size
    rows = -(-(count + window - 1) // window)
    blocks = np.zeros((rows, window))
    blocks.ravel()[window - 1 : window - 1 + count] = values
    beginnings = np.cumsum(blocks, axis=1).ravel()
    ends = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    starts = np.arange(count)
    whole = starts % window == 0
    return np.where(whole, ends[starts], ends[starts] + beginnings[starts + window - 1])


@final
class Envelope:
    """A long series as few points: the least and the greatest of each stretch, so that no spike is lost.

    Lows and highs of whole chunks are kept, so drawing a million values costs as much as drawing a few thousand.
    """

    def __init__(self) -> None:
        self._values = Growing()
        self._low, self._high = Growing(), Growing()

    @property
    def values(self) -> Floats:
        """The whole series, exactly as it came."""
        return self._values.values

    def extend(self, values: NDArray[Any]) -> None:
        """The series went on."""
        self._values.extend(values)
        first = len(self._low) * CHUNK
        whole = (len(self._values) - first) // CHUNK
        if whole:
            low, high = _ends(self.values[first : first + whole * CHUNK], CHUNK)
            self._low.extend(low)
            self._high.extend(high)

    def clear(self) -> None:
        """Forget everything."""
        for growing in (self._values, self._low, self._high):
            growing.clear()

    def points(self, start: int, stop: int, most: int) -> tuple[Places, Floats]:
        """At most about `most` points that look like the values from `start` to `stop`: indices and values."""
        count = stop - start
        if count <= most:
            return np.arange(start, stop), self.values[start:stop]
        size = -(-2 * count // most)
        if size < 4 * CHUNK:
            low, high = _ends(self.values[start:stop], size)
            return _zigzag(low, high, start, size, stop)
        chunks, group = slice(start // CHUNK, min(len(self._low), stop // CHUNK)), size // CHUNK
        low, _ = _ends(self._low.values[chunks], group)
        _, high = _ends(self._high.values[chunks], group)
        return _zigzag(low, high, chunks.start * CHUNK, group * CHUNK, stop)


def _ends(values: Floats, size: int) -> tuple[Floats, Floats]:
    """Least and greatest finite value of each stretch of `size`; NaN where there is none."""
    starts = np.arange(0, values.size, size)
    finite = np.where(np.isfinite(values), values, np.nan)
    return np.fmin.reduceat(finite, starts), np.fmax.reduceat(finite, starts)


def _zigzag(low: Floats, high: Floats, start: int, size: int, stop: int) -> tuple[Places, Floats]:
    places = start + np.arange(2 * low.size) * size // 2
    return np.minimum(places, stop - 1), np.stack([low, high], axis=1).ravel()


@final
class Records:
    """The lines of metrics.jsonl as they came, and each of their numbers as a column."""

    def __init__(self) -> None:
        self.rows: list[Mapping[str, Any]] = []
        self.epochs = Growing()
        self._columns: dict[str, Growing] = {}

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, those of validation data included, in the order of their first appearance."""
        return tuple(name for name in self._columns if name not in ("loss", "val_loss"))

    def append(self, row: Mapping[str, Any]) -> None:
        """One more epoch."""
        self.rows.append(row)
        self.epochs.extend([row["epoch"]])
        found = {"loss": row["loss"], "val_loss": row["val_loss"], **row["metrics"]}
        for name in found:
            if name not in self._columns:
                self._columns[name] = Growing()
                self._columns[name].extend(np.full(len(self.rows) - 1, np.nan))
        for name, column in self._columns.items():
            value = found.get(name)
            column.extend([np.nan if value is None else value])

    def column(self, name: str) -> Floats:
        """One value an epoch, NaN where it is missing; empty for an unknown name."""
        found = self._columns.get(name)
        return np.full(len(self.rows), np.nan) if found is None else found.values

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self.epochs.clear()
        self._columns.clear()
