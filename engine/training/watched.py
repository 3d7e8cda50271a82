"""The value that is watched over the epochs: it tells which was the best, and when to stop early."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from torch import Tensor, nn

from engine.training.best import Best
from engine.training.copying import Copier
from engine.training.stopping import EarlyStopping


@final
class Watched:
    """One value of each epoch's record, and what follows from it.

    Attributes:
        monitor: its name.
        best: the best epoch.
        stopping: ends the training early, or None.
    """

    def __init__(self, monitor: str, stopping: EarlyStopping | None, net: nn.Module) -> None:
        self.monitor, self.stopping = monitor, stopping
        self.best = Best(monitor)
        self._net, self._copier = net, Copier(net)

    @property
    def ended(self) -> bool:
        """Whether early stopping has ended the training."""
        return self.stopping is not None and self.stopping.ended

    def value(self, record: Mapping[str, Any]) -> float:
        """The value after an epoch; NaN where its record has none."""
        value = record["metrics"].get(self.monitor, record.get(self.monitor))
        return math.nan if value is None else float(value)

    def judge(self, value: float, epoch: int) -> None:
        """Early stopping sees the value after an epoch."""
        if self.stopping is not None:
            self.stopping.see(value, epoch, self._copier.copies)

    def put_best_back(self) -> None:
        """Let the network have the weights that early stopping kept, if there are any."""
        if self.stopping is not None and self.stopping.best_weights:
            self._net.load_state_dict(self.stopping.best_weights)

    def see_best(self, record: Mapping[str, Any]) -> None:
        """Copy the weights of an epoch that has just ended, if none was better."""

        def copies() -> Mapping[str, Tensor]:
            if self.stopping is not None and self.stopping.best_epoch == record["epoch"]:
                return self.stopping.best_weights
            return self._copier.copies()

        self.best.see(self.value(record), record["epoch"], record["step"], copies)

    def see_best_of(self, records: Sequence[Mapping[str, Any]], weights: Callable[[int], Mapping[str, Tensor]]) -> None:
        """As `see_best`, of epochs in a row; `weights` gives those after each by its place."""
        self.best.see_row([(self.value(record), record["epoch"], record["step"]) for record in records], weights)

    def go_on_from(self, old: Watched, *, patience: int, same_task: bool) -> None:
        """Take over from a run whose project was edited; the best epoch where it has the same network and data."""
        if self.monitor != old.monitor:
            return
        if same_task:
            self.best = old.best
        if self.stopping is not None and old.stopping is not None:
            self.stopping.restore(old.stopping.state())
            self.stopping.patience = patience
