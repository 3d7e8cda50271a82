"""What several processes train in tests, and one process beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.frozen import FrozenDict, freeze
from engine.graph import Node, Project
from tests.engine.graphs import group, project
from tests.engine.streamed_files import picture_shards
from tests.engine.training_projects import mlp

CIRCLE = {"dataset": "circle", "samples": 67, "val_fraction": 0.3}
"""47 samples to train with: five batches of nine, and one of two, of which the third process gets nothing."""


def two_phases() -> Project:
    """Two losses, each with a layer of its own and turns of its own."""
    nodes: dict[str, Any] = {
        "data": ("Input", CIRCLE),
        "shared": ("Dense", {"out_features": 4}),
        "act": ("Activation", {"function": "tanh"}),
        "left": ("Dense", {"out_features": 1}),
        "right": ("Dense", {"out_features": 1}),
        "first": ("Loss", {"function": "mse"}),
        "second": ("Loss", {"function": "huber"}),
    }
    wires = ["data.x > shared", "shared.out > act", "act.out > left", "act.out > right", "left.out > first.prediction"]
    wires += ["data.y > first.target", "right.out > second.prediction", "data.y > second.target"]
    phases = [
        {"minimise": [{"from": "first.out"}], "update": ["shared", "left"], "lr": 0.1},
        {"minimise": [{"from": "second.out"}], "update": ["right"], "lr": 0.2, "steps": 2},
    ]
    training = {"phases": phases, "batch_size": 9, "epochs": 2, "dtype": "float64"}
    return project(nodes, wires, training=training)


def adversaries() -> Project:
    """A generator against a discriminator that is used twice, with batch normalisation in it; sharing one loss."""
    inner = {
        "d": ("Dense", {"out_features": 4, "bias": False}),
        "norm": "BatchNorm1d",
        "act": ("Activation", {"function": "tanh"}),
    }
    judge = group(
        {**inner, "o": ("Dense", {"out_features": 1})},
        ["d > norm", "norm > act", "act > o"],
        ["in = d.in"],
        ["out = o.out"],
    )
    loss = ("Loss", {"function": "bce_with_logits"})
    nodes: dict[str, Any] = {
        "data": ("Input", {**CIRCLE, "labels": "01"}),
        "make": ("Dense", {"out_features": 2}),
        "real": ("Group", {"group": "Judge"}),
        "fake": ("Group", {"group": "Judge", "share_with": "real"}),
        "true": loss,
        "made": loss,
    }
    wires = ["data.x > make", "make > fake", "data.x > real", "real > true.prediction", "fake > made.prediction"]
    wires += ["data.y > true.target", "data.y > made.target"]
    against = [{"from": "made.out", "weight": 0.5}]
    phases = [
        {"minimise": [{"from": "true.out"}], "maximise": against, "update": ["real"], "lr": 0.1, "clip_norm": 0.2},
        {"minimise": [{"from": "made.out"}], "update": ["make", "real"], "optimizer": "adam", "lr": 0.01},
    ]
    training = {"phases": phases, "batch_size": 9, "epochs": 2, "dtype": "float64"}
    return project(nodes, wires, training=training, groups={"Judge": judge})


def many() -> Project:
    """A sum and a mean to minimise, prices, a group that repeats with the same weights, frozen weights, all limits."""
    inner = group(
        {"d": ("Dense", {"out_features": 6}), "t": ("Activation", {"function": "tanh"})},
        ["d > t"],
        ["in = d.in"],
        ["out = t.out"],
    )
    nodes: dict[str, Any] = {
        "data": ("Input", {**CIRCLE, "standardize": True}),
        "first": Node("first", "Dense", FrozenDict({"out_features": 6}), frozen=frozenset({"bias"})),
        "g": ("Group", {"group": "G", "repeat": 2, "share_across_repeats": True}),
        "last": ("Dense", {"out_features": 1}),
        "mean": ("Loss", {"function": "mse"}),
        "sum": ("Loss", {"function": "huber", "reduction": "sum"}),
        "price": ("Regularizer", {"strength": 0.01, "blocks": ["last"]}),
    }
    wires = ["data.x > first", "first > g", "g > last"]
    wires += ["last > mean.prediction", "data.y > mean.target", "last > sum.prediction", "data.y > sum.target"]
    limits = {"micro_batch": 2, "clip_norm": 0.3, "clip_value": 0.1}
    schedule = {"kind": "one_cycle", "warmup_steps": 2}
    training = {"batch_size": 9, "epochs": 2, "dtype": "float64", "optimizer": "adamw", "schedule": schedule, **limits}
    return project(nodes, wires, training=training, groups={"G": inner})


def streamed(folder: Path) -> Project:
    """Pictures in three archives, fewer than there will be processes."""
    nodes: dict[str, Any] = {
        "data": ("Input", freeze({**picture_shards(folder), "memory": "stream", "standardize": True})),
        "flat": "Flatten",
        "last": ("Dense", {"out_features": 3}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    wires = ["data.x > flat", "flat > last", "last > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training={"batch_size": 8, "epochs": 3, "dtype": "float64"})


def projects(folder: Path) -> dict[str, Project]:
    """What is trained, by name."""
    common: dict[str, Any] = {"data": CIRCLE, "batch_size": 9, "epochs": 2}
    # As much as fp16 bears when it is scaled by 65,536: the largest gradient becomes 4/5 of fp16's largest number.
    halved = {"minimise": [{"from": "loss.out", "weight": 0.5}], "update": ["*"]}
    numbers: dict[str, Any] = {"data": {"dataset": "diabetes", "val_fraction": 0.3}, "batch_size": 64, "epochs": 2}
    long = {**common, "epochs": 9, "early_stopping": {"monitor": "val_loss", "patience": 2}}
    norm: dict[str, tuple[str, dict[str, Any]]] = {"a0": ("BatchNorm1d", {})}
    return {
        "norm": mlp(6, 1, between=norm, optimizer="adam", lr=0.05, clip_norm=0.5, dtype="float64", **common),
        "sum": mlp(
            6, 1, loss={"function": "mse", "reduction": "sum"}, lr=0.01, momentum=0.9, dtype="float64", **common
        ),
        "single": mlp(6, 1, optimizer="rmsprop", lr=0.01, **common),
        "phases": two_phases(),
        "small": mlp(6, 1, lr=0.1, micro_batch=2, dtype="float64", **common),
        "dropout": mlp(6, 1, between={"a0": ("Dropout", {"p": 0.2})}, lr=0.1, dtype="float64", **common),
        "stopping": mlp(6, 1, lr=0.5, dtype="float64", **long),
        "adversaries": adversaries(),
        "many": many(),
        "streamed": streamed(folder),
        "half": mlp(32, 1, precision="fp16", metrics=["mae"], phases=[halved], lr=0.05, **common),
        "numbers": mlp(4, 1, last="", lr=1e-5, metrics=["mae", "r2"], dtype="float64", **numbers),
        "wide": mlp(1024, 1024, 1, lr=0.01, dtype="float64", data=CIRCLE, batch_size=40, epochs=1, micro_batch=8),
        "bad": mlp(6, 1, hidden="relu", last="", lr=1e40, dtype="float64", **common),
    }
