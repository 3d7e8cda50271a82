"""Edits of a document: everything that names a node follows, and what cannot be done changes nothing."""

import math

import pytest
from rpds import HashTrieMap

from engine import edits
from engine.block import registry
from engine.frozen import DROP, FrozenDict, thaw
from engine.graph import Graph, Group, GroupPort, Layout, Node, Project, Wire
from engine.param import parse_all
from engine.problem import ChainruleError, GraphError
from tests.helpers.projects import NodeLine, chain, make_project
from tests.helpers.sample_projects import spiral

PHASES = [
    {"minimise": [{"from": "loss.out", "weight": 2.0}, "reg.out"], "maximise": [{"from": "b.out"}],
     "update": ["a.weight"]},
    {"minimise": "not a list", "update": ["*", "b", 3]},
    "not an object",
]  # fmt: skip


def full() -> Project:
    """A small document in which many things name its blocks."""
    nodes: list[NodeLine] = [
        ("data", "Input"),
        ("a", "Dense", {"out_features": 3}),
        ("b", "Dense", {"out_features": 1}),
        ("loss", "Loss"),
        ("reg", "Regularizer", {"blocks": ["a", "b"]}),
        ("one", "Group", {"group": "G"}),
        ("two", "Group", {"group": "G", "share_with": "one"}),
    ]
    wires = ["data.x -> a", "a -> b", "b -> loss.prediction", "data.y -> loss.target"]
    project = make_project(
        nodes,
        wires,
        parameters={"a.weight": [[1.0]], "a.bias": [2.0], "b.bias": [3.0], "one.0.dense.bias": [4.0], "ab.bias": 5.0},
        training={"objective": ["loss.out", "b.out", 7], "phases": PHASES, "lr": 0.5},
    )
    group = Group(Graph.of([Node("dense", "Dense")]), (GroupPort("in", "dense", "in"),))
    places = Layout(HashTrieMap({node[0]: (number * 10.0, 0.0) for number, node in enumerate(nodes)}))
    return Project(
        "P",
        "notes",
        project.graph,
        HashTrieMap({"G": group}),
        project.parameters,
        "net.00000000.safetensors",
        project.training,
        places,
        FrozenDict({"kept": 1}),
    )


def texts(project: Project) -> list[str]:
    return [str(wire) for wire in project.graph.wires()]


# -- nodes --


def test_add_node():
    project, touched, new = edits.add_node(full(), "Dense", (1, 2), params={"out_features": 4})
    assert new == "dense"
    assert touched == {"dense"}
    assert project.graph.node("dense") == Node("dense", "Dense", FrozenDict({"out_features": 4}))
    assert project.layout.nodes["dense"] == (1.0, 2.0)
    assert edits.add_node(project, "Dense", (0, 0))[2] == "dense2"
    assert edits.add_node(project, "Dense", (0, 0), node_id="mine")[2] == "mine"


def test_rename_follows_everywhere():
    project, touched = edits.rename_node(full(), "b", "out")
    assert texts(project) == ["data.x → a.in", "a.out → out.in", "out.out → loss.prediction", "data.y → loss.target"]
    assert project.graph.node("reg").params["blocks"] == ("a", "out")
    assert set(project.parameters) == {"a.weight", "a.bias", "out.bias", "one.0.dense.bias", "ab.bias"}
    assert project.parameters["out.bias"] == (3.0,)
    assert project.layout.nodes["out"] == (20.0, 0.0)
    assert "b" not in project.layout.nodes
    training = thaw(project.training)
    assert training["objective"] == ["loss.out", "out.out", 7]
    assert training["phases"][0] == {
        "minimise": [{"from": "loss.out", "weight": 2.0}, "reg.out"],
        "maximise": [{"from": "out.out"}],
        "update": ["a.weight"],
    }
    assert training["phases"][1:] == [{"minimise": "not a list", "update": ["*", "out", 3]}, "not an object"]
    assert touched == {"a", "b", "out", "loss", "reg"}
    assert edits.rename_node(project, "out", "b")[0] == full()


def test_rename_of_a_group_use_follows_what_shares_its_weights():
    project, touched = edits.rename_node(full(), "one", "first")
    assert project.graph.node("two").params["share_with"] == "first"
    assert project.parameters["first.0.dense.bias"] == (4.0,)
    assert touched == {"one", "first", "two"}


def test_rename_to_the_same_name_changes_nothing():
    assert edits.rename_node(full(), "a", "a") == (full(), frozenset())


def test_remove_takes_everything_along():
    project, touched = edits.remove_nodes(full(), ["b", "one"])
    assert texts(project) == ["data.x → a.in", "data.y → loss.target"]
    assert project.graph.node("reg").params["blocks"] == ("a",)
    assert "share_with" not in project.graph.node("two").params
    assert set(project.parameters) == {"a.weight", "a.bias", "ab.bias"}
    assert set(project.layout.nodes) == {"data", "a", "loss", "reg", "two"}
    training = thaw(project.training)
    assert training["objective"] == ["loss.out", 7]
    assert training["phases"][0]["maximise"] == []
    assert training["phases"][1]["update"] == ["*", 3]
    assert touched == {"a", "b", "loss", "reg", "one", "two"}
    assert (project.weights, project.extra, project.groups) == (full().weights, full().extra, full().groups)


def test_the_last_block_a_regularizer_names_stays_named():
    """No names would mean all blocks; `check` tells of the one that is gone."""
    project, _ = edits.remove_nodes(full(), ["a", "b"])
    assert project.graph.node("reg").params["blocks"] == ("a", "b")


def test_set_params_and_set_node():
    project, touched = edits.set_params(full(), "a", {"out_features": 9, "bias": False})
    assert project.graph.node("a").params == FrozenDict({"out_features": 9, "bias": False})
    assert touched == {"a"}
    project, touched = edits.set_node(project, "a", label="Ä", bypass=True)
    assert (project.graph.node("a").label, project.graph.node("a").bypass) == ("Ä", True)
    assert touched == {"a"}


def test_move_nodes():
    project, touched = edits.move_nodes(full(), {"a": (5, 6), "b": (-1.5, 0)})
    assert touched == frozenset()
    assert (project.layout.nodes["a"], project.layout.nodes["b"]) == ((5.0, 6.0), (-1.5, 0.0))
    assert project.graph == full().graph


# -- wires --


def test_connect_takes_the_place_of_another_wire():
    project, touched = edits.connect(full(), Wire("data", "x", "b", "in"))
    assert texts(project) == ["data.x → a.in", "b.out → loss.prediction", "data.y → loss.target", "data.x → b.in"]
    assert touched == {"data", "a", "b"}
    both, touched = edits.connect(full(), Wire("data", "x", "b", "in"), replacing=False)
    assert len(texts(both)) == 5
    assert touched == {"data", "b"}
    assert edits.connect(full(), full().graph.wires()[0]) == (full(), frozenset())


def test_disconnect():
    project, touched = edits.disconnect(full(), full().graph.wires()[1:2])
    assert texts(project) == ["data.x → a.in", "b.out → loss.prediction", "data.y → loss.target"]
    assert touched == {"a", "b"}


def test_insert_on_wire():
    project, _, new = edits.add_node(full(), "Activation", (0, 0))
    inserted, touched = edits.insert_on_wire(project, new, Wire("a", "out", "b", "in"))
    assert texts(inserted)[-2:] == ["a.out → activation.in", "activation.out → b.in"]
    assert len(texts(inserted)) == 5
    assert touched == {"a", "b", "activation"}
    moved, _ = edits.insert_on_wire(inserted, new, Wire("data", "x", "a", "in"))
    assert Wire("a", "out", "activation", "in") not in moved.graph.wires()
    assert moved.graph.wires_into("activation") == (Wire("data", "x", "activation", "in"),)


def test_heal_undoes_an_insertion():
    project, _, new = edits.add_node(full(), "Activation", (0, 0))
    inserted, _ = edits.insert_on_wire(project, new, Wire("a", "out", "b", "in"))
    healed, touched = edits.heal(inserted, [new])
    assert set(texts(healed)) == set(texts(full()))
    assert touched == {"a", "b", "activation"}


def test_heal_of_neighbours_joins_their_neighbours():
    nodes = [("data", "Input"), *((name, "Dense") for name in "abcd")]
    project = make_project(nodes, ["data.x -> a", *chain("a", "b", "c", "d"), "b -> a", "c -> c"])
    healed, _ = edits.heal(project, ["b", "c"])
    assert texts(healed) == ["data.x → a.in", "a.out → a.in", "a.out → d.in"]
    alone, _ = edits.heal(make_project(nodes, ["a -> a"]), ["a"])
    assert texts(alone) == []


# -- the rest --


def test_set_training():
    project, touched = edits.set_training(full(), {"lr": 0.1, "optimizer": "adam", "beta1": 0.8})
    assert touched == frozenset()
    assert project.training["lr"] == 0.1
    assert project.training["betas"] == (0.8, 0.999)
    assert project.training["phases"] == full().training["phases"]
    back, _ = edits.set_training(project, {"optimizer": DROP, "beta1": DROP, "beta2": DROP, "lr": 0.5})
    assert back == full()


def test_set_training_keeps_unknown_keys_and_the_order():
    training = {
        "mine": [1],
        "schedule": {"kind": "step", "step": 3, "odd": {"x": 1}},
        "epochs": 5,
        "early_stopping": {"patience": 3, "odd": 2},
        "drop_last": True,
    }
    project = Project(training=FrozenDict(training))
    changed, _ = edits.set_training(project, {"schedule_gamma": 0.5, "epochs": 6, "patience": 4})
    assert thaw(changed.training) == {
        "mine": [1],
        "schedule": {"kind": "step", "step": 3, "gamma": 0.5, "odd": {"x": 1}},
        "epochs": 6,
        "early_stopping": {"patience": 4, "odd": 2},
        "drop_last": True,
    }
    assert list(changed.training) == list(training)
    assert edits.set_training(project, {})[0] == project


def test_set_parameters():
    project, touched = edits.set_parameters(full(), {"a.bias": [[1, 2]], "b.bias": DROP, "gone.bias": 1.0, "x": DROP})
    assert touched == {"a", "b"}
    assert project.parameters["a.bias"] == ((1, 2),)
    assert "b.bias" not in project.parameters
    assert project.parameters["gone.bias"] == 1.0


def test_set_meta():
    assert edits.set_meta(full(), name="Q")[0].name == "Q"
    assert edits.set_meta(full(), notes="")[0].notes == ""
    assert edits.set_meta(full()) == (full(), frozenset())


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (lambda p: edits.add_node(p, "Dense", (0, 0), node_id="a"), "G22"),
        (lambda p: edits.add_node(p, "Dense", (0, 0), node_id="Train"), "G21"),
        (lambda p: edits.add_node(p, "Dense", (math.nan, 0)), "G24"),
        (lambda p: edits.move_nodes(p, {"a": (0, math.inf)}), "G24"),
        (lambda p: edits.move_nodes(p, {"x": (0, 0)}), "G20"),
        (lambda p: edits.remove_nodes(p, ["a", "x"]), "G20"),
        (lambda p: edits.rename_node(p, "x", "y"), "G20"),
        (lambda p: edits.rename_node(p, "x", "x"), "G20"),
        (lambda p: edits.rename_node(p, "a", "b"), "G22"),
        (lambda p: edits.rename_node(p, "a", "for"), "G21"),
        (lambda p: edits.set_params(p, "x", {}), "G20"),
        (lambda p: edits.set_node(p, "x", label=""), "G20"),
        (lambda p: edits.connect(p, Wire("a", "out", "x", "in")), "G20"),
        (lambda p: edits.insert_on_wire(p, "data", Wire("a", "out", "b", "in")), "G23"),
        (lambda p: edits.insert_on_wire(p, "a", Wire("a", "out", "b", "in")), "G23"),
        (lambda p: edits.insert_on_wire(p, "b", Wire("a", "out", "loss", "target")), "G23"),
        (lambda p: edits.insert_on_wire(p, "x", Wire("a", "out", "b", "in")), "G20"),
        (lambda p: edits.insert_on_wire(p, "one", Wire("a", "out", "b", "in")), "G23"),
        (lambda p: edits.heal(p, ["x"]), "G20"),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(edit, code):
    project = full()
    with pytest.raises(GraphError) as caught:
        edit(project)
    assert caught.value.code == code
    assert project == full()


@pytest.mark.parametrize("kind", sorted(registry()))
def test_first_ports_are_those_of_the_block(kind):
    block = registry()[kind]
    params = parse_all(block.params, {})[0]
    first = edits.first_ports(Node("a", kind))
    assert first[0] == next((port.name for port in block.inputs(params)), None)
    assert first[1] == next((port.name for port in block.outputs(params)), None)
    assert edits.first_ports(Node("a", "FromAPlugin")) == (None, None)


def test_first_ports_of_a_group_are_those_of_its_definition():
    groups = {"Pair": Group(inputs=(GroupPort("left", "a", "in"), GroupPort("right", "b", "in")))}
    assert edits.first_ports(Node("use", "Group", FrozenDict({"group": "Pair"})), groups) == ("left", None)
    assert edits.first_ports(Node("use", "Group", FrozenDict({"group": "Gone"})), groups) == (None, None)


def test_errors_can_be_sent_from_thread_to_thread_and_process_to_process():
    import pickle

    error = GraphError("message", code="G20", hint="hint")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.code, again.hint, type(again)) == ("message hint", "G20", "hint", GraphError)
    assert isinstance(again, ChainruleError)


def test_names_in_the_samples_are_followed_too():
    project, _ = edits.rename_node(spiral(), "loss", "cost")
    assert edits.rename_node(project, "cost", "loss")[0] == spiral()
