"""Training throughput beside a plain PyTorch loop: by the command line's loop, by the session, and with panels watched.

Run it with `pytest -s tests/bench/bench_session.py` or `python -m tests.bench.bench_session`. The ways to train take
turns in one process, one torch thread each; what is compared is the median over rounds of neighbouring turns, which a
busy machine slows alike.
"""

from __future__ import annotations

import itertools
import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine import session as sessions
from engine.events import StateChanged
from engine.graph import Project
from engine.probes.observer import LANES
from engine.session import Until
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.graphs import project
from tests.engine.training_projects import mlp

ROUNDS = 7
TURN_SECONDS = 1.0

Turn = Callable[[int], None]
"""Makes so many steps."""


FEATURES = ["x1", "x2", "x1^2", "x2^2", "x1*x2", "sin(x1)", "sin(x2)"]
CIRCLE = {"dataset": "circle"}


def playground(widths: tuple[int, ...], data: dict[str, Any], function: str, batch: int) -> Project:
    return mlp(*widths, data=data, hidden=function, loss="half_squared_error", batch_size=batch, lr=0.03)


def cnn() -> Project:
    nodes: dict[str, Any] = {
        "data": ("Input", {"dataset": "fashion-mnist", "source": "sample"}),
        "conv1": ("Conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1}),
        "relu1": "Activation",
        "pool1": ("MaxPool2d", {"kernel_size": 2}),
        "conv2": ("Conv2d", {"out_channels": 32, "kernel_size": 3, "padding": 1}),
        "relu2": "Activation",
        "pool2": ("MaxPool2d", {"kernel_size": 2}),
        "flat": "Flatten",
        "dense": ("Dense", {"out_features": 10}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    names = [*nodes][1:-1]
    wires = ["data.x > conv1", *(f"{a} > {b}" for a, b in itertools.pairwise(names))]
    wires += ["dense > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training={"optimizer": "adam", "lr": 0.001, "batch_size": 128})


NETS: dict[str, tuple[Callable[[], Project], Callable[[], nn.Module], Callable[[Tensor, Tensor], Tensor]]] = {
    "a  circle 2-4-2-1 tanh, batch 10": (
        lambda: playground((4, 2, 1), CIRCLE, "tanh", 10),
        lambda: dense((2, 4, 2, 1), nn.Tanh),
        lambda o, y: 0.5 * F.mse_loss(o, y),
    ),
    "b  spiral 7-8-8-6-1 relu, batch 30": (
        lambda: playground((8, 8, 6, 1), {"dataset": "spiral", "features": FEATURES}, "relu", 30),
        lambda: dense((7, 8, 8, 6, 1), nn.ReLU),
        lambda o, y: 0.5 * F.mse_loss(o, y),
    ),
    "c  circle 2-8-8-1 tanh, batch 10": (
        lambda: playground((8, 8, 1), CIRCLE, "tanh", 10),
        lambda: dense((2, 8, 8, 1), nn.Tanh),
        lambda o, y: 0.5 * F.mse_loss(o, y),
    ),
    "a  with Adam": (
        lambda: mlp(4, 2, 1, batch_size=10, optimizer="adam", loss="half_squared_error"),
        lambda: dense((2, 4, 2, 1), nn.Tanh),
        lambda o, y: 0.5 * F.mse_loss(o, y),
    ),
    "   CNN 16-32 on Fashion-MNIST, batch 128": (
        cnn,
        lambda: nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(1568, 10),
        ),
        F.cross_entropy,
    ),
}


def dense(widths: tuple[int, ...], function: type[nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number, (before, after) in enumerate(itertools.pairwise(widths)):
        layers += [nn.Linear(before, after), nn.Tanh() if number == len(widths) - 2 else function()]
    return nn.Sequential(*layers)


def plain_loop(run: Run, net: nn.Module, loss_of: Callable[[Tensor, Tensor], Tensor]) -> Turn:
    """What one writes by hand: a permutation, indexing, `torch.optim`, the loss as a number."""
    settings, data = run.loaded.result.settings, run.loaded.data["data"].train
    with torch.no_grad():
        for theirs, ours in zip(net.parameters(), run.weights().values(), strict=True):
            theirs.copy_(ours)
    kinds: dict[str, Any] = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
    optimizer = kinds[settings["optimizer"]](net.parameters(), lr=settings["lr"])
    size = settings["batch_size"]
    x, y = (data[name].clone(memory_format=torch.contiguous_format) for name in ("x", "y"))  # not our channels-last
    state: dict[str, Any] = {"order": torch.randperm(len(x)), "at": 0}

    def turn(steps: int) -> None:
        for _ in range(steps):
            if state["at"] >= len(x):
                state.update(order=torch.randperm(len(x)), at=0)
            rows = state["order"][state["at"] : state["at"] + size]
            state["at"] += size
            optimizer.zero_grad()
            loss = loss_of(net(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            loss.item()

    return turn


def by_run(run: Run) -> Turn:
    """The loop of `chainrule train`, validation and metrics included."""

    def turn(steps: int) -> None:
        goal = run.trainer.steps + steps
        run.plan(steps=goal)
        with run.trainer.drawing():
            while run.trainer.steps < goal:
                run.tick(most=goal - run.trainer.steps)
        run.scalars()

    return turn


class BySession:
    """The session in its thread; its mailbox is emptied 30 times a second, as the window does."""

    def __init__(self, made: Project, lanes: frozenset[str]) -> None:
        self.session = sessions.open(made, threads=1)
        self.session.watch(lanes)
        self.steps = 0
        self._news = threading.Event()
        self.session.mailbox.on_first = self._news.set
        self._news.set()  # for what came before
        self(1)

    def __call__(self, steps: int) -> None:
        self.steps += steps
        self.session.play(Until(steps=self.steps))
        while True:
            self._news.wait()
            self._news.clear()
            for event in self.session.mailbox.drain():
                if (
                    isinstance(event, StateChanged)
                    and event.state in ("paused", "finished")
                    and event.step >= self.steps
                ):
                    return
            time.sleep(1 / 30)


def measure(name: str) -> None:
    make, module, loss_of = NETS[name]
    made = make()
    run = Run(load(made), lambda _: None)
    size = made.training["batch_size"]
    watched, quiet = BySession(made, LANES), BySession(made, frozenset())
    turns: dict[str, Turn] = {
        "plain loop": plain_loop(run, module(), loss_of),
        "train": by_run(run),
        "session": quiet,
        "session, all panels": watched,
    }
    began = time.perf_counter()
    turns["plain loop"](20)
    steps = max(20, int(TURN_SECONDS / ((time.perf_counter() - began) / 20)))
    rates: dict[str, list[float]] = {way: [] for way in turns}
    for _ in range(ROUNDS):
        for way, turn in turns.items():
            began = time.perf_counter()
            turn(steps)
            rates[way].append(steps * size / (time.perf_counter() - began))
    watched.session.close()
    quiet.session.close()
    print(f"\n{name}")
    for way, found in rates.items():
        ratio = statistics.median(rate / plain for rate, plain in zip(found, rates["plain loop"], strict=True))
        print(f"  {way:20} {statistics.median(found):>11,.0f} samples/s   best {max(found):>11,.0f}   × {ratio:.2f}")


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    for name in NETS:
        measure(name)


def test_throughput() -> None:
    main()


if __name__ == "__main__":
    main()
