"""A run goes to disk: when that is due, and in which order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, final

from torch import Tensor

from engine.checkpoints import BestEpoch, CheckpointPlan, Standing
from engine.graph import Project
from engine.training.best import Best

_SHARE = 0.02
"""Part of the time that may go into writing checkpoints, where nobody said how often."""
_WITHOUT_END = 1 << 30
_LEAST = 1.0
"""Seconds between two of them, then."""


class Folder(Protocol):
    """What a run asks of the directory it leaves its files in: `RunFolder`, or one of several processes together."""

    path: Path
    plan: CheckpointPlan

    def add_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Append lines of epochs."""

    def add_change(self, change: Mapping[str, Any]) -> None:
        """Append a changed hyperparameter."""

    def cut_records(self, step: int, epochs: int) -> None:
        """Drop what was written after this step."""

    def records(self) -> list[dict[str, Any]]:
        """The lines of all epochs."""

    def save_weights(self, weights: Mapping[str, Tensor], project: Project) -> None:
        """Write the weights as they are now."""

    def save_best(self, weights: Mapping[str, Tensor], best: BestEpoch, project: Project) -> None:
        """Write the weights of the best epoch."""

    def save_checkpoint(self, state: Mapping[str, Any], standing: Standing) -> None:
        """Write the whole state as another checkpoint."""

    def follow(self, project: Project) -> None:
        """The run goes on with an edited project."""

    def prune(self) -> None:
        """Delete the checkpoints that are older than is wanted."""


def _now() -> float:
    return time.monotonic()


@final
class SavePace:
    """Knows when the last one was made.

    Attributes:
        step: updates made then.
        changed: whether something but updates has changed the run since.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        """Args: `clock` tells seconds; processes that train together share one, to come to the same answers."""
        self._clock = clock or _now
        self.step = self._epochs = 0
        self.changed = False
        self._next_at = self._clock() + _LEAST
        self._saved_at = self._clock()
        self._began = 0.0

    def now(self) -> float:
        """Seconds by its clock."""
        return self._clock()

    def due(self, plan: CheckpointPlan, step: int, epochs: int) -> bool:
        """Whether one is due after so many steps and complete epochs."""
        every = plan.every
        if every is None:
            return self._clock() >= self._next_at
        if every.seconds is not None:
            return self._clock() >= self._saved_at + every.seconds
        if every.steps is not None:
            return step - self.step >= every.steps
        return epochs - self._epochs >= (every.epochs or 1)

    def room(self, plan: CheckpointPlan, step: int, epochs: int, steps_per_epoch: int) -> int:
        """Steps, at least 1, that may be made before one is due by their number."""
        every = plan.every
        if every is None or every.seconds is not None:
            return _WITHOUT_END
        if every.steps is not None:
            return max(1, self.step + every.steps - step)
        return max(1, self._epochs + (every.epochs or 1) - epochs) * steps_per_epoch

    def begin(self) -> None:
        """One is written now."""
        self._began = self._clock()

    def end(self, step: int, epochs: int) -> None:
        """It is written."""
        self.stands(step, epochs)
        self._saved_at = self._clock()
        self._next_at = self._saved_at + max(_LEAST, (self._saved_at - self._began) / _SHARE)

    def stands(self, step: int, epochs: int) -> None:
        """The run is where one was made."""
        self.step, self._epochs, self.changed = step, epochs, False


def write(
    folder: Folder,
    project: Project,
    weights: Mapping[str, Tensor],
    state: Mapping[str, Any],
    standing: Standing,
    best: Best,
) -> None:
    """Everything of a run: in such an order that a process killed anywhere in it leaves a run that can go on.

    Raises:
        FileError: F05, it cannot be written.
    """
    if best.epoch is not None and best.weights:
        folder.save_best(best.weights, best.epoch, project)
        best.weights = {}
    folder.save_weights(weights, project)
    folder.save_checkpoint(state, standing)
    folder.follow(project)
    folder.prune()
