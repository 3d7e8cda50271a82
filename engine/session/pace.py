"""How fast it goes, and how long it will take."""

from __future__ import annotations

import math
from collections import deque
from typing import final

from engine.events import Progress
from engine.training.run import Run

_WINDOW = 3.0
"""Seconds that the rate is measured over."""


@final
class Pace:
    """The rate of the last seconds of one run; `restart` whenever the run begins to go."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int, float]] = deque()

    def restart(self) -> None:
        """Forget the pause."""
        self._marks.clear()

    def progress(self, run: Run, now: float) -> Progress:
        """Where the run is at this moment of time.perf_counter."""
        trainer = run.trainer
        self._marks.append((now, trainer.steps, run.samples_seen))
        while len(self._marks) > 2 and self._marks[1][0] < now - _WINDOW:
            self._marks.popleft()
        began, first_step, first_samples = self._marks[0]
        seconds = now - began
        left = None
        missing = run.planned * trainer.steps_per_epoch - math.ceil(trainer.position * trainer.steps_per_epoch)
        if seconds > 0 and trainer.steps > first_step:
            left = max(0.0, missing * seconds / (trainer.steps - first_step))
        return Progress(
            epoch=trainer.epochs + (0 if run.between_epochs else 1),
            epochs=run.planned,
            step=trainer.steps,
            steps_per_epoch=trainer.steps_per_epoch,
            samples_per_s=(run.samples_seen - first_samples) / seconds if seconds > 0 else 0.0,
            seconds_left=left,
            lr=trainer.lr,
            loss=trainer.last_loss if trainer.steps else math.nan,
        )
