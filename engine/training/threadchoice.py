"""Lets a training compute with the number of threads that is right for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Final, final

import torch

from engine.machineevents import ThreadsChosen, WhyThreads
from engine.training import calibration
from engine.training.process import cores
from engine.training.run import Run
from engine.training.threads import chosen, reckoned, works_of

_TRIES: Final = 2
"""Measurements that a process begins at most, where others keep the machine too busy for one."""


@final
@dataclass(frozen=True, slots=True)
class Allowed:
    """What the choice is free in.

    Attributes:
        most: threads.
        given: the number that somebody named, None: nobody.
        window: whether a window wants a core, too.
    """

    most: int
    given: int | None = None
    window: bool = False


@cache
def most_threads() -> int:
    """As many as torch takes when a process begins, which its environment may limit, and no more than there are cores.

    Asked once: a new thread takes the number that any thread set last.
    """
    return max(1, min(torch.get_num_threads(), cores()))


def allowed(given: int | None = None, *, window: bool = False) -> Allowed:
    """What a training may use here; see `Allowed`."""
    return Allowed(most_threads(), given, window)


def use(run: Run, freedom: Allowed) -> ThreadsChosen:
    """Let this thread compute with as many threads as the run is to be made with; says how many, and why.

    A run that was begun with a number keeps it. Then what is named counts: in the call, in the file. Otherwise the work
    of a step decides, by what was measured on this machine, or by constants where nothing was.
    """
    made = _decided(run, freedom)
    run.threads = made.threads
    calibration.set_threads(made.threads)
    return made


def _decided(run: Run, freedom: Allowed) -> ThreadsChosen:
    def fixed(number: int, why: WhyThreads) -> ThreadsChosen:
        return ThreadsChosen(number, freedom.most, why)

    if run.threads is not None:
        return fixed(run.threads, "begun")
    if freedom.given is not None:
        return fixed(freedom.given, "given")
    named = run.loaded.result.settings["threads"]
    if named is not None:
        return fixed(int(named), "file")
    if run.loaded.device.type != "cpu":
        return fixed(max(1, freedom.most - freedom.window), "device")
    works = works_of(run.loaded.result, run.trainer.samples_at_once)
    speeds = calibration.kept(freedom.most) or reckoned(freedom.most)
    found = chosen(works, speeds, freedom.most, window=freedom.window)
    return ThreadsChosen(found.threads, freedom.most, "measured" if found.measured else "reckoned", found.faster)


def measure(most: int) -> bool:
    """Measure the machine at once, whether or not that was done before; whether it was quiet enough."""
    measurement = calibration.Measurement(most)
    while not measurement.over:
        measurement.go_on()
    if measurement.speeds is None:
        return False
    calibration.keep(measurement.speeds)
    return True


@final
class Calibrating:
    """Measures the machine while nothing else is to be done, where that was not done before."""

    _tries = 0
    _one = threading.Lock()
    """Two measurements at the same time would disturb each other."""

    def __init__(self, freedom: Allowed) -> None:
        self._most = freedom.most
        self._wanted: bool | None = None if freedom.given is None and freedom.most > 1 else False
        self._measurement: calibration.Measurement | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is something to measure. Looks into the cache when it is first asked."""
        if self._wanted is None:
            self._wanted = calibration.kept(self._most) is None
        return self._wanted

    def go_on(self) -> None:
        """Measure a piece; at the end, keep what was found."""
        if self._measurement is None:
            if Calibrating._tries >= _TRIES or not Calibrating._one.acquire(blocking=False):
                self._wanted = False
                return
            Calibrating._tries += 1
            self._measurement = calibration.Measurement(self._most)
        self._measurement.go_on()
        if self._measurement.over:
            if self._measurement.speeds is not None:
                calibration.keep(self._measurement.speeds)
            self.end()

    def end(self) -> None:
        """Nothing more is measured."""
        self._wanted = False
        if self._measurement is not None:
            self._measurement = None
            Calibrating._one.release()
