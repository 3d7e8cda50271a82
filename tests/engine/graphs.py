"""Projects for tests of the document half, built in few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from rpds import HashTrieMap

from engine.dataspec import DataFacts, Facts, Field, Pending
from engine.frozen import FrozenDict
from engine.graph import Graph, Group, GroupPort, Node, Project, Wire
from engine.plan import check
from engine.problem import Problem
from engine.recipe import Recipe
from engine.result import Result
from engine.tensorspec import Dim

Nodes = Mapping[str, Any]
"""Id -> kind, (kind, parameters) or Node."""

TOY = DataFacts((Field("x", (2,)), Field("y", (1,))), (80, 20, 0))
CLASSES = DataFacts((Field("x", (4,)), Field("y", (), "int", ("a", "b", "c"))), (120, 30, 0))
IMAGES = DataFacts((Field("x", (1, 28, 28)), Field("y", (), "int", tuple("0123456789"))), (1000, 100, 100))


def graph(nodes: Nodes, wires: Iterable[str] = ()) -> Graph:
    """`graph({"d": ("Dense", {"out_features": 3})}, ["x.x > d.in"])`; `a > b` stands for `a.out > b.in`."""
    made = Graph().add(*(_node(node_id, what) for node_id, what in nodes.items()))[0]
    return made.connect(*map(wire, wires))[0]


def wire(text: str) -> Wire:
    """`a.out > b.in` as a wire."""
    start, _, end = text.partition(" > ")
    from_node, _, from_port = start.partition(".")
    to_node, _, to_port = end.partition(".")
    return Wire(from_node, from_port or "out", to_node, to_port or "in")


def _node(node_id: str, what: str | tuple[str, Mapping[str, Any]] | Node) -> Node:
    if isinstance(what, Node):
        return replace(what, id=node_id)
    kind, params = (what, {}) if isinstance(what, str) else what
    return Node(node_id, kind, FrozenDict(params))


def project(nodes: Nodes, wires: Iterable[str] = (), **parts: Any) -> Project:
    """A project around `graph`; `training`, `parameters` and `groups` may be plain dicts."""
    for key, kind in (("training", FrozenDict), ("parameters", HashTrieMap), ("groups", HashTrieMap)):
        if key in parts:
            parts[key] = kind(parts[key])
    return Project(graph=graph(nodes, wires), **parts)


def group(nodes: Nodes, wires: Iterable[str], inputs: Iterable[str], outputs: Iterable[str]) -> Group:
    """A group; ports are written `name = node.port`."""
    return Group(graph(nodes, wires), tuple(map(_port, inputs)), tuple(map(_port, outputs)))


def _port(text: str) -> GroupPort:
    name, _, target = text.partition(" = ")
    node, _, port = target.partition(".")
    return GroupPort(name, node, port)


def facts(params: Mapping[str, Any]) -> Facts:
    """Stands in for the data: toy sets are two-dimensional, iris has classes, mnist images; csv is being read."""
    known: dict[str, Facts] = {
        "iris": CLASSES,
        "fashion-mnist": IMAGES,
        "mnist": IMAGES,
        "csv": Pending("table.csv"),
        "npz": Problem("error", "D03", None, None, '"a.npz" does not exist.', "Choose another file."),
    }
    return known.get(params["dataset"], TOY)


def checked(nodes: Nodes, wires: Iterable[str] = (), **parts: Any) -> Result:
    """The check of such a project."""
    return check(project(nodes, wires, **parts), facts)


def found(result: Result, code: str) -> list[Problem]:
    """The problems of one code."""
    return [problem for problem in result.problems if problem.code == code]


def only(result: Result, code: str) -> Problem:
    """The one problem of that code."""
    problems = found(result, code)
    assert len(problems) == 1, [problem.message for problem in result.problems]
    return problems[0]


def told(result: Result) -> list[str]:
    """Every problem as a line."""
    return [
        f"{problem.code} {problem.severity}: {problem.message} {problem.hint}".strip() for problem in result.problems
    ]


def recipe_of(result: Result, path: str) -> Recipe:
    """The recipe of a node that has one."""
    recipe = result.nodes[path].recipe
    assert recipe is not None
    return recipe


def shape_of(result: Result, path: str, port: str = "out") -> tuple[Dim, ...]:
    """The shape of an output that is known."""
    spec = result.nodes[path].outputs[port]
    assert spec is not None
    return spec.shape


CLASSIFIER: Nodes = {
    "data": "Input",
    "hidden": ("Dense", {"out_features": 4}),
    "act": ("Activation", {"function": "tanh"}),
    "output": ("Dense", {"out_features": 1}),
    "loss": ("Loss", {"function": "mse"}),
}
CLASSIFIER_WIRES = [
    "data.x > hidden",
    "hidden > act",
    "act > output",
    "output > loss.prediction",
    "data.y > loss.target",
]


def chain(length: int) -> Project:
    """Dense and Activation in turns between an Input and a Loss, `length` blocks in all."""
    nodes: dict[str, Any] = {"data": "Input", "first": ("Dense", {"out_features": 4})}
    wires, last = ["data.x > first"], "first"
    for number in range(length - 4):
        name = f"n{number}"
        nodes[name] = "Activation" if number % 2 == 0 else ("Dense", {"out_features": 4})
        wires.append(f"{last} > {name}")
        last = name
    nodes["last"], nodes["loss"] = ("Dense", {"out_features": 1}), "Loss"
    wires += [f"{last} > last", "last > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training={"epochs": 1})


def diamonds(count: int) -> Project:
    """Residual diamonds in a row, x + act(x), each of which carries on the shape of the first layer."""
    nodes: dict[str, Any] = {"data": "Input", "first": ("Dense", {"out_features": 4})}
    wires, last = ["data.x > first"], "first"
    for number in range(count):
        nodes |= {f"act{number}": "Activation", f"drop{number}": ("Dropout", {"p": 0.1}), f"sum{number}": "Add"}
        wires += [f"{last} > act{number}", f"act{number} > drop{number}"]
        wires += [f"drop{number} > sum{number}.a", f"{last} > sum{number}.b"]
        last = f"sum{number}"
    nodes["last"], nodes["loss"] = ("Dense", {"out_features": 1}), "Loss"
    wires += [f"{last} > last", "last > loss.prediction", "data.y > loss.target"]
    return project(nodes, wires, training={"epochs": 1})
