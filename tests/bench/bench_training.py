"""Training steps side by side: a plain PyTorch loop, our eager step, our captured step, and all that `train` does.

Run it with `pytest -s tests/bench/bench_training.py` or `python -m tests.bench.bench_training`. The ways take turns in
one process with one torch thread, from the same weights, on the same data in batches of the same size, and each turn
makes the same number of steps. A ratio is the median over rounds of neighbouring turns. Time is the processor's, of the
one thread that computes, so that others on the machine count little. The eager and the captured steps collect the
training metrics; the last row adds what the plain loop has nothing of: validation after each epoch, and the records.
Besides, all train the same batches from the same weights, and their losses have to agree.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.graph import Project
from engine.training.loading import load
from engine.training.run import Run
from tests.bench.bench_session import NETS, Turn, by_run, dense, plain_loop
from tests.bench.platforms import keep
from tests.engine.graphs import project
from tests.engine.training_projects import mlp

ROUNDS = 7
TURN_SECONDS = 0.4
GOALS = {"a": 3.0, "b": 3.0, "c": 3.0}
"""By the first letter of a network: the captured step's least ratio to the plain loop."""


def medium() -> Project:
    """784-256-128-10 on Fashion-MNIST, batch 64, Adam."""
    nodes: dict[str, Any] = {
        "data": ("Input", {"dataset": "fashion-mnist", "source": "sample"}),
        "flat": "Flatten",
        "d0": ("Dense", {"out_features": 256}),
        "a0": "Activation",
        "d1": ("Dense", {"out_features": 128}),
        "a1": "Activation",
        "d2": ("Dense", {"out_features": 10}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    names = [*nodes][1:-1]
    wires = ["data.x > flat", *(f"{a} > {b}" for a, b in itertools.pairwise(names))]
    wires += ["d2 > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training={"optimizer": "adam", "lr": 0.001, "batch_size": 64})


Case = tuple[Callable[[], Project], Callable[[], nn.Module], Callable[[Tensor, Tensor], Tensor]]
CASES: dict[str, Case] = {
    **NETS,
    "   MLP 2-32-32-1 tanh with Adam, batch 64": (
        lambda: mlp(32, 32, 1, batch_size=64, optimizer="adam", loss="half_squared_error"),
        lambda: dense((2, 32, 32, 1), nn.Tanh),
        lambda o, y: 0.5 * F.mse_loss(o, y),
    ),
    "   MLP 784-256-128-10 on Fashion-MNIST with Adam, batch 64": (
        medium,
        lambda: nn.Sequential(
            nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10)
        ),
        F.cross_entropy,
    ),
}


def run_of(made: Project, *, captured: bool) -> Run:
    run = Run(load(made), lambda _: None)
    run.trainer.choice.allowed = captured
    return run


def agree(name: str) -> float:
    """The largest relative difference between the losses of ours and those of the plain modules, 30 steps in order."""
    make, module, loss_of = CASES[name]
    made = make()

    ours = [run_of(made, captured=captured) for captured in (False, True)]
    net = module()
    with torch.no_grad():
        for theirs, weight in zip(net.parameters(), ours[0].weights().values(), strict=True):
            theirs.copy_(weight)
    settings = ours[0].loaded.result.settings
    kinds: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    optimizer = kinds[settings["optimizer"]](net.parameters(), lr=settings["lr"])
    worst = 0.0
    for _ in range(30):
        batches = ours[0].trainer.batches
        assert batches is not None
        if batches.at_end:
            for run in ours:
                run.trainer.end_epoch(0.0)
        batch = batches.upcoming()
        optimizer.zero_grad()
        loss = loss_of(net(batch["data.x"]), batch["data.y"])
        loss.backward()
        optimizer.step()
        made_losses = [run.trainer.step() for run in ours]
        assert made_losses[0] == made_losses[1], "captured and eager are equal to the bit"
        worst = max(worst, abs(made_losses[0] - loss.item()) / max(abs(loss.item()), 1e-12))
    assert worst < 1e-4, f"{name}: the plain loop computes something else ({worst})"
    return worst


def steps_of(run: Run) -> Turn:
    """The steps alone, in epochs as the plain loop makes them."""

    def turn(steps: int) -> None:
        trainer = run.trainer
        with trainer.drawing():
            for _ in range(steps):
                if trainer.epoch_over:
                    trainer.end_epoch(0.0)
                trainer.step()

    return turn


def measure(name: str) -> dict[str, Any]:
    make, module, loss_of = CASES[name]
    made = make()
    size = made.training["batch_size"]
    eager, captured, whole = (run_of(made, captured=way) for way in (False, True, True))
    ways: dict[str, Turn] = {
        "plain loop": plain_loop(eager, module(), loss_of),
        "eager": steps_of(eager),
        "captured": steps_of(captured),
        "whole": by_run(whole),
    }
    began = time.thread_time()
    ways["plain loop"](20)
    steps = max(10, int(TURN_SECONDS / ((time.thread_time() - began) / 20)))
    for turn in ways.values():
        turn(max(steps // 4, 40))  # warm, and the choice made
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS):
        order = list(ways) if number % 2 == 0 else list(reversed(ways))
        for way in order:
            began = time.thread_time()
            ways[way](steps)
            seconds[way].append((time.thread_time() - began) / steps)
    found: dict[str, Any] = {
        "engine": "captured" if captured.trainer.choice.made else "eager",
        "loss agrees within": agree(name),
        "steps a turn": steps,
    }
    for way, values in seconds.items():
        ratios = sorted(plain / value for plain, value in zip(seconds["plain loop"], values, strict=True))
        found[way] = {
            "us a step": round(statistics.median(values) * 1e6, 1),
            "samples/s": round(size / statistics.median(values)),
            "ratio": round(statistics.median(ratios), 2),
            "ratio spread": [round(ratios[0], 2), round(ratios[-1], 2)],
        }
    return found


def show(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}   ({found['engine']}; losses agree within {found['loss agrees within']:.0e})")
    for way in ("plain loop", "eager", "captured", "whole"):
        row = found[way]
        low, high = row["ratio spread"]
        print(
            f"  {way:11} {row['us a step']:>10,.1f} µs a step {row['samples/s']:>10,} samples/s"
            f"   × {row['ratio']:.2f}   ({low:.2f} to {high:.2f})"
        )
    goal = GOALS.get(name.split(maxsplit=1)[0])
    if goal is not None:
        reached = found["captured"]["ratio"]
        print(f"  goal: captured ≥ {goal:g} × plain loop: {'reached' if reached >= goal else 'missed'} ({reached:.2f})")


def main() -> None:
    """Print the table and keep it."""
    torch.set_num_threads(1)
    table = {}
    for name in CASES:
        table[name.strip()] = found = measure(name)
        show(name, found)
    keep("training", {"torch": torch.__version__, "threads": 1, "rounds": ROUNDS, "networks": table})


def test_training_steps() -> None:
    main()


if __name__ == "__main__":
    main()
