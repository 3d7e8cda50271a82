"""A run goes to disk: when that is due, and in which order."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, final

from torch import Tensor

from engine.checkpoints import CheckpointPlan, Standing
from engine.graph import Project
from engine.training.best import Best
from engine.training.run_folder import RunFolder

_SHARE = 0.02
"""Part of the time that may go into writing checkpoints, where nobody said how often."""
_LEAST = 1.0
"""Seconds between two of them, then."""


@final
class SavePace:
    """Knows when the last one was made.

    Attributes:
        step: updates made then.
    """

    def __init__(self) -> None:
        self.step = self._epochs = 0
        self._next_at = time.monotonic() + _LEAST
        self._saved_at = time.monotonic()
        self._began = 0.0

    def due(self, plan: CheckpointPlan, step: int, epochs: int) -> bool:
        """Whether one is due after so many steps and complete epochs."""
        every = plan.every
        if every is None:
            return time.monotonic() >= self._next_at
        if every.seconds is not None:
            return time.monotonic() >= self._saved_at + every.seconds
        if every.steps is not None:
            return step - self.step >= every.steps
        return epochs - self._epochs >= (every.epochs or 1)

    def begin(self) -> None:
        """One is written now."""
        self._began = time.monotonic()

    def end(self, step: int, epochs: int) -> None:
        """It is written."""
        self.stands(step, epochs)
        self._saved_at = time.monotonic()
        self._next_at = self._saved_at + max(_LEAST, (self._saved_at - self._began) / _SHARE)

    def stands(self, step: int, epochs: int) -> None:
        """The run is where one was made."""
        self.step, self._epochs = step, epochs


def write(
    folder: RunFolder,
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
