"""Takes snapshots of what is watched, at a pace that costs training little."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import final

from engine.events import Snapshot
from engine.probes.confusion import ConfusionProbe
from engine.probes.curve import CurveProbe
from engine.probes.fit import FitProbe
from engine.probes.gradients import GradientProbe
from engine.probes.histograms import HistogramProbe
from engine.probes.images import ImageProbe
from engine.probes.path import PathProbe
from engine.probes.probe import Interrupted, Probe
from engine.probes.responses import ResponseProbe
from engine.probes.surface import SurfaceProbe
from engine.training.run import Run

PROBES: tuple[type[Probe], ...] = (
    GradientProbe,
    HistogramProbe,
    SurfaceProbe,
    CurveProbe,
    ImageProbe,
    FitProbe,
    ConfusionProbe,
    PathProbe,
    ResponseProbe,
)
LANES = frozenset(probe.kind.__name__ for probe in PROBES)

_SHARE = 0.13
"""Part of the time that all lanes together may take."""


@final
@dataclass(slots=True)
class _Pace:
    probe: Probe
    due: float = 0.0
    cost: float = 0.0


@final
class Observer:
    """The probes of one run. They are made when their lane is first watched, and keep their history after that."""

    def __init__(self, run: Run, complain: Callable[[str], None]) -> None:
        """Args: `complain` takes a sentence about a lane that cannot be observed."""
        self._run, self._complain = run, complain
        self._made: dict[str, _Pace] = {}
        self._watched: list[_Pace] = []
        self._looked_at: tuple[frozenset[str], int] = (frozenset(), 0)
        self.next_due = float("inf")

    def watch(self, lanes: Iterable[str]) -> None:
        """Observe these lanes from now on, as far as they fit the run."""
        self._watched = []
        for probe in PROBES:
            name = probe.kind.__name__
            if name not in lanes:
                continue
            if name not in self._made:
                self._made[name] = _Pace(probe(self._run))
                self._made[name].probe.look_at(*self._looked_at)
            pace = self._made[name]
            if pace.probe.fits():
                self._watched.append(pace)
        self._schedule()

    def look_at(self, blocks: frozenset[str], sample: int) -> None:
        """Somebody looks at these blocks and at this sample, where a lane shows such."""
        self._looked_at = (blocks, sample)
        for pace in self._made.values():
            pace.probe.look_at(blocks, sample)

    def take_lane(self, name: str) -> Snapshot | None:
        """A snapshot of one lane, if it is watched, now."""
        pace = next((pace for pace in self._watched if pace.probe.lane == name), None)
        return None if pace is None else self._looked(pace, pace.probe.take)

    def forget(self, step: int) -> None:
        """What came after this step lay ahead, back in time, and will come differently."""
        for pace in self._made.values():
            pace.probe.forget(step)

    def take_due(self, now: float) -> list[Snapshot]:
        """Snapshots of the lanes whose time has come; `now` is of time.perf_counter."""
        found = []
        for pace in tuple(self._watched):
            if now < pace.due:
                continue
            # The thread's own time: what others make it wait for slows the training as much, look or no look.
            began, before = time.thread_time(), time.perf_counter()
            snapshot = self._looked(pace, pace.probe.take)
            cost, ended = time.thread_time() - began, time.perf_counter()
            # The dearest of the last few counts, so that one cheap look does not bring on many dear ones.
            pace.cost = max(cost, pace.cost * 0.9)
            begun = max(pace.due, before - pace.probe.shortest)  # a little late is no reason to be late for ever
            pace.due = max(begun + pace.probe.shortest, ended + pace.cost / self._level())
            if snapshot is not None:
                found.append(snapshot)
        self._schedule()
        return found

    def take_all(self, interrupted: Interrupted) -> list[Snapshot]:
        """A snapshot of every watched lane, while nothing runs."""
        found = []
        for pace in tuple(self._watched):
            if interrupted():
                break
            snapshot = self._looked(pace, lambda probe=pace.probe: probe.take_at_rest(interrupted))  # type: ignore[misc]
            if snapshot is not None:
                found.append(snapshot)
        return found

    def _level(self) -> float:
        """The part of the time that each lane may take: what some leave over of an equal one goes to the others."""
        left, lanes = _SHARE, len(self._watched)
        for want in sorted(pace.cost / pace.probe.shortest for pace in self._watched):
            if want > left / lanes:
                return left / lanes
            left, lanes = left - want, lanes - 1
        return _SHARE  # enough for all

    def _looked(self, pace: _Pace, look: Callable[[], Snapshot | None]) -> Snapshot | None:
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - a picture that fails must not end a training
            self._watched.remove(pace)
            self._complain(f"{pace.probe.lane} cannot be shown: {error}")
            return None

    def _schedule(self) -> None:
        self.next_due = min((pace.due for pace in self._watched), default=float("inf"))
