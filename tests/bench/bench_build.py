"""What the built module costs over hand-written PyTorch: forward, loss and backward of one step.

Run it with `pytest -s tests/bench/bench_build.py` or `python -m tests.bench.bench_build`. The two take turns of a few
milliseconds in one process; what is compared is the median over pairs of neighbouring turns, which a busy machine slows
alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from engine.build import build
from tests.helpers.projects import chain, images, make_project, planned, rows

TURNS = 201


class Tiny(nn.Module):
    """2-4-2-1 tanh, as on the playground."""

    def __init__(self) -> None:
        super().__init__()
        self.dense1, self.dense2, self.dense3 = nn.Linear(2, 4), nn.Linear(4, 2), nn.Linear(2, 1)

    def forward(self, x):
        x = torch.tanh(self.dense1(x))
        x = torch.tanh(self.dense2(x))
        return torch.tanh(self.dense3(x))

    def loss(self, x, y):
        return 0.5 * F.mse_loss(self(x), y)


class Medium(nn.Module):
    """100-200-200-10, batch 64."""

    def __init__(self) -> None:
        super().__init__()
        self.dense1, self.dense2, self.dense3 = nn.Linear(100, 200), nn.Linear(200, 200), nn.Linear(200, 10)

    def forward(self, x):
        x = torch.relu(self.dense1(x))
        x = torch.relu(self.dense2(x))
        return self.dense3(x)

    def loss(self, x, y):
        return F.mse_loss(self(x), y)


class Convolutional(nn.Module):
    """Two convolutions over 28×28 images, batch 32."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 16, kernel_size=3), nn.Conv2d(16, 32, kernel_size=3)
        self.pool1, self.pool2 = nn.MaxPool2d(2), nn.MaxPool2d(2)
        self.dense = nn.Linear(800, 10)

    def forward(self, x):
        x = self.pool1(torch.relu(self.conv1(x)))
        x = self.pool2(torch.relu(self.conv2(x)))
        return self.dense(torch.flatten(x, 1))

    def loss(self, x, y):
        return F.cross_entropy(self(x), y)


def _layers(units, function, last=True):
    nodes = []
    for index, size in enumerate(units, 1):
        nodes.append((f"dense{index}", "Dense", {"out_features": size}))
        if last or index < len(units):
            nodes.append((f"act{index}", "Activation", {"function": function}))
    return nodes


def _project(nodes, loss):
    names = [name for name, *_ in nodes]
    wires = [f"data.x -> {names[0]}", *chain(*names), f"{names[-1]} -> loss.prediction", "data.y -> loss.target"]
    return make_project([("data", "Input"), *nodes, ("loss", "Loss", {"function": loss})], wires)


CONV = [
    ("conv1", "Conv2d", {"out_channels": 16}),
    ("act1", "Activation"),
    ("pool1", "MaxPool2d", {"kernel_size": 2}),
    ("conv2", "Conv2d", {"out_channels": 32}),
    ("act2", "Activation"),
    ("pool2", "MaxPool2d", {"kernel_size": 2}),
    ("flat", "Flatten"),
    ("dense", "Dense", {"out_features": 10}),
]
NETS = {
    "tiny 2-4-2-1 tanh, batch 10": (
        Tiny,
        planned(_project(_layers((4, 2, 1), "tanh"), "half_squared_error"), rows(2, 1)),
        lambda: (torch.randn(10, 2), torch.randn(10, 1)),
        20,
    ),
    "medium 100-200-200-10, batch 64": (
        Medium,
        planned(_project(_layers((200, 200, 10), "relu", last=False), "mse"), rows(100, 10)),
        lambda: (torch.randn(64, 100), torch.randn(64, 10)),
        6,
    ),
    "two convolutions, batch 32": (
        Convolutional,
        planned(_project(CONV, "cross_entropy"), images(1, 28, 28, 10)),
        lambda: (torch.randn(32, 1, 28, 28), torch.randint(10, (32,))),
        1,
    ),
}


def _time(step: Callable[[], torch.Tensor], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        step().backward()
    return (time.perf_counter() - start) / count


def measure(name: str) -> tuple[float, float]:
    """Seconds a step by hand, and the ratio built / by hand: medians over pairs of turns."""
    make, result, data, count = NETS[name]
    hand: Any = make()
    net = build(result, parameters=hand.state_dict())
    x, y = data()
    batch = {"data.x": x, "data.y": y}
    steps: list[Callable[[], torch.Tensor]] = [lambda: hand.loss(x, y), lambda: net.loss(batch)]
    assert torch.equal(steps[0](), steps[1]())
    for step in steps:
        _time(step, count)
    pairs = []
    for turn in range(TURNS):
        order = (0, 1) if turn % 2 else (1, 0)
        times = {which: _time(steps[which], count) for which in order}
        pairs.append((times[0], times[1]))
    return statistics.median(hand for hand, _ in pairs), statistics.median(built / hand for hand, built in pairs)


def test_cost_of_the_built_module():
    torch.set_num_threads(1)
    for name in NETS:
        hand, ratio = measure(name)
        print(f"{name:34} by hand {hand * 1e6:9.1f} µs a step, built module {ratio - 1:+.2%}")


if __name__ == "__main__":
    test_cost_of_the_built_module()
