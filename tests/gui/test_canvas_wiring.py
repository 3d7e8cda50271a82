"""Wires drawn with a real mouse."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from engine import edits
from gui.canvas.geometry import CATCH
from tests.helpers.canvas import Easel, make_easel, make_project, small_net


@pytest.fixture
def easel(qtbot: QtBot) -> Easel:
    return make_easel(qtbot, small_net())


def hint(easel: Easel) -> str:
    return easel.view.floats.hint.text


def button(easel: Easel, text: str) -> QPushButton:
    return next(each for each in easel.view.floats.hint.buttons() if each.text() == text)


def test_a_drag_from_output_to_input_connects(easel: Easel) -> None:
    easel.drag(easel.port("data", "out", "y"), easel.port("loss", "in", "target"))
    assert "data.y → loss.target" in easel.wires()
    assert ("data", "y", "loss", "target") in easel.view.items_.wires.items
    assert easel.document.undo_stack.count() == 1
    assert not [problem for problem in easel.document.result.errors if problem.node == "loss"]


def test_a_drag_from_input_to_output_connects_too(easel: Easel) -> None:
    easel.drag(easel.port("loss", "in", "target"), easel.port("data", "out", "y"))
    assert "data.y → loss.target" in easel.wires()


def test_ports_are_caught_from_afar(easel: Easel) -> None:
    assert CATCH * 2 >= 24
    off = QPoint(8, 8)
    easel.drag(easel.port("data", "out", "y") + off, easel.port("loss", "in", "target") - off)
    assert "data.y → loss.target" in easel.wires()


def test_a_drop_on_a_block_takes_the_port_that_fits(easel: Easel) -> None:
    easel.drag(easel.port("data", "out", "y"), easel.block("loss"))
    assert "data.y → loss.target" in easel.wires()


def test_two_clicks_connect_without_dragging(easel: Easel) -> None:
    easel.click(easel.port("data", "out", "y"))
    assert easel.view.pointer.gesture is not None
    easel.move(QPoint(500, 300))
    assert easel.view.stage.overlay.wire is not None
    easel.click(easel.port("loss", "in", "target"))
    assert "data.y → loss.target" in easel.wires()
    assert easel.view.pointer.gesture is None


def test_a_shape_that_does_not_fit_is_refused_with_the_reason(easel: Easel) -> None:
    before = easel.wires()
    easel.drag(easel.port("data", "out", "x"), easel.port("conv", "in", "in"))
    assert easel.wires() == before
    assert easel.document.undo_stack.count() == 0
    assert "conv" in hint(easel)
    assert "images" in hint(easel)


def test_the_reason_shows_before_the_drop_and_the_wire_is_marked(easel: Easel) -> None:
    start, end = easel.port("data", "out", "x"), easel.port("conv", "in", "in")
    easel.press(start)
    easel.carry(start, end)
    wire = easel.view.stage.overlay.wire
    assert wire is not None
    assert wire.refused
    assert "images" in hint(easel)
    easel.carry(end, QPoint(700, 500))
    assert hint(easel) == ""
    easel.key(Qt.Key.Key_Escape)


def test_a_refused_wire_can_be_drawn_anyway(easel: Easel) -> None:
    easel.drag(easel.port("data", "out", "x"), easel.port("conv", "in", "in"))
    button(easel, "Connect anyway").click()
    assert "data.x → conv.in" in easel.wires()
    assert hint(easel) == ""
    assert easel.view.items_.wires.items["data", "x", "conv", "in"].wrong
    assert easel.view.items_.blocks["conv"].face.severity == "error"


def test_a_refusal_offers_the_quick_fix(qtbot: QtBot) -> None:
    project = make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "digits"}),
            "dense": ("Dense", (320.0, 0.0), {}),
        }
    )
    easel = make_easel(qtbot, project)
    easel.drag(easel.port("data", "out", "x"), easel.port("dense", "in", "in"))
    button(easel, "Insert Flatten").click()
    assert easel.wires() == {"data.x → flatten.in", "flatten.out → dense.in"}
    assert not [problem for problem in easel.document.result.errors if problem.node is not None]
    assert easel.document.undo_stack.count() == 1
    blocks = easel.view.items_.blocks
    assert not blocks["flatten"].area.intersects(blocks["data"].area)
    assert not blocks["flatten"].area.intersects(blocks["dense"].area)
    easel.undo()
    assert easel.document.project == project


def test_what_a_refusal_offers_is_read_in_full_and_goes_with_the_next_edit(qtbot: QtBot) -> None:
    project = make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "spiral"}),
            "dense": ("Dense", (320.0, 0.0), {}),
            "loss": ("Loss", (640.0, 0.0), {"function": "mse"}),
        },
        ("data.x > dense.in", "dense.out > loss.prediction"),
    )
    easel = make_easel(qtbot, project)
    easel.drag(easel.port("data", "out", "y"), easel.port("loss", "in", "target"))
    offered = easel.view.floats.hint.buttons()
    assert [each.text() for each in offered] == ["Give the layer before it 1 output", "Connect anyway"]
    for each in offered:
        assert each.width() >= each.sizeHint().width(), each.text()
        assert easel.view.floats.hint.rect().contains(each.geometry().translated(each.parentWidget().pos()))
    project, touched, _ = edits.add_node(easel.document.project, "Dense", (0.0, 300.0))
    easel.document.edit("elsewhere", project, touched)
    assert not hint(easel), "it spoke of a network that is no more"


def test_a_loop_is_refused_and_named(easel: Easel) -> None:
    project, touched = edits.disconnect(easel.document.project, easel.graph.wires_into("dense"))
    easel.document.edit("cut", project, touched)
    before = easel.wires()
    easel.drag(easel.port("act", "out", "out"), easel.port("dense", "in", "in"))
    assert easel.wires() == before
    assert hint(easel).startswith("Loop: dense → act → dense")
    assert not easel.view.floats.hint.buttons()


def test_two_outputs_cannot_be_joined(easel: Easel) -> None:
    before = easel.wires()
    easel.drag(easel.port("data", "out", "x"), easel.port("conv", "out", "out"))
    assert easel.wires() == before
    assert "outputs" in hint(easel)


def test_a_second_wire_into_an_input_replaces_the_first(easel: Easel) -> None:
    easel.drag(easel.port("dense", "out", "out"), easel.port("loss", "in", "prediction"))
    assert "dense.out → loss.prediction" in easel.wires()
    assert "act.out → loss.prediction" not in easel.wires()
    assert easel.document.undo_stack.count() == 1
    easel.undo()
    assert "act.out → loss.prediction" in easel.wires()


def test_a_wire_dragged_off_its_input_is_gone(easel: Easel) -> None:
    easel.drag(easel.port("act", "in", "in"), easel.spot(500, 400))
    assert "dense.out → act.in" not in easel.wires()
    assert easel.view.floats.search.isHidden()
    assert easel.document.undo_stack.count() == 1


def test_a_wire_carried_to_another_input_is_rewired_in_one_step(easel: Easel) -> None:
    easel.drag(easel.port("loss", "in", "prediction"), easel.port("loss", "in", "target"))
    assert "act.out → loss.target" in easel.wires()
    assert "act.out → loss.prediction" not in easel.wires()
    assert easel.document.undo_stack.count() == 1


def test_a_wire_put_back_changes_nothing(easel: Easel) -> None:
    here, before = easel.port("act", "in", "in"), easel.document.project
    easel.press(here)
    easel.carry(here, easel.spot(500, 300))
    assert easel.view.items_.wires.items["dense", "out", "act", "in"].lifted
    easel.carry(easel.spot(500, 300), here)
    easel.release(here)
    assert easel.document.project is before
    assert not easel.view.items_.wires.items["dense", "out", "act", "in"].lifted


def test_only_fitting_ports_light_up(easel: Easel, qtbot: QtBot) -> None:
    start = easel.port("data", "out", "x")
    easel.press(start)
    easel.carry(start, QPoint(500, 450))
    blocks = easel.view.items_.blocks
    qtbot.waitUntil(lambda: ("in", "in") in blocks["dense"].lit and ("in", "in") in blocks["act"].lit)
    assert blocks["conv"].lit == frozenset()
    assert blocks["data"].lit == frozenset()
    assert easel.view.items_.look.wiring
    easel.key(Qt.Key.Key_Escape)
    assert blocks["dense"].lit == frozenset()
    assert not easel.view.items_.look.wiring


@pytest.mark.parametrize("port", [("data", "out", "y"), ("act", "in", "in")])
def test_escape_leaves_everything_as_it_was(easel: Easel, port: tuple[str, str, str]) -> None:
    before, start = easel.document.project, easel.port(*port)  # type: ignore[arg-type]
    easel.press(start)
    easel.carry(start, easel.port("loss", "in", "target"))
    easel.key(Qt.Key.Key_Escape)
    assert easel.view.pointer.gesture is None
    assert easel.view.stage.overlay.wire is None
    easel.release(easel.port("loss", "in", "target"))
    assert easel.document.project is before


def test_another_button_cancels(easel: Easel) -> None:
    before, start = easel.document.project, easel.port("data", "out", "y")
    easel.press(start)
    easel.carry(start, easel.port("loss", "in", "target"))
    easel.press(QPoint(600, 400), button=Qt.MouseButton.RightButton)
    spot = QPoint(600, 400)
    menu = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, easel.viewport.mapToGlobal(spot))
    QApplication.sendEvent(easel.viewport, menu)
    assert not easel.view.findChildren(QMenu, "canvasMenu")
    easel.release(easel.port("loss", "in", "target"))
    assert easel.document.project is before
    assert easel.view.stage.overlay.wire is None


def test_an_edit_from_elsewhere_cancels(easel: Easel) -> None:
    start = easel.port("act", "in", "in")
    easel.press(start)
    easel.carry(start, QPoint(500, 300))
    project, touched = edits.remove_nodes(easel.document.project, {"act"})
    easel.document.edit("elsewhere", project, touched)
    assert easel.view.pointer.gesture is None
    easel.release(QPoint(500, 300))
    assert easel.document.undo_stack.count() == 1


def test_dropping_in_the_void_offers_what_fits_and_connects_the_choice(easel: Easel) -> None:
    easel.drag(easel.port("data", "out", "x"), easel.spot(500, 480))
    search = easel.view.floats.search
    assert not search.isHidden()
    assert "Dense" in search.shown()
    assert "Conv2d" not in search.shown()
    assert "Input" not in search.shown()
    easel.type("dense")
    assert search.shown()[0] == "Dense"
    easel.type("\r")
    assert search.isHidden()
    assert "data.x → dense2.in" in easel.wires()
    place = easel.view.items_.blocks["dense2"].port_place("in", "in")
    assert place is not None
    assert abs(place.x() - 500) <= 8
    assert abs(place.y() - 480) <= 8
    assert easel.document.undo_stack.count() == 1


def test_the_search_left_adds_nothing(easel: Easel) -> None:
    before = easel.document.project
    easel.drag(easel.port("data", "out", "x"), easel.spot(500, 480))
    easel.type("\x1b")
    assert easel.view.floats.search.isHidden()
    assert easel.document.project is before
    assert easel.view.hasFocus()


def test_dragging_from_an_input_into_the_void_offers_sources(easel: Easel) -> None:
    easel.drag(easel.port("conv", "in", "in"), easel.spot(160, 480))
    easel.type("input\r")
    assert "input.x → conv.in" in easel.wires()
