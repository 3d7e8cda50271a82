"""Copies keep to themselves: what they name among themselves follows, and nothing here changes meaning."""

from hypothesis import given
from hypothesis import strategies as st
from rpds import HashTrieMap

from engine import edits, files
from engine.frozen import FrozenDict
from engine.graph import Graph, Group, Node, Project
from tests.engine.test_edits import full, texts
from tests.helpers.random_projects import IDS, projects


def test_duplicate():
    project, touched, new_ids = edits.duplicate(full(), ["a", "b", "reg"], (100, 50))
    assert new_ids == {"a": "a2", "b": "b2", "reg": "reg2"}
    assert touched == {"a2", "b2", "reg2"}
    assert texts(project) == [*texts(full()), "a2.out → b2.in"]
    assert project.graph.node("reg2").params["blocks"] == ("a2", "b2")
    assert project.graph.node("reg").params["blocks"] == ("a", "b")
    assert project.layout.nodes["b2"] == (120.0, 50.0)
    assert project.parameters["a2.weight"] == ((1.0,),)
    assert edits.remove_nodes(project, new_ids.values())[0] == full()


def test_references_to_blocks_outside_stay_where_the_blocks_exist():
    one, _, _ = edits.duplicate(full(), ["reg", "two"], (0, 0))
    assert one.graph.node("reg2").params["blocks"] == ("a", "b")
    assert one.graph.node("two2").params["share_with"] == "one"
    both, _, _ = edits.duplicate(full(), ["one", "two"], (0, 0))
    assert both.graph.node("two2").params["share_with"] == "one2"
    elsewhere = edits.paste(Project(), edits.fragment_of(full(), ["reg", "two", "b"]), (0, 0))[0]
    assert elsewhere.graph.node("reg").params["blocks"] == ("b",)
    assert "share_with" not in elsewhere.graph.node("two").params


def test_a_fragment_holds_what_it_needs():
    inner = Group(Graph.of([Node("deep", "Dense")]))
    outer = Group(Graph.of([Node("use", "Group", FrozenDict({"group": "inner"}))]))
    groups = HashTrieMap({"inner": inner, "outer": outer, "other": inner})
    nodes = [Node("a", "Group", FrozenDict({"group": "outer"})), Node("b", "Dense"), Node("c", "Group")]
    fragment = edits.fragment_of(Project(graph=Graph.of(nodes), groups=groups, name="x"), ["a", "c", "no such"])
    assert [node.id for node in fragment.graph.ordered_nodes()] == ["a", "c"]
    assert set(fragment.groups) == {"inner", "outer"}
    assert fragment.name == ""


def test_a_group_of_another_meaning_comes_under_another_name():
    def document(size: int) -> Project:
        inner = Group(Graph.of([Node("deep", "Dense", FrozenDict({"out_features": size}))]))
        outer = Group(Graph.of([Node("use", "Group", FrozenDict({"group": "inner"}))]))
        node = Node("a", "Group", FrozenDict({"group": "outer"}))
        return Project(graph=Graph.of([node]), groups=HashTrieMap({"inner": inner, "outer": outer}))

    same, _, _ = edits.paste(document(1), document(1), (0, 0))
    assert set(same.groups) == {"inner", "outer"}
    other, _, _ = edits.paste(document(1), document(2), (0, 0))
    assert set(other.groups) == {"inner", "outer", "inner 2"}
    assert other.groups["inner"] == document(1).groups["inner"]
    assert other.groups["inner 2"] == document(2).groups["inner"]


def test_uses_follow_a_group_of_another_name():
    def document(size: int) -> Project:
        group = Group(Graph.of([Node("deep", "Dense", FrozenDict({"out_features": size}))]))
        node = Node("a", "Group", FrozenDict({"group": "G"}))
        return Project(graph=Graph.of([node]), groups=HashTrieMap({"G": group, "G 2": Group()}))

    project, _, _ = edits.paste(document(1), edits.fragment_of(document(2), ["a"]), (0, 0))
    assert project.graph.node("a").params["group"] == "G"
    assert project.graph.node("a2").params["group"] == "G 3"
    assert project.groups["G 3"] == document(2).groups["G"]


@given(projects(), st.sets(st.sampled_from(IDS)))
def test_a_fragment_survives_the_clipboard_and_pasting(project, chosen):
    fragment = files.load_fragment(files.dump_fragment(project, chosen))
    assert fragment == edits.fragment_of(project, chosen)
    pasted, touched, new_ids = edits.paste(project, fragment, (1.0, 2.0))
    assert set(new_ids) == {name for name in chosen if name in project.graph}
    assert touched >= set(new_ids.values())
    assert len(pasted.graph) == len(project.graph) + len(new_ids)
    for name in project.graph.nodes:
        assert pasted.graph.node(name) == project.graph.node(name)
