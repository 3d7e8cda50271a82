"""Gradient norms of the layers, and their history."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from torch import Tensor

from engine.events import Gradients, copied
from engine.probes.history import History
from engine.probes.probe import Probe
from engine.training.run import Run

MOST_ROWS = 600


@final
class GradientProbe(Probe):
    """Reads the gradients of the step just made, before clipping."""

    kind = Gradients

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._history: History[list[float]] = History(MOST_ROWS)
        names = {name for updater in run.trainer.updaters for name in updater.parameters}
        order = [run.loaded.result.nodes[path].weights_path for path in run.trainer.net.order]
        self._layers = {
            path: [name for name in names if name.rpartition(".")[0] == path] for path in dict.fromkeys(order)
        }
        self._layers = {path: sorted(found) for path, found in self._layers.items() if found}

    def fits(self) -> bool:
        return bool(self._layers)

    def take(self) -> Gradients | None:
        step, found = self.run.trainer.steps, self.run.trainer.gradients()
        if not found:
            return None
        norms, sizes = [], []
        for names in self._layers.values():
            grads = [found[name] for name in names if name in found]
            norms.append(_norm(grads))
            sizes.append(
                _mean_size([found[name] for name in names if name.endswith(".weight") and name in found] or grads)
            )
        self._history.add(step, norms)
        return Gradients(
            step,
            tuple(self._layers),
            copied(norms, np.float64),
            copied(sizes, np.float64),
            copied(self._history.steps, np.int64),
            copied(self._history.rows, np.float64),
        )


def _norm(grads: list[Tensor]) -> float:
    return float(np.sqrt(sum(float(torch.linalg.vector_norm(grad)) ** 2 for grad in grads)))


def _mean_size(grads: list[Tensor]) -> float:
    numbers = sum(grad.numel() for grad in grads)
    return sum(float(torch.linalg.vector_norm(grad, 1)) for grad in grads) / numbers if numbers else 0.0
