"""Early stopping: when to end, and which weights were best."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, final

from torch import Tensor

from engine.wording import plural


def improves(monitor: str, value: float, best: float) -> bool:
    """Whether a value is better than the best so far (NaN: there is none); accuracies should rise, losses fall."""
    better = value > best if monitor.endswith("accuracy") else value < best
    return better or (math.isnan(best) and not math.isnan(value))


@final
class EarlyStopping:
    """Watches one value over the epochs; accuracies should rise, losses fall. NaN is never an improvement.

    Attributes:
        best_weights: of the best epoch, copies; {} before there was one.
        ended: whether it has ended the training.
    """

    def __init__(self, monitor: str, patience: int) -> None:
        self.monitor = monitor
        self.patience = patience
        self.best = math.nan
        self.best_epoch = 0
        self.waited = 0
        self.best_weights: dict[str, Tensor] = {}
        self.ended = False

    def see(self, value: float, epoch: int, weights: Callable[[], Mapping[str, Tensor]]) -> None:
        """Tell the value after an epoch, and how to get a copy of the weights that reached it."""
        if improves(self.monitor, value, self.best):
            self.best, self.best_epoch, self.waited = value, epoch, 0
            self.best_weights = dict(weights())
        else:
            self.waited += 1
        self.ended = self.waited >= self.patience

    def go_on(self) -> None:
        """Be patient anew: the user wants more."""
        self.waited, self.ended = 0, False

    def sentence(self) -> str:
        """Why the training ended, "" when it was not by this."""
        if not self.ended:
            return ""
        back = f"the weights of epoch {self.best_epoch} are back" if self.best_weights else "no epoch was better"
        return f"Early stopping: {self.monitor} has not improved for {plural(self.waited, 'epoch')}; {back}."

    def state(self) -> dict[str, Any]:
        """What a resumed training needs."""
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "waited": self.waited,
            "best_weights": self.best_weights,
            "ended": self.ended,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.best, self.best_epoch = float(state["best"]), int(state["best_epoch"])
        self.waited, self.ended = int(state["waited"]), bool(state["ended"])
        self.best_weights = dict(state["best_weights"])
