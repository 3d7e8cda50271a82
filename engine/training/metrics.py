"""Accuracy, top-5 accuracy, mean absolute error and R² over any number of batches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.training.crew import Crew
from engine.training.precision import in_double
from engine.training.task import Task

_HELD = 1 << 20
"""Numbers of predictions held before they are summed up: doing so for each small batch would slow a small network."""
_SMALL = 1 << 13
"""Numbers of predictions that NumPy judges sooner than PyTorch, whose calls cost more."""
_NUMPY = {torch.float32, torch.float64}
_TOP = 5


def metric_names(chosen: Sequence[str], task: Task | None) -> tuple[str, ...]:
    """The metrics that mean something for the task, `auto` replaced by what fits it."""
    if task is None:
        return ()
    fitting = {"classes": ("accuracy", "top5"), "yes_no": ("accuracy", "mae"), "numbers": ("mae", "r2")}[task.kind]
    automatic = ("accuracy",) if task.kind != "numbers" else ("mae", "r2")
    wanted = [name for entry in chosen for name in (automatic if entry == "auto" else (entry,))]
    return tuple(name for name in dict.fromkeys(wanted) if name in fitting)


@final
class Meter:
    """Takes predictions and targets batch by batch and tells the metrics over all of them."""

    def __init__(self, task: Task | None, names: Sequence[str]) -> None:
        self.task = task
        self.names = tuple(names)
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._predictions: list[Tensor] = []
        self._targets: list[Tensor] = []
        self._held = 0
        self._count = 0
        self._sums = {"accuracy": 0.0, "top5": 0.0, "mae": 0.0, "elements": 0.0}
        self._spread: tuple[int, Tensor, Tensor, Tensor] | None = None

    def add(self, prediction: Tensor, target: Tensor, *, batches: int = 1) -> None:
        """One batch, or several of one size in a row; the tensors must not be changed afterwards."""
        if not self.names or not len(target):
            return
        if batches > 1 and self._held + prediction.numel() >= _HELD:  # sums are formed after the same batches as ever
            size = len(target) // batches
            for pair in zip(prediction.split(size), target.split(size), strict=True):
                self.add(*pair)
            return
        self._predictions.append(prediction.detach())
        self._targets.append(target.detach())
        self._held += prediction.numel()
        if self._held >= _HELD:
            self._sum_up()

    def values(self) -> dict[str, float | None]:
        """Metric -> value since `clear`; None where it is not defined (no samples, constant targets)."""
        self._sum_up()
        found: dict[str, float | None] = {}
        for name in self.names:
            if name == "r2":
                found[name] = self._r2()
            else:
                over = self._sums["elements"] if name == "mae" else float(self._count)
                found[name] = self._sums[name] / over if over else None
        return found

    def _sum_up(self) -> None:
        if not self._predictions or self.task is None:
            return
        prediction, target = _together(self._predictions), _together(self._targets)
        self._predictions, self._targets, self._held = [], [], 0
        if "accuracy" in self.names:
            right, count = _right(self.task, prediction, target)
            self._sums["accuracy"] += float(right)
            self._count += count
        if "top5" in self.names:
            labels = self.task.labels(target)
            best = prediction.topk(min(_TOP, prediction.shape[1]), dim=1).indices
            self._sums["top5"] += float((best == labels.unsqueeze(1)).any(1).sum())
            self._count += 0 if "accuracy" in self.names else labels.numel()
        if "mae" in self.names or "r2" in self.names:
            self._sum_errors(in_double(prediction), in_double(_like(target, prediction)))

    def _sum_errors(self, prediction: Tensor, target: Tensor) -> None:
        error = prediction - target
        self._sums["mae"] += float(error.abs().sum())
        self._sums["elements"] += error.numel()
        error, target = error.reshape(len(error), -1), target.reshape(len(target), -1)
        mean = target.mean(0)
        self._add_spread(len(target), mean, (target - mean).square().sum(0), error.square().sum(0))

    def _add_spread(self, count: int, mean: Tensor, around: Tensor, squares: Tensor) -> None:
        if self._spread is not None:  # two parts as one: Chan, Golub and LeVeque, 1979
            before = self._spread[0]  # restored ones come from the CPU
            old_mean, old_around, old_squares = (part.to(mean.device) for part in self._spread[1:])
            gap, total = mean - old_mean, before + count
            around = around + old_around + gap.square() * (before * count / total)
            mean = old_mean + gap * (count / total)
            count, squares = total, squares + old_squares
        self._spread = (count, mean, around, squares)

    def _r2(self) -> float | None:
        """1 minus the part of the variance that is not explained, averaged over outputs as scikit-learn does."""
        if self._spread is None:
            return None
        count, _, around, squares = self._spread
        if count < 2 or not bool((around > 0).all()):
            return None
        return float((1 - squares / around).mean())

    def together(self, crew: Crew) -> Meter:
        """The meter of what all processes took; itself where there is one."""
        if crew.size == 1:
            return self
        whole = Meter(self.task, self.names)
        for count, sums, spread in crew.gathered(self._plain()):
            whole._count += count
            whole._sums = {name: value + sums[name] for name, value in whole._sums.items()}
            if spread is not None:
                whole._add_spread(spread[0], *(torch.tensor(part, dtype=torch.float64) for part in spread[1:]))
        return whole

    def _plain(self) -> list[Any]:
        """Count, sums and spread as plain numbers."""
        self._sum_up()
        spread = None
        if self._spread is not None:
            spread = [self._spread[0], *(part.tolist() for part in self._spread[1:])]
        return [self._count, self._sums, spread]

    def state(self) -> dict[str, Any]:
        """What a resumed training needs, batches that are held as they are: numbers and tensors."""
        held = {}
        if self._predictions:
            held = {"prediction": _together(self._predictions), "target": _together(self._targets)}
        spread = self._spread or (0, *(torch.empty(0, dtype=torch.float64),) * 3)
        names = ("spread_count", "spread_mean", "spread_around", "spread_squares")
        return {**held, "count": self._count, **self._sums, **dict(zip(names, spread, strict=True))}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state` of the same task."""
        self.clear()
        if "prediction" in state:
            self._predictions, self._targets = [state["prediction"]], [state["target"]]
            self._held = state["prediction"].numel()
        self._count = int(state["count"])
        self._sums = {name: float(state[name]) for name in self._sums}
        if state["spread_count"]:
            parts = (state["spread_mean"], state["spread_around"], state["spread_squares"])
            self._spread = (int(state["spread_count"]), *parts)


def of_epochs(
    task: Task | None, names: Sequence[str], prediction: Tensor | None, target: Tensor | None, epochs: int
) -> list[dict[str, float | None]]:
    """The metrics of each of some epochs, as a `Meter` tells them.

    Args:
        task: as for a `Meter`, and
        names: those as well.
        prediction: of all epochs in a row, each of as many samples, in the processor's memory.
        target: likewise.
        epochs: how many.
    """
    if task is None or prediction is None or target is None or not names:
        return [{} for _ in range(epochs)]
    if tuple(names) == ("accuracy",) and prediction.dtype in _NUMPY:
        right = _hits(task, prediction.numpy(), target.numpy()).reshape(epochs, -1)
        return [{"accuracy": float(count) / right.shape[1]} for count in np.count_nonzero(right, axis=1)]
    found, meter = [], Meter(task, names)
    for pair in zip(prediction.chunk(epochs), target.chunk(epochs), strict=True):
        meter.clear()
        meter.add(*pair)
        found.append(meter.values())
    return found


def _together(parts: Sequence[Tensor]) -> Tensor:
    """All in a row, on the device of the last one: restored ones come from the CPU."""
    return parts[0] if len(parts) == 1 else torch.cat([part.to(parts[-1].device) for part in parts])


def _right(task: Task, prediction: Tensor, target: Tensor) -> tuple[int, int]:
    """How many choices are right, of how many."""
    if prediction.numel() > _SMALL or prediction.device.type != "cpu" or prediction.dtype not in _NUMPY:
        chosen = task.chosen(prediction)
        right = chosen == _like(task.labels(target), chosen)
        return int(right.sum()), right.numel()
    hits = _hits(task, prediction.numpy(), target.numpy())
    return int(np.count_nonzero(hits)), hits.size


def _hits(task: Task, scores: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.bool_]:
    """Which choices are right."""
    if task.kind == "yes_no":
        found, true = scores > task.threshold, truth > task.target_threshold
    else:
        found, true = scores.argmax(1), truth.argmax(1) if truth.dtype.kind == "f" else truth
    hits: NDArray[np.bool_] = found == true.reshape(found.shape)
    return hits


def finite_or_text(value: float | None) -> float | str | None:
    """A number as JSON takes it: what is not finite as `NaN`, `Infinity`, `-Infinity`."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _like(target: Tensor, prediction: Tensor) -> Tensor:
    """The target in the prediction's shape: one number a sample may stand without its dimension."""
    return target if target.shape == prediction.shape else target.reshape(prediction.shape)
