"""What a screen reader is told of the canvas."""

from __future__ import annotations

import gc
from graphlib import CycleError, TopologicalSorter
from types import SimpleNamespace
from typing import Any

import pytest
import shiboken6
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF
from PySide6.QtGui import QAccessible

from engine import decorations, edits
from engine.block import block_named
from engine.graph import Wire
from gui.canvas.access import canvas as module
from gui.canvas.access.canvas import offer_to_screen_readers
from gui.canvas.access.order import reading_order
from gui.canvas.view import CanvasView
from gui.document import Document
from gui.selection import Selection
from tests.helpers.canvas import chain, make_easel, small_net

NAME, VALUE, HELP = QAccessible.Text.Name, QAccessible.Text.Value, QAccessible.Text.Help
DESCRIPTION = QAccessible.Text.Description


@pytest.fixture(autouse=True, scope="module")
def _offered(qapp):
    offer_to_screen_readers()


@pytest.fixture
def easel(qtbot):
    return make_easel(qtbot, small_net())


def interface(easel):
    return QAccessible.queryAccessibleInterface(easel.view)


def children(part):
    return [part.child(index) for index in range(part.childCount())]


def named(part, name):
    return next(child for child in children(part) if child.text(NAME) == name)


def test_the_canvas_is_a_list_of_blocks_in_the_order_of_the_computation(easel):
    canvas = interface(easel)
    assert (canvas.role(), canvas.text(NAME)) == (QAccessible.Role.List, "Canvas")
    names = [child.text(NAME) for child in children(canvas)]
    assert names == ["data", "dense", "conv", "act", "loss"]
    assert [canvas.indexOfChild(child) for child in children(canvas)] == list(range(5))
    assert all(child.parent() is canvas for child in children(canvas))
    assert canvas.child(5) is None


def test_a_block_says_what_it_is_where_it_stands_and_what_is_wrong(easel):
    block = named(interface(easel), "act")
    assert block.role() == QAccessible.Role.ListItem
    assert block.text(VALUE) == "tanh"
    assert block.text(HELP) == block_named("Activation").doc
    assert block.text(DESCRIPTION) == "Activation, block 4 of 5. reads dense.out. goes to loss.prediction."
    wrong = named(interface(easel), "loss")
    assert wrong.state().invalid
    assert not block.state().invalid
    assert "target" in wrong.text(DESCRIPTION)


def test_a_block_says_what_a_comparison_wrote_on_it(easel):
    easel.view.set_live_text("act", "was tanh", "warning")
    assert named(interface(easel), "act").text(DESCRIPTION).startswith("Activation, block 4 of 5. was tanh. reads")
    easel.view.set_live_text("act", "")
    assert "was" not in named(interface(easel), "act").text(DESCRIPTION)


def test_ports_and_wires_can_be_walked(easel):
    canvas = interface(easel)
    data = named(canvas, "data")
    assert [port.text(NAME) for port in children(data)] == ["x", "y"]
    port = named(data, "x")
    assert port.role() == QAccessible.Role.Button
    assert port.text(VALUE) == "N × 2"
    assert port.text(DESCRIPTION) == "Output of data, values, N × 2, connected"
    [wire] = children(port)
    assert wire.role() == QAccessible.Role.Link
    assert wire.text(NAME) == "data.x → dense.in"
    assert wire.text(DESCRIPTION) == "Wire from data.x to dense.in"
    assert wire.parent() is port
    ends = {flag: part for part, flag in wire.relations()}
    assert ends[QAccessible.RelationFlag.FlowsTo].text(DESCRIPTION).startswith("Input of dense")
    target = named(named(canvas, "loss"), "target")
    assert target.text(DESCRIPTION) == "Input of loss, targets, must be connected"
    assert target.childCount() == 0


def test_relations_lead_along_the_wires(easel):
    flows = {(part.text(NAME), flag.name) for part, flag in named(interface(easel), "dense").relations()}
    assert flows == {("data", "FlowsFrom"), ("act", "FlowsTo")}


def test_places_are_those_on_the_screen(easel):
    canvas = interface(easel)
    for child in children(canvas):
        centre = child.rect().center()
        assert canvas.childAt(centre.x(), centre.y()) is child
    block = easel.view.items_.blocks["dense"]
    assert named(canvas, "dense").rect().width() == pytest.approx(block.area.width(), abs=2)


def test_the_selected_block_has_the_focus(easel):
    canvas = interface(easel)
    easel.view.setFocus()
    assert canvas.focusChild() is None
    easel.selection.set({"act"})
    assert canvas.focusChild() is named(canvas, "act")
    assert named(canvas, "act").state().selected
    assert not named(canvas, "dense").state().selected


def test_what_is_gone_is_no_longer_valid_and_what_is_new_is_there(easel):
    canvas = interface(easel)
    kept, gone = named(canvas, "dense"), named(canvas, "act")
    wire = children(named(kept, "out"))[0]
    document = easel.document
    document.edit("remove", *edits.remove_nodes(document.project, {"act"}))
    assert kept.isValid()
    assert [child.text(NAME) for child in children(canvas)] == ["data", "dense", "conv", "loss"]
    assert children(named(kept, "out")) == []
    document.edit("wire", *edits.connect(document.project, Wire("dense", "out", "loss", "prediction")))
    assert children(named(kept, "out"))[0].text(NAME) == "dense.out → loss.prediction"
    del gone, wire
    gc.collect()
    easel.undo()
    easel.undo()
    assert [child.text(NAME) for child in children(canvas)] == ["data", "dense", "conv", "act", "loss"]


def test_a_closed_canvas_leaves_nothing_behind(qtbot):
    before = len(module._made)
    document, selection = Document(small_net()), Selection()
    view = CanvasView(document, selection)
    part = QAccessible.queryAccessibleInterface(view).child(0)
    assert len(module._made) == before + 1
    shiboken6.delete(view)
    assert len(module._made) == before
    assert not shiboken6.isValid(part)


def test_a_long_chain_is_read_in_order(qtbot):
    easel = make_easel(qtbot, chain(400))
    assert reading_order(easel.view.items_) == [f"n{index}" for index in range(400)]


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14))
def test_every_block_is_read_once_and_after_its_sources_unless_there_is_a_loop(pairs):
    ends = {(f"n{a}", "out", f"n{b}", "in") for a, b in pairs if a != b}
    scene: Any = SimpleNamespace(
        blocks={f"n{index}": SimpleNamespace(pos=lambda index=index: QPointF(-index, 0.0)) for index in range(8)},
        wires=SimpleNamespace(items=dict.fromkeys(ends)),
    )
    order = reading_order(scene)
    assert sorted(order) == sorted(scene.blocks)
    place = {name: index for index, name in enumerate(order)}
    try:
        list(TopologicalSorter({node: [a for a, _, b, _ in ends if b == node] for node in order}).static_order())
    except CycleError:
        return
    assert all(place[start] < place[end] for start, _, end, _ in ends)


def test_frames_and_notes_come_after_the_blocks(easel):
    project, _ = decorations.add_frame(easel.document.project, (288.0, -56.0, 520.0, 152.0), "Body", "indigo")
    project, _ = decorations.add_note(project, (640.0, 240.0, 200.0, 96.0), "It **learns**.")
    easel.document.edit("decorate", project)
    canvas = interface(easel)
    frame, note = children(canvas)[5:]
    assert (frame.role(), note.role()) == (QAccessible.Role.Grouping, QAccessible.Role.Note)
    assert (frame.text(NAME), note.text(NAME)) == ("Frame Body", "Note: It learns.")
    assert frame.text(DESCRIPTION) == "Around dense, act."
    assert note.text(VALUE) == "It **learns**."
    assert [canvas.indexOfChild(part) for part in (frame, note)] == [5, 6]
    assert canvas.child(7) is None
    assert canvas.childAt(note.rect().center().x(), note.rect().center().y()) is note
    easel.click(easel.spot(700.0, 300.0))
    assert note.state().selected
    assert not frame.state().selected
    assert canvas.focusChild() is note
    easel.document.undo_stack.undo()
    assert canvas.childCount() == 5
    assert not note.isValid()
