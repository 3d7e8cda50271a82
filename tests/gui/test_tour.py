from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QPushButton, QWidget

from gui.settings import settings
from gui.theme import theme
from gui.tour import Tour


@pytest.fixture
def window(shown, qtbot) -> QWidget:
    """A window with three parts where canvas, transport and panels would be."""
    window = shown(QWidget(), 1000, 700)
    for name, place in (
        ("transport", (0, 0, 1000, 50)),
        ("canvas", (200, 50, 500, 400)),
        ("panel", (200, 450, 500, 250)),
    ):
        part = QWidget(window)
        part.setObjectName(name)
        part.setGeometry(*place)
        part.show()
    window.window().activateWindow()
    qtbot.waitUntil(window.window().isActiveWindow)
    return window


@pytest.fixture
def tour(window) -> Tour:
    parts = {name: window.findChild(QWidget, name) for name in ("canvas", "transport", "panel")}
    made = Tour(window, [parts["canvas"]], parts["transport"], [parts["panel"]])
    yield made
    made.end()


def overlay(window) -> QWidget:
    return window.findChild(QWidget, "tour")


def button(window, text: str) -> QPushButton:
    return next(found for found in overlay(window).findChildren(QPushButton) if found.text() == text)


def said_now(window) -> list[str]:
    return [label.text() for label in overlay(window).findChildren(QLabel) if label.isVisible()]


def test_it_is_offered_once(tour, window):
    tour.offer()
    assert tour.step == 0
    assert said_now(window)[:2] == ["1 of 3", "Draw"]
    tour.end()
    tour.offer()
    assert tour.step is None
    tour.begin()
    assert tour.step == 0


def test_next_back_and_done(tour, window, qtbot):
    tour.begin()
    assert not any(found.text() == "Back" and found.isVisible() for found in overlay(window).findChildren(QPushButton))
    qtbot.mouseClick(button(window, "Next"), Qt.MouseButton.LeftButton)
    assert said_now(window)[1] == "Play"
    qtbot.mouseClick(button(window, "Back"), Qt.MouseButton.LeftButton)
    assert said_now(window)[1] == "Draw"
    for _ in range(2):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert said_now(window)[1] == "Look inside"
    qtbot.mouseClick(button(window, "Done"), Qt.MouseButton.LeftButton)
    assert tour.step is None


def test_skip_and_escape_end_it(tour, window, qtbot):
    tour.begin()
    qtbot.mouseClick(button(window, "Skip"), Qt.MouseButton.LeftButton)
    assert tour.step is None
    tour.begin()
    qtbot.keyClick(overlay(window), Qt.Key.Key_Escape)
    assert tour.step is None
    assert settings().value("tour/seen", False, type=bool)


@pytest.mark.parametrize("scale", [1.0, 1.6])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_card_fits_into_the_window_and_its_text_into_the_card(tour, window, step, scale):
    theme().set_text_scale(scale)
    tour.begin()
    overlay(window).show_step(step)
    QApplication.processEvents()
    card = overlay(window).findChild(QFrame)
    assert overlay(window).rect().contains(card.geometry())
    for label in card.findChildren(QLabel):
        if label.isVisible():
            assert label.height() >= label.heightForWidth(label.width()) or not label.wordWrap()
            assert card.rect().contains(label.geometry())


def test_the_part_it_speaks_of_stays_bright(tour, window):
    theme().set_mode("light")
    plain = window.grab().toImage()
    tour.begin()
    overlay(window).show_step(1)
    QApplication.processEvents()
    dimmed = window.grab().toImage()
    inside, outside = QPoint(500, 25), QPoint(20, 600)
    assert dimmed.pixel(inside) == plain.pixel(inside)
    assert dimmed.pixel(outside) != plain.pixel(outside)


def test_it_follows_the_window(tour, window):
    tour.begin()
    window.resize(800, 600)
    window.window().resize(800, 600)
    QApplication.processEvents()
    assert overlay(window).size() == window.size()


def test_a_part_that_is_hidden_is_no_trouble(tour, window):
    window.findChild(QWidget, "panel").hide()
    tour.begin()
    overlay(window).show_step(2)
    window.grab()
    card = overlay(window).findChild(QFrame)
    assert overlay(window).rect().contains(card.geometry())


def test_enter_presses_the_highlighted_button_and_tab_stays_on_the_card(tour, window, qtbot):
    canvas = window.findChild(QWidget, "canvas")
    canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    tour.begin()
    assert button(window, "Next").accessibleDescription().startswith("1 of 3: Draw. A network is")
    for _ in range(5):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert focus is not None
        assert overlay(window).isAncestorOf(focus)
    assert button(window, "Skip").hasFocus()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
    for _ in range(3):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    assert tour.step is None
    assert canvas.hasFocus()
