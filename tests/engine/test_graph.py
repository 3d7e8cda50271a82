"""A graph is a value: edits make new ones, tell what they touched, and leave no trace in the old one."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.frozen import DROP, FrozenDict, freeze, thaw
from engine.graph import Graph, Node, Wire
from engine.problem import GraphError
from tests.helpers.projects import chain, make_graph
from tests.helpers.random_projects import JSON, graphs

ABC = make_graph([("a", "Dense"), ("b", "Dense"), ("c", "Dense")], chain("a", "b", "c"))


def wire(text: str) -> Wire:
    return make_graph([(name, "Dense") for name in "abcde"], [text]).wires()[0]


def texts(graph: Graph) -> list[str]:
    return [str(wire) for wire in graph.wires()]


def test_reading():
    assert len(ABC) == 3
    assert "a" in ABC
    assert "x" not in ABC
    assert ABC.node("b") == Node("b", "Dense")
    assert [node.id for node in ABC.ordered_nodes()] == ["a", "b", "c"]
    assert texts(ABC) == ["a.out → b.in", "b.out → c.in"]
    assert sorted(map(str, ABC.iter_wires())) == texts(ABC)
    assert ABC.wires_into("b") == ABC.wires_into("b", "in") == ABC.wires_out_of("a", "out") == (wire("a -> b"),)
    assert ABC.wires_into("b", "other") == ABC.wires_into("a") == ABC.wires_out_of("x") == ()
    assert ABC.wire(("a", "out", "b", "in")) == wire("a -> b")


def test_add():
    graph, touched = ABC.add(Node("d", "Loss"), Node("e", "Dense"))
    assert touched == {"d", "e"}
    assert [node.id for node in graph.ordered_nodes()] == ["a", "b", "c", "d", "e"]
    assert len(ABC) == 3


def test_remove_takes_the_wires_along():
    graph, touched = ABC.remove(["b"])
    assert touched == {"a", "b", "c"}
    assert texts(graph) == []
    assert graph == make_graph([("a", "Dense"), ("c", "Dense")], [])


def test_update():
    graph, touched = ABC.update("b", label="x", frozen=frozenset({"bias"}))
    assert touched == {"b"}
    assert graph.node("b") == Node("b", "Dense", label="x", frozen=frozenset({"bias"}))
    assert ABC.node("b").label == ""
    assert texts(graph) == texts(ABC)


def test_set_params():
    graph, _ = ABC.set_params("b", {"p": [1, {"q": [2]}], "r": 3})
    assert graph.node("b").params == FrozenDict({"p": (1, FrozenDict({"q": (2,)})), "r": 3})
    graph, touched = graph.set_params("b", {"p": DROP})
    assert touched == {"b"}
    assert graph.node("b").params == FrozenDict({"r": 3})


def test_connect():
    graph, touched = ABC.connect(Wire("a", "out", "c", "in"), wire("a -> b"))
    assert touched == {"a", "c"}  # the second is there already
    assert texts(graph) == [*texts(ABC), "a.out → c.in"]
    again, touched = graph.connect(*graph.wires())
    assert (again, touched) == (graph, frozenset())


def test_disconnect():
    graph, touched = ABC.disconnect([wire("a -> b"), wire("d -> e"), wire("a -> c")])
    assert touched == {"a", "b"}
    assert texts(graph) == ["b.out → c.in"]
    again, _ = graph.connect(wire("a -> b"))
    assert texts(again) == ["b.out → c.in", "a.out → b.in"]
    assert again == ABC  # the order in the file is no part of what a graph is


def test_replace_wire_keeps_its_place():
    graph, touched = ABC.replace_wire(Wire("a", "out", "b", "in"), via=((1.0, 2.0),))
    assert touched == {"a", "b"}
    assert texts(graph) == texts(ABC)
    assert graph.wires_into("b")[0].via == graph.wires_out_of("a")[0].via == ((1.0, 2.0),)
    assert graph.replace_wire(graph.wires()[0], via=())[0] == ABC


def test_rename_keeps_places():
    diamond = make_graph([(name, "Dense") for name in "abcd"], ["a -> b", "a -> c", "b -> d.a", "c -> d.b", "a -> a.x"])
    graph, touched = diamond.rename("a", "z")
    assert touched == {"a", "z", "b", "c"}
    assert [node.id for node in graph.ordered_nodes()] == ["z", "b", "c", "d"]
    assert texts(graph) == ["z.out → b.in", "z.out → c.in", "b.out → d.a", "c.out → d.b", "z.out → z.x"]
    assert graph.rename("z", "a")[0] == diamond
    assert diamond.rename("b", "b") == (diamond, frozenset())
    middle, _ = diamond.rename("b", "x")
    assert [str(wire) for wire in middle.wires_out_of("a")] == ["a.out → x.in", "a.out → c.in", "a.out → a.x"]


@pytest.mark.parametrize(
    ("edit", "code", "part"),
    [
        (lambda: ABC.node("x"), "G20", 'no block "x"'),
        (lambda: ABC.add(Node("A", "Dense")), "G21", '"A" must begin with a small letter'),
        (lambda: ABC.add(Node("type", "Dense")), "G21", "uses itself"),
        (lambda: ABC.add(Node("a", "Dense")), "G22", 'already. Choose another name.'),
        (lambda: ABC.add(Node("d", "Dense"), Node("d", "Dense")), "G22", 'a block "d" already'),
        (lambda: ABC.remove(["a", "x"]), "G20", 'no block "x"'),
        (lambda: ABC.update("x", label=""), "G20", 'no block "x"'),
        (lambda: ABC.update("a", id="x"), "G21", "renamed with rename"),
        (lambda: ABC.set_params("x", {}), "G20", 'no block "x"'),
        (lambda: ABC.connect(Wire("a", "out", "x", "in")), "G20", 'no block "x"'),
        (lambda: ABC.connect(Wire("x", "out", "a", "in")), "G20", 'no block "x"'),
        (lambda: ABC.connect(Wire("a", "", "b", "in")), "G23", "names no port"),
        (lambda: ABC.connect(Wire("a", "out", "b", "")), "G23", "names no port"),
        (lambda: ABC.wire(("a", "out", "c", "in")), "G23", "There is no wire a.out → c.in"),
        (lambda: ABC.replace_wire(Wire("a", "out", "c", "in"), via=()), "G23", "There is no wire"),
        (lambda: ABC.replace_wire(wire("a -> b"), to_node="c"), "G23", "disconnect and connect"),
        (lambda: ABC.rename("x", "y"), "G20", 'no block "x"'),
        (lambda: ABC.rename("a", "b"), "G22", 'a block "b" already'),
        (lambda: ABC.rename("a", "B"), "G21", "must begin"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(edit, code, part):
    with pytest.raises(GraphError) as caught:
        edit()
    assert caught.value.code == code
    assert part in str(caught.value)


def test_a_graph_of_many_is_that_of_one_by_one():
    nodes = [Node(f"n{number}", "Dense") for number in range(20)]
    wires = [Wire(f"n{number * 7 % 20}", "out", f"n{number * 3 % 20}", f"p{number % 4}") for number in range(40)]
    one_by_one, _ = Graph().add(*nodes)
    for each in wires:
        one_by_one, _ = one_by_one.connect(each)
    at_once = Graph.of(nodes, wires)
    assert at_once == one_by_one
    assert [node.rank for node in at_once.ordered_nodes()] == [node.rank for node in one_by_one.ordered_nodes()]
    assert [each.rank for each in at_once.wires()] == [each.rank for each in one_by_one.wires()]
    assert at_once.next_rank == one_by_one.next_rank


def test_many_wires_at_one_node_take_no_time():
    wires = [Wire("a", "out", "b", f"p{number}") for number in range(50_000)]
    assert len(Graph.of([Node("a", "Dense"), Node("b", "Concat")], wires).wires_into("b")) == 50_000


@given(graphs())
def test_a_graph_can_be_sent_and_hashed(graph):
    again = pickle.loads(pickle.dumps(graph))
    assert again == graph
    assert hash(again) == hash(graph)


class Edits(RuleBasedStateMachine):
    """Any sequence of edits beside a naive model: a list of ids and a list of wires."""

    def __init__(self) -> None:
        super().__init__()
        self.graph = Graph()
        self.ids: list[str] = []
        self.ends: list[tuple[str, str, str, str]] = []
        self.history: list[tuple[Graph, list[str], list[tuple[str, str, str, str]]]] = []

    def take(self, edited: tuple[Graph, frozenset[str]]) -> None:
        self.history.append((self.graph, list(self.ids), list(self.ends)))
        before, (self.graph, self.touched) = self.graph, edited
        for name in {*before.nodes, *self.graph.nodes} - self.touched:
            assert before.nodes[name] is self.graph.nodes[name]
            assert before.wires_into(name) == self.graph.wires_into(name)
            assert before.wires_out_of(name) == self.graph.wires_out_of(name)

    @rule(number=st.integers(0, 9))
    def add(self, number):
        if f"n{number}" not in self.ids:
            self.take(self.graph.add(Node(f"n{number}", "Dense")))
            self.ids.append(f"n{number}")

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def remove(self, data):
        gone = data.draw(st.sets(st.sampled_from(self.ids), max_size=2))
        self.take(self.graph.remove(gone))
        self.ids = [name for name in self.ids if name not in gone]
        self.ends = [ends for ends in self.ends if not {ends[0], ends[2]} & gone]

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), to_port=st.sampled_from("ab"))
    def connect(self, data, to_port):
        ends = (data.draw(st.sampled_from(self.ids)), "out", data.draw(st.sampled_from(self.ids)), to_port)
        self.take(self.graph.connect(Wire(*ends)))
        if ends not in self.ends:
            self.ends.append(ends)

    @precondition(lambda self: self.ends)
    @rule(data=st.data())
    def disconnect(self, data):
        ends = data.draw(st.sampled_from(self.ends))
        self.take(self.graph.disconnect([Wire(*ends)]))
        self.ends.remove(ends)

    @precondition(lambda self: self.ends)
    @rule(data=st.data(), x=st.floats(-9, 9))
    def bend(self, data, x):
        ends = data.draw(st.sampled_from(self.ends))
        self.take(self.graph.replace_wire(Wire(*ends), via=((x, 0.0),)))
        assert self.graph.wire(ends).via == ((x, 0.0),)

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), number=st.integers(0, 9))
    def rename(self, data, number):
        old, new = data.draw(st.sampled_from(self.ids)), f"n{number}"
        if new in self.ids:
            return
        self.take(self.graph.rename(old, new))
        self.ids = [new if name == old else name for name in self.ids]
        self.ends = [tuple(new if part == old else part for part in ends) for ends in self.ends]  # type: ignore[misc]

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), value=JSON)
    def set_params(self, data, value):
        name = data.draw(st.sampled_from(self.ids))
        self.take(self.graph.set_params(name, {"p": value}))
        assert thaw(self.graph.node(name).params["p"]) == thaw(freeze(value))

    @precondition(lambda self: self.history)
    @rule()
    def undo(self):
        self.graph, self.ids, self.ends = self.history.pop()

    @invariant()
    def is_what_the_model_says(self):
        assert [node.id for node in self.graph.ordered_nodes()] == self.ids
        assert [wire.ends for wire in self.graph.wires()] == self.ends
        for name in self.ids:
            assert [each.ends for each in self.graph.wires_into(name)] == [e for e in self.ends if e[2] == name]
            assert [each.ends for each in self.graph.wires_out_of(name)] == [e for e in self.ends if e[0] == name]
        assert set(self.graph.into) == {ends[2] for ends in self.ends}
        assert set(self.graph.out_of) == {ends[0] for ends in self.ends}
        rebuilt = Graph.of(self.graph.ordered_nodes(), self.graph.wires())
        assert rebuilt == self.graph


TestEdits = Edits.TestCase


# -- frozen values --


def test_frozen_values_cannot_change():
    inner = {"b": [1, {"c": 2}]}
    frozen = FrozenDict({"a": inner})
    inner["b"].append(3)
    assert frozen == FrozenDict({"a": {"b": (1, {"c": 2})}})
    assert repr(frozen) == "{'a': {'b': (1, {'c': 2})}}"
    with pytest.raises(TypeError):
        frozen["a"] = 1  # type: ignore[index]


@given(JSON)
def test_thawing_undoes_freezing(value):
    assert thaw(freeze(value)) == value
    assert hash(freeze(value)) == hash(freeze(thaw(freeze(value))))


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=4))
def test_a_frozen_dict_behaves_like_a_dict(value):
    frozen = FrozenDict(value)
    assert list(frozen) == list(value)
    assert len(frozen) == len(value)
    assert frozen == FrozenDict(dict(reversed(value.items())))
    assert pickle.loads(pickle.dumps(frozen)) == frozen
    assert frozen.merged({"new key": 1}).merged({"new key": DROP, "not there": DROP}) == frozen


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (0, False), (1, 1.0), ([1], [True]), ({"b": [1.0]}, {"b": [1]}), ([[2]], [[2.0]])]
)
def test_values_that_a_file_writes_differently_differ(one, other):
    assert FrozenDict({"a": one}) != FrozenDict({"a": other})
    assert FrozenDict({"a": one}) == FrozenDict({"a": thaw(freeze(one))})
    assert FrozenDict({}) != {}
