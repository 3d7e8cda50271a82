"""Everything the loss panel knows of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import final

import numpy as np

from engine.events import Scalars
from gui.panel import Table
from gui.plots.history import Envelope, Floats, Growing, Records, Smooth


@final
class LossHistory:
    """Each step's loss and each epoch's record, exactly as they came, and the smoothed loss."""

    def __init__(self, window: int) -> None:
        self.steps, self.epochs, self.losses = Growing(), Growing(), Envelope()
        self.records = Records()
        self._smooth = Smooth(window)

    def take_steps(self, event: Scalars) -> None:
        """Some more steps."""
        self.steps.extend(event.steps)
        self.epochs.extend(event.epochs)
        self.losses.extend(event.loss)
        self._smooth.extend(np.asarray(event.loss, dtype=np.float64))

    def clear(self) -> None:
        """Another run."""
        for series in (self.steps, self.epochs, self.losses, self._smooth, self.records):
            series.clear()

    @property
    def window(self) -> int:
        """Steps one smoothed value takes in."""
        return self._smooth.window

    @property
    def means(self) -> Floats:
        """The smoothed loss of each step."""
        return self._smooth.result.values

    def smooth(self, window: int) -> None:
        """Take in another number of steps."""
        self._smooth.restart(window, self.losses.values)

    # -- reading --

    def at(self, x: float, what: str) -> list[tuple[str, float]]:
        """What there is at a place on the epoch axis: (`step`, `epoch`, `training` or `validation`, value)."""
        found: list[tuple[str, float]] = []
        if what == "loss" and len(self.steps):
            index = _nearest(self.epochs.values, x)
            found += [("step", int(self.steps.values[index])), ("training", float(self.losses.values[index]))]
        if self.records.rows:
            index = _nearest(self.records.epochs.values, x)
            found.append(("epoch", int(self.records.epochs.values[index])))
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
