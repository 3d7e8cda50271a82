"""Histograms of the weights over time, and how many units are dead."""

from __future__ import annotations

import math
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.events import copied
from engine.probes.history import History
from engine.probes.probe import Probe
from engine.snapshots import WeightHistograms
from engine.training.run import Run

MOST_ROWS = 120
BINS = 64
_PROBE_SAMPLES = 256
_FLAT_BELOW_ZERO = frozenset({"relu"})
"""Activations whose gradient is zero wherever their value is not above zero."""
_TRANSPARENT = ("BatchNorm", "LayerNorm", "GroupNorm", "MaxPool", "Dropout", "Noise", "Augment")
"""Blocks between a layer and its activation that leave its units in place."""

Counts = NDArray[np.int64]


@final
class Bins:
    """Histograms of one layer over the same symmetric range, a power of two that grows when the weights outgrow it."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self.reach = 0.0
        self.history: History[Counts] = History(most)

    def add(self, step: int, values: Tensor) -> None:
        """The histogram of now."""
        finite = values[torch.isfinite(values)]
        largest = float(finite.abs().max()) if finite.numel() else 0.0
        if self.reach == 0.0:
            self.reach = 2.0 ** math.ceil(math.log2(max(largest, 2.0**-20)))
        while largest > self.reach:
            self.reach *= 2
            self.history.rows = [_halved(row) for row in self.history.rows]
        if self.history.wants(step):
            # A bin is a power of two wide, so dividing by its width is exact.
            places = torch.floor(finite.double() / (2 * self.reach / BINS)).long() + BINS // 2
            counts = torch.bincount(places.flatten().clamp_(max=BINS - 1), minlength=BINS).numpy()
            self.history.add(step, counts)

    @property
    def edges(self) -> NDArray[np.float64]:
        """(BINS + 1,) limits of the bins."""
        return np.linspace(-self.reach, self.reach, BINS + 1)


def _halved(counts: Counts) -> Counts:
    """The same histogram over twice the range: pairs of bins become one, exactly."""
    wide = np.zeros_like(counts)
    quarter = len(counts) // 4
    wide[quarter : 3 * quarter] = counts.reshape(-1, 2).sum(axis=1)
    return wide


@final
class HistogramProbe(Probe):
    """Looks at the `weight` of every layer, and at their units on a few samples."""

    kind = WeightHistograms

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        weights = run.trainer.net.state_dict()
        order = [run.loaded.result.nodes[path].weights_path for path in run.trainer.net.order]
        self._layers = {path: Bins() for path in dict.fromkeys(order) if f"{path}.weight" in weights}
        self._activations = {path: found for path in self._layers if (found := _activation_after(run, path))}
        self._batch = {name: tensor[:_PROBE_SAMPLES] for name, tensor in run.loaded.part("train").items()}
        self._forward = run.trainer.net.forward_to(self._activations.values()) if self._activations else None

    def fits(self) -> bool:
        return bool(self._layers)

    def take(self) -> WeightHistograms | None:
        step, weights = self.run.trainer.steps, self.run.weights()
        stats = []
        for path, bins in self._layers.items():
            values = weights[f"{path}.weight"].detach().cpu()
            bins.add(step, values)
            spread = float(values.std(correction=0))
            stats.append((float(values.mean()), spread, float(values.min()), float(values.max())))
        known = [bins.history.until(step) for bins in self._layers.values()]
        return WeightHistograms(
            step,
            tuple(self._layers),
            tuple(copied(bins.edges) for bins in self._layers.values()),
            tuple(copied(rows, np.int64) for _, rows in known),
            copied(known[0][0], np.int64),
            copied(stats, np.float64),
            copied(self._dead(), np.float64),
        )

    def forget(self, step: int) -> None:
        for bins in self._layers.values():
            bins.history.forget(step)

    def _dead(self) -> list[float]:
        if self._forward is None:
            return [math.nan] * len(self._layers)
        with self.run.trainer.evaluating():
            values = self._forward(self._batch)
            silent = {name: _silent_part(value) for name, value in values.items()}
        return [silent.get(self._activations.get(path, ""), math.nan) for path in self._layers]


def _silent_part(value: Tensor) -> float:
    """Part of the units (dim 1) that are above zero for no sample and at no place."""
    if value.ndim < 2:
        return math.nan
    alive = (value > 0).transpose(0, 1).flatten(1).any(1)
    return 1 - float(alive.cpu().double().mean())


def _activation_after(run: Run, path: str) -> str:
    """`block.port` of the ReLU that a layer's units go into, "" when there is none."""
    result, order = run.loaded.result, run.trainer.net.order
    here = path
    while True:
        readers = [other for other in order if any(it[0] == here for it in result.nodes[other].sources.values())]
        if len(readers) != 1:
            return ""
        plan: Any = result.nodes[readers[0]]
        if plan.params.get("function") in _FLAT_BELOW_ZERO:
            return f"{plan.path}.out"
        if not plan.block.startswith(_TRANSPARENT):
            return ""
        here = plan.path
