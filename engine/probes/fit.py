"""Predicted against true values of a regression."""

from __future__ import annotations

from typing import final

from engine.events import copied
from engine.probes.probe import Probe, finite, spread_over, watcher
from engine.snapshots import Fit
from engine.training.run import Run

MOST = 1000


@final
class FitProbe(Probe):
    """Some samples of the validation part (else the training part); the first output where there are several."""

    kind = Fit

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._watcher = watcher(run)
        if not self.fits():
            return
        assert self._watcher is not None
        data = self._watcher.data
        task = run.trainer.task
        assert task is not None
        split, rows = spread_over(data, MOST)
        self._x = data.part(split)[data.x_field.name][rows]
        target = data.part(split)[task.target[1]][rows].double()
        self._true = copied(target.reshape(len(rows), -1)[:, 0].numpy())
        field = data.facts.field(task.target[1])
        self._name = field.columns[0] if field is not None and field.columns else task.target[1]

    def fits(self) -> bool:
        task, found = self.run.trainer.task, self._watcher
        if task is None or found is None or task.kind != "numbers":
            return False
        return len(found.data.point_names) == 0 and task.target[0] == found.input

    def take(self) -> Fit | None:
        assert self._watcher is not None
        prediction = finite(self._watcher(self._x)).double().reshape(len(self._x), -1)[:, 0]
        return Fit(self.run.trainer.steps, self._true, copied(prediction.numpy()), self._name)
