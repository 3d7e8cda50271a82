"""The network's output over the plane of a two-feature input."""

from __future__ import annotations

from typing import final

from engine.data.planes import plane_grid, sample_points
from engine.events import copied
from engine.probes.probe import Probe, finite, watcher
from engine.snapshots import Surface
from engine.training.run import Run

SIDE = 100


@final
class SurfaceProbe(Probe):
    """One batched forward pass over a grid."""

    kind = Surface

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._watcher = watcher(run)
        data = self._watcher.data if self._watcher else None
        self._plane = plane_grid(data, SIDE) if data else None
        self._points = sample_points(data) if data else None

    def fits(self) -> bool:
        return self._plane is not None and self.run.trainer.task is not None

    def take(self) -> Surface | None:
        plane, points, task = self._plane, self._points, self.run.trainer.task
        assert self._watcher is not None
        assert plane is not None
        assert points is not None
        assert task is not None
        prediction = self._watcher(plane.x)
        probabilities = task.probabilities(prediction)
        values = finite(prediction if probabilities is None else probabilities).float().reshape(len(plane.x), -1)
        several = values.shape[1] > 1
        if several and task.kind == "numbers":
            values = values[:, :1]
            several = False
        centre = 0.0
        if task.kind == "yes_no":
            centre = 0.5 if probabilities is not None else task.threshold
        side = (plane.n, plane.n)
        return Surface(
            self.run.trainer.steps,
            plane.extent,
            copied((values.reshape(*side, -1) if several else values[:, 0].reshape(side)).numpy()),
            centre,
            points.x,
            points.target,
            points.split,
            (self._watcher.data.point_names[0], self._watcher.data.point_names[1]),
            task.classes,
        )
