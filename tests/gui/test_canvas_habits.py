"""The search remembers what was used and what is pinned, and tells what the highlighted block does."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.block import registry
from gui.canvas import habits
from gui.canvas.stage import Wish
from tests.helpers.canvas import Easel, make_easel


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


def test_the_highlighted_block_is_explained(qtbot: QtBot) -> None:
    easel = make_easel(qtbot)
    searched(easel)
    search = easel.view.floats.search
    told = search.findChild(QLabel, "blockSearchHelp")
    assert told is not None
    first = registry()[search.shown()[0]]
    assert first.doc in told.text()
    QTest.keyClick(search.field, Qt.Key.Key_Down)
    assert registry()[search.shown()[1]].doc in told.text()
    easel.type("conv2d")
    assert "kernel_size" in told.text()
    assert search.geometry().bottom() <= easel.view.height()
    easel.type("\x1b")
    easel.type("\x1b")
