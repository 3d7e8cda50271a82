"""What a run begins with, as its settings and data ask for."""

from __future__ import annotations

from collections.abc import Callable

from engine.training.batching import Batches
from engine.training.loading import Loaded
from engine.training.stopping import EarlyStopping

Say = Callable[[str], None]


def make_batches(loaded: Loaded, seed: int, say: Say) -> Batches | None:
    """The batches of the training part; None for a graph without data. What is dropped is said."""
    data, settings = loaded.part("train"), loaded.result.settings
    if not data:
        return None
    size: int = settings["batch_size"]
    norm = batch_norm_in(loaded)
    drop = {"true": size - 1, "false": 0, "auto": 1 if norm else 0}[settings["drop_last"]]
    batches = Batches(data, size, shuffle=settings["shuffle"], drop=drop, seed=seed)
    if settings["drop_last"] == "auto" and batches.samples < batches.total:
        say(f'The last batch of one sample is dropped: "{norm}" cannot normalise a single sample.')
    return batches


def batch_norm_in(loaded: Loaded) -> str:
    """Path of a live block that normalises over the batch, "" when there is none."""
    result = loaded.result
    for path in result.order:
        recipe = result.nodes[path].recipe
        target = recipe.module.target if recipe is not None and recipe.module is not None else ""
        if path in result.live and target.startswith("torch.nn.BatchNorm"):
            return path
    return ""


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
