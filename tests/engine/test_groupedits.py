"""Names, ports, copies and repeats of groups: all uses follow, wherever they stand."""

from __future__ import annotations

import pytest

from engine import edits, groupedits
from engine.facts import FactsCache
from engine.files import dumps, loads
from engine.graph import Project, Wire
from engine.grouping import collapse
from engine.levels import INPUTS, NEW_PORT, OUTPUTS, focus, put
from engine.plan import check
from engine.problem import GraphError
from tests.engine.test_grouping import residual, wires
from tests.helpers.projects import make_project, planned


@pytest.fixture
def nested() -> Project:
    """`outer` uses Outer, which uses Inner; `inner2` uses Inner at the top."""
    made = collapse(residual(), {"lin", "act", "sum"}, "Outer").project
    view = collapse(focus(made, ("outer",), "outer."), {"lin", "act"}, "Inner")
    made, _ = put(made, ("outer",), "outer.", view.project, view.paths)
    made, _, _ = groupedits.add_use(made, "Inner", (0.0, 0.0))
    return edits.connect(made, Wire("first", "out", "inner", "in"))[0]


def test_renaming_reaches_uses_in_other_groups(nested: Project) -> None:
    after = groupedits.rename_group(nested, "Inner", "Core")
    assert set(after.groups) == {"Outer", "Core"}
    assert after.graph.node("inner").params["group"] == "Core"
    assert after.groups["Outer"].graph.node("inner").params["group"] == "Core"
    assert planned(after).order == planned(nested).order


@pytest.mark.parametrize("name", ["", " spaced", "Outer", "line\nbreak", "x" * 61])
def test_names_that_cannot_be(nested: Project, name: str) -> None:
    with pytest.raises(GraphError):
        groupedits.rename_group(nested, "Inner", name)


def test_a_definition_in_use_is_not_deleted(nested: Project) -> None:
    with pytest.raises(GraphError, match=r'used by "inner" and 1 more'):
        groupedits.delete_group(nested, "Inner")
    unused, _ = edits.remove_nodes(nested, {"outer"})
    assert "Outer" not in groupedits.delete_group(unused, "Outer").groups


def test_a_port_renamed_keeps_every_wire(nested: Project) -> None:
    after = groupedits.rename_port(nested, "Inner", "in", "in", "x")
    assert ("first", "out", "inner", "x") in wires(after.graph)
    assert {port.port for port in after.groups["Outer"].inputs} == {"x", "b"}
    assert planned(after).nodes["outer.inner.lin"].sources == planned(nested).nodes["outer.inner.lin"].sources
    after = groupedits.rename_port(after, "Inner", "out", "out", "y")
    assert planned(after).parameters == planned(nested).parameters


def test_a_port_removed_takes_its_wires_everywhere(nested: Project) -> None:
    after = groupedits.remove_port(nested, "Inner", "in", "in")
    assert not [wire for wire in after.graph.iter_wires() if wire.to_node == "inner"]
    assert {(port.node, port.port) for port in after.groups["Outer"].inputs} == {("", ""), ("sum", "b")}
    assert loads(dumps(after)) == after


def test_ports_are_added_moved_and_wired_inside(nested: Project) -> None:
    after, port = groupedits.add_port(nested, "Inner", "in")
    assert port == "in2"
    assert groupedits.port_names(after.groups["Inner"], "in") == ["in", "in2"]
    assert loads(dumps(after)) == after
    assert not planned(after).errors
    after = groupedits.move_port(after, "Inner", "in", "in2", -1)
    assert groupedits.port_names(after.groups["Inner"], "in") == ["in2", "in"]
    for bad in ("in", "two words", "Capital"):
        with pytest.raises(GraphError):
            groupedits.add_port(nested, "Inner", "in", bad)


def test_an_output_that_stands_for_nothing_is_told_where_it_is_read(nested: Project) -> None:
    after = groupedits.add_port(nested, "Outer", "out", "extra")[0]
    assert not planned(after).errors
    after, _, _ = edits.add_node(after, "Activation", (0.0, 0.0), node_id="reader")
    after, _ = edits.connect(after, Wire("outer", "extra", "reader", "in"))
    (problem,) = check(after, FactsCache(None).lookup).errors
    assert (problem.code, problem.node, problem.port) == ("G07", "outer", "extra")
    assert "inside the group nothing is connected" in problem.message


def test_a_wire_at_the_plus_makes_a_port(nested: Project) -> None:
    view = focus(nested, ("inner",), "inner.")
    view, _, _ = edits.add_node(view, "Add", (0.0, 0.0), node_id="more")
    view, _ = edits.connect(view, Wire(INPUTS, NEW_PORT, "more", "a"))
    view, _ = edits.connect(view, Wire("more", "out", OUTPUTS, NEW_PORT))
    after, _ = put(nested, ("inner",), "inner.", view)
    assert groupedits.port_names(after.groups["Inner"], "in") == ["in", "a"]
    assert groupedits.port_names(after.groups["Inner"], "out") == ["out", "out2"]


def test_a_wire_from_an_input_to_an_output_is_refused(nested: Project) -> None:
    view, _ = edits.connect(focus(nested, ("inner",), "inner."), Wire(INPUTS, "in", OUTPUTS, "out"))
    with pytest.raises(GraphError, match="Put a block between"):
        put(nested, ("inner",), "inner.", view)


def test_the_boundary_cannot_be_deleted_renamed_or_copied_into_the_group(nested: Project) -> None:
    view = focus(nested, ("inner",), "inner.")
    gone, _ = edits.remove_nodes(view, {INPUTS, OUTPUTS})
    after, _ = put(nested, ("inner",), "inner.", gone)
    assert after.groups["Inner"].inputs == nested.groups["Inner"].inputs
    copied, _, _ = edits.duplicate(view, {INPUTS, "lin"}, (8.0, 8.0))
    after, _ = put(nested, ("inner",), "inner.", copied)
    assert set(after.groups["Inner"].graph.nodes) == {"lin", "act", "lin2"}
    swapped, _ = edits.set_node(view, INPUTS, block="Dense")
    after, _ = put(nested, ("inner",), "inner.", swapped)
    assert set(after.groups["Inner"].graph.nodes) == {"lin", "act"}
    assert after.groups["Inner"].inputs == nested.groups["Inner"].inputs
    renamed, _ = edits.rename_node(view, INPUTS, "mine")
    after, _ = put(nested, ("inner",), "inner.", renamed, ((INPUTS, "mine"),))
    assert set(after.groups["Inner"].graph.nodes) == {"lin", "act"}


def test_an_independent_use_follows_its_own_definition(nested: Project) -> None:
    after, _, name = groupedits.make_independent(nested, "inner")
    assert name == "Inner 2"
    assert after.graph.node("inner").params["group"] == "Inner 2"
    view, _ = edits.set_params(focus(after, ("inner",), "inner."), "act", {"function": "relu"})
    after, _ = put(after, ("inner",), "inner.", view)
    assert after.groups["Inner"] == nested.groups["Inner"]
    assert planned(after).nodes["inner.act"].params["function"] == "relu"
    assert planned(after).nodes["outer.inner.act"].params["function"] == "tanh"


def test_the_first_repetition_is_what_the_only_one_was(nested: Project) -> None:
    nested, _ = edits.set_parameters(nested, {"outer.inner.lin.bias": [1.0, 2.0, 3.0]})
    after, _, paths = groupedits.set_use(nested, "outer", "repeat", 3)
    assert dict(paths)["outer.inner"] == "outer.0.inner"
    assert set(after.parameters) == {"outer.0.inner.lin.bias"}
    assert not planned(after).errors
    back, _, _ = groupedits.set_use(after, "outer", "repeat", 1)
    assert back == nested
    assert groupedits.set_use(after, "outer", "repeat", 5)[2] == ()


def test_a_fragment_of_a_group_brings_what_it_uses(nested: Project) -> None:
    fragment = groupedits.group_fragment(nested, "Outer")
    assert set(fragment.groups) == {"Outer", "Inner"}
    clash = make_project([("a", "Dense", {})], [])
    clash = collapse(clash, {"a"}, "Inner").project
    pasted, _, new_ids = edits.paste(clash, fragment, (0.0, 0.0))
    assert set(pasted.groups) == {"Inner", "Inner 2", "Outer"}
    assert pasted.groups["Outer"].graph.node("inner").params["group"] == "Inner 2"
    assert new_ids == {"outer": "outer"}
