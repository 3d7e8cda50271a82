"""What hands do with wires: blocks put into them and taken out, dots, cuts, ends pulled off; and the ways they take."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from engine import edits, files
from engine.graph import Project
from gui.canvas.ground import Ground
from gui.canvas.routing import find_route
from tests.helpers.canvas import Easel, chain, make_easel, make_project, small_net

ALT, CTRL, SHIFT = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
KEY = Qt.Key
DENSE_ACT = ("dense", "out", "act", "in")


@pytest.fixture
def easel(qtbot: QtBot) -> Easel:
    return make_easel(qtbot, small_net())


def middle(easel: Easel, ends: tuple[str, str, str, str]) -> QPoint:
    place = easel.view.items_.wires.items[ends].middle
    return easel.spot(place.x(), place.y())


def via(easel: Easel, ends: tuple[str, str, str, str] = DENSE_ACT) -> tuple[tuple[float, float], ...]:
    return easel.graph.wire(ends).via  # type: ignore[no-any-return]


def with_dropout(place: tuple[float, float] = (600.0, 240.0)) -> Project:
    return edits.add_node(small_net(), "Dropout", place)[0]


def item_rect(easel: Easel, node_id: str) -> QRect:
    area = easel.view.items_.blocks[node_id].area
    return QRect(easel.spot(area.left(), area.top()), easel.spot(area.right(), area.bottom()))


# -- into wires --


def test_a_block_from_the_palette_goes_into_the_wire_it_is_dropped_on(easel: Easel) -> None:
    before = easel.document.project
    assert easel.drop("Dropout", middle(easel, DENSE_ACT))
    assert {"dense.out → dropout.in", "dropout.out → act.in"} <= easel.wires()
    assert "dense.out → act.in" not in easel.wires()
    assert easel.selected == {"dropout"}
    assert easel.document.undo_stack.count() == 1
    areas = [item.area for item in easel.view.items_.blocks.values()]
    assert not any(one.intersects(other) for one, other in itertools.combinations(areas, 2))
    easel.undo()
    assert easel.document.project == before


def test_a_block_that_does_not_fit_is_put_beside_and_told_why(easel: Easel) -> None:
    before = easel.wires()
    easel.drop("Conv2d", middle(easel, DENSE_ACT))
    assert easel.wires() == before
    assert "conv2d" in easel.graph.nodes
    assert "images" in easel.view.floats.hint.text


def test_a_block_without_an_output_says_so(easel: Easel) -> None:
    before = easel.wires()
    easel.drop("Input", middle(easel, DENSE_ACT))
    assert easel.wires() == before
    assert "input and an output" in easel.view.floats.hint.text


def test_a_free_block_dragged_over_a_wire_lights_it_and_goes_in(qtbot: QtBot) -> None:
    project = with_dropout()
    easel = make_easel(qtbot, project)
    start, item = easel.block("dropout"), easel.view.items_.wires.items[DENSE_ACT]
    centre = easel.view.items_.blocks["dropout"].area.center()
    goal = start + middle(easel, DENSE_ACT) - easel.spot(centre.x(), centre.y())
    easel.press(start)
    easel.carry(start, goal)
    assert item.mood == "lit"
    easel.move(goal, CTRL)
    assert item.mood == ""
    easel.move(goal)
    easel.release(goal)
    assert {"dense.out → dropout.in", "dropout.out → act.in"} <= easel.wires()
    assert easel.document.undo_stack.count() == 1
    easel.undo()
    assert easel.document.project == project


def test_escape_puts_a_block_held_over_a_wire_back(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, with_dropout())
    before, start = easel.document.project, easel.block("dropout")
    easel.press(start)
    easel.carry(start, middle(easel, DENSE_ACT))
    easel.key(KEY.Key_Escape)
    easel.release(middle(easel, DENSE_ACT))
    assert easel.document.project is before
    assert easel.view.items_.wires.items[DENSE_ACT].mood == ""


def test_a_wired_block_dragged_over_a_wire_only_moves(easel: Easel) -> None:
    before = easel.wires()
    easel.drag(easel.block("act"), easel.block("act") + QPoint(-140, 0))
    assert easel.wires() == before


# -- out of wires --


def test_alt_drag_takes_a_block_out_and_heals_the_wires(easel: Easel) -> None:
    before, start = easel.document.project, easel.block("act")
    easel.press(start, ALT)
    easel.carry(start, start + QPoint(0, 300), ALT)
    assert easel.view.items_.wires.items[DENSE_ACT].lifted
    assert easel.view.stage.overlay.strokes
    easel.release(start + QPoint(0, 300), ALT)
    assert "dense.out → loss.prediction" in easel.wires()
    assert not easel.graph.wires_into("act")
    assert not easel.graph.wires_out_of("act")
    assert not easel.view.stage.overlay.strokes
    assert easel.document.undo_stack.count() == 1
    easel.undo()
    assert easel.document.project == before


def test_a_block_taken_out_can_be_let_go_over_another_wire(easel: Easel) -> None:
    start, centre = easel.block("act"), easel.view.items_.blocks["act"].area.center()
    into = middle(easel, ("data", "x", "dense", "in"))
    easel.drag(start, start + into - easel.spot(centre.x(), centre.y()), ALT)
    assert easel.wires() == {"data.x → act.in", "act.out → dense.in", "dense.out → loss.prediction"}
    assert easel.document.undo_stack.count() == 1


def test_escape_leaves_a_block_in_its_wires(easel: Easel) -> None:
    before, start = easel.document.project, easel.block("act")
    easel.press(start, ALT)
    easel.carry(start, start + QPoint(0, 200), ALT)
    easel.key(KEY.Key_Escape)
    assert easel.document.project is before
    assert not easel.view.items_.wires.items[DENSE_ACT].lifted


# -- ends --


def test_a_wire_is_pulled_off_either_end(easel: Easel) -> None:
    item = easel.view.items_.wires.items[DENSE_ACT]
    start, end = item.ports
    near = easel.spot(start.x() + 25, start.y())
    easel.drag(near, easel.port("data", "out", "x"))
    assert "data.x → act.in" in easel.wires()
    assert "dense.out → act.in" not in easel.wires()
    assert easel.document.undo_stack.count() == 1
    easel.undo()
    easel.drag(easel.spot(end.x() - 25, end.y()), easel.spot(500, 450))
    assert "dense.out → act.in" not in easel.wires()
    assert easel.view.floats.search.isHidden()


def test_a_click_near_the_end_of_a_wire_selects_it(easel: Easel) -> None:
    start, _ = easel.view.items_.wires.items[DENSE_ACT].ports
    easel.click(easel.spot(start.x() + 25, start.y()))
    assert easel.view.items_.wires.chosen == {DENSE_ACT}
    assert easel.view.pointer.gesture is None


# -- dots --


def test_a_double_click_puts_a_dot_on_a_wire_and_another_takes_it_away(easel: Easel) -> None:
    before, at = easel.document.project, middle(easel, DENSE_ACT)
    easel.double_click(at)
    assert len(via(easel)) == 1
    assert easel.view.items_.wires.dots == {(DENSE_ACT, 0)}
    assert easel.document.undo_stack.count() == 1
    (dot,) = via(easel)
    easel.double_click(easel.spot(*dot))
    assert via(easel) == ()
    easel.undo()
    easel.undo()
    assert easel.document.project == before


def test_a_dot_is_dragged_saved_and_undone(easel: Easel) -> None:
    easel.double_click(middle(easel, DENSE_ACT))
    (dot,) = via(easel)
    easel.drag(easel.spot(*dot), easel.spot(dot[0], dot[1] + 83))
    (moved,) = via(easel)
    assert moved[1] - dot[1] == pytest.approx(83, abs=8)
    item = easel.view.items_.wires.items[DENSE_ACT]
    assert item.distance(QPointF(*moved)) < 1
    assert easel.document.undo_stack.count() == 2
    text = files.dumps(easel.document.project)
    assert files.loads(text).graph.wire(DENSE_ACT).via == (moved,)
    easel.undo()
    assert via(easel) == (dot,)
    assert item.distance(QPointF(*dot)) < 1


def test_dots_snap_level_with_the_ports(easel: Easel) -> None:
    easel.double_click(middle(easel, DENSE_ACT))
    (dot,) = via(easel)
    port = easel.view.items_.wires.items[DENSE_ACT].ports[0].y()
    easel.press(easel.spot(*dot))
    easel.carry(easel.spot(*dot), easel.spot(dot[0], dot[1] + 60))
    easel.move(easel.spot(dot[0], port + 3))
    assert easel.view.stage.overlay.guides
    easel.release(easel.spot(dot[0], port + 3))
    assert via(easel)[0][1] == pytest.approx(port, abs=0.01)


def test_delete_removes_the_selected_dot_and_leaves_the_wire(easel: Easel) -> None:
    easel.double_click(middle(easel, DENSE_ACT))
    easel.key(KEY.Key_Delete)
    assert via(easel) == ()
    assert "dense.out → act.in" in easel.wires()


def test_dots_keep_their_order_along_the_wire(easel: Easel) -> None:
    easel.double_click(middle(easel, DENSE_ACT))
    start, end = easel.view.items_.wires.items[DENSE_ACT].ports
    easel.double_click(easel.spot(start.x() + 22, start.y()))
    easel.double_click(easel.spot(end.x() - 22, end.y()))
    xs = [x for x, _ in via(easel)]
    assert len(xs) == 3
    assert xs == sorted(xs)


def test_dots_go_along_with_the_blocks_on_both_sides(easel: Easel) -> None:
    easel.double_click(middle(easel, DENSE_ACT))
    (dot,) = via(easel)
    easel.selection.set({"dense", "act"})
    easel.drag(easel.block("dense"), easel.block("dense") + QPoint(0, 160))
    assert via(easel) == ((dot[0], dot[1] + 160),)
    easel.undo()
    assert via(easel) == (dot,)
    assert easel.view.items_.wires.items[DENSE_ACT].dots == (dot,)


def test_copies_of_wires_bring_their_dots(easel: Easel) -> None:
    easel.double_click(middle(easel, DENSE_ACT))
    (dot,) = via(easel)
    easel.selection.set({"dense", "act"})
    easel.view.commands.duplicate()
    assert via(easel, ("dense2", "out", "act2", "in")) == ((dot[0] + 32, dot[1] + 32),)


# -- search from an input --


def test_what_is_offered_for_an_input_makes_values(easel: Easel) -> None:
    easel.drag(easel.port("conv", "in", "in"), easel.spot(160, 480))
    shown = easel.view.floats.search.shown()
    assert "Dense" in shown
    assert "Input" in shown
    assert "Loss" not in shown
    assert "Regularizer" not in shown
    easel.type("\x1b")


# -- muted --


def test_a_muted_block_passes_its_input_on_and_is_drawn_through(easel: Easel) -> None:
    item = easel.view.items_.blocks["act"]
    before = easel.view.grab(item_rect(easel, "act")).toImage()
    easel.selection.set({"act"})
    easel.view.commands.toggle_bypass()
    easel.selection.set(())
    plans = easel.document.result.nodes
    assert plans["loss"].sources["prediction"] == ("dense", "out")
    assert item.face.bypass
    shown = easel.view.grab(item_rect(easel, "act")).toImage()
    middle = shown.height() // 2
    assert shown.pixelColor(shown.width() * 3 // 4, middle) != before.pixelColor(before.width() * 3 // 4, middle)


# -- cutting --


def test_a_cut_takes_all_wires_it_crosses_in_one_step(easel: Easel) -> None:
    before = easel.document.project
    first, second = middle(easel, DENSE_ACT), middle(easel, ("act", "out", "loss", "prediction"))
    easel.press(first + QPoint(0, -60), CTRL | SHIFT)
    easel.move(first + QPoint(0, 60), CTRL | SHIFT)
    assert easel.view.items_.wires.items[DENSE_ACT].mood == "cut"
    assert easel.view.stage.overlay.strokes
    easel.move(second + QPoint(0, 60), CTRL | SHIFT)
    easel.move(second + QPoint(0, -60), CTRL | SHIFT)
    easel.release(second + QPoint(0, -60), CTRL | SHIFT)
    assert easel.wires() == {"data.x → dense.in"}
    assert easel.document.undo_stack.count() == 1
    assert not easel.view.stage.overlay.strokes
    easel.undo()
    assert easel.document.project == before
    assert easel.view.items_.wires.items[DENSE_ACT].mood == ""


def test_a_cut_beside_the_wires_or_left_by_escape_changes_nothing(easel: Easel) -> None:
    before, at = easel.document.project, middle(easel, DENSE_ACT)
    easel.drag(at + QPoint(-30, -80), at + QPoint(30, -80), CTRL | SHIFT)
    assert easel.document.project is before
    easel.press(at + QPoint(0, -60), CTRL | SHIFT)
    easel.move(at + QPoint(0, 60), CTRL | SHIFT)
    easel.key(KEY.Key_Escape)
    easel.release(at + QPoint(0, 60), CTRL | SHIFT)
    assert easel.document.project is before
    assert easel.view.items_.wires.items[DENSE_ACT].mood == ""


def test_a_cut_that_leaves_the_canvas_neither_scrolls_nor_cuts_what_is_not_seen(easel: Easel) -> None:
    seen, hidden = DENSE_ACT, ("act", "out", "loss", "prediction")
    wires = easel.view.items_.wires.items
    easel.view.camera.look_at(QPointF(wires[seen].middle.x(), wires[seen].middle.y()), 3.0, animated=False)
    centre, edge = easel.view.camera.centre, easel.view.width()
    start, outside = middle(easel, seen) + QPoint(0, -60), middle(easel, hidden)
    assert outside.x() > edge
    easel.press(start, CTRL | SHIFT)
    easel.move(middle(easel, seen) + QPoint(0, 60), CTRL | SHIFT)
    easel.move(outside + QPoint(0, 60), CTRL | SHIFT)
    easel.move(outside + QPoint(0, -60), CTRL | SHIFT)
    assert not easel.view.pointer.is_scrolling
    assert wires[hidden].mood == ""
    easel.move(start, CTRL | SHIFT)
    easel.release(start, CTRL | SHIFT)
    assert easel.view.camera.centre == centre
    assert easel.wires() == {"data.x → dense.in", "act.out → loss.prediction"}


# -- when another part of the window takes over --


@pytest.mark.parametrize("began", ["block", "wire", "band", "cut"])
def test_a_gesture_ends_without_effect_when_something_pops_up(easel: Easel, qtbot: QtBot, began: str) -> None:
    """What is under the palette of commands must not go on moving with the pointer."""
    start = {
        "block": easel.block("dense"),
        "wire": easel.port("data", "out", "y"),
        "band": easel.spot(200, 150),
        "cut": easel.spot(560, -30),
    }[began]
    keys = CTRL | SHIFT if began == "cut" else Qt.KeyboardModifier.NoModifier
    field = QLineEdit(easel.view)
    field.show()
    easel.view.activateWindow()
    easel.view.setFocus()
    qtbot.waitUntil(easel.view.hasFocus)
    before, end = easel.document.project, start + QPoint(30, 90)
    easel.press(start, keys)
    easel.carry(start, end, keys)
    assert easel.view.pointer.gesture is not None
    field.setFocus(Qt.FocusReason.PopupFocusReason)
    assert easel.view.pointer.gesture is None
    place = easel.view.items_.blocks["dense"].pos()
    easel.carry(end, start, keys)
    easel.release(start, keys)
    assert easel.document.project is before
    assert easel.view.items_.blocks["dense"].pos() == place == QPointF(320, 0)
    overlay = easel.view.stage.overlay
    assert (overlay.wire, overlay.band, overlay.strokes) == (None, None, [])


# -- ways --


def skip_over() -> Project:
    """A wire from the first block to the last, with a block straight between them."""
    return make_project(
        {
            "data": ("Input", (0.0, 100.0), {"dataset": "circle"}),
            "one": ("Dense", (300.0, 136.0), {"out_features": 2}),
            "add": ("Add", (600.0, 100.0), {}),
        },
        ("data.x > one.in", "one.out > add.a", "data.x > add.b"),
    )


def crosses(easel: Easel, ends: tuple[str, str, str, str], node_id: str) -> bool:
    area = easel.view.items_.blocks[node_id].area.adjusted(2, 2, -2, -2)
    path = easel.view.items_.wires.items[ends].path
    return any(area.contains(path.pointAtPercent(part / 200)) for part in range(201))


def test_a_wire_goes_around_a_block_in_its_way_and_straight_again_when_it_is_gone(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, skip_over())
    skip = ("data", "x", "add", "b")
    assert not crosses(easel, skip, "one")
    easel.drag(easel.block("one"), easel.block("one") + QPoint(0, 400))
    direct = easel.view.items_.wires.items[skip].path.length()
    easel.undo()
    assert easel.view.items_.wires.items[skip].path.length() > direct + 10
    assert not crosses(easel, skip, "one")


def test_a_wire_back_runs_above_or_below_what_lies_between(qtbot: QtBot) -> None:
    project = make_project(
        {
            "left": ("Activation", (0.0, 200.0), {}),
            "between": ("Activation", (300.0, 200.0), {}),
            "right": ("Activation", (600.0, 200.0), {}),
        },
        ("right.out > left.in",),
    )
    easel = make_easel(qtbot, project)
    back = ("right", "out", "left", "in")
    assert not any(crosses(easel, back, node_id) for node_id in project.graph.nodes)


def test_nothing_is_routed_where_nothing_is_in_the_way() -> None:
    ground = Ground()
    own = (("a", (0.0, 0.0, 160.0, 56.0)), ("b", (400.0, 0.0, 560.0, 56.0)))
    assert find_route((160.0, 28.0), (400.0, 28.0), ground, *own, lambda *_: False) is None


def test_wires_between_many_dragged_blocks_are_carried_as_they_are(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, chain(120))
    scene = easel.view.items_
    moved = [f"n{index}" for index in range(10, 90)]
    inside = [item for item in scene.wires.at(moved) if {item.wire.from_node, item.wire.to_node} <= {*moved}]
    assert any(item.path.elementCount() > 4 for item in inside)  # some go around others
    before = {item.wire.ends: (item.path.boundingRect(), item.path.elementCount()) for item in inside}
    scene.shift({name: scene.blocks[name].pos() + QPointF(24.0, 4000.0) for name in moved})
    for item in inside:
        rect, count = before[item.wire.ends]
        assert item.path.boundingRect() == rect.translated(24.0, 4000.0)
        assert item.path.elementCount() == count
    for item in scene.wires.at(moved):
        start, end = item.ports
        assert start == scene.blocks[item.wire.from_node].port_place("out", item.wire.from_port)
        assert end == scene.blocks[item.wire.to_node].port_place("in", item.wire.to_port)
        assert (item.path.pointAtPercent(0.0), item.path.pointAtPercent(1.0)) == (start, end)
