"""The map in the corner: there when needed, shows what is wrong, navigates, and costs nothing while nothing changes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from engine import edits
from gui.canvas import adding
from gui.canvas.minimap import LEAST_SIZE, SIZE
from gui.canvas.stage import Wish
from gui.settings import settings
from gui.theme import theme
from tests.helpers.canvas import Easel, chain, make_easel, small_net
from tests.helpers.mouse import move_mouse
from tests.helpers.windows import main_window

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def _still():
    settings().remove("canvas/minimap")
    theme().set_reduce_motion(True)
    yield
    theme().set_reduce_motion(None)
    settings().remove("canvas/minimap")


@pytest.fixture
def easel(qtbot) -> Easel:
    return make_easel(qtbot, chain(200))


def close(one: QPointF, other: QPointF, tolerance: float) -> bool:
    return (one - other).manhattanLength() <= tolerance


def test_it_is_there_only_while_something_is_out_of_view(easel):
    assert easel.view.minimap.isVisible()
    easel.view.fit(animated=False)
    assert not easel.view.minimap.isVisible()
    easel.view.camera.zoom_by(2.0)
    assert easel.view.minimap.isVisible()


def test_the_switch_is_in_the_view_menu_and_remembered(easel, qtbot):
    action = easel.view.actions_.minimap
    assert action in easel.view.view_actions()
    assert action.isChecked()
    action.trigger()
    assert not easel.view.minimap.isVisible()
    again = make_easel(qtbot, chain(200))
    assert not again.view.actions_.minimap.isChecked()
    assert not again.view.minimap.isVisible()
    again.view.actions_.minimap.trigger()
    assert again.view.minimap.isVisible()


def test_a_click_looks_there_and_a_drag_carries_the_view(easel):
    minimap, camera = easel.view.minimap, easel.view.camera
    target = easel.view.items_.blocks["n130"].area.center()
    at = minimap.place_of(target)
    QTest.mouseClick(minimap, LEFT, Qt.KeyboardModifier.NoModifier, at)
    pixel = 1.5 / minimap.to_map().m11()
    assert close(camera.centre, target, 2 * pixel)
    start = minimap.place_of(camera.centre) + QPoint(3, 2)  # inside the rectangle: it does not jump
    before = camera.centre
    QTest.mousePress(minimap, LEFT, Qt.KeyboardModifier.NoModifier, start)
    assert camera.centre == before
    move_mouse(minimap, start + QPoint(-20, -10), LEFT)
    QTest.mouseRelease(minimap, LEFT, Qt.KeyboardModifier.NoModifier, start + QPoint(-20, -10))
    step = QPointF(-20, -10) / minimap.to_map().m11()
    assert close(camera.centre, before + step, 2 * pixel)
    assert not easel.document.undo_stack.canUndo()


def test_looking_around_does_not_draw_the_map_again(easel, qtbot):
    minimap = easel.view.minimap
    minimap.grab()
    drawn = minimap.drawn
    for _ in range(5):
        easel.view.camera.pan(40.0, 10.0)
        minimap.grab()
    easel.view.camera.zoom_by(1.1)
    minimap.grab()
    assert minimap.drawn == drawn
    project, _ = edits.move_nodes(easel.document.project, {"n5": (0.0, 2000.0)})
    easel.document.edit("move", project, moved=frozenset({"n5"}))
    qtbot.waitUntil(lambda: minimap.drawn == drawn + 1)


def test_edits_in_a_row_draw_the_map_once(easel, qtbot):
    minimap, view = easel.view.minimap, easel.view
    minimap.grab()
    drawn, rest = minimap.drawn, minimap.findChild(QTimer)
    usual = rest.interval()
    rest.setInterval(60_000)  # the edits are in a row, however long each takes here
    for number in range(8):
        easel.document.edit("edit", *edits.set_params(easel.document.project, "n5", {"out_features": 20 + number}))
        QApplication.processEvents()
        assert minimap.drawn == drawn
    rest.setInterval(usual)
    project, _ = edits.move_nodes(easel.document.project, {"n5": (0.0, 90_000.0)})
    easel.document.edit("move", project, moved=frozenset({"n5"}))
    qtbot.waitUntil(lambda: minimap.drawn == drawn + 1)
    place = minimap.place_of(view.items_.blocks["n5"].area.center())
    assert minimap.rect().contains(place)
    assert minimap.findChild(QTimer).isActive() is False


def test_wrong_blocks_are_red_and_the_view_has_its_rectangle(qtbot):
    easel = make_easel(qtbot, small_net())
    project, _, _ = edits.add_node(easel.document.project, "Dense", (6000.0, 3000.0))
    easel.document.edit("far", project, frozenset(project.graph.nodes))
    project, touched = edits.set_params(easel.document.project, "dense", {"out_features": -3})
    easel.document.edit("wrong", project, touched)
    minimap = easel.view.minimap
    assert minimap.isVisible()
    shown = minimap.grab().toImage()
    wrong = minimap.place_of(easel.view.items_.blocks["dense"].area.center())
    color = shown.pixelColor(wrong)
    red = theme().color("error")
    assert abs(color.red() - red.red()) < 60
    assert color.green() < 110
    seen = minimap.to_map().mapRect(easel.view.camera.visible())
    edge = QPoint(round(seen.right()), round(seen.center().y()))
    blue = max((shown.pixelColor(edge + QPoint(dx, 0)) for dx in (-2, -1, 0, 1)), key=lambda each: each.blue())
    assert blue.blue() > 150


def test_the_wheel_over_it_zooms_about_the_middle(easel):
    minimap, camera = easel.view.minimap, easel.view.camera
    zoom, centre = camera.zoom, camera.centre
    at, none = QPointF(minimap.rect().center()), Qt.MouseButton.NoButton
    for notches in (1, -1):
        turned = QPoint(0, 120 * notches)
        keys, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
        QApplication.sendEvent(minimap, QWheelEvent(at, at, QPoint(), turned, none, keys, phase, False))
        assert close(camera.centre, centre, 2.0)
        assert (camera.zoom > zoom) == (notches > 0)


def test_it_gives_way_on_a_small_canvas(easel):
    easel.view.resize(500, 300)
    assert not easel.view.minimap.isVisible()


def test_it_sits_in_the_corner_when_the_window_or_the_text_grows(easel):
    minimap = easel.view.minimap
    for size in ((1000, 600), (1280, 720)):
        easel.view.resize(*size)
        assert minimap.geometry().bottomRight() == QPoint(size[0] - 17, size[1] - 17)
    width = minimap.width()
    theme().set_text_scale(1.5)
    try:
        assert minimap.width() == pytest.approx(1.5 * width, abs=2)
        assert minimap.geometry().right() == easel.view.width() - 17
    finally:
        theme().set_text_scale(1.0)


def test_it_has_the_shape_of_the_graph_within_limits(qtbot):
    sizes = []
    for corner in ((9000.0, 0.0), (0.0, 9000.0), (9000.0, 6000.0)):
        project, _, _ = edits.add_node(small_net(), "Dense", corner)
        minimap = make_easel(qtbot, project).view.minimap
        sizes.append((minimap.width(), minimap.height()))
    assert sizes[0] == (SIZE.width(), LEAST_SIZE.height())
    assert sizes[1] == (LEAST_SIZE.width(), SIZE.height())
    assert sizes[2][1] > 2 * LEAST_SIZE.height()


def test_it_comes_when_an_edit_puts_something_out_of_view_and_costs_no_look_at_all_otherwise(qtbot, monkeypatch):
    easel = make_easel(qtbot, small_net())
    easel.view.fit(animated=False)
    assert not easel.view.minimap.isVisible()
    looked = []
    whole = type(easel.view.items_).content_rect

    def counted(scene):
        looked.append(1)
        return whole(scene)

    monkeypatch.setattr(type(easel.view.items_), "content_rect", counted)
    project, _ = edits.move_nodes(easel.document.project, {"conv": (336.0, 200.0)})
    easel.document.edit("within", project, moved=frozenset({"conv"}))
    assert not looked
    project, _ = edits.move_nodes(easel.document.project, {"conv": (5000.0, 200.0)})
    easel.document.edit("without", project, moved=frozenset({"conv"}))
    assert easel.view.minimap.isVisible()
    easel.undo()
    easel.view.fit(animated=False)
    assert not easel.view.minimap.isVisible()
    easel.document.replace(chain(200))
    easel.view.camera.look_at(QPointF(), 1.0, animated=False)
    assert easel.view.minimap.isVisible()


def test_a_block_that_is_added_does_not_stay_behind_the_map(easel):
    view = easel.view
    view.resize(1200, 800)
    QApplication.processEvents()
    assert view.minimap.isVisible()
    corner = view.minimap.geometry().center()
    name = adding.add_block(view.stage, "Dropout", Wish(view.camera.to_scene(QPointF(corner))))
    QApplication.processEvents()
    area = view.items_.blocks[name].area
    shown = QRectF(view.camera.to_view(area.topLeft()), view.camera.to_view(area.bottomRight()))
    assert view.viewport().rect().toRectF().contains(shown)
    assert not shown.intersects(view.minimap.place())


def test_a_map_of_thousands_is_drawn_a_part_at_a_time_while_the_old_one_is_shown(qtbot):
    easel = make_easel(qtbot, chain(2200))
    minimap, scene = easel.view.minimap, easel.view.items_
    easel.view.camera.look_at(QPointF(), 1.0, animated=False)
    QApplication.processEvents()
    shown, drawn = minimap.grab().toImage(), minimap.drawn
    before = scene.blocks["n2000"].pos()
    project, _ = edits.move_nodes(easel.document.project, {"n2000": (before.x(), before.y() + 900.0)})
    easel.document.edit("move", project, moved=frozenset({"n2000"}))
    assert minimap.drawn == drawn
    qtbot.waitUntil(lambda: minimap.drawn == drawn + 1)
    parts = minimap.grab().toImage()
    assert parts != shown
    theme().changed.emit()  # draws all at once
    assert minimap.grab().toImage() == parts
    assert minimap.drawn == drawn + 2


def test_menus_show_whether_the_map_and_the_like_are_on(qtbot):
    """An icon would take the place of the tick."""
    with main_window(qtbot, chain(2)) as window:
        lines = [line for menu in window.findChildren(QMenu) for line in menu.actions() if line.isCheckable()]
        assert "actionMinimap" in {line.objectName() for line in lines}
        assert [line.text() for line in lines if line.isIconVisibleInMenu() and not line.icon().isNull()] == []
