"""How fast it goes, and how long it will take."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import final

from engine.snapshots import Engine, Progress
from engine.training.run import Run
from engine.training.trainer import Trainer

_WINDOW = 3.0
"""Seconds of training that the rate is measured over."""

_TOO_SHORT = 0.2
"""Seconds of training from which nobody can tell how long the rest will take."""


@final
class Pace:
    """The rate of the last seconds that one run was trained; pauses, questions and edits between them do not count."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, float]] = deque()
        self._spent = 0.0
        self._since: float | None = None
        self._engine: Engine | None = None

    def restart(self) -> None:
        """Another run begins."""
        self._marks.clear()
        self._engine = None

    @contextmanager
    def going(self, run: Run) -> Iterator[None]:
        """The run is trained inside of this."""
        self._since = time.perf_counter()
        if not self._marks:
            self._mark(run, self._spent)
        try:
            yield
        finally:
            self._spent += time.perf_counter() - self._since
            self._since = None

    def _mark(self, run: Run, at: float) -> None:
        self._marks.append((at, run.samples_seen))

    def progress(self, run: Run, now: float) -> Progress:
        """Where the run is at this moment of time.perf_counter."""
        trainer = run.trainer
        at = self._spent + (0.0 if self._since is None else now - self._since)
        self._mark(run, at)
        while len(self._marks) > 2 and self._marks[1][0] < at - _WINDOW:
            self._marks.popleft()
        began, first_samples = self._marks[0]
        seconds, samples = at - began, run.samples_seen - first_samples
        left = None
        if seconds > _TOO_SHORT and samples > 0:
            epoch = 1 if trainer.batches is None else trainer.batches.samples
            made = trainer.position + (1.0 if run.epoch_waits else 0.0)
            left = max(0.0, run.planned - made) * epoch * seconds / samples
        engine, before = _engine(trainer), self._engine
        self._engine = engine
        if before not in (None, engine):
            self._marks.clear()  # how fast it goes from now on has nothing to do with what was
            self._mark(run, at)
        return Progress(
            epoch=trainer.epochs + (0 if run.between_epochs else 1),
            epochs=run.planned,
            step=trainer.steps,
            steps_per_epoch=trainer.steps_per_epoch,
            samples_per_s=samples / seconds if seconds > 0 else 0.0,
            seconds_left=left,
            lr=trainer.lr,
            loss=trainer.last_loss if trainer.steps else math.nan,
            engine=engine,
        )


def _engine(trainer: Trainer) -> Engine:
    """What makes the steps."""
    if trainer.fast.running:
        return "fast"
    return "captured" if trainer.choice.made else "eager"
