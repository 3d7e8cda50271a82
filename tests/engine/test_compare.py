"""What differs between two projects, held against the edits that made one from the other."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine import assets, decorations, edits, files
from engine.compare import compare
from engine.graph import Project, Wire
from tests.engine.graphs import group, project


def spiral() -> Project:
    return files.load(assets.example("spiral.chainrule"))


def test_a_project_is_like_itself_and_like_its_copy_in_a_file():
    project = spiral()
    assert compare(project, project).same
    again = files.loads(files.dumps(project))
    difference = compare(project, again)
    assert difference.same
    assert difference.summary == "no difference"


def test_places_do_not_count():
    project = spiral()
    name = project.graph.ordered_nodes()[0].id
    moved, _ = edits.move_nodes(project, {name: (1000.0, 1000.0)})
    assert moved != project
    assert compare(project, moved).same


def test_added_removed_and_changed_blocks_are_named():
    project = spiral()
    nodes = {node.block: node.id for node in project.graph.ordered_nodes()}
    after, _, new = edits.add_node(project, "Dropout", (0.0, 0.0))
    after, _ = edits.set_params(after, nodes["Dense"], {"out_features": 99})
    after, _ = edits.remove_nodes(after, {nodes["Loss"]})
    found = compare(project, after).graph
    assert found.added == (new,)
    assert [node.id for node in found.removed] == [nodes["Loss"]]
    old = project.graph.node(nodes["Dense"]).params["out_features"]
    assert found.changed == {nodes["Dense"]: (f"out_features: {old} → 99",)}
    assert set(found.wires_removed) == set(project.graph.wires_into(nodes["Loss"]))
    assert found.wires_added == ()
    assert found.summary.startswith("1 block added, 1 removed, 1 changed, 2 wires removed")


def test_a_default_is_shown_as_such():
    project, _, name = edits.add_node(Project(), "Dropout", (0.0, 0.0))
    after, _ = edits.set_params(project, name, {"p": 0.25})
    assert compare(project, after).graph.changed == {name: ("p: 0.5 (default) → 0.25",)}


def test_a_renamed_block_is_not_a_new_one():
    project = spiral()
    dense = next(node.id for node in project.graph.ordered_nodes() if node.block == "Dense")
    after, _ = edits.rename_node(project, dense, "first")
    found = compare(project, after).graph
    assert found.renamed == {dense: "first"}
    assert replace(found, renamed={}).same


def test_twins_are_not_taken_for_renamed():
    before, _, _ = edits.add_node(Project(), "Dense", (0.0, 0.0), node_id="one")
    before, _, _ = edits.add_node(before, "Dense", (0.0, 0.0), node_id="two")
    after, _, _ = edits.add_node(Project(), "Dense", (0.0, 0.0), node_id="three")
    found = compare(before, after).graph
    assert found.renamed == {}
    assert (found.added, [node.id for node in found.removed]) == (("three",), ["one", "two"])


def test_settings_start_values_and_freezing_are_told():
    project = files.load(assets.example("mazur.chainrule"))
    after, _ = edits.set_training(project, {"lr": 0.25})
    after, _ = edits.set_node(after, "hidden", frozen=frozenset({"weight", "bias"}))
    after, _ = edits.set_parameters(after, {"output.bias": (0.0, 0.0)})
    found = compare(project, after)
    assert found.settings == ("training.lr: 0.5 → 0.25",)
    assert found.graph.changed == {"hidden": ("weight: frozen",), "output": ("start values of bias",)}
    assert found.summary == "2 blocks changed, 1 setting changed"


def test_a_note_is_told_as_one_and_not_as_a_setting():
    project = files.load(assets.example("mazur.chainrule"))
    noted, _ = decorations.add_note(project, (0.0, 0.0, 100.0, 50.0), "new")
    assert compare(project, noted).summary == "frames and notes changed"
    both, _ = edits.set_training(noted, {"lr": 0.25})
    assert compare(project, both).summary == "1 setting changed, frames and notes changed"


def test_what_changed_inside_a_group_is_found_there():
    inside = group(
        {"one": ("Dense", {"out_features": 3}), "two": "Activation"}, ["one > two"], ["in = one.in"], ["out = two.out"]
    )
    before = project(
        {"x": "Input", "block": ("Group", {"group": "Hidden"})}, ["x.x > block.in"], groups={"Hidden": inside}
    )
    graph, _ = inside.graph.set_params("one", {"out_features": 77})
    after = replace(before, groups=before.groups.insert("Hidden", replace(inside, graph=graph)))
    found = compare(before, after)
    assert found.graph.same
    assert not found.same
    assert found.groups.keys() == {"Hidden"}
    assert found.groups["Hidden"].changed == {"one": ("out_features: 3 → 77",)}
    assert compare(before, replace(before, groups=before.groups.remove("Hidden"))).groups_removed == ("Hidden",)
    assert compare(replace(before, groups=before.groups.remove("Hidden")), before).groups_added == ("Hidden",)


@given(st.data())
def test_compared_the_other_way_round_the_difference_is_turned_around(data):
    before = spiral()
    after = before
    for _ in range(data.draw(st.integers(0, 5))):
        ids = [node.id for node in after.graph.ordered_nodes()]
        action = data.draw(st.sampled_from(("add", "remove", "param", "cut")))
        if action == "add":
            after, _, _ = edits.add_node(after, data.draw(st.sampled_from(("Dense", "Dropout", "Flatten"))), (0.0, 0.0))
        elif action == "remove" and ids:
            after, _ = edits.remove_nodes(after, {data.draw(st.sampled_from(ids))})
        elif action == "param" and ids:
            after, _ = edits.set_params(after, data.draw(st.sampled_from(ids)), {"unheard_of": 1})
        elif action == "cut" and (wires := after.graph.wires()):
            after, _ = edits.disconnect(after, [data.draw(st.sampled_from(wires))])
    there, back = compare(before, after).graph, compare(after, before).graph
    assert set(there.added) == {node.id for node in back.removed}
    assert {node.id for node in there.removed} == set(back.added)
    assert there.changed.keys() == back.changed.keys()
    assert {old: new for new, old in back.renamed.items()} == there.renamed

    def ends(wires: tuple[Wire, ...]) -> set[tuple[str, str, str, str]]:
        return {wire.ends for wire in wires}

    assert ends(there.wires_added) == ends(back.wires_removed)
    assert ends(there.wires_removed) == ends(back.wires_added)
    rebuilt = {node.id for node in before.graph.nodes.values()} - {node.id for node in there.removed}
    rebuilt = {there.renamed.get(name, name) for name in rebuilt} | set(there.added)
    assert rebuilt == set(after.graph.nodes)
