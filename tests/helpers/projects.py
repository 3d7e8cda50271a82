"""Small projects for tests, written as lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from rpds import HashTrieMap

from engine.dataspec import DataFacts, Field
from engine.facts import FactsCache
from engine.frozen import FrozenDict, freeze
from engine.graph import Graph, Node, Project, Wire
from engine.plan import check
from engine.result import Result

NodeLine = tuple[Any, ...]
"""(id, kind) or (id, kind, parameters); the parameters `frozen` and `bypass` are the node's own."""


def make_graph(nodes: Iterable[NodeLine], wires: Iterable[str]) -> Graph:
    """Nodes, and wires as `a.out -> b.in`; a bare `a` means `a.out` or `a.in`."""
    graph = Graph()
    for node_id, kind, *rest in nodes:
        params = dict(rest[0]) if rest else {}
        frozen, bypass = frozenset(params.pop("frozen", ())), params.pop("bypass", False)
        graph, _ = graph.add(Node(node_id, kind, FrozenDict(freeze(params)), frozen, bypass=bypass))
    for wire in wires:
        start, end = (part.strip() for part in wire.split("->"))
        from_node, _, from_port = start.partition(".")
        to_node, _, to_port = end.partition(".")
        graph, _ = graph.connect(Wire(from_node, from_port or "out", to_node, to_port or "in"))
    return graph


def chain(*names: str) -> list[str]:
    """Wires from each to the next."""
    return [f"{one} -> {other}" for one, other in pairwise(names)]


def make_project(
    nodes: Iterable[NodeLine],
    wires: Iterable[str],
    training: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Project:
    """A project; `fields` are its other attributes."""
    return Project(
        graph=make_graph(nodes, wires),
        training=FrozenDict(freeze(training or {})),
        parameters=HashTrieMap({name: freeze(value) for name, value in (parameters or {}).items()}),
        **fields,
    )


def planned(project: Project, facts: DataFacts | None = None) -> Result:
    """The result of a check without errors; `facts` are those of every Input."""
    result = check(project, FactsCache(None).lookup if facts is None else lambda params: facts)
    assert not result.errors, result.errors
    return result


def images(channels: int, height: int, width: int, classes: int = 3) -> DataFacts:
    """Facts of a set of images x with class labels y."""
    names = tuple(f"class {index}" for index in range(classes))
    return DataFacts((Field("x", (channels, height, width)), Field("y", (), "int", names)), (100, 0, 0))


def rows(features: int, targets: int) -> DataFacts:
    """Facts of rows of numbers x with rows of numbers y."""
    return DataFacts((Field("x", (features,)), Field("y", (targets,))), (100, 0, 0))
