"""What is said to stand against fast-forward does; and what is said to be possible, the training makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from engine import assets, edits, files
from engine.block import registry
from engine.dataspec import Facts
from engine.facts import FactsCache
from engine.graph import Project, Wire
from engine.plan import check
from engine.planning import kernels
from engine.planning.kernels import Hindrance, hindrances
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.graphs import IMAGES as IMAGE_FACTS
from tests.engine.graphs import project

NEEDS = {"Dense": {"out_features": 4}, "Reshape": {"shape": [-1]}, "GroupNorm": {"num_groups": 1}}
ELSEWHERE = {
    "Input", "Loss", "Group", "Regularizer", "Value", "MatMul", "Conv1d", "ConvTranspose2d",
    "Mean", "Sum", "Permute", "Transpose", "Power",
}  # fmt: skip
"""Ends of a network, blocks of no input, and those that want other shapes; both convolutions are as Conv2d."""
IMAGES = {"Augment", "AvgPool2d", "BatchNorm2d", "Conv2d", "Dropout2d", "GlobalAvgPool", "MaxPool2d", "Permute"}


def found(made: Project, **switches: bool) -> tuple[Hindrance, ...]:
    return hindrances(check(made, facts), **switches)


def facts(params: Mapping[str, Any]) -> Facts:
    """As the window knows them, those of a file after it was read."""
    return IMAGE_FACTS if params["dataset"] == "fashion-mnist" else FactsCache(None).lookup(params)


def around(kind: str) -> Project:
    """Two samples of positive numbers through one block, and on to a loss."""
    sample = [[[0.5, 0.25], [0.125, 0.75]]] if kind in IMAGES else [0.5, 0.25, 0.125, 0.75]
    x = [sample, [[[0.25, 0.5], [0.5, 0.25]]] if kind in IMAGES else [0.25, 0.5, 0.5, 0.25]]
    params = NEEDS.get(kind, {"kernel_size": 1} if kind == "Conv2d" else {})
    nodes = {
        "data": ("Input", {"dataset": "inline", "x": x, "y": [[1.0], [0.0]]}),
        "one": (kind, params),
        "flat": "Flatten",
        "last": ("Dense", {"out_features": 1}),
        "loss": ("Loss", {"function": "mse"}),
    }
    several = kind in ("Add", "Concat", "Divide", "Max", "Multiply", "Subtract")
    wires = [f"data.x > one.{port}" for port in (("a", "b") if several else ("in",))]
    wires += ["one > flat", "flat > last", "last > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires)


def fast(made: Project) -> bool:
    """Whether a kernel makes the first step."""
    torch.set_num_threads(1)
    run = Run(load(made), lambda _event: None)
    run.set_hyper("fast_forward", True)
    with run.trainer.drawing():
        run.tick(most=2)
    return run.trainer.fast.running


@pytest.mark.parametrize("kind", sorted(set(registry()) - ELSEWHERE))
def test_each_block_is_told_rightly(kind):
    made = around(kind)
    against = found(made)
    assert fast(made) is (against == ())
    if against:
        assert [each.blocks for each in against] == [("one",)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("spiral", ()),
        ("descent", (Hindrance("data"),)),
        ("overfitting-cured", (Hindrance("random", ("drop1", "drop2")),)),
        ("fashion-cnn", (Hindrance("blocks", ("conv1", "pool1", "conv2", "pool2")),)),
    ],
)
def test_examples(name, expected):
    path = assets.folder() / "examples" / f"{name}.chainrule"
    assert found(files.load(path)) == expected


def test_dropout_that_is_off_is_no_hindrance():
    made = around("Dropout")
    assert found(made) == (Hindrance("random", ("one",)),)
    assert found(made, dropout_off=True) == ()


@pytest.mark.parametrize(
    ("training", "kind"), [({"precision": "bf16"}, "precision"), ({"micro_batch": 1}, "micro_batch"),
                           ({"device": "cuda:1"}, "device")]
)  # fmt: skip
def test_settings_that_stand_against_it(training, kind):
    made = edits.set_training(around("Abs"), training)[0]
    assert found(made) == (Hindrance(kind),)


def test_dead_branches_are_no_hindrance():
    made = edits.add_node(around("Abs"), "LayerNorm", (0, 0), node_id="aside")[0]
    assert found(edits.connect(made, Wire("data", "x", "aside", "in"))[0]) == ()


def test_without_a_compiler(monkeypatch):
    monkeypatch.setattr(kernels, "compiler_there", lambda: False)
    assert found(around("Abs")) == (Hindrance("compiler"),)
