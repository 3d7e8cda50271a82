"""Does each example's result hold for at least 4 of 5 seeds? Prints the figure of every seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import assets
from engine.cli import main

FOLDER = assets.folder() / "examples"
SEEDS = range(5)
Epochs = list[dict]


def last(name: str) -> Callable[[Epochs], float]:
    """A number of the last epoch: a loss or a metric."""
    return lambda epochs: epochs[-1][name] if name in epochs[-1] else epochs[-1]["metrics"][name]


def climb(epochs: Epochs) -> float:
    """How far the validation loss has risen above its best."""
    return epochs[-1]["val_loss"] / min(epoch["val_loss"] for epoch in epochs)


GOALS: dict[str, tuple[str, Callable[[Epochs], float], Callable[[float], bool]]] = {
    "linear-fit": ("validation loss", last("val_loss"), lambda value: value < 0.034),
    "quadratic-fit": ("validation loss", last("val_loss"), lambda value: value < 0.004),
    "polynomial-fit": ("validation loss", last("val_loss"), lambda value: value < 0.016),
    "xor": ("loss", last("loss"), lambda value: value < 0.01),
    "linear-xor": ("loss", last("loss"), lambda value: abs(value - 0.6931) < 1e-3),
    "circle": ("validation loss", last("val_loss"), lambda value: value < 0.1),
    "spiral": ("test loss", last("test_loss"), lambda value: value < 0.05),
    "deep-sigmoid": ("validation accuracy", last("val_accuracy"), lambda value: value < 0.2),
    "deep-relu": ("validation accuracy", last("val_accuracy"), lambda value: value > 0.9),
    "overfitting": ("validation loss over its best", climb, lambda value: value > 1.5),
    "overfitting-cured": ("validation loss over its best", climb, lambda value: value < 1.5),
    "residual-digits": ("validation accuracy", last("val_accuracy"), lambda value: value > 0.95),
    "fashion-dense": ("validation accuracy", last("val_accuracy"), lambda value: value > 0.82),
    "fashion-cnn": ("validation accuracy", last("val_accuracy"), lambda value: value >= 0.86),
}


@pytest.mark.parametrize("name", GOALS)
def test_result_holds_for_4_of_5_seeds(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    what, figure, reached = GOALS[name]
    values = []
    for seed in SEEDS:
        file, run = str(FOLDER / f"{name}.chainrule"), str(tmp_path / str(seed))
        assert main(["train", file, "--run", run, "--seed", str(seed), "--json"]) == 0
        epochs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        if what.startswith("test"):
            assert main(["evaluate", file, "--run", run, "--split", "test", "--json"]) == 0
            epochs[-1]["test_loss"] = json.loads(capsys.readouterr().out)["loss"]
        values.append(figure(epochs))
    held = sum(reached(value) for value in values)
    with capsys.disabled():
        print(f"\n{name:18} {what:30} {'  '.join(f'{value:.4f}' for value in values)}   held {held} of {len(SEEDS)}")
    assert held >= 4
