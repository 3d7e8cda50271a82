"""No dock, panel or mode makes the window wider or higher than somebody wanted it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QTabBar, QToolButton

from gui.docks import TILES
from gui.theme import theme
from tests.helpers.cut_text import lasting_faults
from tests.helpers.windows import PATIENCE, open_example, play_to_the_end

WIDEST = ("weightCurve", "landscapePlot", "linkedSpaces")


def test_nothing_pushes_the_window_larger(window, qtbot):
    """Not even panels that are made, or opened, while text is large."""
    window.actions_.presentation.trigger()
    for name in WIDEST:
        window.docks.show(name)
        _ = window.docks[name].widget().panel
    QApplication.processEvents()
    window.actions_.presentation.trigger()
    window.showNormal()
    window.docks.show("backprop")
    for size in (QSize(1280, 800), QSize(1024, 768)):
        window.resize(size)
        qtbot.waitUntil(lambda size=size: window.size() == size, timeout=PATIENCE)
        QApplication.processEvents()
        assert window.size() == size
        for dock in window.docks.all():
            if not dock.isHidden() and not dock.visibleRegion().isEmpty():
                assert window.rect().contains(dock.geometry()), dock.objectName()


def test_docks_do_not_lie_over_each_other_in_a_narrow_window(window, qtbot):
    window.resize(700, 700)
    for name in WIDEST:
        window.docks.show(name)
    shown = [window.docks[name] for name in (*WIDEST, "palette", "inspector")]
    qtbot.waitUntil(lambda: window.width() == 700 and shown[0].widget().width() < shown[0].widget().wish.width())

    def over_each_other() -> bool:
        places = [dock.geometry() for dock in shown]
        return any(a.intersects(b) for a in places for b in places if a is not b)

    qtbot.waitUntil(lambda: not over_each_other(), timeout=PATIENCE)  # docks move to their places
    window.resize(1440, 900)
    qtbot.waitUntil(lambda: shown[0].widget().width() >= shown[0].widget().wish.width())


def test_every_panel_is_to_be_read_whole_in_a_narrow_window(window, qtbot):
    """Where they would be too narrow between the docks at the sides, they stand below these."""
    open_example(window, "circle", epochs=1)
    play_to_the_end(qtbot, window)
    for size in (QSize(1024, 700), QSize(1280, 800)):
        window.resize(size)
        qtbot.waitUntil(lambda size=size: window.size() == size)
        for tabs in zip(*TILES, strict=True):
            for name in tabs:
                window.docks.show(name)
            places = [window.docks[name].widget() for name in tabs if name != "problems"]
            qtbot.waitUntil(lambda places=places: all(place.width() >= place.wish.width() for place in places))
            assert lasting_faults(*(window.docks[name] for name in tabs)) == []


def test_a_panel_that_joins_a_row_of_tabs_makes_room_for_all_their_titles(window, qtbot):
    theme().set_text_scale(1.5)
    window.docks.show("landscapePlot")

    def bar() -> Any:
        bars = window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return next((each for each in bars if "Loss surface" in map(each.tabText, range(each.count()))), None)

    qtbot.waitUntil(lambda: bar() is not None and bar().width() >= bar().sizeHint().width())
    assert lasting_faults(bar()) == []


def test_the_bar_at_the_top_leaves_out_what_menus_have(window, qtbot):
    operation = window.transport.grain.findChild(QToolButton, "operation")
    assert operation.isVisible()
    window.resize(1024, 768)
    qtbot.waitUntil(lambda: window.width() == 1024 and operation.isHidden())
    left = [window.transport.grain.button(key) for key in ("sample", "batch", "epoch")]
    qtbot.waitUntil(lambda: all(button.width() >= button.sizeHint().width() for button in left), timeout=PATIENCE)
    window.resize(1440, 900)
    qtbot.waitUntil(operation.isVisible)
