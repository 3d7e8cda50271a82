"""Large networks beside plain PyTorch and Keras: an MLP of 100 million parameters, and a convolutional network.

Run it with `python -m tests.bench.bench_heavy`; `MLP` or `CNN` behind it measures one of them. The ways take turns in
one process, on the same data in batches of the same size, from the same weights; a ratio is that of neighbouring turns.
Time is the processor's, with one thread to compute; pairs of turns are short and many, so that what others do on the
machine meets both. The plain loop is what one writes by hand: tensors in memory, a permutation, `torch.optim`, no
DataLoader. Keras (with PyTorch behind it) has its row where CHAINRULE_KERAS names it (`peers/keras_fit.py`): its own
`fit`, in a process of its own, from the same weights.
"""

from __future__ import annotations

import itertools
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
from tests.bench.bench_training import Timed
from tests.bench.peers.keras_fit import KerasFit, found
from tests.bench.rows import Row, keep, row
from tests.engine.graphs import project

WIDTHS = (7000, 7000, 6500)
"""784-7000-7000-6500-10: 100.1 million parameters."""
LR = 0.01
CNN_STEPS, CNN_ROUNDS = 8, 21


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


def keras_cnn(run: Run) -> KerasFit | None:
    """The same network in Keras, from the same weights, in a process of its own; None where there is no Keras."""
    if found() is None:
        return None
    conv: dict[str, Any] = {"kernel_size": 3, "padding": "same", "activation": "relu"}
    layers: list[tuple[str, dict[str, Any]]] = []
    for filters in (16, 32):
        layers += [("Conv2D", {"filters": filters, **conv}), ("MaxPooling2D", {})]
    layers += [("Flatten", {}), ("Dense", {"units": 10})]
    c0, b0, c1, b1, dense, bias = (weight.detach() for weight in run.weights().values())
    kernels = [kernel.permute(2, 3, 1, 0) for kernel in (c0, c1)]
    dense = dense.reshape(10, 32, 7, 7).permute(2, 3, 1, 0).reshape(-1, 10)  # it flattens place by place
    weights = [each.contiguous().numpy() for each in (kernels[0], b0, kernels[1], b1, dense, bias)]
    data, batch = run.loaded.data["data"].train, int(run.loaded.result.settings["batch_size"])
    x, y = data["x"].reshape(-1, 28, 28, 1).numpy(), data["y"].numpy()
    fit = KerasFit(layers, x, y, weights, loss="cross_entropy", batch=batch, optimizer="sgd", lr=LR)
    with torch.no_grad():
        mine = float(run.trainer.net.loss({f"data.{name}": data[name] for name in ("x", "y")}))
    assert abs(fit.loss - mine) <= 1e-4 * mine, f"Keras computes something else: {fit.loss}, not {mine}"
    return fit


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


def in_turns(ways: dict[str, Timed], steps: int, rounds: int) -> dict[str, list[float]]:
    """Seconds a step of each way, round by round."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for timed in ways.values():
        timed(steps)  # warm
        timed(steps)
    for number in range(rounds):
        for way in list(ways) if number % 2 == 0 else list(reversed(ways)):
            seconds[way].append(ways[way](steps))
    return seconds


def by_processor(turn: Turn) -> Timed:
    """Seconds a step, of the processor's time of the thread that makes it, which computes alone."""

    def timed(steps: int) -> float:
        began = time.thread_time()
        turn(steps)
        return (time.thread_time() - began) / steps

    return timed


def measured(
    make: Callable[[], Project], module: Callable[[], nn.Module], steps: int, rounds: int
) -> tuple[dict[str, list[float]], Run]:
    """All ways of one network."""
    run = Run(load(make()), lambda _event: None)
    net = module()
    ways = {"plain": by_processor(plain_loop(run, net, F.cross_entropy)), "ours": by_processor(ours(run))}
    agree(run, net)
    keras = keras_cnn(run) if make is cnn else None
    if keras is None:
        return in_turns(ways, steps, rounds), run
    with keras:
        return in_turns({**ways, "keras": keras.seconds}, steps, rounds), run


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
    began = time.thread_time()
    for _ in range(3):
        run.trainer.updaters[0].norm()
    return (time.thread_time() - began) / 3


def main(wanted: tuple[str, ...] = ("MLP", "CNN")) -> None:
    """Measure, print and keep."""
    torch.set_num_threads(1)
    rows: list[Row] = []
    details: dict[str, Any] = {"torch": torch.__version__, "threads": 1}
    if "CNN" in wanted:
        seconds, run = measured(cnn, plain_cnn, steps=CNN_STEPS, rounds=CNN_ROUNDS)
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
