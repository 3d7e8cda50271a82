"""The fitted curve of a one-feature input."""

from __future__ import annotations

from typing import final

from engine.data.planes import line_grid, sample_points
from engine.events import copied
from engine.probes.probe import Probe, finite, watcher
from engine.snapshots import Curve
from engine.training.run import Run

PLACES = 200


@final
class CurveProbe(Probe):
    """One batched forward pass along the line."""

    kind = Curve

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._watcher = watcher(run)
        data = self._watcher.data if self._watcher else None
        self._line = line_grid(data, PLACES) if data else None
        self._points = sample_points(data) if data else None

    def fits(self) -> bool:
        return self._line is not None and self.run.trainer.task is not None

    def take(self) -> Curve | None:
        line, points, task = self._line, self._points, self.run.trainer.task
        assert self._watcher is not None
        assert line is not None
        assert points is not None
        assert task is not None
        prediction = self._watcher(line.x)
        probabilities = task.probabilities(prediction)
        values = finite(prediction if probabilities is None else probabilities).reshape(len(line.x), -1)
        return Curve(
            self.run.trainer.steps,
            line.at,
            copied(values.double().numpy()),
            points.x[:, 0],
            points.target,
            points.split,
            self._watcher.data.point_names[0],
        )
