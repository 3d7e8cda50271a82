"""What the canvas shows, from near and far, and how it is looked at."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QImage, QNativeGestureEvent, QPointingDevice
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from engine import edits
from engine.graph import Graph, Node, Project, Wire
from gui.canvas.look import FULL_FROM, NAMES_FROM, SUMMARIES_FROM, Detail
from gui.canvas.pointer import FASTEST
from gui.theme import theme
from tests.helpers.canvas import MIDDLE, Easel, chain, make_easel, make_project, small_net

CTRL = Qt.KeyboardModifier.ControlModifier
KEY = Qt.Key


@pytest.fixture
def easel(qtbot: QtBot) -> Easel:
    return make_easel(qtbot, small_net())


# -- blocks --


def test_a_block_shows_name_summary_and_number_of_parameters(easel: Easel) -> None:
    face = easel.view.items_.blocks["dense"].face
    assert face.title == "dense"
    assert face.category == "layers"
    assert "1 unit" in face.summary
    assert face.summary.endswith("3 params")


def test_ports_have_the_kind_their_block_gives_them(easel: Easel) -> None:
    kinds = {port.name: port.kind for port in easel.view.items_.blocks["loss"].face.inputs}
    assert kinds == {"prediction": "value", "target": "target"}
    assert easel.view.items_.blocks["loss"].face.outputs[0].kind == "scalar"


def test_ports_are_labelled_only_where_there_are_several(easel: Easel) -> None:
    easel.view.grab()
    blocks = easel.view.items_.blocks
    assert [text.text() for text, _, _ in blocks["data"].labels] == ["x", "y"]
    assert blocks["dense"].labels == []


def test_wires_carry_their_shape(easel: Easel) -> None:
    wires = easel.view.items_.wires.items
    assert wires["data", "x", "dense", "in"].label == "N × 2"
    assert wires["dense", "out", "act", "in"].label == "N × 1"
    project, touched = edits.set_params(easel.document.project, "dense", {"out_features": 5})
    easel.document.edit("wider", project, touched)
    assert wires["dense", "out", "act", "in"].label == "N × 5"
    assert wires["act", "out", "loss", "prediction"].label == "N × 5"


def test_what_is_not_connected_yet_marks_the_port_and_not_the_block(easel: Easel) -> None:
    face = easel.view.items_.blocks["conv"].face
    assert face.severity == "error"
    assert face.unfinished
    assert face.inputs[0].missing
    assert not face.inputs[0].wrong


def test_a_shape_that_does_not_fit_marks_block_port_and_wire(easel: Easel) -> None:
    project, touched = edits.connect(easel.document.project, Wire("data", "x", "conv", "in"))
    easel.document.edit("wrong", project, touched)
    face = easel.view.items_.blocks["conv"].face
    assert not face.unfinished
    assert face.inputs[0].wrong
    wires = easel.view.items_.wires.items
    assert wires["data", "x", "conv", "in"].wrong
    assert not wires["data", "x", "dense", "in"].wrong


def test_blocks_are_as_wide_as_their_text_within_bounds(qtbot: QtBot) -> None:
    long = "a" + "b" * 39
    easel = make_easel(qtbot, make_project({long: ("Dense", (0.0, 0.0), {}), "b": ("Dense", (400.0, 0.0), {})}))
    wide, narrow = easel.view.items_.blocks[long], easel.view.items_.blocks["b"]
    assert narrow.body.width() < wide.body.width() <= 256
    easel.view.grab()
    assert wide.name_text.text().endswith("…")
    assert wide.name_text.size().width() <= wide.title_rect().width()


def test_an_unknown_block_is_shown_with_the_ports_its_wires_name(qtbot: QtBot) -> None:
    graph, _ = Graph().add(Node("data", "Input"), Node("odd", "Quux"))
    graph, _ = graph.connect(Wire("data", "x", "odd", "left"), Wire("data", "y", "odd", "right"))
    easel = make_easel(qtbot, Project(graph=graph))
    face = easel.view.items_.blocks["odd"].face
    assert [port.name for port in face.inputs] == ["left", "right"]
    assert face.category == ""
    easel.view.grab()


def test_markup_in_a_label_is_written_as_it_is(qtbot: QtBot) -> None:
    project, _ = edits.set_node(make_project({"dense": ("Dense", (0.0, 0.0), {})}), "dense", label="<b>x</b>")
    easel = make_easel(qtbot, project)
    easel.view.grab()
    text = easel.view.items_.blocks["dense"].name_text
    assert text.text() == "<b>x</b>"
    assert text.textFormat() == Qt.TextFormat.PlainText


def test_labels_on_wires_keep_clear_of_blocks_and_of_each_other(qtbot: QtBot) -> None:
    project = make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "spiral"}),
            "dense": ("Dense", (600.0, 0.0), {}),
            "wide": ("Dense", (600.0, 8.0), {}),
            "between": ("Dense", (320.0, 0.0), {}),
        },
        ("data.x > dense.in", "data.x > wide.in"),
    )
    easel = make_easel(qtbot, project)
    easel.view.grab()
    shown = [item for item in easel.view.items_.wires.items.values() if item.label_box is not None]
    boxes = [box for item in shown if (box := item.label_box) is not None]
    assert boxes
    for index, box in enumerate(boxes):
        assert not any(block.area.intersects(box) for block in easel.view.items_.blocks.values())
        assert not any(box.intersects(other) for other in boxes[:index])


def test_labels_keep_clear_of_a_block_carried_over_them_and_come_back(qtbot: QtBot) -> None:
    nodes: dict[str, tuple[str, tuple[float, float], dict[str, Any]]] = {
        "data": ("Input", (0.0, 0.0), {"dataset": "spiral"})
    }
    nodes |= {f"d{index}": ("Dense", (300.0 * (index % 3) + 300.0, 90.0 * (index // 3)), {}) for index in range(9)}
    wires = ["data.x > d0.in", *(f"d{index}.out > d{index + 1}.in" for index in range(8))]
    easel = make_easel(qtbot, make_project(nodes, tuple(wires)))
    scene, chance = easel.view.items_, random.Random(3)
    for turn in range(60):
        scene.shift({f"d{chance.randrange(9)}": QPointF(chance.randrange(0, 1200), chance.randrange(0, 300))})
        asked = list(scene.wires.items.values())[: chance.randrange(8) if turn % 3 else None]
        boxes = [box for item in asked if (box := item.label_box) is not None]
        for index, box in enumerate(boxes):
            assert not any(block.area.intersects(box) for block in scene.blocks.values())
            assert not any(box.intersects(other) for other in boxes[:index])
        if len(asked) == len(wires):  # sought anew, none is found that was hidden, and none is lost
            shown = [item for item in asked if item.label_box is not None]
            scene.look.stir()
            assert all(item.label_box is not None for item in shown)
            assert all(item.label_box is None for item in asked if item not in shown)


def test_a_warning_is_amber_and_an_error_red(qtbot: QtBot) -> None:
    project = make_project(
        {
            "data": ("Input", (0.0, 0.0), {"dataset": "spiral"}),
            "dense": ("Dense", (320.0, 0.0), {"out_features": 1}),
            "loss": ("Loss", (640.0, 0.0), {}),
            "dead": ("Dense", (640.0, 240.0), {}),
        },
        ("data.x > dense.in", "dense.out > loss.prediction", "data.y > loss.target", "dense.out > dead.in"),
    )
    easel = make_easel(qtbot, project)
    assert easel.view.items_.blocks["dead"].face.severity == "warning"
    image = picture(easel)
    assert color_at(image, easel, 700, 240) == theme().color("warning")
    assert color_at(image, easel, 700, 0) != theme().color("warning")


# -- the card --


def card_texts(easel: Easel) -> list[str]:
    card = easel.view.floats.card
    return [] if card.isHidden() else [label.text() for label in card.findChildren(QLabel)]


def test_the_card_shows_for_a_block_with_a_problem_when_selected_or_touched(easel: Easel) -> None:
    assert card_texts(easel) == []
    easel.move(easel.block("conv"))
    assert any("not connected" in text for text in card_texts(easel))
    easel.move(easel.spot(700, 480))
    assert card_texts(easel) == []
    easel.selection.set({"conv"})
    assert any("not connected" in text for text in card_texts(easel))
    card, block = easel.view.floats.card.geometry(), easel.view.items_.blocks["conv"]
    assert card.top() > easel.spot(0, block.area.bottom()).y()


def test_the_card_goes_while_something_is_dragged(easel: Easel) -> None:
    easel.selection.set({"conv"})
    start = easel.block("conv")
    easel.press(start)
    assert card_texts(easel) == []
    easel.release(start)
    assert card_texts(easel) != []


def test_the_cards_button_mends(qtbot: QtBot) -> None:
    project = make_project(
        {"data": ("Input", (0.0, 0.0), {"dataset": "digits"}), "dense": ("Dense", (400.0, 0.0), {})},
        ("data.x > dense.in",),
    )
    easel = make_easel(qtbot, project)
    easel.selection.set({"dense"})
    button = easel.view.floats.card.findChild(QPushButton)
    assert button is not None
    assert button.text() == "Insert Flatten"
    button.click()
    assert easel.wires() == {"data.x → flatten.in", "flatten.out → dense.in"}
    assert card_texts(easel) == []


# -- following the document --


def test_a_replaced_document_is_shown_whole_and_fits(easel: Easel) -> None:
    easel.selection.set({"dense"})
    easel.document.replace(chain(30))
    assert set(easel.view.items_.blocks) == {f"n{index}" for index in range(30)}
    assert len(easel.view.items_.wires.items) == 29
    assert easel.selection.ids == frozenset()
    assert easel.view.camera.visible().contains(easel.view.items_.content_rect())


def test_only_what_changed_is_drawn_anew(easel: Easel) -> None:
    before = dict(easel.view.items_.blocks)
    project, touched = edits.set_params(easel.document.project, "dense", {"out_features": 5})
    easel.document.edit("wider", project, touched)
    after = easel.view.items_.blocks
    assert all(after[node_id] is item for node_id, item in before.items())
    easel.undo()
    assert all(after[node_id] is item for node_id, item in before.items())


def test_a_change_of_settings_keeps_items_and_pictures(easel: Easel) -> None:
    easel.view.set_thumbnail("dense", QImage(8, 8, QImage.Format.Format_RGB32))
    item = easel.view.items_.blocks["dense"]
    project, touched = edits.set_training(easel.document.project, {"lr": 0.5})
    easel.document.edit("lr", project, touched, whole=True)
    assert easel.view.items_.blocks["dense"] is item
    assert item.thumbnail is not None


def test_removed_items_leave_the_scene(easel: Easel) -> None:
    count = len(easel.view.items_.items())
    easel.selection.set({"dense"})
    easel.view.commands.delete()
    assert len(easel.view.items_.items()) == count - 3
    easel.undo()
    assert len(easel.view.items_.items()) == count


def test_a_file_without_places_is_laid_out_from_left_to_right(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, small_net(placed=False))
    blocks = easel.view.items_.blocks
    for wire in easel.graph.iter_wires():
        assert blocks[wire.from_node].area.right() < blocks[wire.to_node].area.left()
    items = list(blocks.values())
    for index, item in enumerate(items):
        assert not any(item.area.intersects(other.area) for other in items[:index])


def test_places_that_cannot_be_are_not_believed(qtbot: QtBot) -> None:
    project = make_project({"a": ("Dense", (1e300, 0.0), {}), "b": ("Dense", (0.0, 0.0), {})}, ("a.out > b.in",))
    easel = make_easel(qtbot, project)
    easel.view.fit(animated=False)
    assert easel.view.items_.content_rect().width() < 2000


def test_reveal_brings_a_block_into_view(easel: Easel) -> None:
    easel.view.camera.look_at(QPointF(5000, 5000), 1.0, animated=False)
    theme().set_reduce_motion(True)
    easel.selection.show("loss")
    assert easel.view.camera.visible().contains(easel.view.items_.blocks["loss"].area)
    theme().set_reduce_motion(None)


def test_the_view_describes_itself(easel: Easel) -> None:
    assert "5 blocks, 3 wires" in easel.view.accessibleDescription()
    easel.selection.set({"dense"})
    assert "Selected: dense, Dense" in easel.view.accessibleDescription()


# -- camera --


@pytest.mark.parametrize("spot", [QPoint(300, 200), QPoint(7, 650), QPoint(1201, 33)])
def test_zooming_keeps_the_point_below_the_pointer(easel: Easel, spot: QPoint) -> None:
    camera = easel.view.camera
    before = camera.to_scene(QPointF(spot))
    for notches in (1, 1, 1, -1, -2, -3, 0.25, 2, 3, -4):
        easel.scroll(spot, notches)
        off = camera.to_view(before) - QPointF(spot)
        assert math.hypot(off.x(), off.y()) <= 0.75
    assert camera.zoom == pytest.approx(1.2**-1.75)


def test_zoom_stays_between_a_tenth_and_four(easel: Easel) -> None:
    easel.scroll(QPoint(400, 300), 40)
    assert easel.view.camera.zoom == pytest.approx(4.0)
    easel.scroll(QPoint(400, 300), -60)
    assert easel.view.camera.zoom == pytest.approx(0.1)


def test_keys_zoom_and_fit(easel: Easel, qtbot: QtBot) -> None:
    camera = easel.view.camera
    easel.key(KEY.Key_Plus, CTRL)
    assert camera.zoom > 1
    easel.key(KEY.Key_0, CTRL)
    qtbot.waitUntil(lambda: camera.zoom == pytest.approx(1.0))
    camera.pan(3000, 2000)
    easel.key(KEY.Key_F)
    qtbot.waitUntil(lambda: camera.visible().contains(easel.view.items_.content_rect()))
    camera.pan(3000, 2000)
    easel.key(KEY.Key_Home)
    qtbot.waitUntil(lambda: camera.visible().contains(easel.view.items_.content_rect()))


def test_a_fitted_drawing_stays_fitted_until_it_is_moved_or_edited(easel: Easel) -> None:
    view = easel.view
    view.fit(animated=False)
    view.resize(700, 400)
    assert view.camera.visible().contains(view.items_.content_rect())
    view.camera.pan(40, 0)
    view.resize(500, 300)
    assert not view.camera.visible().contains(view.items_.content_rect())
    view.fit(animated=False)
    view.add_block("Dense")
    zoom = view.camera.zoom
    view.resize(900, 600)
    assert view.camera.zoom == zoom


def test_the_middle_button_pans(easel: Easel) -> None:
    before = easel.view.camera.to_scene(QPointF(500, 300))
    easel.drag(QPoint(500, 300), QPoint(620, 340), button=MIDDLE)
    assert easel.view.camera.to_scene(QPointF(620, 340)) == before


def test_space_and_a_drag_pan_even_over_a_block(easel: Easel, qtbot: QtBot) -> None:
    from PySide6.QtTest import QTest

    start = easel.block("dense")
    before = easel.view.camera.to_scene(QPointF(start))
    QTest.keyPress(easel.view, KEY.Key_Space)
    easel.drag(start, start + QPoint(50, 60))
    QTest.keyRelease(easel.view, KEY.Key_Space)
    assert easel.view.camera.to_scene(QPointF(start + QPoint(50, 60))) == before
    assert easel.document.undo_stack.count() == 0
    easel.click(easel.block("dense"))
    assert easel.selection.ids == {"dense"}


def test_two_fingers_pan_and_do_not_zoom(easel: Easel) -> None:
    before = easel.view.camera.to_scene(QPointF(500, 300))
    easel.swipe(QPoint(500, 300), QPoint(30, -20))
    assert easel.view.camera.zoom == 1.0
    assert easel.view.camera.to_scene(QPointF(530, 280)) == before


def test_a_pinch_zooms_about_the_fingers(easel: Easel) -> None:
    spot = QPointF(300, 200)
    before = easel.view.camera.to_scene(spot)
    device = QPointingDevice.primaryPointingDevice()
    pinch = QNativeGestureEvent(Qt.NativeGestureType.ZoomNativeGesture, device, 2, spot, spot, spot, 0.25, QPointF(), 0)
    QApplication.sendEvent(easel.viewport, pinch)
    assert easel.view.camera.zoom == pytest.approx(1.25)
    off = easel.view.camera.to_view(before) - spot
    assert off.manhattanLength() <= 1.5


def test_far_outside_a_drag_scrolls_no_faster_than_eyes_follow(easel: Easel, qtbot: QtBot) -> None:
    start = easel.block("conv")
    easel.press(start)
    easel.carry(start, QPoint(easel.viewport.width() + 800, start.y()))
    seen = [easel.view.camera.visible().right()]
    easel.view.horizontalScrollBar().valueChanged.connect(lambda: seen.append(easel.view.camera.visible().right()))
    qtbot.waitUntil(lambda: len(seen) > 3)
    easel.key(Qt.Key.Key_Escape)
    assert 0 < max(after - before for before, after in pairwise(seen)) <= FASTEST / easel.view.camera.zoom + 1


def test_a_drag_at_the_edge_scrolls(easel: Easel, qtbot: QtBot) -> None:
    start = easel.block("conv")
    before = easel.view.camera.visible().right()
    easel.press(start)
    edge = QPoint(easel.viewport.width() - 2, start.y())
    easel.carry(start, edge)
    qtbot.waitUntil(lambda: easel.view.camera.visible().right() > before + 50)
    easel.release(edge)
    shown = easel.view.camera.visible().right()
    assert easel.view.items_.blocks["conv"].area.center().x() > before - 300
    qtbot.wait(60)
    assert easel.view.camera.visible().right() == shown


def test_text_size_scales_the_drawing(easel: Easel) -> None:
    centre = easel.view.camera.centre
    theme().set_text_scale(1.5)
    try:
        assert easel.view.camera.scale == pytest.approx(1.5)
        assert easel.view.camera.zoom == pytest.approx(1.0)
        assert (easel.view.camera.centre - centre).manhattanLength() < 2
    finally:
        theme().set_text_scale(1.0)


# -- near and far --


def picture(easel: Easel) -> QImage:
    return easel.viewport.grab().toImage()


def color_at(image: QImage, easel: Easel, x: float, y: float) -> QColor:
    return image.pixelColor(easel.spot(x, y) * image.devicePixelRatio())


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.2])
def test_blocks_are_drawn_at_every_distance(easel: Easel, scale: float) -> None:
    area = easel.view.items_.blocks["dense"].area
    easel.view.camera.look_at(area.center(), scale, animated=False)
    image = picture(easel)
    inside, outside = color_at(image, easel, area.center().x(), area.bottom() - 6), color_at(image, easel, 450, 150)
    assert inside != outside
    strip = color_at(image, easel, area.left() + 2.1, area.bottom() - 12)
    assert strip == theme().color("layers")


def test_details_follow_the_scale(easel: Easel) -> None:
    look = easel.view.items_.look
    for scale, detail in ((1.0, Detail.FULL), (NAMES_FROM + 0.05, Detail.NAMES), (0.2, Detail.SHAPES)):
        easel.view.camera.look_at(QPointF(400, 100), scale, animated=False)
        assert look.detail is detail
    assert FULL_FROM > NAMES_FROM


@pytest.mark.parametrize("scale", [0.4, 0.5, 0.58])
def test_ports_are_seen_wherever_they_can_be_hit(easel: Easel, scale: float) -> None:
    item = easel.view.items_.blocks["dense"]
    easel.view.camera.look_at(item.area.center(), scale, animated=False)
    place = item.port_place("in", "in")
    assert place is not None
    found = color_at(picture(easel), easel, place.x(), place.y())
    assert theme().palette.port("value") == found.name()


def test_summaries_are_written_as_long_as_they_can_be_read(easel: Easel) -> None:
    item = easel.view.items_.blocks["dense"]
    for scale, written in ((0.58, True), (SUMMARIES_FROM, True), (0.4, False)):
        easel.view.camera.look_at(item.area.center(), scale, animated=False)
        picture(easel)
        assert bool(item.far_line.text()) is written
    look = easel.view.items_.look
    look.set_scale(SUMMARIES_FROM)
    assert look.far_line_font.pixelSize() * SUMMARIES_FROM >= 8


def test_what_moves_far_away_is_repainted_where_it_was_and_is(easel: Easel, qtbot: QtBot) -> None:
    easel.view.camera.look_at(QPointF(400, 100), 0.3, animated=False)
    picture(easel)
    item = easel.view.items_.blocks["conv"]
    was = item.area.center()
    easel.view.items_.shift({"conv": QPointF(320, 700)})
    easel.view.repaint()
    qtbot.wait(1)
    image = picture(easel)
    fresh = easel.viewport.grab().toImage()
    assert image == fresh
    assert color_at(image, easel, item.area.center().x(), item.area.center().y()) == theme().color("layers")
    assert color_at(image, easel, was.x(), was.y()) != theme().color("layers")


def test_the_theme_switches_live(easel: Easel) -> None:
    theme().set_mode("dark")
    try:
        dark = color_at(picture(easel), easel, 400, 6 + 40)
        theme().set_mode("light")
        light = color_at(picture(easel), easel, 400, 6 + 40)
        assert dark != light
        assert light == theme().color("raised")
    finally:
        theme().set_mode("system")


# -- what a running training shows --


def test_pictures_values_flows_and_rings(easel: Easel) -> None:
    view, item = easel.view, easel.view.items_.blocks["dense"]
    height = item.body.height()
    image = QImage(4, 1, QImage.Format.Format_RGB32)
    image.fill(QColor("#00ff00"))
    view.set_thumbnail("dense", image)
    assert item.body.height() > height
    room = item.thumbnail_rect().translated(item.pos())
    shown = color_at(picture(easel), easel, room.left() + 20, room.top() + 10)
    assert shown == QColor("#00ff00")
    view.set_live_text("dense", "3e-06", "warning")
    view.highlight("dense", "error")
    view.set_wire_flow({("dense", "out", "act", "in"): (QColor("#ff00ff"), 6.0)})
    wire = view.items_.wires.items["dense", "out", "act", "in"]
    near = wire.path.pointAtPercent(0.15)
    assert color_at(picture(easel), easel, near.x(), near.y()) == QColor("#ff00ff")
    view.set_wire_flow({})
    assert wire.flow is None
    view.set_thumbnail("dense", None)
    view.set_live_text("dense", "")
    view.highlight("dense", None)
    assert item.body.height() == height
    for call in (view.set_thumbnail, view.highlight):
        call("gone", None)
    view.set_live_text("gone", "1")


# -- helpers on the canvas --


def test_the_legend_can_be_hidden_and_stays_hidden(easel: Easel, qtbot: QtBot) -> None:
    assert easel.view.floats.legend.isVisible()
    easel.view.actions_.legend.trigger()
    assert not easel.view.floats.legend.isVisible()
    other = make_easel(qtbot, small_net())
    assert not other.view.floats.legend.isVisible()
    assert not other.view.actions_.legend.isChecked()


def test_tool_tips_tell_of_ports_and_blocks(easel: Easel) -> None:
    from gui.canvas import tips
    from gui.canvas.hits import hit

    scene = easel.view.items_
    port = scene.blocks["dense"].port_place("in", "in")
    assert port is not None
    assert tips.tip(scene, hit(scene, port)).startswith("input in · N × 2")
    block = scene.blocks["act"].area.center()
    assert tips.tip(scene, hit(scene, block)).startswith("Activation\n")
    middle = scene.wires.items["dense", "out", "act", "in"].middle
    assert "dense.out → act.in" in tips.tip(scene, hit(scene, middle))
    assert tips.tip(scene, hit(scene, QPointF(700, 480))) == ""


def test_every_action_has_a_name_and_is_enabled_by_what_is_selected(easel: Easel) -> None:
    actions: list[QAction] = []
    waiting = [action for action in (*easel.view.edit_actions(), *easel.view.view_actions()) if action is not None]
    for action in waiting:
        actions.append(action)
        menu = action.menu()
        if isinstance(menu, QMenu):
            waiting.extend(inner for inner in menu.actions() if not inner.isSeparator())
    assert len({action.objectName() for action in actions}) == len(actions)
    assert all(action.text() for action in actions)
    assert all(action.objectName().startswith("action") for action in actions if action.menu() is None)
    by_name = {action.objectName(): action for action in actions}
    assert not by_name["actionDelete"].isEnabled()
    easel.selection.set({"dense"})
    assert by_name["actionDelete"].isEnabled()
    assert by_name["actionRename"].isEnabled()
    easel.selection.set({"dense", "act"})
    assert not by_name["actionRename"].isEnabled()


def test_an_empty_drawing_fits_without_fuss(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, Project())
    easel.view.fit(animated=False)
    assert easel.view.camera.zoom == pytest.approx(1.0)
    assert easel.view.items_.content_rect() == QRectF()
