"""Groups with a real mouse and keyboard: made, opened, edited inside, left, undone, kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from engine import edits, groupedits, levels
from engine.graph import Project
from engine.levels import INPUTS, NEW_PORT, OUTPUTS, located
from gui import group_folder
from gui.canvas import tips
from gui.canvas.stage import Wish
from tests.helpers.canvas import Easel, make_easel, make_project

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
KEY = Qt.Key


def network() -> Project:
    """Data, a residual block drawn out, and a loss."""
    return make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "circle"}),
            "first": ("Dense", (240.0, 0.0), {"out_features": 4}),
            "lin": ("Dense", (480.0, 0.0), {"out_features": 4}),
            "act": ("Activation", (720.0, 0.0), {"function": "tanh"}),
            "add": ("Add", (960.0, 80.0), {}),
            "last": ("Dense", (240.0, 320.0), {"out_features": 1}),
            "loss": ("Loss", (480.0, 320.0), {"function": "mse"}),
        },
        (
            "data.x > first.in",
            "first.out > lin.in",
            "lin.out > act.in",
            "act.out > add.a",
            "first.out > add.b",
            "add.out > last.in",
            "last.out > loss.prediction",
            "data.y > loss.target",
        ),
    )


@pytest.fixture
def easel(qtbot: QtBot) -> Easel:
    return make_easel(qtbot, network())


@pytest.fixture
def grouped(easel: Easel) -> Easel:
    """With `lin`, `act` and `add` as the group `group`."""
    easel.selection.set({"lin", "act", "add"})
    easel.key(KEY.Key_G, CTRL)
    return easel


def opened(easel: Easel) -> Easel:
    easel.double_click(easel.block("group"))
    assert easel.view.level.path == ("group",)
    easel.view.camera.look_at(QPointF(700, 100), 0.6, animated=False)
    return easel


def shown(easel: Easel) -> set[str]:
    return set(easel.view.items_.blocks)


def agrees(easel: Easel) -> None:
    """The canvas shows what the level says."""
    graph = easel.view.level.project.graph
    assert shown(easel) == set(graph.nodes)
    assert set(easel.view.items_.wires.items) == {wire.ends for wire in graph.iter_wires()}


# -- making --


def test_ctrl_g_makes_one_block_and_ctrl_shift_g_the_blocks_again(easel: Easel) -> None:
    before = easel.document.project
    easel.click(easel.block("lin"))
    easel.click(easel.block("act"), SHIFT)
    easel.click(easel.block("add"), SHIFT)
    easel.key(KEY.Key_G, CTRL)
    assert easel.selected == {"group"}
    assert easel.wires() >= {"first.out → group.in", "group.out → last.in"}
    assert easel.document.undo_stack.count() == 1
    assert not easel.document.result.errors
    agrees(easel)
    easel.key(KEY.Key_G, CTRL | SHIFT)
    assert easel.selected == {"lin", "act", "add"}
    assert dict(easel.graph.nodes) == dict(before.graph.nodes)
    assert dict(easel.document.project.layout.nodes) == dict(before.layout.nodes)
    assert not easel.document.project.groups
    easel.undo()
    easel.undo()
    assert easel.document.project == before
    agrees(easel)


def test_a_group_looks_like_several_blocks_and_says_how_much_is_inside(grouped: Easel) -> None:
    face = grouped.view.items_.blocks["group"].face
    assert face.stacked
    assert face.icon == "group"
    assert face.summary == "Group · 3 blocks · 20 params"
    assert [(port.name, port.shape) for port in face.inputs] == [("in", "N × 4")]
    project, touched, _ = groupedits.set_use(grouped.document.project, "group", "repeat", 3)
    grouped.document.edit("repeat", project, touched)
    face = grouped.view.items_.blocks["group"].face
    assert face.title == "group  ×3"
    assert face.summary == "Group · 9 blocks · 60 params"
    project, touched, _ = groupedits.set_use(grouped.document.project, "group", "share_across_repeats", True)
    grouped.document.edit("share", project, touched)
    assert grouped.view.items_.blocks["group"].face.summary == "Group · shared · 20 params"
    grouped.undo()
    assert grouped.view.items_.blocks["group"].face.summary == "Group · 9 blocks · 60 params"


def test_a_use_with_the_weights_of_another_says_whose_they_are(grouped: Easel) -> None:
    assert grouped.view.groups.add_use("Group", QPointF(700, 500)) == "group2"
    project, touched, _ = groupedits.set_use(grouped.document.project, "group2", "share_with", "group")
    grouped.document.edit("share", project, touched)
    assert grouped.view.items_.blocks["group2"].face.summary == "Group · weights of group"


def test_what_would_make_a_loop_is_refused_in_words(easel: Easel, said: Callable[[], list[str]]) -> None:
    easel.selection.set({"first", "add"})
    easel.key(KEY.Key_G, CTRL)
    assert easel.document.undo_stack.count() == 0
    assert "first → lin → act → add" in said()[-1]


# -- going in and out --


def test_double_click_opens_and_escape_leaves(grouped: Easel) -> None:
    opened(grouped)
    assert shown(grouped) == {"lin", "act", "add", INPUTS, OUTPUTS}
    agrees(grouped)
    assert grouped.view.crumbs.isVisible()
    assert grouped.view.crumbs.texts() == ["Network", "›", "Group"]
    inputs = grouped.view.items_.blocks[INPUTS].face
    assert [(port.name, port.shape) for port in inputs.outputs] == [("in", "N × 4"), (NEW_PORT, "")]
    grouped.click(grouped.block("lin"))
    grouped.key(KEY.Key_Escape)
    assert grouped.view.level.path == ("group",)  # it let go of the selection first
    grouped.key(KEY.Key_Escape)
    assert grouped.view.level.path == ()
    assert grouped.selected == {"group"}
    assert not grouped.view.crumbs.isVisible()
    agrees(grouped)


def test_enter_opens_and_the_breadcrumb_leads_back(grouped: Easel) -> None:
    grouped.click(grouped.block("group"))
    scale, centre = grouped.view.camera.scale, grouped.view.camera.centre
    grouped.key(KEY.Key_Return)
    assert grouped.view.level.path == ("group",)
    button = grouped.view.crumbs.findChild(QToolButton, "crumb_0")
    assert button is not None
    button.click()
    assert grouped.view.level.path == ()
    assert grouped.view.camera.scale == pytest.approx(scale)
    assert (grouped.view.camera.centre - centre).manhattanLength() < 2.0


def test_repetitions_are_looked_at_one_by_one(grouped: Easel) -> None:
    project, touched, _ = groupedits.set_use(grouped.document.project, "group", "repeat", 3)
    grouped.document.edit("repeat", project, touched)
    opened(grouped)
    assert grouped.view.level.prefix == "group.0."
    assert "1 of 3" in grouped.view.crumbs.texts()
    grouped.view.crumbs.findChild(QToolButton, "turn_1").click()
    assert grouped.view.level.prefix == "group.1."
    assert grouped.view.level.result.nodes["lin"].path == "group.1.lin"


def test_an_unknown_group_does_not_open(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, make_project({"a": ("Group", (0.0, 0.0), {"group": "Nothing"})}))
    easel.click(easel.block("a"))
    easel.key(KEY.Key_Return)
    assert easel.view.level.path == ()


# -- editing inside --


def test_blocks_are_added_wired_moved_and_deleted_inside(grouped: Easel) -> None:
    opened(grouped)
    start = grouped.document.project
    assert grouped.drop("Dropout", grouped.spot(700, 300))
    assert "dropout" in grouped.document.project.groups["Group"].graph
    grouped.drag(grouped.port("lin", "out", "out"), grouped.port("dropout", "in", "in"))
    assert "lin.out → dropout.in" in {str(w) for w in grouped.document.project.groups["Group"].graph.iter_wires()}
    where = grouped.view.items_.blocks["act"].pos()
    grouped.drag(grouped.block("act"), grouped.block("act") + QPoint(0, -60))
    assert grouped.document.project.groups["Group"].layout.nodes["act"][1] < where.y()
    grouped.click(grouped.block("dropout"))
    grouped.key(KEY.Key_Delete)
    assert "dropout" not in grouped.document.project.groups["Group"].graph
    agrees(grouped)
    for _ in range(4):
        grouped.undo()
        agrees(grouped)
    assert grouped.document.project == start


def test_wires_to_the_boundary_change_the_ports_at_every_use(grouped: Easel) -> None:
    opened(grouped)
    grouped.drop("Add", grouped.spot(700, 300))
    grouped.drag(grouped.port(INPUTS, "out", NEW_PORT), grouped.port("add2", "in", "a"))
    agrees(grouped)
    group = grouped.document.project.groups["Group"]
    assert groupedits.port_names(group, "in") == ["in", "a"]
    grouped.drag(grouped.port("add2", "out", "out"), grouped.port(OUTPUTS, "in", NEW_PORT))
    agrees(grouped)
    grouped.key(KEY.Key_Escape)
    grouped.key(KEY.Key_Escape)
    face = grouped.view.items_.blocks["group"].face
    assert [port.name for port in face.inputs] == ["in", "a"]
    assert [port.name for port in face.outputs] == ["out", "out2"]
    assert face.unfinished  # nothing comes into "a" yet
    assert [port.missing for port in face.inputs] == [False, True]
    opened(grouped)
    assert grouped.view.items_.blocks[INPUTS].face.severity == "error"


def test_an_input_led_straight_to_an_output_is_refused(grouped: Easel) -> None:
    opened(grouped)
    before = grouped.document.project
    grouped.drag(grouped.port(INPUTS, "out", "in"), grouped.port(OUTPUTS, "in", "out"))
    assert grouped.document.project == before
    agrees(grouped)


def test_the_boundary_is_neither_deleted_nor_copied_nor_renamed(grouped: Easel) -> None:
    opened(grouped)
    before = grouped.document.project
    grouped.click(grouped.block(INPUTS))
    for key, keys in ((KEY.Key_Delete, None), (KEY.Key_D, CTRL), (KEY.Key_F2, None), (KEY.Key_G, CTRL)):
        grouped.key(key, keys or Qt.KeyboardModifier.NoModifier)
    grouped.double_click(grouped.block(INPUTS))
    assert grouped.view.rename_field.isHidden()
    assert grouped.document.project == before


def test_copy_and_paste_lead_from_one_level_to_another(grouped: Easel) -> None:
    opened(grouped)
    grouped.selection.set({"lin", "act", INPUTS})
    grouped.key(KEY.Key_C, CTRL)
    grouped.key(KEY.Key_Escape)
    grouped.key(KEY.Key_Escape)
    grouped.key(KEY.Key_V, CTRL)
    assert {"lin", "act"} <= set(grouped.document.project.graph.nodes)
    agrees(grouped)


def test_renaming_inside_follows_into_every_use(grouped: Easel) -> None:
    project, _, _ = groupedits.add_use(grouped.document.project, "Group", (960.0, 480.0))
    project, _ = edits.set_parameters(project, {"group.lin.bias": [1.0] * 4, "group2.lin.bias": [2.0] * 4})
    grouped.document.edit("use", project, frozenset(project.graph.nodes))
    opened(grouped)
    assert "used 2 times" in grouped.view.crumbs.texts()
    grouped.click(grouped.block("lin"))
    grouped.key(KEY.Key_F2)
    grouped.type("dense")
    grouped.view.rename_field.commit()
    assert set(grouped.document.project.parameters) == {"group.dense.bias", "group2.dense.bias"}
    agrees(grouped)


def test_a_group_in_a_group(grouped: Easel) -> None:
    opened(grouped)
    grouped.selection.set({"lin", "act"})
    grouped.key(KEY.Key_G, CTRL)
    (inner,) = grouped.selected
    grouped.key(KEY.Key_Return)
    assert grouped.view.level.path == ("group", inner)
    assert grouped.view.crumbs.texts() == ["Network", "›", "Group", "›", "Group 2"]
    assert not grouped.document.result.errors
    agrees(grouped)
    grouped.key(KEY.Key_Escape)
    grouped.key(KEY.Key_G, CTRL | SHIFT)
    assert shown(grouped) == {"lin", "act", "add", INPUTS, OUTPUTS}
    assert not grouped.document.result.errors


# -- problems --


def test_what_is_wrong_inside_is_told_outside_and_leads_there(grouped: Easel) -> None:
    opened(grouped)
    grouped.click(grouped.block("act"))
    grouped.key(KEY.Key_Delete)
    assert grouped.view.items_.blocks["add"].face.severity == "error"
    grouped.key(KEY.Key_Escape)
    face = grouped.view.items_.blocks["group"].face
    assert face.severity == "error"
    assert any('"group.add"' in problem.message for problem in face.problems)
    grouped.selection.show_path("group.add")
    assert grouped.view.level.path == ("group",)
    assert grouped.selected == {"add"}


def test_paths_are_found_through_repetitions(grouped: Easel) -> None:
    project, _, _ = groupedits.set_use(grouped.document.project, "group", "repeat", 2)
    assert located(project, "group.1.lin") == (("group",), (1,), "lin")
    assert located(project, "group.1") == ((), (), "group")
    assert located(project, "last") == ((), (), "last")


# -- history --


def test_undo_and_redo_go_to_where_the_change_was_made(grouped: Easel) -> None:
    opened(grouped)
    grouped.drop("Dropout", grouped.spot(700, 300))
    grouped.key(KEY.Key_Escape)
    grouped.key(KEY.Key_Escape)
    assert grouped.view.level.path == ()
    grouped.drop("Flatten", grouped.spot(700, 300))
    grouped.undo()
    assert grouped.view.level.path == ()
    grouped.undo()
    assert grouped.view.level.path == ("group",)
    assert "dropout" not in shown(grouped)
    agrees(grouped)
    grouped.undo()  # the group itself
    assert grouped.view.level.path == ()
    assert {"lin", "act", "add"} <= shown(grouped)
    agrees(grouped)
    for _ in range(3):
        grouped.document.undo_stack.redo()
        agrees(grouped)
    assert grouped.view.level.path == ()


def test_a_setting_of_the_whole_network_does_not_lead_out(grouped: Easel) -> None:
    opened(grouped)
    project, touched = edits.set_training(grouped.document.project, {"lr": 0.5})
    grouped.document.edit("lr", project, touched)
    assert grouped.view.level.path == ("group",)
    grouped.undo()
    assert grouped.view.level.path == ("group",)


# -- keeping --


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(group_folder, "folder", lambda: tmp_path / "groups")
    return tmp_path / "groups"


def test_a_group_is_kept_and_used_in_another_document(grouped: Easel, own_folder: Path, qtbot: QtBot) -> None:
    path = grouped.view.groups.save_to_palette("group")
    assert path == own_folder / "Group.chainrule"
    assert group_folder.listed() == [path]
    other = make_easel(qtbot, network())
    assert other.view.groups.add_file(path, QPointF(700, 300))
    assert other.selected == {"group"}
    assert set(other.document.project.groups) == {"Group"}
    assert other.view.groups.add_file(path, QPointF(700, 400))
    assert set(other.document.project.groups) == {"Group"}  # the same group is not there twice
    agrees(other)
    assert grouped.view.groups.save_to_palette("group") == path  # the same once more
    opened(grouped)
    grouped.drop("Dropout", grouped.spot(700, 300))
    assert grouped.view.groups.save_to_palette() == own_folder / "Group 2.chainrule"
    for kept in group_folder.listed():
        group_folder.remove(kept)
    assert not group_folder.listed()


def test_the_search_for_a_block_finds_groups_too(grouped: Easel, own_folder: Path) -> None:
    view = grouped.view
    view.groups.save_to_palette("group")
    search = view.floats.search
    view.open_search(Wish(QPointF(700, 300)))
    assert search.shown()[-2:] == ["Group", "Group"], "the network's own, and the one that was kept"
    grouped.type("group")
    assert search.shown()[:3] == ["Group", "Group", "GroupNorm"]
    told = search.findChild(QLabel, "blockSearchHelp")
    assert told is not None
    assert "what changes inside changes at all of them" in told.text()
    steps = grouped.document.undo_stack.count()
    enter()
    assert grouped.selected == {"group2"}
    assert grouped.graph.node("group2").params["group"] == "Group"
    assert grouped.document.undo_stack.count() == steps + 1
    area = view.items_.blocks["group2"].body.translated(view.items_.blocks["group2"].pos())
    assert area.contains(QPointF(700, 300))
    view.open_search(Wish(QPointF(700, 500)))
    assert search.shown()[0] == "Group", "used last"
    search.list.setCurrentIndex(search.list.model().index(search.shown().index("Group", 1), 0))
    enter()
    assert grouped.selected == {"group3"}
    agrees(grouped)
    view.open_search(Wish(QPointF(700, 500), replaces="group3"))
    assert "Group" not in search.shown()
    grouped.type("\x1b")


def enter() -> None:
    """Press Enter in whatever has the focus."""
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, Qt.Key.Key_Return)


def test_the_search_and_wires_into_the_void_add_inside(grouped: Easel) -> None:
    opened(grouped)
    grouped.key(KEY.Key_Tab)
    grouped.type("dropout")
    enter()
    assert "dropout" in grouped.document.project.groups["Group"].graph
    grouped.drag(grouped.port(INPUTS, "out", "in"), grouped.spot(500, 420))
    grouped.type("layernorm")
    enter()
    wires = {str(wire) for wire in grouped.view.level.project.graph.iter_wires()}
    assert "Inputs.in → layerNorm.in" in wires
    agrees(grouped)


def test_tips_say_what_a_group_is(grouped: Easel) -> None:
    scene = grouped.view.items_
    assert "Double-click" in tips.tip(scene, scene.blocks["group"])
    opened(grouped)
    assert "group" in tips.tip(scene, scene.blocks[INPUTS])


def test_a_group_cannot_be_put_into_itself(grouped: Easel, said: Callable[[], list[str]]) -> None:
    opened(grouped)
    assert grouped.view.groups.add_use("Group") is None
    assert "into itself" in said()[-1]


def test_nor_can_it_be_pasted_into_itself(grouped: Easel, said: Callable[[], list[str]]) -> None:
    """Nothing is half done: no step to undo, the selection stays, and the message tells the way out."""
    grouped.selection.set({"group"})
    grouped.key(KEY.Key_C, CTRL)
    opened(grouped)
    grouped.selection.set({"lin"})
    before, steps, told = grouped.document.project, grouped.document.undo_stack.count(), len(said())
    grouped.key(KEY.Key_V, CTRL)
    assert grouped.document.project is before
    assert grouped.document.undo_stack.count() == steps
    assert grouped.selected == {"lin"}
    (message,) = said()[told:]
    assert '"Group" cannot be put into itself.' in message
    assert "make that independent" in message
    agrees(grouped)


def test_a_group_is_not_pasted_into_one_that_it_contains(grouped: Easel, said: Callable[[], list[str]]) -> None:
    grouped.selection.set({"group", "first"})
    grouped.key(KEY.Key_G, CTRL)
    (outer,) = grouped.selected
    grouped.key(KEY.Key_C, CTRL)
    grouped.view.groups.navigator.go((outer, "group"))
    before = grouped.document.project
    grouped.key(KEY.Key_V, CTRL)
    assert grouped.document.project is before
    assert "itself: Group → Group 2 → Group." in said()[-1]


def test_an_independent_copy_may_be_nested(grouped: Easel) -> None:
    use = grouped.view.groups.add_use("Group", QPointF(700, 500))
    assert use is not None
    grouped.view.groups.make_independent(use)
    grouped.selection.set({use})
    grouped.key(KEY.Key_X, CTRL)
    opened(grouped)
    grouped.key(KEY.Key_V, CTRL)
    inner = grouped.document.project.groups["Group"].graph
    assert [node.params["group"] for node in inner.nodes.values() if node.block == "Group"] == ["Group 2"]


def test_an_independent_use_keeps_the_other_as_it_is(grouped: Easel) -> None:
    assert grouped.view.groups.add_use("Group", QPointF(700, 500)) == "group2"
    grouped.view.groups.make_independent("group2")
    assert grouped.graph.node("group2").params["group"] == "Group 2"
    assert set(grouped.document.project.groups) == {"Group", "Group 2"}


# -- as other blocks --


def wires_of(easel: Easel) -> set[str]:
    return {f"{wire.from_node}.{wire.from_port} > {wire.to_node}.{wire.to_port}" for wire in easel.graph.iter_wires()}


def test_alt_drag_takes_a_group_out_and_heals_the_wires(grouped: Easel) -> None:
    before, alt = grouped.document.project, Qt.KeyboardModifier.AltModifier
    area = grouped.view.items_.blocks["group"].area
    start = grouped.spot(area.left() + 60.0, area.bottom() - 8.0)
    grouped.drag(start, start + QPoint(120, 320), alt)
    assert "group" in grouped.graph.nodes
    assert "first.out > last.in" in wires_of(grouped)
    assert not any("group." in wire for wire in wires_of(grouped))
    agrees(grouped)
    grouped.undo()
    assert grouped.document.project == before


def test_ctrl_delete_takes_a_group_away_and_joins_its_wires(grouped: Easel) -> None:
    grouped.selection.set({"group"})
    grouped.key(KEY.Key_Delete, CTRL)
    assert "group" not in grouped.graph.nodes
    assert "first.out > last.in" in wires_of(grouped)
    agrees(grouped)


def test_a_group_is_replaced_by_a_block(grouped: Easel) -> None:
    before = grouped.document.project
    grouped.selection.set({"group"})
    grouped.view.actions_.replace.trigger()
    offered = grouped.view.floats.search.shown()
    assert "Dense" in offered
    assert "Group" not in offered
    grouped.type("dense\r")
    node = grouped.graph.node("dense")
    assert node.block == "Dense"
    assert "group" not in node.params
    assert {"first.out > dense.in", "dense.out > last.in"} <= wires_of(grouped)
    assert "Group" in grouped.document.project.groups  # to be used again
    agrees(grouped)
    grouped.undo()
    assert grouped.document.project == before
    agrees(grouped)


def test_the_boundary_of_an_opened_group_is_not_replaced(grouped: Easel) -> None:
    opened(grouped)
    boundary = next(name for name in shown(grouped) if levels.is_boundary(grouped.view.level.project.graph.node(name)))
    grouped.selection.set({boundary})
    assert not grouped.view.actions_.replace.isEnabled()
