"""Text and project are two forms of one thing: nothing is lost either way, and the text reads well."""

import difflib
import json

import pytest
from hypothesis import given

from engine import edits, files, filetext
from engine.frozen import FrozenDict
from engine.graph import Graph, Group, GroupPort, Layout, Node, Project, Wire
from engine.problem import FileError
from tests.helpers.random_projects import projects
from tests.helpers.sample_projects import spiral

SAMPLE = """\
{"format": "chainrule", "version": 1, "name": "Mazur 2-2-2", "notes": "markdown",
 "nodes": [
  {"id": "data", "block": "Input", "params": {"dataset": "inline", "x": [[0.05, 0.1]], "y": [[0.01, 0.99]]}},
  {"id": "hidden", "block": "Dense", "params": {"out_features": 2}, "frozen": ["bias"]},
  {"id": "act1", "block": "Activation", "params": {"function": "sigmoid"}},
  {"id": "loss", "block": "Loss", "params": {"function": "half_squared_error", "reduction": "sum"}}
 ],
 "wires": [
  {"from": "data.x", "to": "hidden.in"},
  {"from": "hidden.out", "to": "act1.in"},
  {"from": "act1.out", "to": "loss.prediction"},
  {"from": "data.y", "to": "loss.target"}
 ],
 "parameters": {
  "hidden.weight": [[0.15, 0.2], [0.25, 0.3]],
  "hidden.bias": [0.35, 0.35]
 },
 "training": {"optimizer": "sgd", "lr": 0.5, "batch_size": 1, "epochs": 1, "shuffle": false, "dtype": "float64"},
 "layout": {"nodes": {"data": [0, 0]}, "frames": [], "notes": []}}
"""

FULL = """\
{"format": "chainrule", "version": 1, "name": "Tout",
 "nodes": [
  {"id": "data", "block": "Input", "params": {}, "label": "Daten → ∂", "since": 2020},
  {"id": "res", "block": "Group", "params": {"group": "Residual", "repeat": 3}, "bypass": true}
 ],
 "wires": [
  {"from": "data.x", "to": "res.in", "via": [[10, 20.5]], "colour": "red"}
 ],
 "groups": {
  "Residual": {
   "nodes": [
    {"id": "dense", "block": "Dense", "params": {}}
   ],
   "wires": [],
   "inputs": [
    {"name": "in", "to": "dense.in"}
   ],
   "outputs": [
    {"name": "out", "from": "dense.out", "note": "sum"}
   ],
   "layout": {"nodes": {"dense": [0, 0]}, "frames": [], "notes": []},
   "author": "me"
  },
  "Residual 2": {
   "nodes": [],
   "wires": []
  },
  "Residual 10": {
   "nodes": [],
   "wires": []
  }
 },
 "weights": "net.0123abcd.safetensors",
 "training": {"lr": 0.5},
 "layout": {
  "nodes": {
   "data": [-120, 0],
   "res": [0.5, 1000000],
   "gone": [1, 2]
  },
  "frames": [
   {"title": "Encoder", "rect": [0, 0, 400, 300]}
  ],
  "notes": [],
  "zoom": 1.5
 },
 "history": ["kept", {"as": null}]}
"""


def test_the_sample_of_the_format_is_written_as_it_stands():
    assert files.dumps(files.loads(SAMPLE)) == SAMPLE


def test_groups_labels_places_and_unknown_keys_of_each_level_stay():
    assert files.dumps(files.loads(FULL)) == FULL


def test_a_file_means_what_it_says():
    project = files.loads(FULL)
    residual = project.groups["Residual"]
    data, res = project.graph.ordered_nodes()
    assert data == Node("data", "Input", label="Daten → ∂", extra=FrozenDict({"since": 2020}))
    assert res == Node("res", "Group", FrozenDict({"group": "Residual", "repeat": 3}), bypass=True)
    assert project.graph.wires() == [
        Wire("data", "x", "res", "in", ((10.0, 20.5),), FrozenDict({"colour": "red"})),
    ]
    assert residual.inputs == (GroupPort("in", "dense", "in"),)
    assert residual.outputs == (GroupPort("out", "dense", "out", FrozenDict({"note": "sum"})),)
    assert residual.graph.ordered_nodes() == [Node("dense", "Dense")]
    assert residual.extra == FrozenDict({"author": "me"})
    assert dict(project.layout.nodes) == {"data": (-120, 0), "res": (0.5, 1e6), "gone": (1, 2)}
    assert project.layout.frames == (FrozenDict({"title": "Encoder", "rect": (0, 0, 400, 300)}),)
    assert project.layout.extra == FrozenDict({"zoom": 1.5})
    assert (project.name, project.weights) == ("Tout", "net.0123abcd.safetensors")
    assert project.extra == FrozenDict({"history": ("kept", {"as": None})})
    assert files.loads(SAMPLE).parameters["hidden.weight"] == ((0.15, 0.2), (0.25, 0.3))
    assert files.loads(SAMPLE).graph.node("hidden").frozen == {"bias"}


@given(projects())
def test_what_is_written_is_read_back(project):
    text = files.dumps(project)
    again = files.loads(text)
    assert again == project
    assert files.dumps(again) == text
    json.loads(text)  # to other programs it is plain JSON


@given(projects())
def test_the_order_of_nodes_and_wires_stays(project):
    again = files.loads(files.dumps(project))
    assert again.graph.ordered_nodes() == project.graph.ordered_nodes()
    assert again.graph.wires() == project.graph.wires()


def test_numbers_keep_their_kind():
    node = Node("a", "Dense", FrozenDict({"whole": 1, "real": 1.0, "yes": True, "zero": 0, "no": False}))
    text = files.dumps(Project(graph=Graph.of([node])))
    assert '{"whole": 1, "real": 1.0, "yes": true, "zero": 0, "no": false}' in text
    assert [type(value) for value in files.loads(text).graph.node("a").params.values()] == [int, float, bool, int, bool]


def test_a_hand_written_file_keeps_its_meaning():
    text = '\ufeff\n{ "wires":[{"to":"b.in","from":"a.out"} , {"from":"a.out","to":"b.in"}],\r\n\t"version":1,'
    text += '"nodes":[{"block":"Dense","id":"b"},{"id":"a","block":"Dense","params":{"out_features":4e0}}],'
    text += '"format":"chainrule"}'
    project = files.loads(text.removeprefix("\ufeff"))
    assert [node.id for node in project.graph.ordered_nodes()] == ["b", "a"]
    assert project.graph.node("a").params == FrozenDict({"out_features": 4.0})
    assert len(project.graph.wires()) == 1  # the same wire twice is one wire


def test_an_empty_document_is_short():
    assert files.dumps(Project()) == '{"format": "chainrule", "version": 1,\n "nodes": [],\n "wires": []}\n'
    assert files.loads(files.dumps(Project())) == Project()


def changed_lines(before: Project, after: Project) -> int:
    diff = difflib.unified_diff(files.dumps(before).splitlines(), files.dumps(after).splitlines(), n=0)
    return sum(1 for line in diff if line[0] in "+-" and line[:3] not in ("+++", "---"))


def test_an_edit_changes_the_lines_it_is_about():
    project = spiral(layers=6)
    moved, _ = edits.move_nodes(project, {"dense2": (5.0, 6.0)})
    assert changed_lines(project, moved) == 2
    set_, _ = edits.set_params(project, "dense2", {"out_features": 99})
    assert changed_lines(project, set_) == 2
    added, _, _ = edits.add_node(project, "Dense", (0.0, 0.0))
    assert changed_lines(project, added) == 6  # a node, a place, and the comma of the line before each
    assert changed_lines(project, edits.connect(added, Wire("data", "x", "dense", "in"))[0]) == 9


def test_start_values_follow_the_blocks_and_the_alphabet():
    names = ["b.conv10.weight", "b.conv2.weight", "b.conv2.bias", "gone.weight", "a.value", "a.bias", "a.weight"]
    graph = Graph.of([Node("a", "Dense"), Node("b", "Group")])
    project, _ = edits.set_parameters(Project(graph=graph), dict.fromkeys(names, 1.0))
    lines = [line.split('"')[1] for line in files.dumps(project).splitlines() if line.endswith(("1.0,", "1.0"))]
    assert lines == [
        "a.weight",
        "a.bias",
        "a.value",
        "b.conv2.weight",
        "b.conv2.bias",
        "b.conv10.weight",
        "gone.weight",
    ]


def test_older_versions_are_brought_up_to_date(monkeypatch):
    def named(data):
        return {"name": data.pop("title"), **data}

    monkeypatch.setattr(files, "VERSION", 3)
    monkeypatch.setattr(filetext, "VERSION", 3)
    monkeypatch.setattr(files, "MIGRATIONS", {1: named, 2: lambda data: {**data, "notes": data["name"] * 2}})
    project = files.loads('{"format": "chainrule", "version": 1, "title": "old"}')
    assert (project.name, project.notes, project.extra) == ("old", "oldold", FrozenDict())
    assert '"version": 3' in files.dumps(project)
    assert files.loads('{"format": "chainrule", "version": 2, "name": "new"}').notes == "newnew"
    with pytest.raises(FileError, match="format 4, this one reads up to 3"):
        files.loads('{"format": "chainrule", "version": 4}')


# -- the clipboard --


def test_a_fragment_is_a_file_of_its_own():
    project, _ = edits.set_parameters(spiral(layers=3), {"dense2.bias": [0.5], "dense1.bias": [0.25]})
    text = files.dump_fragment(project, ["dense2", "tanh2", "dense3"])
    assert json.loads(text)["fragment"] is True
    fragment = files.load_fragment(text)
    assert fragment == edits.fragment_of(project, ["dense2", "tanh2", "dense3"])
    assert [str(wire) for wire in fragment.graph.wires()] == ["dense2.out → tanh2.in", "tanh2.out → dense3.in"]
    assert dict(fragment.parameters) == {"dense2.bias": (0.5,)}


def test_a_whole_file_can_be_pasted_too():
    assert files.load_fragment(files.dumps(spiral())) == spiral()


@pytest.mark.parametrize(
    "text", ["", "hello", "{}", "[1, 2]", "null", "\ud800", "\0", '{"format": "chainrule"', "[" * 9999]
)
def test_any_other_text_is_no_fragment(text):
    with pytest.raises(FileError):
        files.load_fragment(text)


def test_groups_of_a_project_without_ports_or_places_are_written():
    group = Group(Graph.of([Node("a", "Dense")]), layout=Layout())
    project = Project(groups=Project().groups.insert("G", group))
    assert files.loads(files.dumps(project)) == project


def test_nodes_and_wires_are_written_as_their_objects_are():
    nodes = [
        Node("é_1", "Dense"),
        Node("d", "Dense", FrozenDict({"out_features": 3, "note": 'a "word"', "deep": {"list": [1, 2.0, None]}})),
        Node("e", "Dense", frozen=frozenset({"weight"})),
        Node("f", "Dense", label="two\nlines", bypass=True),
        Node("g", "Dense", extra=FrozenDict({"color": "red"})),
    ]
    for node in nodes:
        assert filetext.node_text(node) == json.dumps(filetext.node_json(node), ensure_ascii=False, default=dict)
    wires = [Wire("a", "out", "b", "in"), Wire("a", "out", "b", "é", via=((1.5, 2.0),))]
    wires.append(Wire("a", "out", "b", "in", extra=FrozenDict({"x": 1})))
    for wire in wires:
        assert filetext.wire_text(wire) == json.dumps(filetext.wire_json(wire), ensure_ascii=False, default=dict)
