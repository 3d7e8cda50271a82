"""An epoch's record: its line in metrics.jsonl."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine.training.epochs import Epochs
from engine.training.evaluation import Evaluation
from engine.training.metrics import finite_or_text, of_epochs
from engine.training.trainer import Trainer

_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def epoch_record(trainer: Trainer, epoch: int, found: Evaluation | None, samples_per_s: float | None) -> dict[str, Any]:
    """Of the epoch that a trainer is in, with what the validation found."""
    metrics = dict(trainer.meter.together(trainer.crew).values())
    metrics.update({f"val_{name}": None if found is None else found.metrics[name] for name in trainer.meter.names})
    return {
        "epoch": epoch,
        "step": trainer.steps,
        "loss": trainer.loss_sum / trainer.loss_weight,
        "val_loss": None if found is None else found.loss,
        "metrics": metrics,
        "lr": trainer.last_lr,
        "samples_per_s": samples_per_s,
    }


def epoch_records(trainer: Trainer, made: Epochs, judged: Tensor | None) -> list[dict[str, Any]]:
    """Of epochs that a trainer has just made in a row.

    Args:
        trainer: that made them.
        made: what came of it.
        judged: the targets of the validation.
    """
    count, steps = made.losses.shape
    task, names = trainer.task, trainer.meter.names
    targets = None
    if task is not None and names and trainer.batches is not None:
        targets = trainer.batches.data[".".join(task.target)][made.rows.flatten()]
    training = of_epochs(task, names, made.outputs, targets, count)
    losses = _means(made.losses, made.sizes)
    values: list[float | None] = [None] * count
    validation: list[dict[str, float | None]] = [dict.fromkeys(names)] * count
    if made.judged is not None:
        values = [*_means(made.judged.losses, made.judged.sizes)]
        if judged is not None and names:
            repeated = judged.repeat(count, *(1 for _ in judged.shape[1:]))
            validation = of_epochs(task, names, made.judged.outputs, repeated, count)
    first, before = trainer.epochs - count + 1, trainer.steps - made.losses.size
    rate = made.samples / made.seconds
    return [
        {
            "epoch": first + number,
            "step": before + (number + 1) * steps,
            "loss": losses[number],
            "val_loss": values[number],
            "metrics": training[number] | {f"val_{name}": value for name, value in validation[number].items()},
            "lr": float(made.rates[number]),
            "samples_per_s": rate,
        }
        for number in range(count)
    ]


def _means(losses: NDArray[np.float64], sizes: NDArray[np.int64]) -> list[float]:
    """Of each epoch, over the samples; added up in the order of the steps, from 0, as one epoch by itself."""
    totals = np.cumsum(losses * sizes, axis=1)[:, -1] + 0.0  # or −0 would remain what it is
    means: list[float] = (totals / sizes.sum()).tolist()
    return means


def json_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """An epoch's record as JSON takes it: numbers that are not finite become strings."""
    plain = {key: finite_or_text(value) for key, value in record.items() if key != "metrics"}
    metrics = {key: finite_or_text(value) for key, value in record["metrics"].items()}
    return {key: metrics if key == "metrics" else plain[key] for key in record}


def record_of(line: str) -> dict[str, Any] | None:
    """What `json_record` was made of; None for a line that is cut short."""
    try:
        record = json.loads(line)
        metrics = {name: _number_of(value) for name, value in record["metrics"].items()}
        return {key: metrics if key == "metrics" else _number_of(value) for key, value in record.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _number_of(value: Any) -> Any:
    return _WORDS.get(value, value) if isinstance(value, str) else value
