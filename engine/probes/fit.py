"""Predicted against true values of a regression."""

from __future__ import annotations

from typing import final

import numpy as np

from engine.events import copied
from engine.probes.probe import Probe, finite, spread_over, watcher
from engine.snapshots import Fit
from engine.training.run import Run

MOST = 1000


@final
class FitProbe(Probe):
    """Some samples of the validation part (else the training part).

    Of several outputs the first, or, where they have no names, the one whose true values differ most.
    """

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
        field = data.facts.field(task.target[1])
        named = field is not None and bool(field.columns)
        flat = target.reshape(len(rows), -1)
        self._element = 0 if named else int(flat.var(0, correction=0).argmax())
        self._true = copied(flat[:, self._element].numpy())
        self._name = field.columns[0] if field is not None and named else task.target[1]
        if not named and flat.shape[1] > 1:  # of a picture that is to come out again, for example
            place = np.unravel_index(self._element, target.shape[1:])
            self._name += f"[{', '.join(map(str, map(int, place)))}]"

    def fits(self) -> bool:
        task, found = self.run.trainer.task, self._watcher
        if task is None or found is None or task.kind != "numbers":
            return False
        return len(found.data.point_names) == 0 and task.target[0] == found.input

    def take(self) -> Fit | None:
        assert self._watcher is not None
        prediction = finite(self._watcher(self._x)).double().reshape(len(self._x), -1)[:, self._element]
        return Fit(self.run.trainer.steps, self._true, copied(prediction.numpy()), self._name)
