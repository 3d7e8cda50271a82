"""Answers to questions about a run: predictions, traces, exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.data.dataset import DataSet
from engine.data.prepare import Prepared, prepare_file, prepare_image, prepare_rows
from engine.events import Array, Predicted, copied
from engine.export.pytorch import export_pytorch
from engine.export.weights import export_weights
from engine.netcode import Batch
from engine.probes.probe import watcher
from engine.problem import DataError
from engine.tracing import trace_step
from engine.training.batching import Batches
from engine.training.run import Run
from engine.unfolding import Unfolding

_CHUNK = 256


def predict(run: Run, data: Array | str, request: int = 0) -> tuple[Predicted, tuple[str, ...]]:
    """The network's answer to rows, pictures or a file, and remarks on what was done to them. Raises DataError."""
    ask = watcher(run)
    if ask is None:
        raise DataError("The prediction does not depend on one data set alone.", code="D05")
    prepared = prepare_file(ask.data, Path(data)) if isinstance(data, str) else _prepared(ask.data, data)
    outputs = torch.cat([ask(prepared.x[at : at + _CHUNK]) for at in range(0, len(prepared.x), _CHUNK)])
    return _predicted(run, outputs, request), prepared.notes


def _prepared(data: DataSet, array: Array) -> Prepared:
    """Rows or samples as they are; anything else for a data set of pictures is one picture."""
    size = int(np.prod([dim for dim in data.x_field.shape if isinstance(dim, int)]))
    if data.is_image and (array.ndim == 0 or array.size != array.shape[0] * size):
        return prepare_image(data, array)
    return Prepared(prepare_rows(data, array))


def _predicted(run: Run, outputs: Tensor, request: int) -> Predicted:
    task = run.trainer.task
    raw = copied(outputs.numpy())
    if task is None or task.kind == "numbers":
        return Predicted(request, raw)
    labels: tuple[str, ...] = ()
    flat = outputs.reshape(len(outputs), -1) if task.kind == "yes_no" else outputs
    if task.classes and outputs.ndim == 2 and (task.kind == "classes" or flat.shape[1] == 1):
        labels = tuple(task.classes[index] for index in task.chosen(flat).flatten().tolist())
    probabilities = task.probabilities(outputs)
    if probabilities is None:
        return Predicted(request, raw, None, task.classes, labels)
    if task.kind == "yes_no" and flat.shape[1] == 1:
        yes = probabilities.reshape(-1, 1)
        probabilities = torch.cat([1 - yes, yes], 1)
    return Predicted(request, raw, copied(probabilities.numpy(), np.float64), task.classes, labels)


def trace(run: Run, batch: int | None, sample: int | None = None) -> Mapping[str, Any]:
    """One step with the present weights, without making it.

    Args:
        run: the training.
        batch: of the present epoch; None: that of the next step.
        sample: of the batch; None: all of them.

    Raises:
        IndexError: the epoch has no such batch, or the batch no such sample.
        ValueError: the network cannot work with one sample alone.
    """
    trainer = run.trainer
    with as_next(run, batch, sample) as samples:
        updater = trainer.updaters[trainer.turn]
        return trace_step(
            trainer.net, samples, phase=trainer.turn, hyper=updater.hyper, lr=trainer.lr, memory=updater.memory()
        )


def unfold(run: Run, batch: int | None, sample: int | None = None) -> Unfolding:
    """The same as moments. The arguments and errors are those of `trace`."""
    trainer = run.trainer
    with as_next(run, batch, sample) as samples:
        updater = trainer.updaters[trainer.turn]
        return Unfolding(
            trainer.net, samples, phase=trainer.turn, hyper=updater.hyper, lr=trainer.lr, memory=updater.memory()
        )


@contextmanager
def as_next(run: Run, batch: int | None, sample: int | None = None) -> Iterator[Batch]:
    """A batch, and the random draws of the step that comes next; it still comes next afterwards.

    The arguments and errors are those of `trace`.
    """
    trainer = run.trainer
    samples, random = _samples(trainer.batches, batch, sample), trainer.randomness.state()
    try:
        with trainer.drawing():
            yield samples
    finally:
        trainer.randomness.restore(random)


def _samples(batches: Batches | None, batch: int | None, sample: int | None) -> Batch:
    if batches is None:
        return {}
    found = batches.upcoming() if batch is None else batches.peek(batch)
    if sample is None:
        return found
    count = len(next(iter(found.values())))
    if not 0 <= sample < count:
        raise IndexError(f"the batch has {count} samples, counted from 0; there is no {sample}")
    return {name: tensor[sample : sample + 1] for name, tensor in found.items()}


def export(run: Run, kind: str, path: Path) -> tuple[Path, ...]:
    """Write the network with its present weights: PyTorch source, or `weights`; the files. Raises ChainruleError."""
    loaded, weights = run.loaded, run.weights()
    if kind == "weights":
        return export_weights(loaded.project, weights, path)
    pipelines = {f"{input_path}.x": data.pipeline for input_path, data in loaded.data.items()}
    return export_pytorch(loaded.project, loaded.result, weights, loaded.part("train"), path, pipelines)
