"""What was read of a run elsewhere, as the events that a training at home tells."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, final

import numpy as np

from engine import settings
from engine.checkpoints import Standing
from engine.events import EpochEnd, Event, HyperChanged, Scalars
from engine.snapshots import Progress
from engine.watching.watcher import News

_ARRIVALS = 20


@final
class Telling:
    """Remembers enough to say how far the run is, and when it may be done.

    Attributes:
        last: record of the last epoch; {} before the first one.
        standing: what the newest checkpoint tells.
    """

    def __init__(self) -> None:
        self.last: Mapping[str, Any] = {}
        self.standing: Standing | None = None
        self._planned = 0
        self._arrivals: deque[tuple[float, int]] = deque(maxlen=_ARRIVALS)

    def events(self, news: News) -> list[Event]:
        """One loss and one record an epoch, changed settings, and where the training is."""
        if news.again:
            self.last = {}
            self._arrivals.clear()
        if news.graph is not None:
            values, _ = settings.parse(news.graph.training)
            self._planned = int(values["epochs"])
        self.standing = news.standing
        told: list[Event] = [HyperChanged(one.step, one.name, one.old, one.new) for one in news.changes]
        if news.records:
            told.append(_scalars(news.records))
            told += [EpochEnd(record) for record in news.records]
            self.last = news.records[-1]
            self._arrivals.append((time.monotonic() - news.age, self.last["epoch"]))
        if self.last:
            told.append(self.progress())
        return told

    @property
    def planned(self) -> int:
        """Epochs in all."""
        made: int = self.last.get("epoch", 0)
        return max(self._planned if self.standing is None else self.standing.planned, made)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.standing is not None and self.standing.over

    def progress(self) -> Progress:
        """Where the training is, for the transport."""
        last, standing = self.last, self.standing
        epoch, step = last["epoch"], last["step"]
        return Progress(
            epoch=epoch,
            epochs=self.planned,
            step=max(step, standing.step if standing is not None else 0),
            steps_per_epoch=max(1, round(step / epoch)),
            samples_per_s=last["samples_per_s"] or 0.0,
            seconds_left=None if self.over else self._seconds_left(epoch),
            lr=math.nan if last["lr"] is None else last["lr"],
            loss=last["loss"],
        )

    def _seconds_left(self, epoch: int) -> float | None:
        """By the pace at which epochs came while somebody watched."""
        first, last = self._arrivals[0], self._arrivals[-1]
        if last[1] <= first[1] or last[0] <= first[0]:
            return None
        return (self.planned - epoch) * (last[0] - first[0]) / (last[1] - first[1])


def _scalars(records: tuple[Mapping[str, Any], ...]) -> Scalars:
    """A run directory holds the mean loss of each epoch, not that of each step."""
    return Scalars(
        np.array([record["step"] for record in records], dtype=np.int64),
        np.array([record["loss"] for record in records], dtype=np.float64),
        np.array([record["epoch"] for record in records], dtype=np.float64),
    )
