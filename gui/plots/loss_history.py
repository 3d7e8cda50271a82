"""Everything the loss panel knows of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from engine.events import Scalars
from gui.panel import Table
from gui.plots.history import Envelope, Floats, Growing, Places, Records, Smooth, means_at

Columns = NDArray[np.float64]
"""Float64 (4, k): steps, epochs, losses, means."""

MOST: Final = 1 << 20
"""So many steps are kept as they came: about 40 MB."""


@final
class LossHistory:
    """Each step's loss and each epoch's record, exactly as they came, and the smoothed loss.

    Of a run longer than `most` steps the least and the greatest of each few neighbours are kept: the picture is the
    same, and the memory does not grow.
    """

    def __init__(self, window: int, most: int = MOST) -> None:
        assert most % 4 == 0
        self._most = most
        self._apart = 1
        """How many steps stand for one that is kept."""
        self.steps, self.epochs, self.losses = Growing(), Growing(), Envelope()
        self._levels = Growing()
        """The mean loss of the steps that each kept one stands for, as soon as that is more than its own."""
        self._smooth = Smooth(window)
        self._means = Growing()
        self._waiting: list[Columns] = []
        """What came and does not yet fill a block of 2 × `apart`: steps, epochs, losses, means."""
        self.records = Records()

    def take_steps(self, event: Scalars) -> None:
        """Some more steps."""
        loss = np.asarray(event.loss, dtype=np.float64)
        new = np.stack([event.steps, event.epochs, loss, self._smooth.extend(loss)])
        while new.shape[1]:
            room = (self._most - len(self.steps)) * self._apart - sum(part.shape[1] for part in self._waiting)
            self._take(new[:, :room])
            new = new[:, room:]
            if len(self.steps) == self._most:
                self._thin()

    def _take(self, new: Columns) -> None:
        if self._apart == 1:
            self._keep(new, new[2])
            return
        joined = np.concatenate([*self._waiting, new], axis=1)
        block = 2 * self._apart
        whole = joined.shape[1] // block * block
        self._waiting = [joined[:, whole:]]
        self._keep(*_ends_of_blocks(joined[:, :whole], joined[2, :whole], block))

    def _keep(self, columns: Columns, levels: Floats) -> None:
        series: tuple[Growing | Envelope, ...] = (self.steps, self.epochs, self.losses, self._means)
        for one, column in zip(series, columns, strict=True):
            one.extend(column)
        if self._apart > 1:
            self._levels.extend(levels)

    def _thin(self) -> None:
        """Of four neighbours, keep two."""
        levels = self.losses.values if self._apart == 1 else self._levels.values
        columns = np.stack([self.steps.values, self.epochs.values, self.losses.values, self._means.values])
        kept = _ends_of_blocks(columns, levels, 4)
        for series in (self.steps, self.epochs, self.losses, self._means, self._levels):
            series.clear()
        self._apart *= 2
        self._keep(*kept)

    def clear(self) -> None:
        """Another run."""
        self._apart, self._waiting = 1, []
        for series in (self.steps, self.epochs, self.losses, self._levels, self._smooth, self._means, self.records):
            series.clear()

    @property
    def window(self) -> int:
        """Steps one smoothed value takes in."""
        return self._smooth.window

    @property
    def means(self) -> Floats:
        """The smoothed loss of each step."""
        return self._means.values

    def smooth(self, window: int) -> None:
        """Take in another number of steps."""
        self._smooth = Smooth(window)
        self._means.clear()
        if self._apart == 1:
            self._means.extend(self._smooth.extend(self.losses.values))
            return
        # The steps in between are gone, but not their mean.
        kept = Smooth(max(1, window // self._apart))
        self._means.extend(kept.extend(self._levels.values))

    def means_at(self, places: Places, window: int) -> Floats:
        """The means that `smooth` would give, at some of the kept steps."""
        if self._apart == 1:
            return means_at(self.losses.values, places, window)
        return means_at(self._levels.values, places, window // self._apart)

    def until(self, step: int) -> LossHistory:
        """What was known after so many steps; this one stays as it is."""
        made = LossHistory(self.window, self._most)
        made._apart = self._apart
        columns = np.stack([self.steps.values, self.epochs.values, self.losses.values, self._means.values])
        count = int(np.searchsorted(columns[0], step, side="right"))
        count -= count % 2 if self._apart > 1 else 0  # of each block both ends or neither
        levels = columns[2] if self._apart == 1 else self._levels.values
        made._keep(columns[:, :count], levels[:count])
        if count == len(self.steps):
            made._waiting = [part[:, part[0] <= step] for part in self._waiting]
        made._smooth.extend(columns[2, max(0, count - self.window) : count])
        made.records = self.records.until(step)
        return made

    # -- reading --

    def at(self, x: float, what: str) -> list[tuple[str, float]]:
        """What there is at a place on the epoch axis: (`step`, `epoch`, `training` or `validation`, value)."""
        found: list[tuple[str, float]] = []
        if what == "loss" and len(self.steps):
            index = _nearest(self.epochs.values, x)
            found += [("step", int(self.steps.values[index])), ("training", float(self.losses.values[index]))]
        if self.records.rows:
            index = _nearest(self.records.epochs, x)
            found.append(("epoch", int(self.records.epochs[index])))
            if what != "loss":
                found.append(("training", float(self.records.column(what)[index])))
            value = float(self.records.column(f"val_{what}")[index])
            if not np.isnan(value):
                found.append(("validation", value))
        return found

    def step_table(self) -> Table:
        """A row a step; the validation loss where an epoch ends."""
        epoch_ends = {int(row["step"]): row["val_loss"] for row in self.records.rows}
        columns = (self.steps.values, self.epochs.values, self.losses.values, self.means)
        copies = tuple(column.copy() for column in columns)  # for it is read later, in another thread
        return ["step", "epoch", "loss", "smoothed", "val_loss"], _step_rows(copies, epoch_ends)

    def epoch_table(self) -> Table:
        """A row an epoch: what metrics.jsonl holds."""
        names = list(self.records.metrics)
        header = ["epoch", "step", "loss", "val_loss", "lr", *names]
        rows = [
            [*(row[name] for name in header[:5]), *(row["metrics"].get(name) for name in names)]
            for row in self.records.rows
        ]
        return header, rows


def _ends_of_blocks(columns: Columns, levels: Floats, block: int) -> tuple[Columns, Floats]:
    """Of each block of columns those with the least and the greatest loss, in order, and the mean level of the block.

    A loss that is not finite counts as the greatest: it is what one will look for.
    """
    losses = columns[2].reshape(-1, block)
    low = np.where(np.isfinite(losses), losses, np.inf).argmin(axis=1)
    high = np.where(np.isfinite(losses), losses, np.inf).argmax(axis=1)
    high = np.where(high == low, block - 1, high)  # all are alike, and both are the first
    places = np.sort(np.stack([low, high], axis=1), axis=1) + block * np.arange(len(losses))[:, None]
    return columns[:, places.ravel()], levels.reshape(-1, block).mean(axis=1).repeat(2)


def _nearest(sorted_values: Floats, x: float) -> int:
    index = int(np.searchsorted(sorted_values, x))
    if index == 0:
        return 0
    if index == sorted_values.size:
        return index - 1
    return index if sorted_values[index] - x < x - sorted_values[index - 1] else index - 1


def _step_rows(columns: tuple[Floats, ...], epoch_ends: Mapping[int, float | None]) -> Iterator[Sequence[object]]:
    for step, epoch, loss, mean in zip(*columns, strict=True):
        yield [int(step), float(epoch), float(loss), float(mean), epoch_ends.get(int(step))]
