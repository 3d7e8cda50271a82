"""Early stopping: when to end, and which weights were best."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, final


@final
class EarlyStopping:
    """Watches one value over the epochs; accuracies should rise, losses fall. NaN is never an improvement."""

    def __init__(self, monitor: str, patience: int) -> None:
        self.monitor = monitor
        self.patience = patience
        self.best = math.nan
        self.best_epoch = 0
        self.waited = 0

    @property
    def rising(self) -> bool:
        """Whether larger is better."""
        return self.monitor.endswith("accuracy")

    def improved(self, value: float, epoch: int) -> bool:
        """Tell the value after an epoch; whether it is the best so far, whose weights are worth keeping."""
        better = value > self.best if self.rising else value < self.best
        if math.isnan(self.best) and not math.isnan(value):
            better = True
        if better:
            self.best, self.best_epoch, self.waited = value, epoch, 0
        else:
            self.waited += 1
        return better

    @property
    def over(self) -> bool:
        """Whether the patience is used up."""
        return self.waited >= self.patience

    def state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {"best": self.best, "best_epoch": self.best_epoch, "waited": self.waited}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.best, self.best_epoch = float(state["best"]), int(state["best_epoch"])
        self.waited = int(state["waited"])
