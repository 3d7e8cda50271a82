"""Adding, selecting, moving, removing, copying and renaming with a real mouse and keyboard."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from engine import edits, files
from engine.graph import Project
from gui.canvas import adding
from gui.canvas.commands import OFFSET
from gui.canvas.geometry import GRID
from gui.canvas.stage import Wish
from gui.inserting import SPACING
from gui.notices import notices
from tests.helpers.canvas import Easel, make_easel, make_project, small_net

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
KEY = Qt.Key


@pytest.fixture
def easel(qtbot: QtBot) -> Easel:
    return make_easel(qtbot, small_net())


def place(easel: Easel, node_id: str) -> tuple[float, float]:
    return easel.document.project.layout.nodes[node_id]


# -- adding --


def test_a_block_dropped_from_the_palette_lands_on_the_grid_and_is_selected(easel: Easel) -> None:
    assert easel.drop("Dropout", easel.spot(700, 303))
    assert easel.selected == {"dropout"}
    x, y = place(easel, "dropout")
    assert x % GRID == 0
    assert y % GRID == 0
    area = easel.view.items_.blocks["dropout"].area
    assert area.contains(QPointF(700, 303))
    assert easel.document.undo_stack.count() == 1
    assert easel.view.stage.overlay.ghost is None
    easel.undo()
    assert "dropout" not in easel.view.items_.blocks


def test_a_kind_that_does_not_exist_is_not_taken(easel: Easel) -> None:
    assert not easel.drop("Nonsense", easel.spot(700, 300))
    assert easel.document.undo_stack.count() == 0


def test_tab_opens_the_search_and_enter_connects_to_the_selected_block(easel: Easel) -> None:
    project, touched = edits.remove_nodes(easel.document.project, {"loss"})
    easel.document.edit("cut", project, touched)
    easel.click(easel.block("act"))
    easel.key(KEY.Key_Tab)
    assert not easel.view.floats.search.isHidden()
    easel.type("drp\r")
    assert "act.out → dropout.in" in easel.wires()
    assert easel.selected == {"dropout"}
    assert easel.view.hasFocus()


def test_a_choice_that_was_searched_for_is_made(easel: Easel) -> None:
    project, touched = edits.remove_nodes(easel.document.project, {"loss"})
    easel.document.edit("cut", project, touched)
    easel.click(easel.block("act"))
    easel.key(KEY.Key_Tab)
    easel.type("leaky relu")
    assert easel.view.floats.search.shown() == ["Activation – leaky_relu"]
    easel.type("\r")
    assert dict(easel.graph.node("activation").params) == {"function": "leaky_relu"}
    assert "act.out → activation.in" in easel.wires()


def test_a_block_that_does_not_fit_the_selected_one_is_added_unconnected(easel: Easel) -> None:
    project, touched = edits.remove_nodes(easel.document.project, {"loss"})
    easel.document.edit("cut", project, touched)
    easel.click(easel.block("act"))
    easel.key(KEY.Key_Tab)
    easel.type("maxpool\r")
    assert easel.selected == {"maxPool2d"}
    assert not easel.graph.wires_into("maxPool2d")


def test_a_double_click_on_empty_ground_opens_the_search_there(easel: Easel) -> None:
    easel.double_click(easel.spot(700, 400))
    easel.type("flat\r")
    assert easel.view.items_.blocks["flatten"].area.contains(QPointF(700, 400))


def test_the_palettes_wish_is_put_beside_the_selected_block_where_there_is_room(easel: Easel) -> None:
    easel.selection.set({"dense"})
    node_id = easel.view.add_block("Dropout")
    assert node_id == "dropout"
    blocks = easel.view.items_.blocks
    others = [item for key, item in blocks.items() if key != "dropout"]
    assert not any(item.area.intersects(blocks["dropout"].area) for item in others)
    assert easel.view.add_block("Nonsense") is None


def test_a_block_can_be_put_into_a_wire_by_its_menu(easel: Easel) -> None:
    item = easel.view.items_.wires.items["dense", "out", "act", "in"]
    spot = easel.spot(item.middle.x(), item.middle.y())
    easel.click(spot)
    assert easel.view.items_.wires.chosen == {("dense", "out", "act", "in")}
    QTest.mouseClick(easel.viewport, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, spot)
    menu = open_menu(easel, spot)
    menu.actions()[0].trigger()
    menu.close()
    easel.type("dropout\r")
    assert {"dense.out → dropout.in", "dropout.out → act.in"} <= easel.wires()
    assert "dense.out → act.in" not in easel.wires()
    blocks = easel.view.items_.blocks
    assert blocks["dropout"].area.right() < blocks["act"].area.left()
    assert blocks["act"].area.right() < blocks["loss"].area.left()
    assert easel.document.undo_stack.count() == 1


def open_menu(easel: Easel, at: QPoint) -> QMenu:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, easel.viewport.mapToGlobal(at))
    QApplication.sendEvent(easel.viewport, event)
    found: list[QMenu] = [menu for menu in easel.view.findChildren(QMenu) if menu.isVisible()]
    assert len(found) == 1
    return found[0]


# -- selecting --


def test_clicks_select_and_shift_and_ctrl_add_and_take_away(easel: Easel) -> None:
    easel.click(easel.block("dense"))
    assert easel.selected == {"dense"}
    easel.click(easel.block("act"), SHIFT)
    assert easel.selected == {"dense", "act"}
    easel.click(easel.block("dense"), CTRL)
    assert easel.selected == {"act"}
    easel.click(easel.spot(700, 400))
    assert easel.selected == set()
    assert easel.document.undo_stack.count() == 0


def test_selection_goes_both_ways(easel: Easel) -> None:
    def chosen() -> set[str]:
        return {node_id for node_id, item in easel.view.items_.blocks.items() if item.chosen}

    easel.selection.set({"act"})
    assert chosen() == {"act"}
    easel.click(easel.block("dense"))
    assert chosen() == easel.selected == {"dense"}


def test_the_rubber_band_selects_what_it_touches(easel: Easel) -> None:
    start, end = easel.spot(300, -30), easel.spot(650, 120)
    easel.press(start)
    easel.carry(start, end)
    band = easel.view.stage.overlay.band
    assert band is not None
    assert band.width() == 350.0
    easel.release(end)
    assert easel.selected == {"dense", "act"}
    band = easel.view.stage.overlay.band
    assert band is None
    easel.drag(easel.spot(300, 230), easel.spot(560, 330), SHIFT)
    assert easel.selected == {"dense", "act", "conv"}


def test_escape_takes_the_rubber_band_back(easel: Easel) -> None:
    easel.selection.set({"conv"})
    start = easel.spot(300, -30)
    easel.press(start)
    easel.carry(start, easel.spot(650, 120))
    assert easel.selected == {"dense", "act"}
    easel.key(KEY.Key_Escape)
    assert easel.selected == {"conv"}


def test_select_all_and_none(easel: Easel) -> None:
    easel.key(KEY.Key_A, CTRL)
    assert easel.selected == set(easel.graph.nodes)
    easel.key(KEY.Key_Escape)
    assert easel.selected == set()


# -- moving --


def test_a_move_is_one_undo_step_on_the_grid(easel: Easel) -> None:
    before = easel.document.project
    start = easel.block("conv")
    easel.drag(start, start + QPoint(101, 158))
    x, y = place(easel, "conv")
    assert (x, y) == (424.0, 400.0)
    assert easel.document.undo_stack.count() == 1
    assert easel.document.undo_stack.undoText() == "Move conv"
    easel.undo()
    assert easel.document.project == before
    assert easel.view.items_.blocks["conv"].pos() == QPointF(320, 240)


def test_the_document_hears_of_a_move_at_its_end_only(easel: Easel, qtbot: QtBot) -> None:
    start = easel.block("conv")
    before = easel.document.project
    easel.press(start)
    easel.carry(start, start + QPoint(100, 100))
    assert easel.document.project is before
    assert easel.view.items_.blocks["conv"].pos() != QPointF(320, 240)
    with qtbot.waitSignal(easel.document.changed) as heard:
        easel.release(start + QPoint(100, 100))
    assert heard.args is not None
    assert heard.args[0].moved == {"conv"}
    assert heard.args[0].touched == set()


def test_wires_follow_a_moved_block(easel: Easel) -> None:
    start = easel.block("act")
    easel.press(start)
    easel.carry(start, start + QPoint(0, 200))
    item = easel.view.items_.wires.items["dense", "out", "act", "in"]
    end = item.path.pointAtPercent(1.0)
    assert end == easel.view.items_.blocks["act"].port_place("in", "in")
    easel.release(start + QPoint(0, 200))


def test_all_selected_blocks_move_together(easel: Easel) -> None:
    easel.selection.set({"dense", "conv"})
    start = easel.block("conv")
    easel.drag(start, start + QPoint(0, 160))
    assert place(easel, "dense") == (320.0, 160.0)
    assert place(easel, "conv") == (320.0, 400.0)
    assert easel.selected == {"dense", "conv"}


def test_a_block_snaps_to_its_neighbours_and_says_so(easel: Easel) -> None:
    start = easel.block("conv")
    easel.press(start)
    easel.carry(start, start + QPoint(283, 83))
    assert easel.view.items_.blocks["conv"].x() == 600.0
    assert len(easel.view.stage.overlay.guides) == 1
    easel.release(start + QPoint(283, 83))
    assert not easel.view.stage.overlay.guides


def test_alt_moves_freely(easel: Easel) -> None:
    start = easel.block("conv")
    easel.drag(start, start + QPoint(101, 157), ALT)
    assert place(easel, "conv") == (421.0, 397.0)


def test_a_dragged_block_is_in_front_of_all_others(easel: Easel) -> None:
    blocks = easel.view.items_.blocks
    for name in ("loss", "dense", "act", "dense"):
        easel.press(easel.block(name))
        assert all(item.zValue() < blocks[name].zValue() for other, item in blocks.items() if other != name)
        easel.release(easel.block(name))


def test_a_copy_is_in_front_of_the_block_that_was_pressed(easel: Easel) -> None:
    easel.click(easel.block("dense"))
    easel.view.commands.duplicate()
    copy, dense = easel.view.items_.blocks[min(easel.selected)], easel.view.items_.blocks["dense"]
    assert copy is not dense
    both = copy.area.intersected(dense.area).center()
    assert next(item for item in easel.view.items_.items(both) if item in (copy, dense)) is copy


def test_escape_puts_moved_blocks_back(easel: Easel) -> None:
    start, before = easel.block("conv"), easel.document.project
    easel.press(start)
    easel.carry(start, start + QPoint(200, 80))
    easel.key(KEY.Key_Escape)
    assert easel.view.items_.blocks["conv"].pos() == QPointF(320, 240)
    easel.release(start + QPoint(200, 80))
    assert easel.document.project is before


def test_an_undo_while_a_block_is_dragged_wins(easel: Easel) -> None:
    start = easel.block("conv")
    easel.drag(start, start + QPoint(0, 80))
    easel.press(start + QPoint(0, 80))
    easel.carry(start + QPoint(0, 80), start + QPoint(160, 160))
    easel.undo()
    assert easel.view.pointer.gesture is None
    assert easel.view.items_.blocks["conv"].pos() == QPointF(320, 240)
    easel.release(start + QPoint(160, 160))
    assert place(easel, "conv") == (320.0, 240.0)


def test_arrows_nudge_and_join_in_one_step(easel: Easel) -> None:
    easel.selection.set({"conv"})
    easel.key(KEY.Key_Right)
    easel.key(KEY.Key_Right)
    easel.key(KEY.Key_Down, SHIFT)
    assert place(easel, "conv") == (336.0, 304.0)
    assert easel.document.undo_stack.count() == 1
    easel.undo()
    assert place(easel, "conv") == (320.0, 240.0)


def test_arrows_walk_along_wires(easel: Easel) -> None:
    easel.selection.set({"data"})
    visited = []
    for _ in range(3):
        easel.key(KEY.Key_Right, CTRL)
        visited.append(easel.selection.single)
    assert visited == ["dense", "act", "loss"]
    easel.key(KEY.Key_Left, CTRL)
    assert easel.selection.single == "act"
    easel.selection.set({"dense"})
    easel.key(KEY.Key_Down, CTRL)
    assert easel.selection.single == "conv"
    easel.key(KEY.Key_Escape)
    easel.key(KEY.Key_Down)
    assert easel.selection.single is not None


# -- removing --


@pytest.mark.parametrize("key", [KEY.Key_Delete, KEY.Key_Backspace])
def test_delete_takes_block_and_wires_and_undo_brings_them_back(easel: Easel, key: Qt.Key) -> None:
    before = easel.document.project
    easel.click(easel.block("act"))
    easel.key(key)
    assert "act" not in easel.view.items_.blocks
    assert not [ends for ends in easel.view.items_.wires.items if "act" in ends]
    assert easel.selected == set()
    easel.undo()
    assert easel.document.project == before
    assert ("dense", "out", "act", "in") in easel.view.items_.wires.items


def test_a_clicked_wire_can_be_deleted(easel: Easel) -> None:
    middle = easel.view.items_.wires.items["dense", "out", "act", "in"].middle
    easel.click(easel.spot(middle.x(), middle.y()))
    easel.key(KEY.Key_Delete)
    assert "dense.out → act.in" not in easel.wires()
    assert easel.document.undo_stack.undoText() == "Disconnect dense from act"


def test_taking_out_joins_the_wires(easel: Easel) -> None:
    easel.click(easel.block("act"))
    easel.key(KEY.Key_Delete, CTRL)
    assert "dense.out → loss.prediction" in easel.wires()
    assert "act" not in easel.graph
    assert easel.document.undo_stack.count() == 1


def test_muting_shows_and_undoes(easel: Easel) -> None:
    easel.click(easel.block("act"))
    easel.key(KEY.Key_B, CTRL)
    assert easel.graph.node("act").bypass
    assert easel.view.items_.blocks["act"].face.bypass
    easel.key(KEY.Key_B, CTRL)
    assert not easel.graph.node("act").bypass


# -- copies --


def test_what_is_pasted_again_at_the_same_place_can_be_seen(easel: Easel) -> None:
    easel.selection.set({"dense"})
    easel.view.commands.copy()
    for _ in range(3):
        easel.view.commands.paste(QPointF(400.0, 400.0))
    easel.view.commands.paste(QPointF(480.0, 400.0))
    places = {
        (item.x(), item.y()) for name, item in easel.view.items_.blocks.items() if name.startswith("dense") and item.y()
    }
    assert len(places) == 4
    lowest, *_ = sorted(places)
    assert {(x - lowest[0], y - lowest[1]) for x, y in places} == {(0, 0), (OFFSET, OFFSET), (2 * OFFSET,) * 2, (80, 0)}


def test_copy_and_paste_keep_the_wires_among_them(easel: Easel) -> None:
    easel.selection.set({"dense", "act"})
    easel.key(KEY.Key_C, CTRL)
    assert files.load_fragment(QGuiApplication.clipboard().text()).graph.nodes.keys() == {"dense", "act"}
    easel.key(KEY.Key_V, CTRL)
    assert easel.selected == {"dense2", "act2"}
    assert "dense2.out → act2.in" in easel.wires()
    assert easel.document.undo_stack.count() == 1
    shift = (place(easel, "dense2")[0] - 320.0, place(easel, "dense2")[1])
    assert shift != (0.0, 0.0)
    assert (place(easel, "act2")[0] - 600.0, place(easel, "act2")[1]) == shift


def test_pasting_twice_does_not_stack_exactly(easel: Easel) -> None:
    easel.selection.set({"dense"})
    easel.key(KEY.Key_C, CTRL)
    easel.view.commands.paste()
    easel.view.commands.paste()
    assert place(easel, "dense2") != place(easel, "dense3")


def test_cut_takes_away_in_one_step(easel: Easel) -> None:
    easel.selection.set({"conv"})
    easel.key(KEY.Key_X, CTRL)
    assert "conv" not in easel.graph
    assert easel.document.undo_stack.count() == 1
    easel.key(KEY.Key_V, CTRL)
    assert "conv" in easel.graph


def test_pasting_something_else_says_so_and_changes_nothing(easel: Easel) -> None:
    before = easel.document.project
    for text in ("hello", '{"a": 1}', ""):
        QGuiApplication.clipboard().setText(text)
        easel.key(KEY.Key_V, CTRL)
        assert easel.document.project is before
        assert "no blocks" in notices().history[-1].text


def test_blocks_come_back_out_of_a_chat(easel: Easel) -> None:
    easel.selection.set({"dense"})
    easel.key(KEY.Key_C, CTRL)
    text = QGuiApplication.clipboard().text()
    indented = text.replace("\n  ", "\n\u00a0\u00a0")  # what some chats make of spaces
    assert indented != text
    messages = (
        f"```json\n{text}\n```",
        f"Look {{1}}:\n{text}\nThat is it.",
        f"Mine:\n\n{indented}",
        f"{text}\nNow wire it.",
        f'Here:\n{text}\nGive it {{your input}}, the "x" of {{data}}. }}',
    )
    for message in messages:
        QGuiApplication.clipboard().setText(message)
        easel.key(KEY.Key_V, CTRL)
    pasted = {node_id for node_id in easel.graph.nodes if node_id.startswith("dense")}
    assert pasted == {"dense", *(f"dense{number}" for number in range(2, 7))}


def test_pasting_damaged_blocks_says_what_is_wrong(easel: Easel) -> None:
    before = easel.document.project
    easel.selection.set({"dense"})
    easel.key(KEY.Key_C, CTRL)
    QGuiApplication.clipboard().setText(QGuiApplication.clipboard().text()[:-20])
    easel.key(KEY.Key_V, CTRL)
    assert easel.document.project is before
    assert notices().history[-1].level == "error"


def test_duplicate_needs_no_clipboard(easel: Easel) -> None:
    QGuiApplication.clipboard().setText("mine")
    easel.selection.set({"dense", "act"})
    easel.key(KEY.Key_D, CTRL)
    assert easel.selected == {"dense2", "act2"}
    assert QGuiApplication.clipboard().text() == "mine"
    easel.undo()
    assert "dense2" not in easel.view.items_.blocks


# -- renaming --


def test_a_double_click_renames_in_place(easel: Easel) -> None:
    easel.double_click(easel.block("dense"))
    field = easel.view.rename_field
    assert field.isVisible()
    assert field.selectedText() == "dense"
    easel.type("hidden\r")
    assert "hidden" in easel.graph
    assert easel.view.items_.blocks["hidden"].face.title == "hidden"
    assert "hidden.out → act.in" in easel.wires()
    assert field.isHidden()
    assert easel.view.hasFocus()
    easel.undo()
    assert "dense" in easel.view.items_.blocks


def test_a_rename_keeps_selection_and_picture(easel: Easel) -> None:
    easel.view.set_thumbnail("dense", QImage(8, 8, QImage.Format.Format_RGB32))
    easel.click(easel.block("dense"))
    easel.key(KEY.Key_F2)
    easel.type("hidden\r")
    assert easel.selected == {"hidden"}
    assert easel.view.items_.blocks["hidden"].thumbnail is not None


@pytest.mark.parametrize(("name", "why"), [("act", "already"), ("forward", "PyTorch"), ("Big", "small letter")])
def test_a_refused_name_says_why_and_stays_open(easel: Easel, name: str, why: str) -> None:
    easel.selection.set({"dense"})
    easel.key(KEY.Key_F2)
    easel.type(name + "\r")
    assert why in easel.view.floats.hint.text
    assert easel.view.rename_field.isVisible()
    assert "dense" in easel.graph
    easel.type("\x1b")
    assert easel.view.rename_field.isHidden()
    assert easel.view.floats.hint.text == ""
    assert easel.document.undo_stack.count() == 0


def test_leaving_the_field_takes_the_name(easel: Easel) -> None:
    easel.double_click(easel.block("dense"))
    easel.type("hidden")
    easel.click(easel.spot(700, 400))
    easel.view.setFocus()
    assert "hidden" in easel.graph


def test_a_label_is_edited_where_there_is_one(qtbot: QtBot) -> None:
    project = make_project({"dense": ("Dense", (0.0, 0.0), {})})
    project, _ = edits.set_node(project, "dense", label="First layer")
    easel = make_easel(qtbot, project)
    easel.double_click(easel.block("dense"))
    easel.type("Hidden <b>layer</b>\r")
    assert easel.graph.node("dense").label == "Hidden <b>layer</b>"
    assert easel.view.items_.blocks["dense"].face.title == "Hidden <b>layer</b>"


# -- blocks without places --


def test_moving_one_block_writes_down_where_the_others_stand(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, small_net(placed=False))
    assert not len(easel.document.project.layout.nodes)
    before = {node_id: item.pos() for node_id, item in easel.view.items_.blocks.items()}
    start = easel.block("conv")
    easel.drag(start, start + QPoint(0, 80))
    layout = easel.document.project.layout.nodes
    assert set(layout) == set(before)
    moved = {node_id for node_id, pos in before.items() if QPointF(*layout[node_id]) != pos}
    assert moved == {"conv"}


def test_an_empty_canvas_says_what_to_do(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, Project())
    assert easel.view.floats.says_empty
    easel.drop("Dense", easel.spot(100, 100))
    assert not easel.view.floats.says_empty
    easel.undo()
    assert easel.view.floats.says_empty


def test_a_wide_block_put_into_a_wire_touches_neither_of_its_ends(qtbot: QtBot) -> None:
    easel = make_easel(
        qtbot,
        make_project(
            {
                "data": ("Input", (0.0, 0.0), {"dataset": "digits"}),
                "pool": ("MaxPool2d", (248.0, 0.0), {"kernel_size": 2}),
            },
            ("data.x > pool.in",),
        ),
    )
    (wire,) = easel.graph.wires()
    params = {"out_channels": 128, "kernel_size": [3, 5], "stride": [2, 3], "padding": [1, 2], "dilation": [2, 2]}
    name = adding.add_block(easel.view.stage, "Conv2d", Wish(QPointF(), wire=wire), params)
    assert name is not None
    blocks = easel.view.items_.blocks
    row = [blocks[each].area for each in ("data", name, "pool")]
    assert row[1].width() > 176
    assert all(before.right() + SPACING <= after.left() for before, after in pairwise(row))
