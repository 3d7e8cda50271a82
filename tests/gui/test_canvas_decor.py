"""Frames and notes on the canvas: with mouse and keys, and as the document then has them."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from rpds import HashTrieMap

from engine import decorations
from engine.decorations import Frame, Note
from engine.frozen import FrozenDict
from engine.graph import Group, Node, Project
from gui.canvas.decor_item import WHOLE
from gui.canvas.gestures.base import At
from gui.canvas.menu import context_menu
from gui.canvas.notes import NoteItem, SafeDocument
from tests.helpers.canvas import Easel, make_easel, small_net

CTRL, SHIFT, ALT = (
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
)


@pytest.fixture
def project() -> Project:
    """The small net with a frame around `dense` and `act`, and a note below on the right."""
    made, frame = decorations.add_frame(small_net(), (288.0, -56.0, 520.0, 152.0), "Body", "indigo")
    made, note = decorations.add_note(made, (640.0, 240.0, 200.0, 96.0), "# Why\n\nIt *learns*.")
    assert (frame, note) == ("frame1", "note1")
    return made


@pytest.fixture
def easel(qtbot, project) -> Easel:
    return make_easel(qtbot, project)


def place(easel: Easel, name: str) -> tuple[float, float]:
    item = decorations.decorations(easel.document.project.layout)[name]
    return (item.x, item.y)


def box(easel: Easel, name: str) -> tuple[float, float, float, float]:
    item = decorations.decorations(easel.document.project.layout)[name]
    return (item.x, item.y, item.width, item.height)


def stands(easel: Easel, node_id: str) -> tuple[float, float]:
    found: tuple[float, float] = easel.document.project.layout.nodes[node_id]
    shown = easel.view.items_.blocks[node_id].pos()
    assert (shown.x(), shown.y()) == found
    return found


TITLE = (400.0, -42.0)
"""A place on the title of the frame."""


# -- frames --


def test_a_frame_dragged_by_its_title_carries_what_stands_on_it(easel):
    easel.drag(easel.spot(*TITLE), easel.spot(TITLE[0] + 80, TITLE[1] + 160))
    assert place(easel, "frame1") == (368.0, 104.0)
    assert stands(easel, "dense") == (400.0, 160.0)
    assert stands(easel, "act") == (680.0, 160.0)
    assert stands(easel, "data") == (0.0, 0.0)
    assert stands(easel, "conv") == (320.0, 240.0)
    assert easel.document.undo_stack.undoText() == "Move the frame Body"
    easel.undo()
    assert place(easel, "frame1") == (288.0, -56.0)
    assert stands(easel, "dense") == (320.0, 0.0)
    assert easel.view.items_.decor.items["frame1"].pos().x() == 288.0
    assert not easel.document.undo_stack.canUndo()


def test_blocks_are_dropped_into_a_frame_and_out_of_it(easel):
    easel.drag(easel.block("act"), easel.block("act") + QPoint(0, 240), ALT)
    easel.drag(easel.block("loss"), easel.block("loss") + QPoint(-240, 0), ALT)
    easel.drag(easel.spot(*TITLE), easel.spot(TITLE[0], TITLE[1] - 80), ALT)
    assert stands(easel, "dense")[1] == -80.0
    assert stands(easel, "act") == (600.0, 240.0)
    assert stands(easel, "loss") == (640.0, -80.0)


def test_a_frame_held_with_ctrl_goes_where_the_hand_goes_as_blocks_do(easel):
    start = easel.spot(*TITLE)
    easel.press(start)
    easel.carry(start, start + QPoint(83, 167), CTRL)
    easel.release(start + QPoint(83, 167), CTRL)
    assert place(easel, "frame1") == (288.0 + 83.0, -56.0 + 167.0)


def test_a_frame_lights_up_while_a_block_is_dragged_onto_it(easel):
    frame = easel.view.items_.decor.items["frame1"]
    start = easel.block("conv")
    over = start + easel.spot(400.0, 20.0) - easel.spot(400.0, 260.0)
    easel.press(start)
    easel.carry(start, over)
    assert frame.welcoming
    easel.carry(over, start + QPoint(0, 40))
    assert not frame.welcoming
    easel.carry(start, over)
    easel.release(over)
    assert not frame.welcoming
    easel.press(easel.block("act"))
    easel.carry(easel.block("act"), easel.block("act") + QPoint(8, 8))
    easel.key(Qt.Key.Key_Escape)
    assert not frame.welcoming


def test_inside_a_frame_is_ground_for_the_rubber_band(easel):
    easel.drag(easel.spot(296.0, 84.0), easel.spot(380.0, 20.0))
    assert easel.selected == {"dense"}
    assert place(easel, "frame1") == (288.0, -56.0)


def test_the_rubber_band_takes_frames_it_holds_and_notes_it_touches(easel):
    easel.drag(easel.spot(270.0, -70.0), easel.spot(860.0, 260.0))
    assert easel.view.items_.decor.chosen == {"frame1", "note1"}
    assert {"dense", "act"} <= easel.selected
    easel.click(easel.spot(1100.0, 400.0))
    assert easel.view.items_.decor.chosen == frozenset()
    assert easel.selected == set()


@pytest.mark.parametrize(
    ("start", "way", "expected"),
    [
        ((808.0, 50.0), (64.0, 30.0), (288.0, -56.0, 584.0, 152.0)),
        ((288.0, 50.0), (-37.0, 30.0), (248.0, -56.0, 560.0, 152.0)),
        ((500.0, 96.0), (30.0, 48.0), (288.0, -56.0, 520.0, 200.0)),
        ((808.0, 96.0), (40.0, 80.0), (288.0, -56.0, 560.0, 232.0)),
        ((288.0, -56.0), (900.0, 900.0), (712.0, 32.0, *decorations.LEAST_FRAME)),
    ],
)
def test_edges_and_corners_resize_a_frame_and_leave_the_blocks(easel, start, way, expected):
    easel.drag(easel.spot(*start), easel.spot(start[0] + way[0], start[1] + way[1]))
    assert box(easel, "frame1") == expected
    assert stands(easel, "dense") == (320.0, 0.0)
    assert easel.document.undo_stack.undoText() == "Resize a frame"
    easel.undo()
    area = easel.view.items_.decor.items["frame1"].area
    assert (area.x(), area.y(), area.width(), area.height()) == (288.0, -56.0, 520.0, 152.0)


def test_the_pointer_says_which_way_an_edge_goes(easel):
    for at, cursor in (
        ((808.0, 50.0), Qt.CursorShape.SizeHorCursor),
        ((500.0, 96.0), Qt.CursorShape.SizeVerCursor),
        ((808.0, 96.0), Qt.CursorShape.SizeFDiagCursor),
        ((808.0, -56.0), Qt.CursorShape.SizeBDiagCursor),
        ((1100.0, 400.0), Qt.CursorShape.ArrowCursor),
    ):
        easel.move(easel.spot(*at))
        assert easel.viewport.cursor().shape() == cursor


def test_escape_puts_frame_and_blocks_back(easel):
    easel.press(easel.spot(*TITLE))
    easel.carry(easel.spot(*TITLE), easel.spot(700.0, 300.0))
    assert easel.view.items_.decor.items["frame1"].pos().x() != 288.0
    easel.key(Qt.Key.Key_Escape)
    assert easel.view.items_.decor.items["frame1"].pos().x() == 288.0
    assert stands(easel, "dense") == (320.0, 0.0)
    assert not easel.document.undo_stack.canUndo()


def test_frame_the_selection_and_name_it(easel):
    easel.selection.set({"conv"})
    easel.key(Qt.Key.Key_F, CTRL | SHIFT)
    frame = decorations.frames(easel.document.project.layout)[1]
    item = easel.view.items_.blocks["conv"]
    assert (frame.x, frame.y) == (288.0, 176.0)
    assert frame.x + frame.width >= item.area.right() + 16.0
    assert frame.color != "indigo"  # another than its neighbour's
    line = easel.view.decor_editor.line
    assert QApplication.focusWidget() == line
    easel.type("Stem")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert decorations.frames(easel.document.project.layout)[1].title == "Stem"
    assert QApplication.focusWidget() is easel.view
    easel.undo()
    easel.undo()
    assert len(decorations.frames(easel.document.project.layout)) == 1


def test_a_double_click_renames_in_place_and_escape_keeps_the_old_title(easel):
    easel.double_click(easel.spot(*TITLE))
    assert not easel.view.decor_editor.line.isHidden()
    easel.type("Other")
    QTest.keyClick(easel.view.decor_editor.line, Qt.Key.Key_Escape)
    assert easel.view.decor_editor.line.isHidden()
    assert decorations.frames(easel.document.project.layout)[0].title == "Body"
    assert not easel.document.undo_stack.canUndo()
    easel.click(easel.spot(*TITLE))
    easel.key(Qt.Key.Key_F2)
    easel.type("Trunk")
    easel.view.setFocus()  # going elsewhere takes what was typed
    assert decorations.frames(easel.document.project.layout)[0].title == "Trunk"


def test_deleting_a_frame_keeps_its_blocks(easel):
    easel.click(easel.spot(*TITLE))
    easel.key(Qt.Key.Key_Delete)
    assert decorations.frames(easel.document.project.layout) == ()
    assert {"dense", "act"} <= set(easel.graph.nodes)
    easel.undo()
    assert list(easel.view.items_.decor.items) == ["note1", "frame1"]


def test_colours_come_from_the_themes_list(easel, qtbot):
    at = easel.spot(*TITLE).toPointF()
    where = At(at, easel.view.camera.to_scene(at))
    menu = context_menu(easel.view.stage, easel.view.actions_, easel.view, where)
    qtbot.addWidget(menu)
    actions = {each.objectName(): each for sub in menu.findChildren(type(menu)) for each in sub.actions()}
    assert len(actions) == len(decorations.COLORS)
    assert actions["decorColor_indigo"].isChecked()
    actions["decorColor_rose"].trigger()
    assert decorations.frames(easel.document.project.layout)[0].color == "rose"


def test_a_frame_is_copied_with_what_stands_on_it_as_one_step(easel):
    easel.click(easel.spot(*TITLE))
    easel.key(Qt.Key.Key_D, CTRL)
    assert [frame.title for frame in decorations.frames(easel.document.project.layout)] == ["Body", "Body"]
    assert set(easel.graph.nodes) == {"data", "dense", "act", "loss", "conv", "dense2", "act2"}
    assert "dense2.out → act2.in" in easel.wires()
    assert place(easel, "frame2") == (320.0, -24.0)
    assert stands(easel, "dense2") == (352.0, 32.0)
    assert easel.view.items_.decor.chosen == {"frame2"}
    easel.undo()
    assert set(easel.graph.nodes) == {"data", "dense", "act", "loss", "conv"}
    assert easel.view.items_.decor.items.keys() == {"frame1", "note1"}


def test_cut_and_paste_bring_frame_note_and_blocks_back(easel):
    easel.key(Qt.Key.Key_A, CTRL)
    easel.key(Qt.Key.Key_X, CTRL)
    assert not easel.view.items_.decor.items
    assert not len(easel.graph)
    assert '"frames"' in QGuiApplication.clipboard().text()
    easel.view.commands.paste()
    shown = decorations.decorations(easel.document.project.layout).values()
    assert sorted(type(item).__name__ for item in shown) == ["Frame", "Note"]
    assert len(easel.graph) == 5


def test_arrow_keys_nudge_a_frame_with_its_blocks(easel):
    easel.click(easel.spot(*TITLE))
    easel.key(Qt.Key.Key_Right)
    easel.key(Qt.Key.Key_Right)
    assert place(easel, "frame1") == (304.0, -56.0)
    assert stands(easel, "act") == (616.0, 0.0)
    easel.undo()
    assert place(easel, "frame1") == (288.0, -56.0)


def test_a_selected_note_moves_along_with_a_block(easel):
    easel.click(easel.block("conv"))
    easel.click(easel.spot(700.0, 300.0), SHIFT)
    assert easel.selected == {"conv"}
    easel.drag(easel.block("conv"), easel.block("conv") + QPoint(0, 80), ALT)
    assert place(easel, "note1") == (640.0, 320.0)
    assert stands(easel, "conv") == (320.0, 320.0)
    easel.undo()
    assert place(easel, "note1") == (640.0, 240.0)


# -- notes --


def test_a_note_is_written_in_place(easel):
    easel.double_click(easel.spot(700.0, 300.0))
    page = easel.view.decor_editor.page
    assert page.toPlainText() == "# Why\n\nIt *learns*."
    easel.type("!")  # nothing that is there is lost by typing on
    assert page.toPlainText() == "# Why\n\nIt *learns*.!"
    page.selectAll()
    easel.type("plain")
    QTest.keyClick(page, Qt.Key.Key_Return)
    easel.type("words")
    QTest.keyClick(page, Qt.Key.Key_Return, CTRL)
    assert page.isHidden()
    assert decorations.notes(easel.document.project.layout)[0].text == "plain\nwords"
    assert easel.document.undo_stack.undoText() == "Write a note"


def test_a_new_note_is_written_at_once(easel):
    easel.key(Qt.Key.Key_N, CTRL | SHIFT)
    easel.type("**new**")
    QTest.keyClick(easel.view.decor_editor.page, Qt.Key.Key_Escape)  # nothing typed is lost
    item = easel.view.items_.decor.items["note2"]
    assert isinstance(item, NoteItem)
    assert item.laid_out().toPlainText() == "new"


def test_undoing_while_a_note_is_written_closes_the_page(easel):
    easel.key(Qt.Key.Key_N, CTRL | SHIFT)
    easel.undo()
    assert not easel.view.decor_editor.is_open
    assert easel.view.decor_editor.page.isHidden()
    assert easel.view.items_.decor.items.keys() == {"frame1", "note1"}


def test_notes_lie_above_wires_and_below_blocks(easel, qtbot):
    project, _ = decorations.add_note(easel.document.project, (496.0, -20.0, 112.0, 80.0), "over the wire")
    easel.document.edit("note", project)
    wire = next(iter(easel.view.items_.wires.items.values()))
    note, block = easel.view.items_.decor.items["note2"], easel.view.items_.blocks["dense"]
    assert wire.zValue() < note.zValue() < block.zValue()
    caught = easel.view.items_.decor.at(easel.view.camera.to_scene(easel.spot(550.0, 10.0).toPointF()))
    assert caught == (note, WHOLE)
    easel.click(easel.spot(550.0, 28.0))
    assert easel.view.items_.decor.chosen == {"note2"}
    assert not easel.view.items_.wires.chosen


def test_markdown_loads_nothing_and_runs_no_html(tmp_path, monkeypatch, qapp):
    picture = tmp_path / "secret.png"
    picture.write_bytes(b"not for notes")
    asked: list[Any] = []
    monkeypatch.setattr(SafeDocument, "loadResource", lambda self, kind, name: asked.append(name))
    document = SafeDocument()
    document.set_markdown(
        f"see ![the loss]({picture.as_uri()}) and ![far away](http://example.org/x.png)\n\n"
        f'<img src="{picture.as_uri()}"> <b>bold?</b> [link](http://example.org) `code`'
    )
    document.setTextWidth(200.0)
    text = document.toPlainText()
    assert "[the loss] and [far away]" in text
    assert "<b>bold?</b>" in text
    assert "￼" not in text  # no picture is left to be drawn
    assert asked == []


def test_safe_documents_answer_every_resource_with_nothing(tmp_path, qapp):
    page = tmp_path / "style.css"
    page.write_text("* { color: red }", encoding="utf-8")
    document = SafeDocument()
    kind = QTextDocument.ResourceType.StyleSheetResource
    assert document.resource(kind, page.as_uri()) is None
    assert QTextDocument().resource(kind, page.as_uri()) is not None  # as Qt would


# -- both --


def test_the_description_for_screen_readers_tells_of_them(easel):
    assert "1 note" not in easel.view.accessibleDescription()
    assert "2 frames and notes." in easel.view.accessibleDescription()
    easel.click(easel.spot(700.0, 300.0))
    assert easel.view.accessibleDescription().endswith("Selected: Note: Why It learns..")


def test_they_are_seen_from_afar_and_near(easel):
    for scale in (0.15, 0.4, 1.0):
        easel.view.camera.look_at(easel.view.items_.content_rect().center(), scale, animated=False)
        shown = easel.viewport.grab().toImage()
        item = easel.view.items_.decor.items["note1"]
        corner = easel.view.camera.to_view(item.area.bottomLeft()).toPoint() + QPoint(4, -4)
        assert shown.pixelColor(corner) != easel.view.items_.look.canvas.color()
        frame = easel.view.items_.decor.items["frame1"]
        ground = easel.view.camera.to_view(frame.area.bottomLeft()).toPoint()
        assert shown.pixelColor(ground + QPoint(5, -5)) != easel.view.items_.look.canvas.color()


def test_another_document_brings_its_own(easel):
    easel.document.replace(Project())
    assert easel.view.items_.decor.items == {}
    project, _ = decorations.add_note(Project(), (0.0, 0.0, 100.0, 50.0), "only this")
    easel.document.replace(project)
    assert list(easel.view.items_.decor.items) == ["note1"]
    assert not easel.view.floats.says_empty


def test_frames_and_notes_keep_their_kind_when_ids_are_reused(easel):
    here = easel.document.project
    swapped = decorations.put(
        decorations.remove(here, {"frame1", "note1"}),
        Note("frame1", "now a note", "teal", 0.0, 200.0, 120.0, 60.0),
        Frame("note1", "now a frame", "teal", 0.0, 300.0, 120.0, 80.0),
    )
    easel.document.edit("swap", swapped)
    items = easel.view.items_.decor.items
    assert isinstance(items["frame1"], NoteItem)
    assert not isinstance(items["note1"], NoteItem)


def test_undoing_work_inside_a_group_goes_there(qtbot):
    inner, frame = decorations.add_frame(Project(), (0.0, 0.0, 200.0, 100.0), "Inside")
    group = Group(small_net().graph, layout=inner.layout)
    graph, _ = small_net().graph.add(Node("uses", "Group", FrozenDict({"group": "Net"})))
    easel = make_easel(qtbot, Project(graph=graph, groups=HashTrieMap({"Net": group})))
    assert easel.view.open_group("uses")
    assert list(easel.view.items_.decor.items) == [frame]
    easel.view.decor_commands.write(frame, "Renamed")
    inside = easel.document.project.groups["Net"].layout
    assert decorations.frames(inside)[0].title == "Renamed"
    easel.view.leave_group()
    assert easel.view.items_.decor.items == {}
    easel.undo()
    assert easel.view.stage.document.path == ("uses",)
    shown = easel.view.items_.decor.items[frame].decoration
    assert isinstance(shown, Frame)
    assert shown.title == "Inside"


def test_a_note_goes_to_free_ground_that_is_seen(easel):
    """Where blocks or notes are, the nearest place beside them; where nothing is, there."""
    view = easel.view
    block = view.items_.blocks["dense"].area
    view.decor_commands.add_note(block.center())
    view.decor_editor.commit()
    view.decor_commands.add_note(block.center())
    view.decor_editor.commit()
    notes = [item.area for name, item in view.items_.decor.items.items() if name.startswith("note")]
    for area in notes[1:]:
        assert not view.items_.is_taken(area)
        assert view.camera.visible().contains(area)
        assert not any(area.intersects(other) for other in notes if other is not area)
    free = view.camera.visible().bottomLeft() + QPointF(160.0, -80.0)
    assert not view.items_.is_taken(QRectF(free.x() - 140.0, free.y() - 60.0, 280.0, 120.0))
    view.decor_commands.add_note(free)
    view.decor_editor.commit()
    last = list(view.items_.decor.items.values())[-1].area
    assert abs(last.center().x() - free.x()) <= 8.0
    assert abs(last.center().y() - free.y()) <= 8.0
