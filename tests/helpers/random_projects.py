"""Strategies that draw whole documents: every corner of the model, unknown keys and odd characters included."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from rpds import HashTrieMap

from engine.frozen import FrozenDict, freeze
from engine.graph import Graph, Group, GroupPort, Layout, Node, Project, Wire

IDS = ("a", "b2", "conv10", "conv2", "data", "hidden", "lossLayer", "z_" + "x" * 38)
KINDS = ("Input", "Dense", "Conv2d", "Activation", "Loss", "Group", "FromAPlugin", 'odd "kind"')

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
NUMBER = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False)
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBER, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
PLACE = st.one_of(st.integers(-500, 500).map(float), st.floats(-1e6, 1e6))
POINT = st.tuples(PLACE, PLACE)


def objects(*known: str) -> SearchStrategy[FrozenDict]:
    """Objects without these keys."""
    keys = TEXT.filter(lambda key: key not in known)
    return st.one_of(st.just(FrozenDict()), st.dictionaries(keys, JSON, max_size=3).map(FrozenDict))


def arrays() -> SearchStrategy[Any]:
    """Numbers, and rows of them."""
    row = st.lists(NUMBER, min_size=1, max_size=3)
    return st.one_of(NUMBER, row, st.lists(row, min_size=1, max_size=3)).map(freeze)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any nodes and wires, in any order."""
    ids = draw(st.lists(st.sampled_from(IDS), unique=True, max_size=6))
    nodes = [
        Node(
            node_id,
            draw(st.sampled_from(KINDS)),
            draw(objects()),
            draw(st.frozensets(st.sampled_from(("weight", "bias", "ü")), max_size=2)),
            draw(TEXT),
            draw(st.booleans()),
            draw(objects("id", "block", "params", "frozen", "label", "bypass")),
        )
        for node_id in ids
    ]
    graph, _ = Graph().add(*nodes)
    for _ in range(draw(st.integers(0, 6)) if ids else 0):
        ends = (draw(st.sampled_from(ids)), draw(NAME), draw(st.sampled_from(ids)), draw(NAME))
        via = draw(st.lists(POINT, max_size=2))
        graph, _ = graph.connect(Wire(*ends, tuple(via), draw(objects("from", "to", "via"))))
    return graph


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Places of some nodes, and of some that are gone."""
    return Layout(
        HashTrieMap(draw(st.dictionaries(st.sampled_from((*IDS, "gone")), POINT, max_size=4))),
        tuple(draw(st.lists(objects(), max_size=2))),
        tuple(draw(st.lists(objects(), max_size=2))),
        draw(objects("nodes", "frames", "notes")),
    )


def _ports(key: str) -> SearchStrategy[tuple[GroupPort, ...]]:
    port = st.builds(GroupPort, NAME, st.sampled_from(IDS), NAME, objects("name", key))
    return st.lists(port, max_size=2).map(tuple)


GROUPS = st.builds(
    Group, graphs(), _ports("to"), _ports("from"), layouts(), objects("nodes", "wires", "inputs", "outputs", "layout")
)
_TOP = "format version fragment name notes nodes wires groups parameters weights training layout"


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Any document that a file can hold."""
    names = st.one_of(st.sampled_from(("hidden.weight", "hidden.bias", "a.0.conv.weight", "odd")), TEXT)
    return Project(
        draw(TEXT),
        draw(TEXT),
        draw(graphs()),
        HashTrieMap(draw(st.dictionaries(TEXT, GROUPS, max_size=2))),
        HashTrieMap(draw(st.dictionaries(names, arrays(), max_size=3))),
        draw(st.sampled_from(("", "net.0123abcd.safetensors", "mine.safetensors"))),
        draw(objects()),
        draw(layouts()),
        draw(objects(*_TOP.split())),
    )
