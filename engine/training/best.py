"""The best epoch so far, with its weights until these are on disk."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import final

from torch import Tensor

from engine.checkpoints import BestEpoch
from engine.training.stopping import improves


@final
class Best:
    """Watches one value over the epochs.

    Attributes:
        epoch: the best one; None before there was one whose value is a number.
        weights: its weights, copies; {} once they are on disk.
    """

    def __init__(self, monitor: str, epoch: BestEpoch | None = None) -> None:
        """Begin, or go on from what is on disk."""
        self.monitor = monitor
        self.epoch = epoch if epoch is not None and epoch.monitor == monitor else None
        self.weights: Mapping[str, Tensor] = {}

    def see(self, value: float, epoch: int, step: int, weights: Callable[[], Mapping[str, Tensor]]) -> None:
        """Tell the value after an epoch, and how to get a copy of the weights that reached it."""
        if improves(self.monitor, value, math.nan if self.epoch is None else self.epoch.value):
            self.epoch = BestEpoch(self.monitor, value, epoch, step)
            self.weights = weights()

    def see_row(self, ends: Sequence[tuple[float, int, int]], weights: Callable[[int], Mapping[str, Tensor]]) -> None:
        """As `see`, of epochs in a row: value, epoch and step of each, and how to get its weights by its place."""
        best = None
        for place, (value, epoch, step) in enumerate(ends):
            if improves(self.monitor, value, math.nan if self.epoch is None else self.epoch.value):
                self.epoch, best = BestEpoch(self.monitor, value, epoch, step), place
        if best is not None:
            self.weights = weights(best)

    def gone_back(self, epochs: int) -> None:
        """The run stands after so many epochs: those after it will be others."""
        if self.epoch is not None and self.epoch.epoch > epochs:
            self.epoch, self.weights = None, {}
