"""Groups with a real mouse and keyboard: made, opened, edited inside, left, undone, kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from engine import edits, groupedits
from engine.graph import Project
from engine.levels import INPUTS, NEW_PORT, OUTPUTS, located
from gui import group_folder
from gui.canvas import tips
from gui.canvas.mime import GROUP_MIME
from gui.group_shelf import of_document, of_file
from gui.main_window import MainWindow
from tests.helpers.canvas import Easel, make_easel, make_project
from tests.helpers.windows import W, main_window

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
    assert face.severity == "error"  # nothing comes into "a" yet


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


def test_the_search_and_wires_into_the_void_add_inside(grouped: Easel) -> None:
    opened(grouped)
    grouped.key(KEY.Key_Tab)
    grouped.type("dropout")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert "dropout" in grouped.document.project.groups["Group"].graph
    grouped.drag(grouped.port(INPUTS, "out", "in"), grouped.spot(500, 420))
    grouped.type("layernorm")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
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


def test_an_independent_use_keeps_the_other_as_it_is(grouped: Easel) -> None:
    assert grouped.view.groups.add_use("Group", QPointF(700, 500)) == "group2"
    grouped.view.groups.make_independent("group2")
    assert grouped.graph.node("group2").params["group"] == "Group 2"
    assert set(grouped.document.project.groups) == {"Group", "Group 2"}


# -- the inspector --


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    with main_window(qtbot) as made:
        assert made.files.open_example("residual-digits.chainrule")
        yield made


def field(window: MainWindow, kind: type[W], name: str) -> W:
    """A visible widget of the inspector."""
    (found,) = (each for each in window.inspector.findChildren(kind, name) if each.isVisible())
    return found


def write(line: QLineEdit, text: str) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def test_a_use_is_repeated_named_and_opened_from_the_inspector(window: MainWindow) -> None:
    window.selection.set({"res"})
    write(field(window, QLineEdit, "groupName"), "Skip")
    assert set(window.document.project.groups) == {"Skip"}
    assert window.document.project.graph.node("res").params["group"] == "Skip"
    field(window, QPushButton, "group_open").click()
    assert window.level.path == ("res",)
    assert window.canvas.crumbs.texts()[:3] == ["Residual network on digits", "›", "Skip"]
    window.document.undo_stack.undo()
    assert window.document.project.graph.node("res").params["group"] == "Residual"


def test_another_use_can_share_its_weights(window: MainWindow) -> None:
    window.canvas.groups.add_use("Residual", QPointF(900, 400))
    project, touched, _ = groupedits.set_use(window.document.project, "residual", "repeat", 3)
    window.document.edit("repeat", project, touched)
    box = field(window, QComboBox, "shareWith")
    assert [box.itemText(index) for index in range(box.count())] == ["its own", "res"]
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert window.document.project.graph.node("residual").params["share_with"] == "res"
    field(window, QPushButton, "group_independent").click()
    assert window.document.project.graph.node("residual").params["group"] == "Residual 2"


def test_ports_are_named_added_and_removed_in_the_inspector(window: MainWindow) -> None:
    window.canvas.open_group("res")
    window.selection.set({INPUTS})
    write(field(window, QLineEdit, "port_in"), "x")
    assert "relu.out → res.x" in {str(wire) for wire in window.document.project.graph.iter_wires()}
    assert not window.document.result.errors
    write(field(window, QLineEdit, "port_x"), "two words")
    assert groupedits.port_names(window.document.project.groups["Residual"], "in") == ["x"]
    window.selection.set({OUTPUTS})
    field(window, QPushButton, "addPort").click()
    assert groupedits.port_names(window.document.project.groups["Residual"], "out") == ["out", "out2"]
    assert window.level.path == ("res",)
    assert window.canvas.items_.blocks[OUTPUTS].face.severity == "error"  # one input cannot feed on two outputs
    field(window, QToolButton, "delete_out2").click()
    assert not window.document.result.errors


def test_blocks_inside_are_edited_in_the_inspector(window: MainWindow) -> None:
    window.canvas.open_group("res")
    window.selection.set({"norm1"})
    assert window.inspector.page is not None
    window.inspector.page.form.edited.emit("num_groups", 2, False)
    assert window.document.project.groups["Residual"].graph.node("norm1").params["num_groups"] == 2
    assert window.document.result.nodes["res.2.norm1"].params["num_groups"] == 2


def test_a_problem_inside_is_found_from_the_list(window: MainWindow) -> None:
    window.canvas.open_group("res")
    project, touched = edits.set_params(window.level.project, "conv2", {"out_channels": 8})
    window.level.edit("narrow", project, touched)
    window.canvas.leave_group()
    window.problems._list.itemActivated.emit(window.problems._list.item(0))
    assert window.level.path == ("res",)
    assert window.selection.ids == {"sum"}


# -- the palette --


def drop_group(easel: Easel, carried: str, at: QPoint) -> bool:
    """Drag a group from the palette and drop it; whether the canvas took it."""
    data = QMimeData()
    data.setData(GROUP_MIME, carried.encode())
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, copy, data, left, none)
    QApplication.sendEvent(easel.viewport, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(easel.viewport, QDragMoveEvent(at, copy, data, left, none))
    event = QDropEvent(QPointF(at), copy, data, left, none)
    QApplication.sendEvent(easel.viewport, event)
    return event.isAccepted()


def test_groups_are_dragged_from_the_palette(grouped: Easel, own_folder: Path) -> None:
    assert drop_group(grouped, of_document("Group"), grouped.spot(700, 480))
    assert grouped.selected == {"group2"}
    x, y = grouped.document.project.layout.nodes["group2"]
    assert abs(x + 80 - 700) <= 8
    assert abs(y + 28 - 480) <= 8
    kept = grouped.view.groups.save_to_palette("group")
    assert kept is not None
    assert drop_group(grouped, of_file(kept), grouped.spot(1000, 480))
    assert grouped.selected == {"group3"}
    assert not drop_group(grouped, "elsewhere:x", grouped.spot(700, 480))
    drop_group(grouped, of_file(own_folder / "gone.chainrule"), grouped.spot(700, 480))
    assert grouped.selected == {"group3"}


def test_the_shelf_lists_the_groups_and_finds_them(window: MainWindow, own_folder: Path) -> None:
    assert [entry.name for entry in window.shelf.entries()] == ["Residual"]
    window.canvas.groups.save_to_palette("res")
    window.shelf.refresh()
    assert [entry.name for entry in window.shelf.entries()] == ["Residual", "Residual"]
    window.palette_panel.search.setText("zzz")
    assert window.shelf.entries() == []
    window.palette_panel.search.setText("resid")
    assert len(window.shelf.entries()) == 2
    QTest.keyClick(window.shelf.entries()[0], Qt.Key.Key_Return)
    assert "residual" in window.document.project.graph
    window.shelf.delete("Residual")
    assert "Residual" in window.document.project.groups  # it is in use
    window.shelf.remove(group_folder.file_for("Residual"))
    assert len(window.shelf.entries()) == 1


def test_a_definition_that_nothing_uses_is_deleted_and_comes_back(window: MainWindow) -> None:
    project, touched = edits.remove_nodes(window.document.project, {"res"})
    window.document.edit("out", project, touched)
    window.shelf.delete("Residual")
    assert not window.document.project.groups
    assert window.shelf.entries() == []
    window.document.undo_stack.undo()
    assert [entry.name for entry in window.shelf.entries()] == ["Residual"]
