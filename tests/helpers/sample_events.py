"""What a session posts while it trains, with numbers that look like a training's."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.events import EpochEnd, Scalars
from engine.snapshots import Confusion, Curve, Fit, Gradients, ImageGrid, Progress, Surface, WeightHistograms


def scalars(steps: int = 3550, per_epoch: int = 25, seed: int = 0, first: int = 1) -> Scalars:
    """Losses that fall with the noise of small batches."""
    at = np.arange(first, first + steps, dtype=np.int64)
    noise = np.random.default_rng(seed).lognormal(0.0, 0.35, steps)
    return Scalars(at, (0.52 * np.exp(-at / 1200) + 0.02) * noise, at / per_epoch)


def record(epoch: int, per_epoch: int = 25, **metrics: float | None) -> dict[str, Any]:
    """One line of metrics.jsonl."""
    loss = 0.52 * float(np.exp(-epoch * per_epoch / 1200)) + 0.02
    return {
        "epoch": epoch,
        "step": epoch * per_epoch,
        "loss": loss,
        "val_loss": 1.3 * loss + 0.003 * float(np.sin(epoch)),
        "metrics": dict(metrics) or {"accuracy": 1 - loss, "val_accuracy": 1 - 1.4 * loss},
        "lr": 0.03,
        "samples_per_s": 412_345.0,
    }


def epochs(count: int = 142) -> list[EpochEnd]:
    """That many epochs."""
    return [EpochEnd(record(epoch)) for epoch in range(1, count + 1)]


def progress(epoch: int = 142, epochs_: int = 300) -> Progress:
    """In the middle of a training."""
    return Progress(epoch, epochs_, epoch * 25, 25, 412_345.0, 38.0, 0.03, 0.0412)


def gradients(count: int = 5, rows: int = 300, decay: float = 0.05) -> Gradients:
    """Norms that shrink towards the first layer by a factor a layer."""
    layers = tuple(f"dense{index + 1}" for index in range(count))
    ends = np.array([0.5 * decay ** (count - 1 - index) for index in range(count)])
    time = np.linspace(1, 0.6, rows)[:, None]
    wobble = np.random.default_rng(1).lognormal(0.0, 0.2, (rows, count))
    history = ends * time * wobble
    steps = np.arange(1, rows + 1, dtype=np.int64) * 10
    return Gradients(int(steps[-1]) if rows else 0, layers, ends, ends / 10, steps, history)


def histograms(count: int = 3, rows: int = 60) -> WeightHistograms:
    """Weights that spread out as they learn."""
    rng = np.random.default_rng(2)
    edges = np.linspace(-2.0, 2.0, 41)
    counts = np.stack([np.histogram(rng.normal(0, 0.2 + 0.4 * row / rows, 640), edges)[0] for row in range(rows)])
    layers = tuple(f"dense{index + 1}" for index in range(count))
    stats = np.tile(np.array([0.0123456, 0.6012, -1.912, 1.877]), (count, 1))
    dead = np.array([np.nan, 0.25, 0.0, *[np.nan] * count])[:count]
    return WeightHistograms(
        rows * 10, layers, (edges,) * count, (counts.astype(np.int64),) * count, np.arange(rows) * 10, stats, dead
    )


def spiral_points(count: int = 500) -> tuple[Any, Any, Any]:
    """Points, targets ±1 and split of the spiral."""
    rng = np.random.default_rng(3)
    half = count // 2
    turn = np.arange(half) / half
    points, targets = [], []
    for start, target in ((0.0, 1.0), (np.pi, -1.0)):
        angle = 1.75 * turn * 2 * np.pi + start
        points.append(np.stack([5 * turn * np.sin(angle), 5 * turn * np.cos(angle)], 1) + rng.normal(0, 0.1, (half, 2)))
        targets.append(np.full(half, target))
    split = rng.integers(0, 2, 2 * half).astype(np.int8)
    return np.concatenate(points), np.concatenate(targets), split


def surface(size: int = 60, step: int = 3550) -> Surface:
    """A network that has learned the spiral."""
    points, targets, split = spiral_points()
    axis = np.linspace(-6, 6, size)
    x, y = np.meshgrid(axis, axis)
    radius, angle = np.hypot(x, y), np.arctan2(x, y)
    values = np.tanh(2.5 * np.cos(angle - 1.75 * 2 * np.pi * radius / 5)).astype(np.float32)
    return Surface(step, (-6.0, 6.0, -6.0, 6.0), values, 0.0, points, targets, split)


def classes_surface(classes: int = 3, size: int = 50) -> Surface:
    """Probabilities of several classes over the plane."""
    axis = np.linspace(-3, 3, size)
    x, y = np.meshgrid(axis, axis)
    turns = np.arange(classes) * 2 * np.pi / classes
    logits = np.stack([2 * (x * np.cos(turn) + y * np.sin(turn)) for turn in turns], axis=-1)
    share = np.exp(logits - logits.max(-1, keepdims=True))
    share = (share / share.sum(-1, keepdims=True)).astype(np.float32)
    rng = np.random.default_rng(4)
    points = rng.normal(0, 1.2, (150, 2))
    best = np.stack([points @ [np.cos(turn), np.sin(turn)] for turn in turns], axis=-1).argmax(-1)
    names = ("setosa", "versicolor", "virginica", *[f"class {index}" for index in range(3, classes)])[:classes]
    split = rng.integers(0, 3, 150).astype(np.int8)
    return Surface(90, (-3.0, 3.0, -3.0, 3.0), share, 0.5, points, best, split, ("petal length", "petal width"), names)


def curve(outputs: int = 1) -> Curve:
    """A sine fitted almost."""
    rng = np.random.default_rng(5)
    x = np.linspace(-3, 3, 200)
    points = rng.uniform(-3, 3, 80)
    y = np.stack([np.sin(x + 0.1 * index) * 0.95 for index in range(outputs)], axis=1)
    targets = (np.sin(points) + rng.normal(0, 0.1, 80))[:, None]
    return Curve(400, x, y, points, targets, (rng.random(80) < 0.3).astype(np.int8))


FASHION = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def images(count: int = 24) -> ImageGrid:
    """Grey pictures, some of them taken for something else."""
    rng = np.random.default_rng(6)
    y, x = np.mgrid[0:28, 0:28]
    true = rng.integers(0, 10, count)
    predicted = np.where(rng.random(count) < 0.8, true, (true + 3) % 10)
    pictures = np.stack([(127 + 120 * np.sin(x / (2 + kind) + y / (11 - kind))).astype(np.uint8) for kind in true])
    return ImageGrid(200, pictures, true, predicted, rng.uniform(0.4, 1.0, count), FASHION)


def fit(count: int = 150) -> Fit:
    """A regression that is roughly right."""
    rng = np.random.default_rng(7)
    true = rng.uniform(30, 340, count)
    return Fit(40, true, 0.8 * true + 30 + rng.normal(0, 30, count), "disease progression")


def confusion(classes: int = 10, per_class: int = 200) -> Confusion:
    """Mostly right, with neighbours confused."""
    rng = np.random.default_rng(8)
    matrix = np.zeros((classes, classes), dtype=np.int64)
    for row in range(classes):
        shares = rng.dirichlet([60.0 if column == row else 1.0 for column in range(classes)])
        matrix[row] = rng.multinomial(per_class, shares)
    names = FASHION if classes == 10 else tuple(f"class {index}" for index in range(classes))
    return Confusion(200, matrix, names, "val")
