"""Numbers that arrive in pieces and are drawn as a whole, at a cost that does not grow with their number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

CHUNK: Final = 16
_TOGETHER: Final = 512
"""Means that are computed at once: two megabytes with windows of 500."""


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

    def keep(self, part: slice) -> None:
        """Forget what is not in this part."""
        kept = self.values[part]
        if (part.start, part.step) != (None, None):
            self._data[: kept.size] = kept.copy()
        self._size = kept.size

    def clear(self) -> None:
        """Forget everything."""
        self._size = 0

    @property
    def values(self) -> Floats:
        """What is in it; a view that the next `extend` may leave behind."""
        return self._data[: self._size]


@final
class Smooth:
    """The trailing mean of a series over a window, as the series grows."""

    def __init__(self, window: int = 1) -> None:
        self._window = max(1, window)
        self._tail: Floats = np.empty(0)

    @property
    def window(self) -> int:
        """How many values one mean takes in."""
        return self._window

    def clear(self) -> None:
        """Another series."""
        self._tail = np.empty(0)

    def extend(self, values: Floats) -> Floats:
        """The series goes on with these values: their means. A value that is not finite blanks its own place only."""
        if values.size == 0:
            return np.empty(0)
        joined = np.concatenate([self._tail, values])
        finite = np.isfinite(joined)
        sums = _window_sums(np.where(finite, joined, 0.0), self._window)[self._tail.size :]
        counts = _window_sums(finite.astype(np.float64), self._window)[self._tail.size :]
        with np.errstate(invalid="ignore", divide="ignore"):
            means: Floats = sums / counts
        means[~finite[self._tail.size :]] = np.nan
        self._tail = joined[max(0, joined.size - self._window + 1) :] if self._window > 1 else np.empty(0)
        return means


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


def means_at(values: Floats, places: Places, window: int) -> Floats:
    """The trailing means that `Smooth` gives, at some places alone: the cost does not grow with the series."""
    window, found = max(1, window), np.empty(places.size)
    reach = np.arange(1 - window, 1)
    for first in range(0, places.size, _TOGETHER):
        part = places[first : first + _TOGETHER]
        index = part[:, None] + reach
        taken = values[np.maximum(index, 0)]
        known = np.isfinite(taken) & (index >= 0)
        sums, counts = np.where(known, taken, 0.0).sum(axis=1), known.sum(axis=1)
        found[first : first + part.size] = np.where(np.isfinite(values[part]), sums / np.maximum(counts, 1), np.nan)
    return found


def extremes(values: Floats, most: int) -> Places:
    """Places of the least and the greatest of each few neighbours, in order; all of them where there are no more.

    A value that is not finite counts as the greatest: it is what one will look for. The last place is among them.
    """
    block = 2 * -(-values.size // most)
    if block <= 2:
        return np.arange(values.size)
    whole = values.size // block * block
    ranked = np.where(np.isfinite(values[:whole]), values[:whole], np.inf).reshape(-1, block)
    starts = np.arange(0, whole, block)
    ends = [ranked.argmin(axis=1) + starts, ranked.argmax(axis=1) + starts]
    return np.unique(np.concatenate([*ends, np.arange(min(whole, values.size - 1), values.size)]))


@final
class Envelope:
    """A long series as few points: the least and the greatest of each stretch, so that no spike is lost.

    Lows and highs of whole chunks, of chunks of chunks and so on are kept, so drawing ten million values costs as much
    as drawing a few thousand.
    """

    def __init__(self) -> None:
        self._values = Growing()
        self._levels = tuple(_Level(CHUNK**power) for power in range(1, 5))

    @property
    def values(self) -> Floats:
        """The whole series, exactly as it came."""
        return self._values.values

    def extend(self, values: NDArray[Any]) -> None:
        """The series went on."""
        self._values.extend(values)
        for level in self._levels:
            level.follow(self.values)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        for level in self._levels:
            level.clear()

    def points(self, start: int, stop: int, most: int) -> tuple[Places, Floats]:
        """At most about `most` points that look like the values from `start` to `stop`: indices and values."""
        size = stretch(stop - start, most)
        if size == 1:
            return np.arange(start, stop), self.values[start:stop]
        first = start // size * size
        level = next((level for level in reversed(self._levels) if 4 * level.size <= size), None)
        if level is None:
            return _zigzag(*_ends(self.values[first:stop], size), first, size, start, stop)
        low, high = level.ends(self.values, first, stop)
        starts = np.arange(0, low.size, size // level.size)
        ends = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
        return _zigzag(*ends, first, size, start, stop)


@final
class _Level:
    """Least and greatest of each whole stretch of a series."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._low, self._high = Growing(), Growing()

    def follow(self, values: Floats) -> None:
        """The series became this."""
        first = len(self._low) * self.size
        whole = (values.size - first) // self.size
        if whole:
            low, high = _ends(values[first : first + whole * self.size], self.size)
            self._low.extend(low)
            self._high.extend(high)

    def clear(self) -> None:
        self._low.clear()
        self._high.clear()

    def ends(self, values: Floats, first: int, stop: int) -> tuple[Floats, Floats]:
        """From `first`, a multiple of the size, to `stop`: what is left of a stretch there is one, too."""
        chunks = slice(first // self.size, stop // self.size)
        low, high = _ends(values[chunks.stop * self.size : stop], self.size)
        return np.append(self._low.values[chunks], low), np.append(self._high.values[chunks], high)


def outline(values: Floats, start: int, stop: int, most: int) -> tuple[Places, Floats]:
    """`Envelope.points` of a series that is not so long."""
    size = stretch(stop - start, most)
    if size == 1:
        return np.arange(start, stop), values[start:stop]
    first = start // size * size
    return _zigzag(*_ends(values[first:stop], size), first, size, start, stop)


def stretch(count: int, most: int) -> int:
    """How many values two points stand for; a power of two, so that the picture of a growing series holds still."""
    return 1 if count <= most else 1 << math.ceil(math.log2(2 * count / most))


def _ends(values: Floats, size: int) -> tuple[Floats, Floats]:
    """Least and greatest finite value of each stretch of `size`; NaN where there is none."""
    if not values.size:
        return values, values
    starts = np.arange(0, values.size, size)
    finite = np.where(np.isfinite(values), values, np.nan)
    return np.fmin.reduceat(finite, starts), np.fmax.reduceat(finite, starts)


def _zigzag(low: Floats, high: Floats, first: int, size: int, start: int, stop: int) -> tuple[Places, Floats]:
    places = first + np.arange(2 * low.size) * size // 2
    return np.clip(places, start, stop - 1), np.stack([low, high], axis=1).ravel()


@final
class Records:
    """The lines of metrics.jsonl as they came, and each of their numbers as a column.

    When there are too many, every second one goes, and from then on only every second one stays beside the latest.
    """

    def __init__(self, most: int = 1 << 15) -> None:
        self._most = most
        self._came, self._apart = 0, 1
        self.rows: list[Mapping[str, Any]] = []
        self._epochs = Growing()
        self._columns: dict[str, Growing] = {}

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, those of validation data included, in the order of their first appearance."""
        self._settle()
        return tuple(name for name in self._columns if name not in ("loss", "val_loss"))

    @property
    def epochs(self) -> Floats:
        """Number of each epoch."""
        self._settle()
        return self._epochs.values

    def append(self, row: Mapping[str, Any]) -> None:
        """One more epoch. Thousands may come in a second: the columns grow when they are looked at."""
        if (self._came - 1) % self._apart:  # the latest one stayed only because it was the latest
            self._keep(slice(len(self.rows) - 1))
        if len(self.rows) == self._most:
            self._settle()
            self._keep(slice(None, None, 2))
            self._apart *= 2
        self._came += 1
        self.rows.append(row)

    def _settle(self) -> None:
        """Write the rows that are in no column into all of them."""
        known = len(self._epochs)
        rows = self.rows[known:]
        if not rows:
            return
        self._epochs.extend([row["epoch"] for row in rows])
        found = [{"loss": row["loss"], "val_loss": row["val_loss"], **row["metrics"]} for row in rows]
        for name in dict.fromkeys(name for numbers in found for name in numbers):
            if name not in self._columns:
                self._columns[name] = Growing()
                self._columns[name].extend(np.full(known, np.nan))
        for name, column in self._columns.items():
            values = (numbers.get(name) for numbers in found)
            column.extend([np.nan if value is None else value for value in values])

    def until(self, step: int) -> Records:
        """Those of the run as it was after so many steps."""
        self._settle()
        made = Records(self._most)
        made._apart = self._apart
        made.rows = [row for row in self.rows if row["step"] <= step]
        count = len(made.rows)
        made._came = (count - 1) * self._apart + 1 if count else 0
        made._epochs.extend(self._epochs.values[:count])
        for name, column in self._columns.items():
            known = column.values[:count]
            if not np.isnan(known).all():
                made._columns[name] = Growing()
                made._columns[name].extend(known)
        return made

    def _keep(self, part: slice) -> None:
        if part.step is None:
            del self.rows[part.stop :]  # of many rows one: no copy
        else:
            self.rows = self.rows[part]
        if part.step is not None or len(self._epochs) > len(self.rows):
            for growing in (self._epochs, *self._columns.values()):
                growing.keep(part)

    def column(self, name: str) -> Floats:
        """One value an epoch, NaN where it is missing; empty for an unknown name."""
        self._settle()
        found = self._columns.get(name)
        return np.full(len(self.rows), np.nan) if found is None else found.values

    def clear(self) -> None:
        """Forget everything."""
        self._came, self._apart = 0, 1
        self.rows.clear()
        self._epochs.clear()
        self._columns.clear()
