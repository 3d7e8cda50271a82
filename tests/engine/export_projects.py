"""Projects whose exported code is kept in `tests/golden`, and others that are hard to write down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rpds import HashTrieMap

from engine.dataspec import DataFacts
from engine.graph import Group, GroupPort, Project
from tests.engine.nets import residual_group, two_losses
from tests.helpers.projects import chain, images, make_graph, make_project, rows

Make = Callable[[], tuple[Project, DataFacts]]


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


def _with_groups(nodes: list[Any], wires: list[str], **groups: Group) -> Project:
    return make_project(nodes, wires, groups=HashTrieMap(groups))


def _single(nodes: list[Any], wires: list[str], first: str, last: str) -> Group:
    return Group(make_graph(nodes, wires), (GroupPort("in", first, "in"),), (GroupPort("out", last, "out"),))


DENSE_DROP = _single(
    [("dense", "Dense", {"out_features": 4}), ("drop", "Dropout", {"p": 0.3})], ["dense -> drop"], "dense", "drop"
)
ACTIVATION = _single(
    [("act", "Activation", {"function": "tanh"}), ("noise", "Noise")], ["act -> noise"], "act", "noise"
)
TWO_WAYS = Group(
    make_graph([("left", "Dense", {"out_features": 4}), ("right", "Dense", {"out_features": 4})], []),
    (GroupPort("a", "left", "in"), GroupPort("b", "right", "in")),
    (GroupPort("a", "left", "out"), GroupPort("b", "right", "out")),
)


def repeats() -> tuple[Project, DataFacts]:
    """Many repetitions, the first of another shape, random draws in each."""
    nodes = [("data", "Input"), ("block", "Group", {"group": "deep block", "repeat": 6}), ("loss", "Loss")]
    wires = ["data.x -> block.in", "block.out -> loss.prediction", "data.y -> loss.target"]
    return _with_groups(nodes, wires, **{"deep block": DENSE_DROP}), rows(3, 4)


def shared_repeats() -> tuple[Project, DataFacts]:
    """Repetitions with the same weights, and a price on them."""
    use = {"group": "Block", "repeat": 3, "share_across_repeats": True}
    nodes = [
        ("data", "Input"),
        ("block", "Group", use),
        ("loss", "Loss"),
        ("price", "Regularizer", {"blocks": ["block"]}),
    ]
    wires = ["data.x -> block.in", "block.out -> loss.prediction", "data.y -> loss.target"]
    return _with_groups(nodes, wires, Block=DENSE_DROP), rows(4, 4)


def groups_without_weights() -> tuple[Project, DataFacts]:
    """Used twice, at two shapes."""
    nodes = [
        ("data", "Input"),
        ("one", "Group", {"group": "Squash"}),
        ("dense", "Dense", {"out_features": 2}),
        ("two", "Group", {"group": "Squash"}),
        ("loss", "Loss"),
    ]
    wires = [
        "data.x -> one.in",
        "one.out -> dense",
        "dense -> two.in",
        "two.out -> loss.prediction",
        "data.y -> loss.target",
    ]
    return _with_groups(nodes, wires, Squash=ACTIVATION), rows(4, 2)


def two_ways() -> tuple[Project, DataFacts]:
    """Two values in and out, repeated; both are read outside."""
    nodes = [("data", "Input"), ("ways", "Group", {"group": "Ways", "repeat": 2}), ("add", "Add"), ("loss", "Loss")]
    wires = ["data.x -> ways.a", "data.x -> ways.b", "ways.a -> add.a", "ways.b -> add.b"]
    wires += ["add -> loss.prediction", "data.y -> loss.target"]
    return _with_groups(nodes, wires, Ways=TWO_WAYS), rows(4, 4)


def interrupted() -> tuple[Project, DataFacts]:
    """One output of a group goes through another block back into it: no class can stand for it."""
    nodes = [("data", "Input"), ("ways", "Group", {"group": "Ways"}), ("act", "Activation"), ("loss", "Loss")]
    wires = ["data.x -> ways.a", "ways.a -> act", "act -> ways.b", "ways.b -> loss.prediction", "data.y -> loss.target"]
    return _with_groups(nodes, wires, Ways=TWO_WAYS), rows(4, 4)


def nested_twins() -> tuple[Project, DataFacts]:
    """A group that uses another twice with one set of weights, itself used twice with one set of weights."""
    twice: list[Any] = [("one", "Group", {"group": "Block"}), ("two", "Group", {"group": "Block", "share_with": "one"})]
    outer = Group(
        make_graph(twice, ["one.out -> two.in"]), (GroupPort("in", "one", "in"),), (GroupPort("out", "two", "out"),)
    )
    nodes = [
        ("data", "Input"),
        ("first", "Group", {"group": "Outer"}),
        ("second", "Group", {"group": "Outer", "share_with": "first"}),
        ("loss", "Loss"),
    ]
    wires = ["data.x -> first.in", "first.out -> second.in", "second.out -> loss.prediction", "data.y -> loss.target"]
    return _with_groups(nodes, wires, Block=DENSE_DROP, Outer=outer), rows(4, 4)


def loss_inside() -> tuple[Project, DataFacts]:
    """A group that ends in a loss."""
    graph = make_graph([("dense", "Dense", {"out_features": 2}), ("loss", "Loss")], ["dense -> loss.prediction"])
    inputs = (GroupPort("in", "dense", "in"), GroupPort("target", "loss", "target"))
    nodes = [("data", "Input"), ("task", "Group", {"group": "Task"})]
    group = Group(graph, inputs, (GroupPort("out", "loss", "out"),))
    return _with_groups(nodes, ["data.x -> task.in", "data.y -> task.target"], Task=group), rows(4, 2)


def several_outputs() -> tuple[Project, DataFacts]:
    """Two predictions, weighted objectives."""
    phases = [{"minimise": [{"from": "near.out", "weight": 0.5}], "maximise": [{"from": "far.out"}]}]
    return replace(two_losses(phases=phases), name="Two losses"), rows(3, 2)


PROJECTS: dict[str, Make] = {
    "mlp": mlp,
    "cnn": cnn,
    "branches": branches,
    "groups": groups,
    "nested": nested,
    "several_outputs": several_outputs,
}
_GROUPS: tuple[Make, ...] = (
    repeats,
    shared_repeats,
    groups_without_weights,
    two_ways,
    interrupted,
    nested_twins,
    loss_inside,
)
GROUPED: dict[str, Make] = {made.__name__: made for made in _GROUPS}
"""Name -> project with groups of all kinds."""
