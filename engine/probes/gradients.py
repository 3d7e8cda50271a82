"""Gradient norms of the layers, and their history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np
import torch
from torch import Tensor

from engine.events import copied
from engine.probes.history import History
from engine.probes.probe import Probe
from engine.snapshots import Gradients
from engine.training.run import Run

MOST_ROWS = 600


@final
class GradientProbe(Probe):
    """Reads the gradients of the step just made, before clipping."""

    kind = Gradients

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._history: History[tuple[list[float], list[float]]] = History(MOST_ROWS)
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
        if found:
            latest = self._look(found)
            self._history.add(step, latest)
        steps, rows = self._history.until(step)
        if not found:  # gone back in time to where no step was just made: what was known last
            if not rows:
                return None
            step, latest = steps[-1], rows[-1]
        norms, sizes = latest
        return Gradients(
            step,
            tuple(self._layers),
            copied(norms, np.float64),
            copied(sizes, np.float64),
            copied(steps, np.int64),
            copied([row for row, _ in rows], np.float64),
        )

    def forget(self, step: int) -> None:
        self._history.forget(step)

    def _look(self, found: Mapping[str, Tensor]) -> tuple[list[float], list[float]]:
        """Norms and mean sizes by layer."""
        norms, sizes = [], []
        for names in self._layers.values():
            grads = [found[name] for name in names if name in found]
            norms.append(_norm(grads))
            sizes.append(
                _mean_size([found[name] for name in names if name.endswith(".weight") and name in found] or grads)
            )
        return norms, sizes


def _norm(grads: list[Tensor]) -> float:
    return float(np.sqrt(sum(float(torch.linalg.vector_norm(grad)) ** 2 for grad in grads)))


def _mean_size(grads: list[Tensor]) -> float:
    numbers = sum(grad.numel() for grad in grads)
    return sum(float(torch.linalg.vector_norm(grad, 1)) for grad in grads) / numbers if numbers else 0.0
