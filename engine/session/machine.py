"""What the session takes of the machine it runs on, and tells of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch

from engine.events import Event
from engine.machineevents import MachineTold, MemoryMeasured
from engine.training.calibration import set_threads
from engine.training.devices import there
from engine.training.footprint import Footprint
from engine.training.process import tune_allocator
from engine.training.run import Run
from engine.training.threadchoice import Calibrating, allowed, use


@final
class Machine:
    """Sets threads and memory up; tells the devices when asked, and the memory of each training once it is known."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._told: Footprint | None = None
        self._freedom = allowed(window=True)
        self._calibrating = Calibrating(self._freedom)

    def begin(self, threads: int | None) -> None:
        """The session begins, with so many threads for torch; None: as many as each training is worth."""
        self._freedom = allowed(threads, window=True)
        self._calibrating = Calibrating(self._freedom)
        set_threads(threads or max(1, self._freedom.most - 1))
        tune_allocator()

    def fit(self, run: Run) -> None:
        """Another run is computed from now on."""
        self._post(use(run, self._freedom))

    @property
    def restless(self) -> bool:
        """Whether the machine is to be measured as long as there is nothing else to do."""
        return self._calibrating.wanted

    def measure(self) -> None:
        """For a hundredth of a second or so."""
        self._calibrating.go_on()

    def end(self) -> None:
        """The session is over."""
        self._calibrating.end()

    def tell(self) -> None:
        """The devices are asked for."""
        self._post(MachineTold(there(), torch.get_num_threads()))

    def note(self, run: Run) -> None:
        """Steps may have been made."""
        footprint = run.trainer.footprint
        if footprint is self._told or footprint.parts is None:
            return
        self._told = footprint
        device, samples = str(run.loaded.device), run.trainer.samples_at_once
        self._post(MemoryMeasured(device, footprint.parts, footprint.how, samples))
