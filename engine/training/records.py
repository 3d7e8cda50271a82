"""An epoch's record: its line in metrics.jsonl."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from engine.training.evaluation import Evaluation
from engine.training.metrics import finite_or_text
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
