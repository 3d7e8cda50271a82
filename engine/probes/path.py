"""The path of the training on the plane of the loss surface computed last."""

from __future__ import annotations

from typing import final

import numpy as np

from engine.events import copied
from engine.probes.probe import Probe
from engine.surfaceevents import PathOnSurface
from engine.training.run import Run


@final
class PathProbe(Probe):
    """Projects the places that the trail of the run kept; each of them once for a plane."""

    kind = PathOnSurface

    def fits(self) -> bool:
        return self.run.trail is not None

    def take(self) -> PathOnSurface | None:
        return path_of(self.run)


def path_of(run: Run) -> PathOnSurface | None:
    """Where the training has been, on the plane; None without one."""
    trail = run.trail
    if trail is None or trail.plane is None:
        return None
    step = run.trainer.steps
    found = trail.projected(trail.plane, step)
    places = np.array([place for _, place in found], dtype=np.float64).reshape(-1, 3)
    return PathOnSurface(
        trail.plane.request,
        step,
        copied([row.step for row, _ in found], np.int64),
        copied(places[:, 0]),
        copied(places[:, 1]),
        copied(places[:, 2]),
        copied([row.begins for row, _ in found], np.bool_),
        trail.since,
    )
