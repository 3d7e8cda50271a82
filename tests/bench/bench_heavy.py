"""Large networks beside plain PyTorch and Keras: an MLP of 100 million parameters, and a convolutional network.

Run it with `python -m tests.bench.bench_heavy`; `MLP` or `CNN` behind it measures one of them. The ways take turns in
one process, on the same data in batches of the same size, from the same weights; a ratio is that of neighbouring turns.
Time is the processor's, with one thread to compute. The plain loop is what one writes by hand: tensors in memory, a
permutation, `torch.optim`, no DataLoader. Keras (with PyTorch behind it) has its row where it can be imported:

    pip install --target /tmp/keras --no-deps keras absl-py namex optree ml_dtypes h5py
    PYTHONPATH=/tmp/keras KERAS_BACKEND=torch python -m tests.bench.bench_heavy
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.graph import Project
from engine.training.loading import load
from engine.training.run import Run
from tests.bench.bench_session import Turn, plain_loop
from tests.bench.rows import Row, keep, row
from tests.engine.graphs import project

WIDTHS = (7000, 7000, 6500)
"""784-7000-7000-6500-10: 100.1 million parameters."""
LR = 0.01


def mlp() -> Project:
    """On Fashion-MNIST, batch 64, SGD."""
    nodes: dict[str, Any] = {"data": ("Input", {"dataset": "fashion-mnist", "source": "sample"}), "flat": "Flatten"}
    for number, width in enumerate(WIDTHS):
        nodes |= {f"d{number}": ("Dense", {"out_features": width}), f"a{number}": "Activation"}
    nodes |= {"d3": ("Dense", {"out_features": 10}), "loss": ("Loss", {"function": "cross_entropy"})}
    return _chained(nodes, 64)


def cnn() -> Project:
    """conv16-pool-conv32-pool-dense on Fashion-MNIST, batch 128, SGD."""
    nodes: dict[str, Any] = {
        "data": ("Input", {"dataset": "fashion-mnist", "source": "sample"}),
        "c0": ("Conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1}),
        "a0": "Activation",
        "p0": ("MaxPool2d", {"kernel_size": 2}),
        "c1": ("Conv2d", {"out_channels": 32, "kernel_size": 3, "padding": 1}),
        "a1": "Activation",
        "p1": ("MaxPool2d", {"kernel_size": 2}),
        "flat": "Flatten",
        "d0": ("Dense", {"out_features": 10}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    return _chained(nodes, 128)


def _chained(nodes: dict[str, Any], batch: int) -> Project:
    names = [*nodes][1:-1]
    wires = ["data.x > " + names[0], *(f"{a} > {b}" for a, b in itertools.pairwise(names))]
    wires += [f"{names[-1]} > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training={"optimizer": "sgd", "lr": LR, "batch_size": batch, "metrics": ()})


def plain_mlp() -> nn.Module:
    """By hand."""
    layers: list[nn.Module] = [nn.Flatten()]
    for before, after in itertools.pairwise((784, *WIDTHS)):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(WIDTHS[-1], 10))


def plain_cnn() -> nn.Module:
    """By hand."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(32 * 49, 10)),
    )


def keras_cnn(run: Run) -> Turn | None:
    """The same network in Keras, with its own `fit` in turns; None where Keras is not installed."""
    if importlib.util.find_spec("keras") is None:
        return None
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras: Any = importlib.import_module("keras")
    made = keras.layers
    net = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *(made.Conv2D(16, 3, padding="same", activation="relu"), made.MaxPooling2D()),
            *(made.Conv2D(32, 3, padding="same", activation="relu"), made.MaxPooling2D()),
            *(made.Flatten(), made.Dense(10)),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.SGD(LR), loss=loss)
    data, size = run.loaded.data["data"].train, run.loaded.result.settings["batch_size"]
    x, y = data["x"].reshape(-1, 28, 28, 1).numpy(), data["y"].numpy()

    def turn(steps: int) -> None:
        net.fit(x[: steps * size], y[: steps * size], batch_size=size, epochs=1, verbose=0)

    return turn


def ours(run: Run) -> Turn:
    """Steps as `chainrule train` makes them, without the validation that the others do not have."""

    def turn(steps: int) -> None:
        trainer = run.trainer
        with trainer.drawing():
            for _ in range(steps):
                if trainer.epoch_over:
                    trainer.end_epoch(0.0)
                trainer.step()

    return turn


def in_turns(ways: dict[str, Turn], steps: int, rounds: int) -> dict[str, list[float]]:
    """Seconds a step of each way, round by round."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for turn in ways.values():
        turn(steps)  # warm
    for number in range(rounds):
        for way in list(ways) if number % 2 == 0 else list(reversed(ways)):
            began = time.process_time()
            ways[way](steps)
            seconds[way].append((time.process_time() - began) / steps)
    return seconds


def measured(
    make: Callable[[], Project], module: Callable[[], nn.Module], steps: int, rounds: int
) -> tuple[dict[str, list[float]], Run]:
    """All ways of one network."""
    run = Run(load(make()), lambda _event: None)
    net = module()
    ways = {"plain": plain_loop(run, net, F.cross_entropy), "ours": ours(run)}
    agree(run, net)
    keras = keras_cnn(run) if make is cnn else None
    if keras is not None:
        ways["keras"] = keras
    return in_turns(ways, steps, rounds), run


def agree(run: Run, net: nn.Module) -> None:
    """The two begin with the same loss: what is compared is the same training."""
    assert run.trainer.batches is not None
    batch = run.trainer.batches.upcoming()
    with torch.no_grad():
        theirs: Tensor = F.cross_entropy(net(batch["data.x"]), batch["data.y"])
        mine = run.trainer.net.loss(batch)
    torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def compared(seconds: dict[str, list[float]], other: str) -> list[float]:
    """How much faster ours is, round by round."""
    return [theirs / mine for theirs, mine in zip(seconds[other], seconds["ours"], strict=True)]


def norm_seconds(run: Run) -> float:
    """What the norm of the last gradient takes."""
    began = time.process_time()
    for _ in range(3):
        run.trainer.updaters[0].norm()
    return (time.process_time() - began) / 3


def main(wanted: tuple[str, ...] = ("MLP", "CNN")) -> None:
    """Measure, print and keep."""
    torch.set_num_threads(1)
    rows: list[Row] = []
    details: dict[str, Any] = {"torch": torch.__version__, "threads": 1}
    if "CNN" in wanted:
        seconds, run = measured(cnn, plain_cnn, steps=12, rounds=7)
        what = "conv16-pool-conv32-pool-dense on Fashion-MNIST, batch 128, one thread"
        rows.append(row(f"Chainrule / plain PyTorch, {what}", compared(seconds, "plain"), at_least=1.3))
        if "keras" in seconds:
            rows.append(row(f"Chainrule / Keras fit (on PyTorch), {what}", compared(seconds, "keras"), at_least=2.0))
        details["CNN"] = {"parameters": run.loaded.result.parameters, "seconds a step": seconds}
    if "MLP" in wanted:
        seconds, run = measured(mlp, plain_mlp, steps=2, rounds=5)
        count = run.loaded.result.parameters
        claim = f"Chainrule / plain PyTorch, MLP of {count / 1e6:.0f}M parameters, batch 64, one thread"
        norm = norm_seconds(run) / statistics.median(seconds["ours"])
        why = f"{norm:.0%} of our step is the gradient's norm, which finds a bad one before it is used"
        rows.append(row(claim, compared(seconds, "plain"), at_least=0.98, note=why))
        details["MLP"] = {"parameters": count, "seconds a step": seconds}
    for each in rows:
        verdict = "reached" if each.reached else "missed"
        print(f"{each.claim}\n  × {each.median:.3f} ({each.low:.3f} to {each.high:.3f}); goal {each.goal}: {verdict}")
    keep("heavy", rows, details)


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or ("MLP", "CNN"))
