"""The window's own conduct, with mouse and keys: menus, themes, presentation, docks, wires, what is taken away."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QIcon, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget, QTabBar, QToolButton, QWidget

from engine import files
from engine.snapshots import Surface
from gui.main_window import MainWindow
from gui.notices import notices
from gui.plots.loss import LossPanel
from gui.plots.output import OutputPanel
from gui.plots.surface_view import SurfaceView
from gui.predictions.panel import PredictionPanel
from gui.settings import settings
from gui.theme import theme
from gui.toasts import ToastArea
from gui.widgets.labels import ElidedLabel
from tests.helpers.canvas import Easel
from tests.helpers.hands import LEFT, choose_in_menu, choose_in_popup, file_dialogs_answer, part, press
from tests.helpers.windows import PATIENCE, main_window, open_example, panel_of, play_to_the_end, wait_for


def seen(window) -> set[str]:
    return {dock.objectName() for dock in window.docks.all() if dock.isVisible()}


# -- files --


def test_recent_files_are_in_the_order_of_use_and_one_that_is_gone_leaves(window, tmp_path):
    paths = [tmp_path / f"{name}.chainrule" for name in "abc"]
    open_example(window, "xor")
    for path in paths:
        assert window.save(path)
    choose_in_menu(window.transport.menus, "File", "Open recent", "a.chainrule")
    assert window.document.path == paths[0]
    assert window.files.recent() == [paths[0], paths[2], paths[1]]
    paths[1].unlink()
    choose_in_menu(window.transport.menus, "File", "Open recent", "b.chainrule")
    assert window.document.path == paths[0]
    assert str(paths[1]) in notices().history[-1].text
    assert window.files.recent() == [paths[0], paths[2]]


def test_keys_save_open_and_begin_anew(window, tmp_path, monkeypatch):
    choose_in_menu(window.transport.menus, "File", "Examples", "XOR")
    path = tmp_path / "by hand"
    starts = file_dialogs_answer(monkeypatch, path)
    press(window, Qt.Key.Key_S)
    assert starts[0].endswith("XOR.chainrule")
    assert window.document.path == path.with_suffix(".chainrule")
    project = window.document.project
    press(window, Qt.Key.Key_N)
    assert len(window.document.project.graph) == 0
    file_dialogs_answer(monkeypatch, path.with_suffix(".chainrule"))
    press(window, Qt.Key.Key_O)
    assert window.document.project == project
    assert files.load(path.with_suffix(".chainrule")) == project


def test_the_transport_follows_mouse_and_keys(window, qtbot):
    open_example(window, "circle", epochs=100_000)
    play = next(it for it in window.transport.findChildren(QToolButton) if it.defaultAction() is window.actions_.play)
    QTest.mouseClick(play, LEFT)
    wait_for(qtbot, window, "running")
    qtbot.waitUntil(lambda: window.feed.steps > 0, timeout=PATIENCE)
    press(window, Qt.Key.Key_Return)
    wait_for(qtbot, window, "paused")
    before = window.feed.steps
    QTest.mouseClick(window.transport.grain.button("epoch"), LEFT)
    press(window, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: window.feed.steps > before and window.feed.state == "paused", timeout=PATIENCE)
    press(window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: window.feed.steps == 0, timeout=PATIENCE)


# -- the canvas --


def test_a_wire_is_pulled_off_by_hand_and_the_problem_is_told(window):
    open_example(window, "xor")
    window.canvas.fit(animated=False)
    wires = {str(wire) for wire in window.document.project.graph.iter_wires()}
    loss = next(node.id for node in window.document.project.graph.ordered_nodes() if node.block == "Loss")
    easel = Easel(window.canvas, window.document, window.selection)
    port = easel.port(loss, "in", "prediction")
    easel.drag(port, port + QPoint(-60, 150))
    gone = wires - easel.wires()
    assert len(gone) == 1
    assert gone.pop().endswith(f"{loss}.prediction")
    assert window.findChild(QWidget, "problemCount").text().strip().startswith("1 problem")
    assert not window.feed.has_session
    press(window, Qt.Key.Key_Z)
    assert easel.wires() == wires
    assert window.findChild(QWidget, "problemCount").text().strip() == "No problems"


# -- taken away --


@pytest.fixture
def trained(window, qtbot) -> MainWindow:
    open_example(window, "circle", epochs=4)
    play_to_the_end(qtbot, window)
    loss = panel_of(window, LossPanel)
    qtbot.waitUntil(lambda: shown_step(window) == window.feed.steps, timeout=PATIENCE)  # no newer picture comes
    qtbot.waitUntil(lambda: loss.filled and not loss._dirty, timeout=PATIENCE)
    window.grab()
    return window


def told(text: str) -> bool:
    """Whether that was the last message."""
    return [notice.text for notice in notices().history[-1:]] == [text]


def shown_step(window) -> int:
    """The step that the decision surface is of."""
    shown = drawn_surface(window)
    return -1 if shown is None else shown.step


def drawn_surface(window) -> Surface | None:
    """What the panel has drawn; the next one may be here already, and wait for its turn."""
    view = panel_of(window, OutputPanel).views[Surface]
    assert isinstance(view, SurfaceView)
    return view._snapshot


@pytest.mark.parametrize("kind", [LossPanel, OutputPanel])
def test_what_a_panel_shows_is_saved_as_picture_and_drawing(trained, tmp_path, monkeypatch, kind):
    panel = panel_of(trained, kind)
    for suffix, label in ((".png", "Save picture (PNG)"), (".svg", "Save vector graphic (SVG)")):
        path = tmp_path / f"{panel.name}{suffix}"
        file_dialogs_answer(monkeypatch, path)
        choose_in_popup(part(panel, QToolButton, "plotSave"), label)
        assert path.is_file(), notices().history[-1].text
        assert notices().history[-1].text == f"Saved {path.name}."
    image = QImage(str(tmp_path / f"{panel.name}.png"))
    assert image.size() == panel.as_picture().size * 2
    colors = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(colors) > 5
    drawing = ElementTree.parse(tmp_path / f"{panel.name}.svg")
    shapes = [element for element in drawing.iter() if element.tag.endswith(("}path", "}polyline", "}image"))]
    assert len(shapes) > 5


def test_the_numbers_saved_are_the_numbers_plotted(trained, qtbot, tmp_path, monkeypatch):
    panel = panel_of(trained, LossPanel)
    path = tmp_path / "loss.csv"
    file_dialogs_answer(monkeypatch, path)
    choose_in_popup(part(panel, QToolButton, "plotSave"), "Save numbers (CSV)")
    qtbot.waitUntil(lambda: told("Saved loss.csv."), timeout=PATIENCE)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    qtbot.waitUntil(lambda: panel._raw.getOriginalDataset()[1] is not None, timeout=PATIENCE)
    x, y = panel._raw.getOriginalDataset()
    steps = {int(row["step"]): float(row["loss"]) for row in rows if row["loss"]}
    assert list(steps) == panel.history.steps.values.tolist()
    np.testing.assert_array_equal(list(steps.values()), panel.history.losses.values)
    assert set(np.asarray(y).tolist()) <= set(steps.values()), "what is drawn is among them, unrounded"
    assert len(x) == len(y) > 10


def test_surface_numbers_are_those_of_the_picture(trained, qtbot, tmp_path, monkeypatch):
    panel = panel_of(trained, OutputPanel)
    path = tmp_path / "surface.csv"
    file_dialogs_answer(monkeypatch, path)
    choose_in_popup(part(panel, QToolButton, "plotSave"), "Save numbers (CSV)")
    qtbot.waitUntil(lambda: told("Saved surface.csv."), timeout=PATIENCE)
    with path.open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file)
    shown = drawn_surface(trained)
    assert shown is not None
    values = shown.values
    assert len(rows) >= values.shape[0]
    numbers = {float(cell) for row in rows for cell in row if cell}
    assert {float(value) for value in np.asarray(values).ravel()} <= numbers


# -- the look --


def test_the_theme_is_switched_in_the_menu_while_it_trains(window, qtbot):
    open_example(window, "circle", epochs=100_000)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "running")
    middles = {}
    for label, dark in (("Light", False), ("Dark", True)):
        choose_in_menu(window.transport.menus, "View", "Theme", label)
        assert theme().is_dark is dark
        picture = window.grab().toImage()
        corner = window.canvas.viewport().mapTo(window, QPoint(4, 4)) * picture.devicePixelRatio()
        middles[label] = picture.pixelColor(corner).lightness()
    assert middles["Light"] > 200
    assert middles["Dark"] < 60
    assert settings().value("theme") == "dark"
    assert window.feed.state == "running"


def test_presentation_mode_by_its_key(window, qtbot):
    open_example(window, "spiral")
    theme().set_mode("dark")
    QTest.mouseClick(window.docks["palette"].findChild(QToolButton, "dockClose") or window.docks["palette"], LEFT)
    before = seen(window)
    press(window, Qt.Key.Key_F11, Qt.KeyboardModifier.NoModifier)
    assert seen(window) == set()
    assert (theme().text_scale > 1.5, theme().is_dark) == (True, False)
    choose_in_menu(window.transport.menus, "View", "Panels", "Loss")
    assert seen(window) == {"lossPlotDock"}
    play_to_the_end_of_an_epoch(qtbot, window)
    press(window, Qt.Key.Key_F11, Qt.KeyboardModifier.NoModifier)
    assert seen(window) == before
    assert (theme().text_scale, theme().is_dark) == (1.0, True)
    assert not window.isFullScreen()


def test_wires_around_the_outermost_blocks_are_in_view_in_a_lecture_hall(window, qtbot):
    open_example(window, "overfitting")
    press(window, Qt.Key.Key_F11, Qt.KeyboardModifier.NoModifier)
    canvas = window.canvas
    canvas.fit(animated=False)
    seen_now = canvas.camera.visible()
    for wire in canvas.items_.wires.items.values():
        reach = wire.path.boundingRect()
        assert seen_now.contains(reach.topLeft()), wire.wire
        assert seen_now.contains(reach.bottomRight()), wire.wire
    press(window, Qt.Key.Key_F11, Qt.KeyboardModifier.NoModifier)


def play_to_the_end_of_an_epoch(qtbot, window) -> None:
    QTest.mouseClick(window.transport.grain.button("epoch"), LEFT)
    window.actions_.step.trigger()
    qtbot.waitUntil(lambda: panel_of(window, LossPanel).filled, timeout=PATIENCE)


def test_docks_stand_where_they_were_left_in_the_next_window(qtbot):
    with main_window(qtbot) as window:
        window.docks["outputPlot"].setFloating(True)
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.docks["problems"])
        window.docks["problems"].show()
        choose_in_menu(window.transport.menus, "View", "Panels", "Predict")  # to the front, for it is behind a tab
        qtbot.waitUntil(lambda: not window.docks["predictions"].visibleRegion().isEmpty())
        choose_in_menu(window.transport.menus, "View", "Panels", "Predict")
        window.resizeDocks([window.docks["inspector"]], [380], Qt.Orientation.Horizontal)
        qtbot.wait(50)
        places = places_of(window)
        assert not places["predictions"][1]
    with main_window(qtbot) as window:
        assert places_of(window) == places
        assert window.docks["outputPlot"].isFloating()


def places_of(window) -> dict[str, tuple[object, bool, bool]]:
    names = ("palette", "inspector", "problems", "lossPlot", "gradientPlot", "outputPlot", "predictions")
    return {
        name: (window.dockWidgetArea(window.docks[name]), not window.docks[name].isHidden(), name_width(window, name))
        for name in names
    }


def name_width(window, name: str) -> bool:
    """Whether the dock is as wide as it was drawn."""
    return window.docks[name].width() >= 380 if name == "inspector" else True


def test_a_tab_is_brought_to_the_front_by_a_click(window, qtbot):
    panels = {panel.title: panel for panel in window.panels}
    QApplication.processEvents()  # the tabs are laid out anew
    for tab in [tab for tab in window.findChildren(QTabBar) if tab.isVisible()]:
        here = {tab.tabText(index): index for index in range(tab.count()) if tab.tabText(index) in panels}
        for title, index in here.items():
            QTest.mouseClick(tab, LEFT, pos=tab.tabRect(index).center())
            qtbot.waitUntil(lambda panel=panels[title]: panel.seen, timeout=PATIENCE)
            assert [other for other in here if panels[other].seen] == [title]
    assert panel_of(window, PredictionPanel).isVisible()


def test_messages_stay_before_docks_that_come_to_the_front(window):
    def front() -> QWidget:
        return [child for child in window.children() if isinstance(child, QDockWidget | QTabBar | ToastArea)][-1]

    notices().info("Saved.")
    QApplication.processEvents()
    assert front() is window.toasts
    for name in ("backprop", "weightPlot", "lossPlot", "inspector"):
        window.docks.show(name)
        QApplication.processEvents()
        assert front() is window.toasts
        assert not window.docks[name].visibleRegion().isEmpty()  # before the other tabs all the same


def test_saved_pictures_keep_an_old_file_when_the_folder_is_gone(trained, tmp_path, monkeypatch):
    missing = tmp_path / "nowhere" / "loss.png"
    file_dialogs_answer(monkeypatch, missing)
    choose_in_popup(part(panel_of(trained, LossPanel), QToolButton, "plotSave"), "Save picture (PNG)")
    assert notices().history[-1].level == "error"
    assert str(Path(missing).parent) in notices().history[-1].text


@pytest.mark.parametrize(("mode", "dark"), [("light", True), ("dark", False)])
def test_play_is_seen_in_the_menu_and_on_its_button(window, qtbot, mode, dark):
    theme().set_mode(mode)
    action = window.actions_.play
    button = next(it for it in window.transport.findChildren(QToolButton) if it.defaultAction() is action)
    open_example(window, "circle", epochs=100_000)
    for state in ("ready", "running"):
        if state == "running":
            action.trigger()
            wait_for(qtbot, window, state)
        assert (lightness(action.icon()) < 128) is dark
        assert lightness(button.icon()) > 200
    assert button.text() == "Pause"


def lightness(icon: QIcon) -> float:
    """Of what an icon shows, without what shines through."""
    image = icon.pixmap(16).toImage()
    colors = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return float(np.mean([color.lightness() for color in colors if color.alpha() > 200]))


def test_the_name_of_the_file_is_to_be_read_in_a_narrow_window(window, qtbot):
    window.files.open_example("circle.chainrule")
    window.resize(1280, 720)
    title = window.findChild(ElidedLabel, "documentTitle")
    qtbot.waitUntil(lambda: window.width() == 1280 and not title.elided, timeout=PATIENCE)


def test_a_long_name_is_to_be_read_where_there_is_room_beside_it(window, qtbot):
    window.files.open_example("fashion-cnn.chainrule")
    title = window.findChild(ElidedLabel, "documentTitle")
    assert title.text() == "Fashion-MNIST, convolutional"
    qtbot.waitUntil(lambda: not title.elided)
    window.resize(1280, 720)  # a name is no reason for the window to stay large
    qtbot.waitUntil(lambda: window.width() == 1280 and title.elided)
