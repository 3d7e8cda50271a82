"""What a training that has ended is judged by, gathered from its run."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.data.streaming.column import Column
from engine.dataspec import Split
from engine.training.failure import suggested_lr
from engine.training.precision import in_double
from engine.training.run import Run
from engine.training.task import Task
from engine.verdict import Ended, Verdict, judge

_LOOKED_AT = 1 << 22
"""Numbers of a table that are looked at: larger ones are not judged."""


def verdict(run: Run) -> Verdict | None:
    """What is to be said of a run that is over; None: nothing."""
    updater, task = run.trainer.updaters[0], run.trainer.task
    stopping = run.watched.stopping
    kept = stopping.best_epoch if stopping is not None and stopping.best_weights else None
    splits: tuple[Split, ...] = ("train", "val")
    common = {split: _common(task, run.loaded.part(split)) for split in splits} if task is not None else {}
    return judge(
        Ended(
            run.loaded.result,
            run.records,
            updater.hyper.lr,
            updater.kind,
            suggested_lr(updater.hyper.lr, updater.kind),
            kept,
            run.trainer.first_loss,
            {split: part for split, part in common.items() if part is not None},
            _spreads(run),
        )
    )


def _common(task: Task, data: dict[str, Tensor]) -> float | None:
    """Part of the samples that is of the most frequent class: on the average, where several are asked for."""
    target = data.get(".".join(task.target))
    if task.kind == "numbers" or target is None or isinstance(target, Column):
        return None
    labels = task.labels(target).cpu()  # not every device has float64
    if task.kind == "classes":
        return float(torch.bincount(labels.flatten()).max()) / labels.numel()
    yes = labels.reshape(len(labels), -1).double().mean(0)
    return float(torch.maximum(yes, 1 - yes).mean())


def _spreads(run: Run) -> dict[str, float]:
    """Of each Input that is a table, the widest feature's standard deviation over the narrowest one's."""
    found: dict[str, float] = {}
    for path, data in run.loaded.data.items():
        x = data.train.get(data.x_field.name)
        if x is None or isinstance(x, Column) or x.ndim != 2 or not 1 < len(x) <= _LOOKED_AT // max(1, x.shape[1]):
            continue
        wide = in_double(x).std(0)
        wide = wide[wide > 0]
        if len(wide):
            found[path] = float(wide.max() / wide.min())
    return found
