"""Room in the backprop mode: the bar's slider and its names, the cards at the wires, and what the canvas shows."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath
from PySide6.QtWidgets import QApplication, QTabBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from gui.backprop.bar import BackpropBar
from gui.backprop.card_places import Ground, find_place, points_along
from gui.backprop.leader import Leader
from gui.backprop.track import MomentTrack
from gui.backprop.wire_value import WireValue
from gui.enlarge import EnlargeButton
from gui.main_window import MainWindow
from gui.theme import theme
from tests.helpers.windows import PATIENCE, open_example

NOTHING = np.zeros((0, 2))


def enter(qtbot: QtBot, window: MainWindow, name: str) -> None:
    open_example(window, name)
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    QApplication.processEvents()


def level_wire(length: float) -> QPainterPath:
    path = QPainterPath(QPointF(0.0, 0.0))
    path.lineTo(length, 0.0)
    return path


# -- the bar --


@pytest.mark.parametrize("example", ["fashion-cnn", "spiral", "mazur"])
def test_the_slider_has_the_room(qtbot: QtBot, window: MainWindow, example: str) -> None:
    enter(qtbot, window, example)
    bar = window.backprop.bar
    assert bar.track.width() >= 320
    assert bar.speed.isVisible()
    box = bar.sample
    if box.isVisible():
        assert box.width() < 125
        text = box.lineEdit()
        assert text.fontMetrics().horizontalAdvance(text.text()) <= text.contentsRect().width()


def test_what_can_be_done_without_gives_way_to_the_slider(qtbot: QtBot) -> None:
    bar = BackpropBar()
    qtbot.addWidget(bar)
    bar.set_samples(64)
    bar.show_place(15, 230, "weight")
    bar.show()
    save = bar.findChild(QToolButton, "backpropSave")
    assert save is not None
    parts: dict[str, QWidget] = {
        "sample": bar.sample,
        "save": save,
        "speed": bar.speed,
    }
    shown = []
    for width in (900, 560, 520, 480, 400):
        bar.resize(width, bar.height())
        QApplication.processEvents()
        shown.append([name for name, part in parts.items() if part.isVisible()])
        assert bar.track.width() >= 120
        assert all(
            button.geometry().right() <= bar.width() for button in bar.findChildren(QToolButton) if button.isVisible()
        )
    assert shown[0] == ["sample", "save", "speed"]
    assert all(set(less) <= set(more) for more, less in pairwise(shown))
    assert "speed" not in shown[-1]


@pytest.mark.parametrize("width", [140, 240, 330, 700])
@pytest.mark.parametrize("pattern", ["f7l2b3u2b1u2b2u3", "f3l1b1u1", "f31l2" + "b2u2" * 15, "f200l2b300u20"])
def test_names_on_the_slider_never_collide(qtbot: QtBot, width: int, pattern: str) -> None:
    names = {"f": "forward", "l": "loss", "b": "backward", "u": "update"}
    phases: list[str] = []
    for part in pattern.replace("f", " f").replace("l", " l").replace("b", " b").replace("u", " u").split():
        phases += [names[part[0]]] * int(part[1:])
    track = MomentTrack()
    qtbot.addWidget(track)
    track.resize(width, track.height())
    track.set_phases(phases)
    labels = track.labels()
    assert any("Forward" in text for _, text, _ in labels)
    for at, (box, text, _phase) in enumerate(labels):
        assert box.left() >= 0.0
        assert box.right() <= width
        assert text
        assert not any(box.intersects(other) for other, *_ in labels[at + 1 :])
    if width >= 330:
        assert any("Backward" in text for _, text, _ in labels)


# -- the cards --


def test_a_card_stands_straight_above_the_middle_of_its_wire() -> None:
    blocks = [QRectF(-120, -20, 120, 40), QRectF(60, -20, 120, 40)]
    place = find_place(level_wire(60.0), 90.0, 80.0, Ground(blocks, [], NOTHING, [], NOTHING, QRectF()))
    assert place.anchor == QPointF(30.0, 0.0)
    assert place.box.center().x() == pytest.approx(30.0)
    assert place.box.bottom() < -20.0
    assert place.near.x() == pytest.approx(30.0)
    assert place.near.y() == pytest.approx(place.box.bottom())


def test_a_card_keeps_clear_of_other_cards_and_wires() -> None:
    above = QRectF(-300, -400, 900, 400 - 20)
    below = points_along([(-300.0, 60.0), (500.0, 60.0)])
    ground = Ground([], [above], NOTHING, [], below, QRectF())
    place = find_place(level_wire(200.0), 60.0, 30.0, ground)
    assert not place.box.intersects(above)
    assert place.box.top() > 0.0
    assert place.box.bottom() < 60.0


@pytest.mark.parametrize("example", ["mazur", "trask", "spiral", "fashion-cnn", "vanishing-10"])
def test_every_card_is_led_to_its_wire_and_hides_nothing(qtbot: QtBot, window: MainWindow, example: str) -> None:
    enter(qtbot, window, example)
    mode, scene = window.backprop, window.canvas.items_
    assert mode.step is not None
    blocks = {name: item.area for name, item in scene.blocks.items()}
    several = 0
    for at in range(0, len(mode.step.moments), max(1, len(mode.step.moments) // 30)):
        mode.go(at)
        cards = [item.sceneBoundingRect() for item in scene.items() if isinstance(item, WireValue)]
        leaders = [item.line for item in scene.items() if isinstance(item, Leader)]
        lit = [item for item in scene.wires.items.values() if item.flow is not None]
        assert len(cards) == len(leaders) == len(lit)
        several += len(cards) > 1
        for number, card in enumerate(cards):
            assert [name for name, area in blocks.items() if area.intersects(card)] == []
            assert not any(card.intersects(other) for other in cards[number + 1 :])
        for line in leaders:
            assert min(wire.distance(line.p2()) for wire in lit) < 1.0
            assert any(card.adjusted(-2, -2, 2, 2).contains(line.p1()) for card in cards)
            middle = line.pointAt(0.5)
            assert not any(card.contains(middle) or card.contains(line.p2()) for card in cards)
        for item in scene.wires.items.values():
            box = item.label_box
            if box is not None and not item.hushed:
                assert not any(card.intersects(box) for card in cards)
    assert several > 0


def test_labels_and_legend_come_back_when_the_mode_is_left(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "fashion-cnn")
    legend = window.canvas.floats.legend
    assert legend.isVisible()
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    assert not legend.isVisible()
    window.backprop.leave()
    assert legend.isVisible()
    assert not any(item.hushed for item in window.canvas.items_.wires.items.values())


def test_what_was_made_to_fit_stays_so_while_the_cursor_walks(qtbot: QtBot, window: MainWindow) -> None:
    theme().set_reduce_motion(True)
    try:
        enter(qtbot, window, "fashion-cnn")
        mode, camera = window.backprop, window.canvas.camera
        assert camera.fitted
        assert mode.step is not None
        seen = camera.visible()
        everything = window.canvas.items_.content_rect()
        assert seen.contains(everything)
        for at in range(len(mode.step.moments)):
            mode.go(at)
            assert camera.visible() == seen
        window.canvas.camera.zoom_to(2.0)
        mode.go(0)
        block = window.canvas.items_.blocks[mode.step.moments[0].node].area
        assert camera.visible().contains(block)
        assert math.isclose(camera.zoom, 2.0)
    finally:
        theme().set_reduce_motion(None)


# -- a closer look --


def test_a_panel_is_made_large_and_put_back(qtbot: QtBot, window: MainWindow) -> None:
    enter(qtbot, window, "mazur")
    dock, mode = window.docks["backprop"], window.backprop
    button = dock.findChild(EnlargeButton)
    assert button is not None
    width = dock.width()
    button.click()
    assert dock.isFloating()
    assert dock.width() > 1.5 * width
    assert dock.screen().availableGeometry().contains(dock.geometry())
    QApplication.processEvents()
    assert mode.active
    assert button.accessibleName() == "Put it back into the window"
    button.click()
    QApplication.processEvents()
    assert not dock.isFloating()
    assert mode.active
    assert button.accessibleName() == "Make it large, over the window"


def test_every_row_of_tabs_makes_its_front_panel_large(qtbot: QtBot, window: MainWindow) -> None:
    window.docks.show("linkedSpaces")
    linked = window.docks["linkedSpaces"]

    def shown() -> list[EnlargeButton]:
        buttons = [tabs.findChild(EnlargeButton) for tabs in window.findChildren(QTabBar) if tabs.isVisible()]
        return [button for button in buttons if button is not None and button.isVisible()]

    qtbot.waitUntil(lambda: len(shown()) == 3, timeout=PATIENCE)
    button = next(button for button in shown() if button.dock is linked)
    button.click()
    assert linked.isFloating()
    linked.setFloating(False)
    QApplication.processEvents()
    assert linked in window.tabifiedDockWidgets(window.docks["lossPlot"])
