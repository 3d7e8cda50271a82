"""Projects for tests of the training, and ways to train them by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from engine.events import Event
from engine.frozen import freeze
from engine.graph import Project
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.graphs import project

Ignore: Callable[[Event], None] = lambda event: None  # noqa: E731

TINY = {"dataset": "circle", "samples": 60}


def mlp(
    *widths: int,
    data: Mapping[str, Any] | None = None,
    hidden: str = "tanh",
    last: str = "tanh",
    loss: str | Mapping[str, Any] = "mse",
    between: Mapping[str, tuple[str, dict[str, Any]]] | None = None,
    parameters: Mapping[str, Any] | None = None,
    **training: Any,
) -> Project:
    """Dense layers `d0`, `d1`, … on a data set `data`, each with its activation `a0`, `a1`, …, then `loss`.

    `between` puts a block behind the activation of that name.
    """
    nodes: dict[str, Any] = {"data": ("Input", freeze(dict(data or {"dataset": "circle"})))}
    wires = []
    end = "data.x"

    def add(name: str, block: str, params: dict[str, Any]) -> None:
        nonlocal end
        nodes[name] = (block, freeze(params))
        wires.append(f"{end} > {name}")
        end = f"{name}.out"

    for number, width in enumerate(widths):
        add(f"d{number}", "Dense", {"out_features": width})
        function = last if number == len(widths) - 1 else hidden
        if function:
            add(f"a{number}", "Activation", {"function": function})
        for name, (block, params) in (between or {}).items():
            if name == f"a{number}":
                add(f"{block.lower()}{number}", block, params)
    nodes["loss"] = ("Loss", freeze({"function": loss} if isinstance(loss, str) else dict(loss)))
    wires += [f"{end} > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training=freeze(training), parameters=freeze(dict(parameters or {})))


def run_of(made: Project, post: Callable[[Event], None] = Ignore, **options: Any) -> Run:
    """The run of a project."""
    return Run(load(made), post, **options)


def train(run: Run, steps: int | None = None, *, many: bool = False) -> Run:
    """To the end, or until so many updates are made and an epoch they complete has ended; `many` at once."""
    with run.trainer.drawing():
        while not run.over:
            if steps is not None and run.trainer.steps >= steps and not run.epoch_waits:
                break
            left = 1 << 30 if steps is None else max(1, steps - run.trainer.steps)
            run.tick(most=left if many else 1)
    return run


def twin_of(run: Run, *functions: type[nn.Module]) -> nn.Sequential:
    """A hand-written network with the start values of an `mlp`."""
    weights = run.weights()
    layers: list[nn.Module] = []
    for number, function in enumerate(functions):
        weight, bias = weights[f"d{number}.weight"], weights[f"d{number}.bias"]
        layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=weight.dtype)
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        layers += [layer, function()]
    return nn.Sequential(*layers)


def small(**training: Any) -> Project:
    """2-6-1 with dropout on 60 points: six updates an epoch, three epochs, every kind of random draw."""
    between = {"a0": ("Dropout", {"p": 0.2})}
    return mlp(6, 1, data=TINY, between=between, **{"batch_size": 5, "epochs": 3, "lr": 0.1, **training})


def timeless(record: Mapping[str, Any]) -> dict[str, Any]:
    """An epoch's record without what a clock says."""
    return {**record, "samples_per_s": None}
