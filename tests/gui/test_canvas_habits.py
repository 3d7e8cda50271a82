"""The search remembers what was used and what is pinned, and tells what the highlighted block does."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.block import registry
from gui.canvas import habits
from gui.canvas.hits import PortRef
from gui.canvas.search import BlockSearch
from gui.canvas.search_row import is_told_in_full, pin_zone
from gui.canvas.stage import Wish
from tests.helpers.canvas import Easel, make_easel, small_net


def searched(easel: Easel) -> list[str]:
    easel.view.open_search(Wish(QPointF(100, 100)))
    return easel.view.floats.search.shown()


def test_what_was_used_comes_first_the_newest_on_top(qtbot: QtBot) -> None:
    easel = make_easel(qtbot)
    usual = searched(easel)
    easel.type("dropout2\r")
    searched(easel)
    easel.type("permute\r")
    shown = searched(easel)
    assert shown[:2] == ["Permute", "Dropout2d"]
    assert sorted(shown) == sorted(usual)
    assert habits.recent() == ["Permute", "Dropout2d"]
    easel.type("\x1b")


def test_ctrl_d_pins_the_highlighted_block_and_lets_it_go(qtbot: QtBot) -> None:
    easel = make_easel(qtbot)
    searched(easel)
    search = easel.view.floats.search
    easel.type("layernorm")
    QTest.keyClick(search.field, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert habits.pinned() == ["LayerNorm"]
    search.field.clear()
    assert search.shown()[0] == "LayerNorm"
    search.list.setCurrentIndex(search.list.model().index(0, 0))
    QTest.keyClick(search.field, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert habits.pinned() == []
    assert search.shown()[0] != "LayerNorm"
    easel.type("\x1b")


def test_a_click_on_the_pin_keeps_the_block_on_top_and_lets_it_go(qtbot: QtBot) -> None:
    easel = make_easel(qtbot)
    usual = searched(easel)
    search = easel.view.floats.search
    click_pin(search, 2)
    assert habits.pinned() == [usual[2]]
    assert search.shown()[:2] == [usual[2], usual[0]]
    assert search.isVisible(), "a click on the pin is no choice"
    assert search.list.currentIndex().data() == usual[0], "nor does it move the highlight"
    click_pin(search, 3)
    assert search.shown()[:2] == [usual[2], usual[3]], "the first that was pinned stays first"
    click_pin(search, 0)
    click_pin(search, 0)
    assert habits.pinned() == []
    assert search.shown() == usual
    easel.type("\x1b")


def test_the_empty_field_says_what_becomes_of_the_choice(qtbot: QtBot) -> None:
    easel = make_easel(qtbot, small_net())
    field, at = easel.view.floats.search.field, QPointF(100, 100)
    for wish, said in (
        (Wish(at), "Search blocks"),
        (Wish(at, replaces="act"), "Replace act with…"),
        (Wish(at, port=PortRef("act", "out", "out")), "Connect act to…"),
        (Wish(at, wire=easel.graph.wire(("dense", "out", "act", "in"))), "Insert between dense and act…"),
        (Wish(at), "Search blocks"),
    ):
        easel.view.open_search(wish)
        assert (field.placeholderText(), field.accessibleName()) == (said, said)
        easel.type("\x1b")


def test_a_click_takes_a_block(qtbot: QtBot) -> None:
    """The focus stays in the field: a click that gave it to the canvas would close the search before it chose."""
    easel = make_easel(qtbot)
    easel.view.activateWindow()
    QTest.qWaitForWindowActive(easel.view)
    before = set(easel.graph.nodes)
    searched(easel)
    search = easel.view.floats.search
    qtbot.waitUntil(search.field.hasFocus)
    place = search.list.visualRect(search.list.model().index(2, 0)).center()
    window = easel.view.window().windowHandle()
    at = search.list.viewport().mapTo(easel.view.window(), place)
    wanted = search.shown()[2]
    QTest.mousePress(window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert not search.isHidden()
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    (made,) = set(easel.graph.nodes) - before
    assert easel.graph.node(made).block == wanted


def click_pin(search: BlockSearch, row: int) -> None:
    place = pin_zone(search.list.visualRect(search.list.model().index(row, 0))).center().toPoint()
    QTest.mouseClick(search.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def test_the_highlighted_block_is_explained_below_the_list(qtbot: QtBot) -> None:
    """What its line could not hold, and what can be set: nothing is said twice, and nothing is cut off."""
    easel = make_easel(qtbot)
    searched(easel)
    search = easel.view.floats.search
    told = search.findChild(QLabel, "blockSearchHelp")
    assert told is not None
    width = search.list.viewport().width()
    for row in range(search.list.model().rowCount()):
        search.list.setCurrentIndex(search.list.model().index(row, 0))
        block = registry()[search.shown()[row]]
        assert (block.doc in told.text()) != is_told_in_full(block.doc, width)
        assert told.heightForWidth(told.width()) <= told.height()
    easel.type("conv2d")
    assert "To set: out_channels, kernel_size, stride" in told.text()
    easel.type("\b" * 6 + "sgd")
    assert search.shown() == []
    assert "optimizer" in told.text()
    assert search.geometry().bottom() <= easel.view.height()
    easel.type("\x1b")
