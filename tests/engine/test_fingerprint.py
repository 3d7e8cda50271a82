"""A fingerprint changes with what decides names and shapes of weights, and with nothing else."""

import hashlib

import pytest
from rpds import HashTrieMap

from engine import edits
from engine.fingerprint import fingerprint
from engine.frozen import FrozenDict
from engine.graph import Graph, Group, GroupPort, Node, Project, Wire
from tests.helpers.sample_projects import spiral


@pytest.mark.parametrize(
    "change",
    [
        lambda p: edits.move_nodes(p, {"dense1": (1.0, 2.0)}),
        lambda p: edits.set_meta(p, name="x", notes="y"),
        lambda p: edits.set_training(p, {"lr": 1.0}),
        lambda p: edits.set_parameters(p, {"dense1.bias": [1.0]}),
        lambda p: edits.set_node(p, "dense1", label="x", frozen=frozenset({"bias"})),
        lambda p: edits.set_params(p, "dense1", {"weight_init": "zeros"}),
        lambda p: edits.set_params(p, "dense1", {"bias": True}),  # the default, written out
        lambda p: edits.set_params(p, "data", {"samples": 7, "noise": 0.5}),
        lambda p: edits.set_params(p, "tanh1", {"function": "relu"}),
        lambda p: (Project(graph=Graph.of(reversed(p.graph.ordered_nodes()), reversed(p.graph.wires()))), frozenset()),
    ],
)
def test_what_changes_no_shape_changes_no_fingerprint(change):
    assert fingerprint(change(spiral())[0]) == fingerprint(spiral())


@pytest.mark.parametrize(
    "change",
    [
        lambda p: edits.set_params(p, "dense1", {"out_features": 9}),
        lambda p: edits.set_params(p, "dense1", {"bias": False}),
        lambda p: edits.set_params(p, "data", {"features": ["x1"]}),
        lambda p: edits.rename_node(p, "dense1", "first"),
        lambda p: edits.remove_nodes(p, ["tanh1"]),
        lambda p: edits.disconnect(p, p.graph.wires()[:1]),
        lambda p: edits.add_node(p, "Dense", (0.0, 0.0)),
    ],
)
def test_what_changes_a_shape_changes_the_fingerprint(change):
    assert fingerprint(change(spiral())[0]) != fingerprint(spiral())


def test_groups_and_unknown_blocks_count():
    group = Group(Graph.of([Node("a", "Dense")]), (GroupPort("in", "a", "in"),))
    wired, _ = group.graph.connect(Wire("a", "out", "a", "in"))
    unknown = Project(graph=Graph.of([Node("a", "Plugin", FrozenDict({"p": 1}))]))
    variants = [
        Project(),
        Project(groups=HashTrieMap({"G": group})),
        Project(groups=HashTrieMap({"H": group})),
        Project(groups=HashTrieMap({"G": Group(wired, group.inputs)})),
        Project(groups=HashTrieMap({"G": Group(group.graph, group.inputs, (GroupPort("out", "a", "out"),))})),
        unknown,
        edits.set_params(unknown, "a", {"p": 2})[0],
    ]
    assert len({fingerprint(project) for project in variants}) == len(variants)


def test_the_fingerprint_is_the_hash_of_canonical_json():
    graph, _ = Graph.of([Node("b", "Flatten"), Node("a", "Plugin", FrozenDict({"z": [1.5], "k": "ü"}))]).connect(
        Wire("b", "out", "a", "in")
    )
    text = r'{"groups":{},"nodes":{"a":["Plugin",{"k":"\u00fc","z":[1.5]}],"b":["Flatten",{"start_dim":1}]},'
    text += '"wires":[["b","out","a","in"]]}'
    assert fingerprint(Project("name", graph=graph)) == hashlib.sha256(text.encode()).hexdigest()
