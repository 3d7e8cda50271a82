"""Loss and metrics over a part of the data, in evaluation mode, a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.build import Outputs
from engine.netcode import Batch
from engine.result import Result
from engine.training.epochs import Looks
from engine.training.judging import Judging
from engine.training.metrics import Meter
from engine.training.precision import in_full
from engine.training.task import Task
from engine.training.trainer import Trainer

_MOST_BYTES = 1 << 26
"""Activations of one batch; batches of averaged losses are made as large as that allows."""
_MOST_SAMPLES = 1024


@final
@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of it. The loss is that of the batches, averaged over the samples."""

    loss: float | None
    metrics: Mapping[str, float | None]
    samples: int


@final
class Evaluator:
    """Evaluates one part of the data; `advance` does a batch, so that commands need not wait for the whole.

    A loss that adds up depends on the size of the batch, so it is measured in batches of the training's size.
    """

    def __init__(
        self, trainer: Trainer, data: Mapping[str, Tensor], *, count_classes: bool = False, often: bool = False
    ) -> None:
        """Begin with the first sample.

        Args:
            trainer: of the network, which says how to compute.
            data: name -> (n, ...), as for `Batches`.
            count_classes: fill `confusion`.
            often: the same data will come many times, so that programs are worth it, and kernels where they are wanted.
        """
        self._trainer, self._data = trainer, data
        self._meter = Meter(trainer.task, trainer.meter.names)
        self._task = trainer.task
        self._wanted = () if self._task is None else (".".join(self._task.prediction), ".".join(self._task.target))
        self._run = trainer.passing(trainer.net.loss_and(self._wanted))
        self.judging = Judging(trainer.net, self._run, trainer.modes) if often and trainer.whole else None
        self.samples = len(next(iter(data.values()))) if data else 0
        self._size = batch_size(trainer.result)
        self._crew = trainer.crew
        self._target = data.get(self._wanted[1]) if self._wanted else None
        self.begin(count_classes=count_classes)

    def begin(self, *, count_classes: bool = False) -> None:
        """Begin with the first sample, again."""
        self._meter.clear()
        self._position = self._seen = 0
        self._loss = 0.0
        classes = len(self._task.classes) if self._task is not None and count_classes else 0
        self.confusion = np.zeros((classes, classes), dtype=np.int64) if classes else None
        """Int64 (classes, classes): samples so far, rows true, columns chosen."""

    @property
    def done(self) -> bool:
        """Whether every sample was seen."""
        return self._position >= self.samples

    def advance(self) -> None:
        """One batch; of several processes, each takes its own."""
        start = self._position + self._crew.rank * self._size
        stop = min(start + self._size, self.samples)
        self._position = min(self._position + self._crew.size * self._size, self.samples)
        if start >= stop:  # none is left for this process, but all make every pass
            self._by_pytorch({name: tensor[:1] for name, tensor in self._data.items()})
            return
        value, *shown = self._judged(start, stop)
        if self._task is not None:
            prediction, target = shown
            self._meter.add(prediction, target)
            if self.confusion is not None:
                self.confusion += confusion_of(self._task, prediction, target, len(self.confusion))
        self._loss += value * (stop - start)
        self._seen += stop - start

    def _judged(self, start: int, stop: int) -> tuple[Any, ...]:
        """Loss of some samples, then prediction and target where there is a task."""
        trainer = self._trainer
        if self.judging and trainer.may_be_fast and (self._target is not None or not self._wanted):
            made = trainer.fast.judged(self._data, start, stop, self._by_pytorch)
            if made is not None:
                value, prediction = made
                return value, prediction, None if self._target is None else self._target[start:stop]
        batch = {name: tensor[start:stop] for name, tensor in self._data.items()}
        if self.judging and trainer.choice.allowed:
            value, outputs = self.judging.batch(batch, self._by_pytorch, trainer.choice.binding)
            return value, *(outputs[name] for name in self._wanted)
        loss, outputs = self._by_pytorch(batch)
        return loss.item(), *(in_full(outputs[name]) for name in self._wanted)

    def _by_pytorch(self, batch: Batch) -> tuple[Tensor, Outputs]:
        with self._trainer.evaluating(), self._trainer.sliced.precision.casting():
            return self._run(batch)

    def result(self) -> Evaluation:
        """What was found so far."""
        metrics = self._meter.together(self._crew).values()
        losses, seen = zip(*self._crew.gathered([self._loss, self._seen]), strict=True)
        samples = sum(seen)
        return Evaluation(sum(losses) / samples if samples else None, metrics, samples)


@final
class Validations:
    """The validation of one training, epoch after epoch, a batch at a time.

    Attributes:
        data: of it, name -> (n, ...); {}: there is none.
        going: whether one has begun that has not ended; it may be given up.
        confusion: of the last one, where classes were counted.
    """

    def __init__(self, trainer: Trainer, data: Mapping[str, Tensor]) -> None:
        self._trainer, self.data = trainer, data
        self._evaluator: Evaluator | None = None
        self.going = False
        self.confusion: NDArray[np.int64] | None = None

    def advance(self, *, count_classes: bool) -> Evaluation | None:
        """A batch; what was found, at the end."""
        if self._evaluator is None:
            self._evaluator = Evaluator(self._trainer, self.data, often=True)
        evaluator = self._evaluator
        if not self.going:
            evaluator.begin(count_classes=count_classes)
            self.going = True
        evaluator.advance()
        if not evaluator.done:
            return None
        self.going, self.confusion = False, evaluator.confusion
        return evaluator.result()

    def looks(self) -> Looks:
        """What it takes to make validations elsewhere."""
        judging = None if self._evaluator is None else self._evaluator.judging
        return Looks(self.data, batch_size(self._trainer.result), judging)

    def made_elsewhere(self, outputs: Tensor | None, *, count_classes: bool) -> None:
        """Validations were made without this; of the last one, there are the predictions for all samples."""
        task, targets = self._trainer.task, self.targets
        if count_classes and task is not None and task.classes and outputs is not None and targets is not None:
            self.confusion = confusion_of(task, outputs[-len(targets) :], targets, len(task.classes))

    @property
    def targets(self) -> Tensor | None:
        """Of its samples, where they are data."""
        task = self._trainer.task
        return None if task is None else self.data.get(".".join(task.target))


def confusion_of(task: Task, prediction: Tensor, target: Tensor, classes: int) -> NDArray[np.int64]:
    """Int64 (classes, classes): samples, rows true, columns chosen."""
    pairs = task.labels(target).flatten() * classes + task.chosen(prediction).flatten()
    return torch.bincount(pairs, minlength=classes * classes).cpu().numpy().reshape(classes, classes)


def evaluate(trainer: Trainer, data: Mapping[str, Tensor], *, often: bool = False) -> Evaluation:
    """All at once; arguments as for an `Evaluator`."""
    evaluator = Evaluator(trainer, data, often=often)
    while not evaluator.done:
        evaluator.advance()
    return evaluator.result()


def batch_size(result: Result) -> int:
    """Samples of one batch of an evaluation: as many as fit, or as the training takes where the loss adds up.

    No more than are in a micro-batch, where these are asked for: memory is short then.
    """
    size: int = result.settings["batch_size"]
    if not all(_averages(result, term.path) for term in result.objectives):
        return size
    fitting = _MOST_BYTES // max(1, result.activation_bytes or _MOST_BYTES)
    size = max(size, min(_MOST_SAMPLES, fitting))
    return min(size, result.settings["micro_batch"] or size)


def _averages(result: Result, path: str) -> bool:
    """Whether an objective is the same average however large the batch is: a mean, or without data at all."""
    plan = result.nodes[path]
    return plan.params.get("reduction") == "mean" or not plan.sources
