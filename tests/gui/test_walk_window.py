"""Tab and F6 go round the real window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QDockWidget, QWidget

from gui.theme import theme
from gui.walk_window import is_in_sight
from tests.helpers.windows import main_window, open_example


@pytest.fixture
def window(qtbot):
    with main_window(qtbot) as made:
        with qtbot.waitActive(made):
            made.activateWindow()
        yield made


def dock_of(widget: QWidget | None) -> QDockWidget | None:
    while widget is not None and not isinstance(widget, QDockWidget):
        widget = widget.parentWidget()
    return widget


def test_tab_stops_only_where_something_can_be_seen_and_has_a_name(window):
    window.palette_panel.search.setFocus()
    met: list[QWidget] = []
    while (focus := QApplication.focusWidget()) is not None and focus not in met:
        met.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Backtab)
    assert len(met) > 40
    for widget in met:
        dock = dock_of(widget)
        assert dock is None or not dock.visibleRegion().isEmpty(), widget
        assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name), widget
    assert window.canvas in met
    assert {dock_of(widget) for widget in met} >= {window.docks["palette"], window.docks["inspector"], None}


def test_f6_goes_from_part_to_part_and_back(window):
    window.canvas.setFocus()
    parts = [window.canvas]
    for key, keys in (
        (Qt.Key.Key_F6, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier),
    ):
        QTest.keyClick(window, key, keys)
        parts.append(QApplication.focusWidget())
    assert dock_of(parts[1]) is window.docks["inspector"]
    assert parts[2] is window.canvas
    QTest.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert dock_of(QApplication.focusWidget()) is window.docks["palette"]


def test_f6_comes_to_every_dock_in_sight_also_to_empty_and_floating_ones(window, qtbot):
    gradients = window.docks["gradientPlot"]
    assert not any(child.isVisible() and child.focusPolicy() for child in gradients.widget().findChildren(QWidget))
    window.docks["history"].setFloating(True)
    window.docks["history"].show()
    window.canvas.setFocus()
    met: list[str] = []
    while len(met) < 30:
        before = QApplication.focusWidget()
        assert before is not None
        QTest.keyClick(before, Qt.Key.Key_F6)
        qtbot.waitUntil(
            lambda before=before: QApplication.focusWidget() not in (None, before)
        )  # a window comes to front
        focus = QApplication.focusWidget()
        if focus is window.canvas:
            break
        dock = dock_of(focus)
        met.append(dock.windowTitle() if dock is not None else getattr(focus, "tabText", lambda _: "")(0))
    assert {"Inspector", "Loss", "Gradients", "Output", "History", "Blocks"} <= set(met), met
    assert len(met) == len(parts_in_sight(window)) - 1


def parts_in_sight(window) -> list[QWidget]:
    return [part for part in window._parts() if is_in_sight(part)]


def test_the_menu_brings_a_panel_to_the_front_and_closes_it_only_where_it_is_seen(window):
    history, inspector = window.docks["history"], window.docks["inspector"]
    action = history.toggleViewAction()
    action.trigger()
    QApplication.processEvents()
    assert not history.visibleRegion().isEmpty()
    inspector.raise_()
    QApplication.processEvents()
    assert not is_in_sight(history)
    action.trigger()
    QApplication.processEvents()
    assert is_in_sight(history)
    assert action.isChecked()
    action.trigger()
    assert history.isHidden()
    assert not action.isChecked()


def test_the_keyboard_follows_to_a_panel_that_covers_the_one_it_was_in(window, qtbot):
    history = window.docks["history"]
    window.canvas.setFocus()
    QTest.keyClick(window, Qt.Key.Key_F6)
    assert dock_of(QApplication.focusWidget()) is window.docks["inspector"]
    history.toggleViewAction().trigger()
    qtbot.waitUntil(lambda: dock_of(QApplication.focusWidget()) is history)


def test_the_canvas_shows_that_keys_brought_the_focus(window, qtbot):
    rim = window.canvas.findChild(QWidget, "focusRim")
    window.palette_panel.search.setFocus()
    QTest.keyClick(window, Qt.Key.Key_F6)
    assert window.canvas.hasFocus()
    assert rim.isVisible()
    at = window.canvas.mapTo(window, QPoint(0, 100))
    assert window.grab().toImage().pixelColor(at) == theme().color("accent")
    qtbot.mouseClick(window.canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    assert not rim.isVisible()


def test_tab_goes_as_one_reads_also_through_what_is_filled_in_later(window):
    open_example(window, "spiral")
    window.selection.set({"dense1"})
    window.inspector.focus_parameters()
    met: list[QWidget] = []
    while (focus := QApplication.focusWidget()) is not None and not isinstance(focus, QCheckBox):
        met.append(focus)
        QTest.keyClick(focus, Qt.Key.Key_Tab)
        assert len(met) < 8  # the weights come right after the parameters
    heights = [widget.mapTo(window, QPoint(0, 0)).y() for widget in met]
    assert heights == sorted(heights)
