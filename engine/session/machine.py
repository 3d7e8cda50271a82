"""What the session takes of the machine it runs on, and tells of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch

from engine.events import Event
from engine.machineevents import MachineTold, MemoryMeasured
from engine.training.devices import there
from engine.training.footprint import Footprint
from engine.training.process import cores, tune_allocator
from engine.training.run import Run


@final
class Machine:
    """Sets threads and memory up; tells the devices when asked, and the memory of each training once it is known."""

    def __init__(self, post: Callable[[Event], None]) -> None:
        self._post = post
        self._told: Footprint | None = None

    def begin(self, threads: int | None) -> None:
        """The session begins, with so many threads for torch; None: all cores but one, which is the window's."""
        torch.set_num_threads(threads or max(1, min(torch.get_num_threads(), cores() - 1)))
        tune_allocator()

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
