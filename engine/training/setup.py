"""What a run begins with, as its settings and data ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from engine.build import build
from engine.training.batching import Batches
from engine.training.crew import ALONE, Crew
from engine.training.loading import Loaded
from engine.training.metrics import Meter, metric_names
from engine.training.slicing import batch_norm_of
from engine.training.stopping import EarlyStopping
from engine.training.task import find_task
from engine.training.trainer import Trainer
from engine.training.updates import Memory

Say = Callable[[str], None]
Make = Callable[[Loaded, int, Sequence[Mapping[str, Memory]], Say], Trainer]
"""Builds what trains: of a project, its seed, what optimizers remember, and who is told of what is done otherwise."""


def make_trainer(loaded: Loaded, seed: int, memory: Sequence[Mapping[str, Memory]], say: Say) -> Trainer:
    """The network and what trains it, at step 0. Raises GraphError, it cannot be built."""
    net = build(loaded.result, seed=seed, dtype=loaded.dtype, parameters=loaded.start, device=loaded.device)
    batches = make_batches(loaded, seed, say)
    return Trainer(net, batches, make_meter(loaded), device=loaded.device, memory=memory, seed=seed)


def make_meter(loaded: Loaded) -> Meter:
    """Of the metrics that the settings ask for."""
    task = find_task(loaded.result, loaded.targets())
    return Meter(task, metric_names(loaded.result.settings["metrics"], task))


def make_batches(loaded: Loaded, seed: int, say: Say, crew: Crew = ALONE) -> Batches | None:
    """The batches of the training part; None for a graph without data. What is dropped is said."""
    data, settings = loaded.part("train"), loaded.result.settings
    if not data:
        return None
    size: int = settings["batch_size"]
    norm = batch_norm_in(loaded)
    drop = {"true": size - 1, "false": 0, "auto": 1 if norm else 0}[settings["drop_last"]]
    batches = Batches(data, size, shuffle=settings["shuffle"], drop=drop, seed=seed, crew=crew)
    if settings["drop_last"] == "auto" and batches.samples < batches.total:
        say(f'The last batch of one sample is dropped: "{norm}" cannot normalise a single sample.')
    return batches


def batch_norm_in(loaded: Loaded) -> str:
    """Path of a live block that normalises over the batch, "" when there is none."""
    return batch_norm_of(loaded.result)


def say_how(trainer: Trainer, say: Say) -> None:
    """Say where steps are made otherwise than was asked for."""
    if trainer.sliced.whole:
        say(f'Batches are taken whole: "{trainer.sliced.whole}" looks at all samples of a batch at once.')


def watched_value(loaded: Loaded, metrics: tuple[str, ...], say: Say) -> str:
    """What early stopping and the plateau watch: what is asked for, or, said so, what there is."""
    settings = loaded.result.settings
    validated = bool(loaded.part("val"))
    fallback = "val_loss" if validated else "loss"
    if not settings["early_stopping"]:
        return fallback
    monitor: str = settings["monitor"]
    there = validated or not monitor.startswith("val_")
    if there and (not monitor.endswith("accuracy") or "accuracy" in metrics):
        return monitor
    say(f"Early stopping cannot watch {monitor} here; it watches {fallback}.")
    return fallback


def make_stopping(loaded: Loaded, monitor: str) -> EarlyStopping | None:
    """Early stopping, where it is on."""
    settings = loaded.result.settings
    return EarlyStopping(monitor, settings["patience"]) if settings["early_stopping"] else None
