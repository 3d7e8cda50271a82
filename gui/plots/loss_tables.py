"""The numbers of several runs in one table, as the loss panel saves them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from gui.panel import Table
from gui.plots.kept_runs import Frozen

STEP_COLUMNS: Final = ["step", "epoch", "loss", "smoothed", "val_loss"]


def with_earlier(
    present: Table, number: int, name: str, earlier: Sequence[tuple[int, str, Frozen]], window: int
) -> Table:
    """The present run's table and those of earlier runs below it, with the number and name of the run before each row.

    Args:
        present: of steps or of epochs; its columns are those of all runs.
        number: of the present run.
        name: of the present run.
        earlier: number, name and curves of each earlier run.
        window: steps that a smoothed value takes in.
    """
    header, rows = present
    return ["run", "name", *header], _rows(header, rows, (number, name), tuple(earlier), window)


def _rows(
    header: list[str],
    present: Iterable[Sequence[object]],
    called: tuple[int, str],
    earlier: tuple[tuple[int, str, Frozen], ...],
    window: int,
) -> Iterator[Sequence[object]]:
    for number, name, frozen in earlier:
        rows = _steps(frozen, window) if header == STEP_COLUMNS else _epochs(frozen, header)
        for row in rows:
            yield [number, name, *row]
    for row in present:
        yield [*called, *row]


def _steps(frozen: Frozen, window: int) -> Iterator[Sequence[object]]:
    """A row for each step that was kept, and where an epoch ends."""
    steps = {
        int(step): [int(step), float(epoch), float(loss), float(mean), None]
        for step, epoch, loss, mean in zip(
            frozen.steps, frozen.epochs, frozen.losses, frozen.means.get(window, frozen.losses), strict=True
        )
    }
    records = frozen.records
    for step, epoch, loss in zip(records["step"], records["epoch"], records["val_loss"], strict=True):
        row = steps.setdefault(int(step), [int(step), float(epoch), None, None, None])
        row[4] = None if np.isnan(loss) else float(loss)
    yield from (steps[step] for step in sorted(steps))


def _epochs(frozen: Frozen, header: list[str]) -> Iterator[Sequence[object]]:
    columns = [frozen.records.get(name) for name in header]
    whole = [name in ("epoch", "step") for name in header]
    for index in range(frozen.records["epoch"].size):
        values = [np.nan if column is None else column[index] for column in columns]
        yield [
            None if np.isnan(value) else int(value) if is_whole else float(value)
            for value, is_whole in zip(values, whole, strict=True)
        ]
