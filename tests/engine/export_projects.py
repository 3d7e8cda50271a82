"""Projects whose exported code is kept in `tests/golden`, and others that are hard to write down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rpds import HashTrieMap

from engine.dataspec import DataFacts
from engine.graph import Group, GroupPort, Project
from tests.engine.nets import residual_group, two_losses
from tests.helpers.projects import chain, images, make_graph, make_project, rows


def mlp() -> tuple[Project, DataFacts]:
    """Frozen biases, an initialisation of each kind, a schedule."""
    kinds = ("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal", "normal", "uniform")
    nodes: list[Any] = [("data", "Input")]
    for index, kind in enumerate((*kinds, "constant", "zeros"), 1):
        nodes.append((f"dense{index}", "Dense", {"out_features": 4, "weight_init": kind, "bias_init": "zeros"}))
    nodes[1][2]["weight_gain"] = "tanh"
    nodes[2][2]["frozen"] = ["bias"]
    nodes[3][2]["frozen"] = ["bias", "weight"]
    nodes.append(("loss", "Loss", {"function": "huber", "delta": 0.5}))
    names = [name for name, *_ in nodes[1:-1]]
    wires = [f"data.x -> {names[0]}", *chain(*names), f"{names[-1]} -> loss.prediction", "data.y -> loss.target"]
    training = {
        "optimizer": "adamw",
        "lr": 0.003,
        "betas": [0.8, 0.99],
        "schedule": {"kind": "cosine", "min_lr": 0.0001, "warmup_steps": 10},
        "clip_norm": 1.0,
    }
    return make_project(nodes, wires, training, name="Initialisations"), rows(4, 4)


def cnn() -> tuple[Project, DataFacts]:
    """Images, batch normalisation, dropout, a label and notes."""
    nodes: list[Any] = [
        ("data", "Input"),
        ("conv1", "Conv2d", {"out_channels": 6, "kernel_size": [3, 4], "padding": "same"}),
        ("bn", "BatchNorm2d", {"momentum": 0.2}),
        ("act", "Activation", {"function": "leaky_relu", "negative_slope": 0.2}),
        ("pool", "MaxPool2d", {"kernel_size": 2}),
        ("drop", "Dropout2d", {"p": 0.25}),
        ("conv2", "Conv2d", {"out_channels": 8, "stride": 2, "bias": False, "weight_init": "kaiming_normal"}),
        ("flat", "Flatten"),
        ("norm", "LayerNorm"),
        ("dense", "Dense", {"out_features": 3}),
        ("loss", "Loss", {"function": "cross_entropy"}),
    ]
    names = [name for name, *_ in nodes[1:-1]]
    wires = [f"data.x -> {names[0]}", *chain(*names), f"{names[-1]} -> loss.prediction", "data.y -> loss.target"]
    project = make_project(nodes, wires, {"optimizer": "sgd", "momentum": 0.9}, name="A small CNN")
    graph, _ = project.graph.update("conv1", label="Edges")
    return replace(project, graph=graph, notes="Looks for *edges*.\n\n- one\n- two\n"), images(1, 14, 14)


def branches() -> tuple[Project, DataFacts]:
    """Two Inputs' worth of fields in one loss, a skip, regularizers, functions that torch lacks."""
    nodes = [
        ("data", "Input"),
        ("noise", "Noise", {"std": 0.05}),
        ("first", "Dense", {"out_features": 8}),
        ("step", "Activation", {"function": "step"}),
        ("inner", "Dense", {"out_features": 8}),
        ("act", "Activation", {"function": "gelu", "approximate": "tanh"}),
        ("add", "Add", {"inputs": 3}),
        ("both", "Concat"),
        ("last", "Dense", {"out_features": 2}),
        ("loss", "Loss", {"function": "hinge", "reduction": "sum"}),
        ("small", "Regularizer", {"strength": 0.01, "blocks": ["first", "inner", "last"]}),
        ("sparse", "Regularizer", {"penalty": "l1", "strength": 0.001, "blocks": ["inner"], "biases": True}),
    ]
    wires = [
        *("data.x -> noise", "noise -> first", "first -> step", "step -> inner", "inner -> act"),
        *("first -> add.a", "step -> add.b", "act -> add.c", "add -> both.a", "first -> both.b", "both -> last"),
        *("last -> loss.prediction", "data.y -> loss.target"),
    ]
    return make_project(nodes, wires, {"dtype": "float64", "batch_size": 8}, name="Branches"), rows(3, 2)


def groups() -> tuple[Project, DataFacts]:
    """A group used twice in a row and again with the same weights."""
    return replace(residual_group(repeat=2), name="Residual groups"), rows(4, 2)


def nested() -> tuple[Project, DataFacts]:
    """A group inside of a group, each repeated."""
    inner = make_graph(
        [("dense", "Dense", {"out_features": 4}), ("act", "Activation", {"function": "tanh"})], ["dense -> act"]
    )
    outer = make_graph([("pair", "Group", {"group": "Pair", "repeat": 2}), ("norm", "LayerNorm")], ["pair.out -> norm"])
    found = {
        "Pair": Group(inner, (GroupPort("in", "dense", "in"),), (GroupPort("out", "act", "out"),)),
        "Stack": Group(outer, (GroupPort("in", "pair", "in"),), (GroupPort("out", "norm", "out"),)),
    }
    nodes = [("data", "Input"), ("stack", "Group", {"group": "Stack", "repeat": 2}), ("loss", "Loss")]
    wires = ["data.x -> stack.in", "stack.out -> loss.prediction", "data.y -> loss.target"]
    return make_project(nodes, wires, groups=HashTrieMap(found), name="Nested"), rows(4, 4)


def several_outputs() -> tuple[Project, DataFacts]:
    """Two predictions, weighted objectives."""
    phases = [{"minimise": [{"from": "near.out", "weight": 0.5}], "maximise": [{"from": "far.out"}]}]
    return replace(two_losses(phases=phases), name="Two losses"), rows(3, 2)


PROJECTS = {
    "mlp": mlp,
    "cnn": cnn,
    "branches": branches,
    "groups": groups,
    "nested": nested,
    "several_outputs": several_outputs,
}
