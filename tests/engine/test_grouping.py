"""Blocks become one and one becomes blocks: the numbers stay, to the bit, and every name follows."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rpds import HashTrieMap

from engine import edits
from engine.build import build
from engine.facts import FactsCache
from engine.files import dumps, loads
from engine.graph import Graph, Project
from engine.grouping import collapse, ungroup
from engine.levels import focus, prefix_of, put
from engine.plan import check
from engine.problem import GraphError
from engine.references import follow_weights, moved, present_names, renamed_later
from tests.engine.nets import batch
from tests.helpers.projects import chain, make_project, planned

WIDTH = 3


def residual(**training: object) -> Project:
    """Data, one residual block of three, and a loss; everything has a place."""
    project = make_project(
        [
            ("data", "Input", {"dataset": "circle"}),
            ("first", "Dense", {"out_features": WIDTH}),
            ("lin", "Dense", {"out_features": WIDTH}),
            ("act", "Activation", {"function": "tanh"}),
            ("sum", "Add"),
            ("last", "Dense", {"out_features": 1}),
            ("loss", "Loss", {"function": "mse"}),
        ],
        [
            "data.x -> first",
            "first -> lin",
            "lin -> act",
            "act -> sum.a",
            "first -> sum.b",
            *chain("sum", "last"),
            "last -> loss.prediction",
            "data.y -> loss.target",
        ],
        training,
    )
    places = {node_id: (200.0 * index, 16.0 * index) for index, node_id in enumerate(sorted(project.graph.nodes))}
    return edits.move_nodes(project, places)[0]


def wires(graph: Graph) -> set[tuple[str, str, str, str]]:
    return {wire.ends for wire in graph.iter_wires()}


def same(one: Project, other: Project) -> bool:
    """Equal but for the order in the file."""
    return (
        dict(one.graph.nodes) == dict(other.graph.nodes)
        and wires(one.graph) == wires(other.graph)
        and dict(one.groups) == dict(other.groups)
        and dict(one.layout.nodes) == dict(other.layout.nodes)
        and dict(one.parameters) == dict(other.parameters)
        and one.training == other.training
    )


class TestCollapse:
    def test_ports_come_from_the_wires_over_the_border(self):
        made = collapse(residual(), {"lin", "act", "sum"}, "Residual")
        group = made.project.groups["Residual"]
        assert [(port.name, port.node, port.port) for port in group.inputs] == [("in", "lin", "in"), ("in", "sum", "b")]
        assert [(port.name, port.node, port.port) for port in group.outputs] == [("out", "sum", "out")]
        assert made.made == ("residual",)
        assert ("first", "out", "residual", "in") in wires(made.project.graph)
        assert ("residual", "out", "last", "in") in wires(made.project.graph)
        assert planned(made.project).order.index("residual.lin") < planned(made.project).order.index("residual.sum")

    def test_several_ports_are_called_after_what_they_carry(self):
        made = collapse(residual(), {"last", "loss"}, "Head")
        group = made.project.groups["Head"]
        assert [port.name for port in group.inputs] == ["sum", "target"]
        made = collapse(residual(), {"data", "first"}, "Front")
        assert [port.name for port in made.project.groups["Front"].outputs] == ["first", "y"]

    def test_what_waits_for_a_wire_becomes_a_port(self):
        project = make_project([("lin", "Dense", {}), ("act", "Activation", {})], ["lin -> act"])
        group = collapse(project, {"lin", "act"}).project.groups["Group"]
        assert [(port.name, port.node) for port in group.inputs] == [("in", "lin")]
        assert [(port.name, port.node) for port in group.outputs] == [("out", "act")]

    def test_a_detour_is_refused_with_its_path(self):
        with pytest.raises(GraphError, match=r"first → lin → act → sum.*Select \"lin\", \"act\" as well"):
            collapse(residual(), {"first", "sum"})

    def test_nothing_is_no_group(self):
        with pytest.raises(GraphError, match="nothing to group"):
            collapse(residual(), set())

    def test_a_block_that_names_one_outside_is_refused(self):
        project, _, _ = edits.add_node(
            residual(), "Regularizer", (0.0, 0.0), node_id="reg", params={"blocks": ["lin", "last"]}
        )
        with pytest.raises(GraphError, match='"reg" names "last"'):
            collapse(project, {"reg", "lin", "act", "sum"})

    def test_references_objectives_and_start_values_follow_and_come_back(self):
        project = residual(objective=["loss.out", "reg.out"])
        project, _ = edits.set_parameters(project, {"lin.bias": [1.0, 2.0, 3.0], "last.bias": [0.5]})
        project, _, _ = edits.add_node(project, "Regularizer", (0.0, 0.0), node_id="reg", params={"blocks": ["lin"]})
        made = collapse(project, {"lin", "act", "sum", "last", "loss"}, "Residual")
        assert set(made.project.parameters) == {"residual.lin.bias", "residual.last.bias"}
        assert made.project.training["objective"] == ("residual.loss.out", "reg.out")
        assert made.project.graph.node("reg").params["blocks"] == ("residual.lin",)
        assert not planned(made.project).errors
        assert same(ungroup(made.project, "residual").project, project)

    def test_names_of_groups_and_ids_are_free_ones(self):
        made = collapse(residual(), {"lin", "act"}, "Last")
        assert made.made == ("last2",)
        again = collapse(made.project, {"first"}, "Last")
        assert set(again.project.groups) == {"Last", "Last 2"}

    def test_it_survives_the_file(self):
        made = collapse(residual(), {"lin", "act", "sum"}).project
        assert loads(dumps(made)) == made


class TestUngroup:
    def test_it_is_the_way_back(self):
        project = residual()
        made = collapse(project, {"lin", "act", "sum"})
        assert same(ungroup(made.project, "group").project, project)

    def test_repetitions_are_written_out_one_after_the_other(self):
        made = collapse(residual(), {"lin", "act", "sum"}).project
        made, _ = edits.set_params(made, "group", {"repeat": 3})
        net, plan = build(planned(made), seed=4), planned(made)
        flat = ungroup(made, "group")
        names = dict(flat.paths)
        assert names["group.0.lin"] == "lin"
        assert names["group.2.lin"] == "lin3"
        assert ("sum2", "out", "lin3", "in") in wires(flat.project.graph)
        values = {moved(name, names): value for name, value in net.state_dict().items()}
        again = build(planned(flat.project), parameters=values)
        data = batch(plan)
        assert torch.equal(net.loss(data), again.loss(data))

    def test_shared_weights_are_not_torn_apart(self):
        made = collapse(residual(), {"lin", "act", "sum"}).project
        shared, _ = edits.set_params(made, "group", {"repeat": 2, "share_across_repeats": True})
        with pytest.raises(GraphError, match="share their weights"):
            ungroup(shared, "group")
        twice, _, _ = edits.add_node(
            made, "Group", (0.0, 0.0), node_id="twin", params={"group": "Group", "share_with": "group"}
        )
        for node_id in ("twin", "group"):
            with pytest.raises(GraphError, match="shares the weights"):
                ungroup(twice, node_id)

    def test_a_definition_with_other_uses_stays(self):
        made = collapse(residual(), {"lin", "act", "sum"}).project
        made, _, _ = edits.add_node(made, "Group", (0.0, 0.0), node_id="more", params={"group": "Group"})
        assert "Group" in ungroup(made, "group").project.groups

    def test_a_muted_group_is_not_taken_apart_by_mistake(self):
        made = collapse(residual(), {"lin", "act", "sum"}).project
        muted, _ = edits.set_node(made, "group", bypass=True)
        with pytest.raises(GraphError, match="is muted"):
            ungroup(muted, "group")

    def test_only_a_group_can_be_taken_apart(self):
        with pytest.raises(GraphError, match='"lin" is no group'):
            ungroup(residual(), "lin")


KINDS: tuple[tuple[str, dict[str, object]], ...] = (
    ("Dense", {"out_features": WIDTH}),
    ("Activation", {"function": "tanh"}),
    ("Add", {}),
    ("Multiply", {}),
)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Project, frozenset[str]]:
    """Any wiring of blocks that keep the width, and any choice of them."""
    nodes: list[tuple[object, ...]] = [
        ("data", "Input", {"dataset": "circle"}),
        ("start", "Dense", {"out_features": WIDTH}),
    ]
    drawn, made = ["data.x -> start"], ["start"]
    for index in range(draw(st.integers(2, 9))):
        kind, params = draw(st.sampled_from(KINDS))
        node_id = f"n{index}"
        nodes.append((node_id, kind, params))
        ports = ("a", "b") if kind in ("Add", "Multiply") else ("in",)
        drawn += [f"{draw(st.sampled_from(made))} -> {node_id}.{port}" for port in ports]
        made.append(node_id)
    nodes += [("last", "Dense", {"out_features": 1}), ("loss", "Loss", {"function": "mse"})]
    drawn += [f"{made[-1]} -> last", "last -> loss.prediction", "data.y -> loss.target"]
    chosen = draw(st.frozensets(st.sampled_from([str(line[0]) for line in nodes]), min_size=1))
    return make_project(nodes, drawn), chosen


def comes_back(graph: Graph, chosen: frozenset[str]) -> bool:
    """Whether data leave the chosen blocks and come back: by the closure of "reads from", written down in full."""
    reads = {node_id: {wire.from_node for wire in graph.wires_into(node_id)} for node_id in graph.nodes}
    for _ in range(len(reads)):
        reads = {node_id: sources.union(*(reads[other] for other in sources)) for node_id, sources in reads.items()}
    outside = set(reads) - chosen
    return any(reads[node_id] & chosen and any(node_id in reads[inner] for inner in chosen) for node_id in outside)


@settings(max_examples=60, deadline=None)
@given(networks())
def test_grouping_changes_no_number(drawn: tuple[Project, frozenset[str]]) -> None:
    project, chosen = drawn
    if comes_back(project.graph, chosen):
        with pytest.raises(GraphError, match="As one block"):
            collapse(project, chosen)
        return
    made = collapse(project, chosen)
    result, grouped = check(project, FactsCache(None).lookup), check(made.project, FactsCache(None).lookup)
    assert not result.errors
    assert not grouped.errors
    net = build(result, seed=3)
    values = {moved(name, dict(made.paths)): value for name, value in net.state_dict().items()}
    inside = build(grouped, parameters=values)
    assert values.keys() == inside.state_dict().keys()
    data = batch(result)
    renamed = {moved(name, dict(made.paths)): value for name, value in data.items()}
    assert torch.equal(net.loss(data), inside.loss(renamed))
    back = ungroup(made.project, made.made[0])
    assert same(back.project, project)
    again = build(check(back.project, FactsCache(None).lookup), seed=3)
    assert torch.equal(net.loss(data), again.loss(data))
    for name, value in net.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


@settings(max_examples=60, deadline=None)
@given(networks())
def test_a_level_put_back_untouched_is_the_same(drawn: tuple[Project, frozenset[str]]) -> None:
    project, chosen = drawn
    if comes_back(project.graph, chosen):
        return
    made = collapse(project, chosen).project
    path = ("group",)
    view = focus(made, path, "group.")
    after, paths = put(made, path, "group.", view)
    assert paths == ()
    assert after.groups["Group"].graph == made.groups["Group"].graph
    assert set(after.groups["Group"].inputs) == set(made.groups["Group"].inputs)
    assert after.groups["Group"].outputs == made.groups["Group"].outputs
    assert wires(focus(after, path, "group.").graph) == wires(view.graph)


class TestNames:
    def test_later_renames_follow_earlier_ones(self):
        renamed = renamed_later({}, [("hidden", "group.hidden")])
        renamed = renamed_later(renamed, [("group", "res")])
        assert moved("hidden.weight", renamed) == "res.hidden.weight"
        renamed = renamed_later(renamed, [("res.hidden", "hidden")])
        assert moved("hidden.weight", renamed) == "hidden.weight"

    def test_a_new_block_of_an_old_name_takes_nothing_over(self):
        renamed = renamed_later({"a": "b"}, [("a", "c")])
        assert moved("a.weight", renamed) == "b.weight"

    def test_stored_weights_follow_a_group_and_its_name(self):
        former = follow_weights(replace(residual()).former, [("lin", "group.lin")])
        assert present_names(former, ["lin.weight", "last.weight"]) == {
            "lin.weight": "group.lin.weight",
            "last.weight": "last.weight",
        }
        former = follow_weights(former, [("group", "res")])
        assert present_names(former, ["lin.weight"]) == {"lin.weight": "res.lin.weight"}
        former = follow_weights(former, [("res.lin", "lin")])
        assert present_names(former, ["lin.weight"]) == {"lin.weight": "lin.weight"}

    def test_inside_a_group_names_follow_in_every_use(self):
        made = collapse(residual(), {"lin", "act", "sum"}).project
        made, _, _ = edits.add_node(made, "Group", (0.0, 0.0), node_id="more", params={"group": "Group", "repeat": 2})
        made, _ = edits.set_parameters(made, {"group.lin.bias": [0.0] * 3, "more.1.lin.bias": [1.0] * 3})
        prefix = prefix_of(made, ("group",))
        view = focus(made, ("group",), prefix)
        renamed, _ = edits.rename_node(view, "lin", "dense")
        after, paths = put(made, ("group",), prefix, renamed, (("lin", "dense"),))
        assert set(paths) == {
            ("group.lin", "group.dense"),
            ("more.0.lin", "more.0.dense"),
            ("more.1.lin", "more.1.dense"),
        }
        assert dict(after.parameters) == {"group.dense.bias": (0.0,) * 3, "more.1.dense.bias": (1.0,) * 3}

    def test_what_is_deleted_inside_loses_its_start_values_in_every_use(self):
        made = collapse(residual(), {"lin", "act", "sum"}).project
        made, _, _ = edits.add_node(made, "Group", (0.0, 0.0), node_id="more", params={"group": "Group"})
        made, _ = edits.set_parameters(made, {"group.lin.bias": [0.0] * 3, "more.lin.bias": [1.0] * 3})
        view, _ = edits.remove_nodes(focus(made, ("group",), "group."), {"lin"})
        after, _ = put(made, ("group",), "group.", view)
        assert after.parameters == HashTrieMap()
