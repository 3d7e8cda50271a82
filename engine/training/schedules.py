"""How the learning rate changes during a training: a factor on the learning rate that is set.

Factors follow from the position alone (except for the plateau), so a learning rate changed while the training runs
keeps its schedule. Step counts from 0 here: the number of updates made so far.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

_ONE_CYCLE_START = 25.0
_ONE_CYCLE_END = 1e4
_PLATEAU_THRESHOLD = 1e-4


@final
class Schedule:
    """The schedule of one training.

    `step` is torch's StepLR and `plateau` its ReduceLROnPlateau (by epochs), `cosine` its CosineAnnealingLR and
    `one_cycle` its OneCycleLR without the cycling momentum (by steps, over the whole training). The warm-up rises
    evenly over its steps and multiplies the rest.
    """

    def __init__(self, settings: Mapping[str, Any], total_steps: int, steps_per_epoch: int) -> None:
        self.kind: str = settings["schedule"]
        self.settings = settings
        self.total_steps = max(1, total_steps)
        self.steps_per_epoch = max(1, steps_per_epoch)
        self.reductions = 0
        self._best = math.inf
        self._bad_epochs = 0

    def lr(self, base: float, step: int) -> float:
        """The learning rate of the update after `step` updates."""
        warm = self.settings["warmup_steps"]
        rise = (step + 1) / warm if step < warm else 1.0
        return rise * self._scheduled(base, step)

    def rates(self, base: float, step: int, count: int) -> NDArray[np.float64]:
        """The learning rates of so many updates after `step` updates."""
        if self.kind in ("constant", "plateau") and step >= self.settings["warmup_steps"]:
            return np.full(count, self.lr(base, step))
        return np.array([self.lr(base, number) for number in range(step, step + count)], dtype=np.float64)

    def _scheduled(self, base: float, step: int) -> float:
        settings: Any = self.settings
        if self.kind == "step":
            epoch = step // self.steps_per_epoch
            return float(base * settings["schedule_gamma"] ** (epoch // settings["schedule_step"]))
        if self.kind == "plateau":
            lowest = min(base, settings["schedule_min_lr"])
            return float(max(lowest, base * settings["schedule_gamma"] ** self.reductions))
        if self.kind == "cosine":
            lowest = min(base, settings["schedule_min_lr"])
            done = min(step, self.total_steps) / self.total_steps
            return float(lowest + (base - lowest) * (1 + math.cos(math.pi * done)) / 2)
        return self._one_cycle(base, step) if self.kind == "one_cycle" else base

    def _one_cycle(self, base: float, step: int) -> float:
        """Smith and Topin, 2018: up from a 25th along a cosine, then down to almost nothing."""
        last = self.total_steps - 1
        top = self.settings["schedule_warm"] * self.total_steps - 1
        start = base / _ONE_CYCLE_START
        step = min(step, last)
        if step <= top:
            return _cosine(start, base, step / top if top > 0 else 1.0)
        return _cosine(base, start / _ONE_CYCLE_END, (step - top) / (last - top) if last > top else 1.0)

    def epoch_ended(self, monitored: float) -> bool:
        """Tell the plateau the value it watches (smaller is better); whether the learning rate fell."""
        if self.kind != "plateau":
            return False
        if monitored < self._best * (1 - _PLATEAU_THRESHOLD):
            self._best, self._bad_epochs = monitored, 0
            return False
        self._bad_epochs += 1
        if self._bad_epochs <= self.settings["schedule_patience"]:
            return False
        self.reductions += 1
        self._bad_epochs = 0
        return True

    def state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {"reductions": self.reductions, "best": self._best, "bad_epochs": self._bad_epochs}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.reductions = int(state["reductions"])
        self._best, self._bad_epochs = float(state["best"]), int(state["bad_epochs"])


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * part))
