"""Earlier runs of a document, kept beside the present one: frozen, small, named by what they differ in. No Qt here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, final

import numpy as np

from engine.distinction import distinction
from engine.graph import Project
from gui.plots.history import Floats, extremes
from gui.plots.loss_history import LossHistory

MOST_RUNS: Final = 5
FEWEST: Final = 10
"""Steps below which a run says nothing, and is not kept, unless it diverged."""
POINTS: Final = 4096
"""Steps that are kept of a run: 0.3 MB, and at most 2 MB for the records of its epochs."""
FIXED: Final = ("epoch", "step", "loss", "val_loss", "lr")
"""Columns of all records."""
SAID: Final = 3
"""Differences that a name tells; the rest is counted."""


@final
@dataclass(frozen=True, slots=True)
class Frozen:
    """What is kept of a `LossHistory`.

    Attributes:
        count: steps that the run made.
        steps, epochs, losses: of the steps that are kept, float64 (k,); the least and the greatest loss of each few
            neighbours, exactly as they came.
        means: window -> the smoothed loss at these steps.
        records: name -> a value an epoch, NaN where there is none: `epoch step loss val_loss lr` and the metrics.
    """

    count: int
    steps: Floats
    epochs: Floats
    losses: Floats
    means: Mapping[int, Floats]
    records: Mapping[str, Floats]

    @property
    def size(self) -> int:
        """Bytes."""
        columns = (self.steps, self.epochs, self.losses, *self.means.values(), *self.records.values())
        return sum(column.nbytes for column in columns)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, those of validation data included."""
        return tuple(name for name in self.records if name not in FIXED)

    @property
    def negative(self) -> bool:
        """Whether a loss is below zero."""
        columns = (self.losses, self.records["loss"], self.records["val_loss"])
        return any(bool((column < 0).any()) for column in columns)

    def training(self, what: str, window: int) -> tuple[Floats, Floats]:
        """Epochs and values of the training curve: the smoothed loss, or a metric. A run from disk has whole epochs."""
        if what == "loss" and self.steps.size:
            return self.epochs, self.means[window]
        return self._epochs(what)

    def validation(self, what: str) -> tuple[Floats, Floats]:
        """The same of the validation curve; both empty where there is none."""
        return self._epochs(f"val_{what}")

    def _epochs(self, name: str) -> tuple[Floats, Floats]:
        values = self.records.get(name, np.empty(0))
        return (self.records["epoch"], values) if np.isfinite(values).any() else (np.empty(0), np.empty(0))


def freeze(history: LossHistory, windows: Sequence[int], points: int = POINTS) -> Frozen:
    """Keep what a picture needs of a history, smoothed over each of these windows; nothing is shared with it."""
    places = extremes(history.losses.values, points)
    rows, known = history.records.rows, history.records
    records = {"epoch": known.epochs.copy(), "step": np.array([row["step"] for row in rows], dtype=np.float64)}
    records |= {name: known.column(name).copy() for name in ("loss", "val_loss")}
    records["lr"] = np.array([np.nan if row["lr"] is None else row["lr"] for row in rows], dtype=np.float64)
    records |= {name: known.column(name).copy() for name in known.metrics}
    last = [int(column[-1]) for column in (history.steps.values, records["step"]) if column.size]
    return Frozen(
        max(last, default=0),
        history.steps.values[places],
        history.epochs.values[places],
        history.losses.values[places],
        {window: history.means_at(places, window) for window in windows},
        records,
    )


@final
class Ongoing:
    """Which network and settings the steps that were received are of, told by events in their order.

    What the session was last told to train may be ahead of the steps that have arrived.
    """

    def __init__(self) -> None:
        self.began: Project | None = None
        self.project: Project | None = None
        self.failed = False
        self.any = False
        """Whether steps have come."""
        self._edited = False

    def starts(self, project: Project | None) -> None:
        """It is about to train this, from its beginning or on."""
        if not self.any:
            self.began = self.project = project

    def edited(self) -> None:
        """Its settings are others now, or its network: of the steps to come."""
        self._edited = True

    def fails(self) -> None:
        """A loss or gradient was not finite."""
        self.failed = True

    def steps(self, project: Project | None) -> None:
        """Steps were made; `project` is what the session was last told."""
        if self.project is None or self._edited:
            self.began, self.project = self.began or project, project
        self._edited, self.any, self.failed = False, True, False


@final
@dataclass(slots=True)
class KeptRun:
    """An earlier run.

    Attributes:
        number: from 1, as it was trained in this window.
        ended: when it was over.
        frozen: its curves.
        project: what its last step was made with; None where that is not known.
        began: what its first step was made with.
        diverged: its loss was no longer finite.
        given: a name that somebody gave it; "" for the differences.
        shown: whether it is drawn.
        source: the run directory that it was read from; "" where it was trained in this window.
        words: what it has where it differs from the present run.
        earlier_words: what it had at its beginning and not at its end.
    """

    number: int
    ended: datetime
    frozen: Frozen
    project: Project | None = None
    began: Project | None = None
    diverged: bool = False
    given: str = ""
    shown: bool = True
    source: str = ""
    words: tuple[str, ...] = ()
    earlier_words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called: its given name, or what it differs in; "" where it differs in nothing."""
        if self.given:
            return self.given
        more = f" +{len(self.words) - SAID}" if len(self.words) > SAID else ""
        return ", ".join(self.words[:SAID]) + more

    def compare_with(self, present: Project | None) -> None:
        """Find its words anew."""
        known = self.project is not None and present is not None
        self.words = distinction(present, self.project) if known else ()  # type: ignore[arg-type]


@final
@dataclass
class KeptRuns:
    """The last few runs, oldest first. Older ones fall off; those that were given a name last.

    Attributes:
        keeping: whether runs that end are kept.
    """

    keeping: bool = True
    runs: list[KeptRun] = field(default_factory=list)
    _numbers: int = 0

    @property
    def next_number(self) -> int:
        """What the present run is going to be called, if it is kept."""
        return self._numbers + 1

    @property
    def shown(self) -> list[KeptRun]:
        """Those that are drawn."""
        return [run for run in self.runs if run.shown]

    def keep(self, frozen: Frozen, ended: datetime, ongoing: Ongoing) -> KeptRun | None:
        """A run is over. None: it was too short, or none are kept."""
        diverged = ongoing.failed or bool(frozen.losses.size and not np.isfinite(frozen.losses[-1]))
        if not self.keeping or (frozen.count < FEWEST and not diverged):
            return None
        self._numbers += 1
        run = KeptRun(self._numbers, ended, frozen, ongoing.project, ongoing.began, diverged)
        if run.project is not None and run.began is not None:
            run.earlier_words = distinction(run.project, run.began)
        self._add(run)
        return run

    def add(self, frozen: Frozen, ended: datetime, project: Project, source: str) -> KeptRun:
        """A run that was read from a directory, `source`."""
        self._numbers += 1
        diverged = not bool(np.isfinite(frozen.records["loss"][-1]))
        run = KeptRun(self._numbers, ended, frozen, project, project, diverged, source=source)
        self._add(run)
        return run

    def _add(self, run: KeptRun) -> None:
        self.runs.append(run)
        while len(self.runs) > MOST_RUNS:
            unnamed = (each for each in self.runs[:-1] if not each.given)
            self.runs.remove(next(unnamed, self.runs[0]))

    def compare_with(self, present: Project | None) -> None:
        """Name all by what they differ in from the present run."""
        for run in self.runs:
            run.compare_with(present)

    def remove(self, run: KeptRun) -> None:
        """Forget one."""
        self.runs = [each for each in self.runs if each is not run]

    def forget(self) -> None:
        """Another document: numbers begin again."""
        self.runs, self._numbers = [], 0
