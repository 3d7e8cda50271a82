"""A network made, wired and mended with the keyboard alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine import decorations, edits
from gui.notices import notices
from tests.helpers.canvas import Easel, make_easel, small_net
from tests.helpers.windows import PATIENCE, main_window

KEY = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(autouse=True)
def _all_judged(monkeypatch):
    """However busy the machine, each port of the list is judged before it is shown."""
    monkeypatch.setattr("gui.canvas.connecting.JUDGED_MS", PATIENCE)


@pytest.fixture
def easel(qtbot) -> Easel:
    return make_easel(qtbot, small_net())


def popup(easel):
    return easel.view.connecting.popup


def press(easel, key, keys=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(easel.view, key, keys)


def choose(easel, text):
    QTest.keyClicks(popup(easel).field, text)
    QTest.keyClick(popup(easel).field, KEY.Key_Return)


def test_the_selected_block_is_connected_by_name(easel):
    easel.selection.set({"loss"})
    press(easel, KEY.Key_C)
    assert popup(easel).isVisible()
    assert popup(easel).shown()[0] == "target ← data.y"  # free, of the same kind
    choose(easel, "data.y")
    assert "data.y → loss.target" in easel.wires()
    assert easel.document.undo_stack.undoText() == "Connect data to loss"
    assert easel.view.hasFocus()
    easel.undo()
    assert "data.y → loss.target" not in easel.wires()


def test_escape_leaves_the_search_at_once_whatever_was_typed(easel):
    search = easel.view.floats.search
    press(easel, KEY.Key_Tab)
    QTest.keyClicks(search.field, "relu")
    QTest.keyClick(search.field, KEY.Key_Escape)
    assert search.isHidden()
    assert easel.view.hasFocus()


def test_what_is_wired_already_or_would_make_a_loop_is_not_listed(easel):
    easel.selection.set({"dense"})
    press(easel, KEY.Key_C)
    shown = popup(easel).shown()
    assert "out → act.in" not in shown  # it is there
    assert "in ← act.out" not in shown  # a loop
    assert "out → loss.target" in shown


def test_a_port_that_is_taken_says_what_would_go(easel):
    easel.selection.set({"dense"})
    press(easel, KEY.Key_C)
    QTest.keyClicks(popup(easel).field, "loss.prediction")
    [pick] = popup(easel)._model.picks
    assert pick.note == "replaces act.out"
    QTest.keyClick(popup(easel).field, KEY.Key_Return)
    assert "dense.out → loss.prediction" in easel.wires()
    assert "act.out → loss.prediction" not in easel.wires()


def test_a_port_that_does_not_fit_comes_last_and_says_why(easel):
    easel.selection.set({"dense"})
    press(easel, KEY.Key_C)
    assert popup(easel).shown()[-2:] == ["out → conv.in", "in ← data.y"]  # targets in the place of inputs: still later
    before = easel.wires()
    choose(easel, "conv.in")
    assert easel.wires() == before
    assert "images" in easel.view.floats.hint.text


def test_several_blocks_cannot_be_connected_at_once(easel):
    easel.selection.set({"dense", "act"})
    assert not easel.view.actions_.connect.isEnabled()
    easel.selection.set(())
    count = len(notices().history)
    easel.view.connecting.open()
    assert len(notices().history) == count + 1
    assert not popup(easel).isVisible()


def test_escape_leaves_the_list_and_nothing_else(easel):
    easel.selection.set({"dense"})
    press(easel, KEY.Key_C)
    QTest.keyClick(popup(easel).field, KEY.Key_Escape)
    assert not popup(easel).isVisible()
    assert easel.view.hasFocus()
    assert easel.selected == {"dense"}


def test_a_network_is_drawn_without_a_mouse(qtbot):
    """Input, Dense, tanh, Dense, Loss; the target wired; then it trains."""
    with main_window(qtbot) as window:
        with qtbot.waitActive(window):
            window.activateWindow()
        canvas, search = window.canvas, window.canvas.floats.search
        canvas.setFocus()
        for text in ("input", "dense", "activation", "dense", "loss"):
            QTest.keyClick(canvas, KEY.Key_Tab)
            QTest.keyClicks(search.field, text)
            QTest.keyClick(search.field, KEY.Key_Return)
        wires = {str(wire) for wire in window.document.project.graph.iter_wires()}
        assert len(wires) == 4  # each new block continues the selected one
        window.selection.set({"dense2"})
        QTest.keyClick(canvas, KEY.Key_Return)
        units = QApplication.focusWidget()
        assert units is not None
        assert units is not canvas
        QTest.keyClick(units, KEY.Key_A, CONTROL)
        QTest.keyClicks(units, "1")
        QTest.keyClick(units, KEY.Key_Return)
        assert dict(window.document.project.graph.node("dense2").params) == {"out_features": 1}
        QTest.keyClick(units, KEY.Key_Escape)
        assert canvas.hasFocus()
        window.selection.set({"loss"})
        QTest.keyClick(canvas, KEY.Key_C)
        QTest.keyClicks(canvas.connecting.popup.field, "target y")
        QTest.keyClick(canvas.connecting.popup.field, KEY.Key_Return)
        assert not window.document.result.errors
        QTest.keyClick(window, KEY.Key_Return, CONTROL)
        qtbot.waitUntil(lambda: window.feed.trained, timeout=PATIENCE)
        QTest.keyClick(window, KEY.Key_Return, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        qtbot.waitUntil(lambda: window.feed.state in ("ready", "finished"), timeout=PATIENCE)


def test_several_blocks_are_selected_along_the_wires(easel):
    easel.selection.set({"dense"})
    both = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier
    press(easel, KEY.Key_Right, both)
    assert easel.selected == {"dense", "act"}
    press(easel, KEY.Key_Right, both)
    assert easel.selected == {"dense", "act", "loss"}
    press(easel, KEY.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert easel.selected == {"act"}  # from the one that was walked to last


def test_a_list_tells_a_screen_reader_what_enter_would_take(easel, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr("gui.widgets.search_popup.say", lambda _, text: said.append(text))
    easel.selection.set({"dense"})
    press(easel, KEY.Key_C)
    QTest.keyClicks(popup(easel).field, "loss")
    count = len(popup(easel).shown())
    assert said[-1] == f"out → loss.prediction, Loss · N × 1 replaces act.out, 1 of {count}"
    QTest.keyClick(popup(easel).field, KEY.Key_Down)
    assert said[-1].startswith("out → loss.target, Loss")
    assert said[-1].endswith(f"2 of {count}")
    QTest.keyClicks(popup(easel).field, "zzz")
    assert said[-1] == "nothing found"


def test_what_fits_but_for_its_shape_comes_before_what_only_fits(qtbot):
    """Class numbers do not go with 8 numbers a sample; yet they are for the target, not for the prediction."""
    easel = make_easel(qtbot, edits.set_params(small_net(), "dense", {"out_features": 8})[0])
    easel.selection.set({"loss"})
    press(easel, KEY.Key_C)
    QTest.keyClicks(popup(easel).field, "data.y")
    assert popup(easel).shown() == ["target ← data.y", "prediction ← data.y"]


def test_a_card_that_says_something_else_meanwhile_keeps_its_room(easel):
    easel.selection.set({"loss"})
    card = easel.view.floats.card
    assert card.isVisible()
    before = card.texts()
    press(easel, KEY.Key_C)
    choose(easel, "prediction data.y")
    assert card.isVisible()
    assert card.texts() != before
    assert card.height() > 40


def test_one_is_not_named_as_several(easel):
    easel.selection.set({"conv"})
    easel.view.actions_.group.group.trigger()
    assert easel.document.undo_stack.undoText() == "Make a group of one block"
    assert easel.view.accessibleDescription().startswith("5 blocks, 3 wires.")
    easel.view.actions_.select_all.trigger()
    easel.view.actions_.delete.trigger()
    assert easel.view.accessibleDescription().startswith("0 blocks, 0 wires.")


def test_ctrl_enter_ends_a_note_and_plays_nothing(qtbot):
    with main_window(qtbot) as window:
        canvas, played = window.canvas, list[bool]()
        window.actions_.play.triggered.disconnect()
        window.actions_.play.triggered.connect(lambda: played.append(True))
        with qtbot.waitActive(window):
            window.activateWindow()
        canvas.setFocus()
        QTest.keyClick(canvas, KEY.Key_N, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        page = canvas.decor_editor.page
        QTest.keyClicks(page, "Why")
        QTest.keyClick(page, KEY.Key_Return, CONTROL)
        assert page.isHidden()
        assert not played
        assert [note.text for note in decorations.notes(window.document.project.layout)] == ["Why"]
        QTest.keyClick(canvas, KEY.Key_Return, CONTROL)
        assert played  # the key is the window's again


def test_a_block_never_lands_on_others_though_the_mouse_rests_beside_them(easel, monkeypatch):
    blocks = easel.view.items_.blocks
    at = blocks["dense"].area.bottomLeft() + QPointF(20, 10)
    monkeypatch.setattr("gui.canvas.viewport.pointer_place", lambda *_: at)
    before = set(blocks)
    press(easel, KEY.Key_Tab)
    search = easel.view.floats.search
    QTest.keyClicks(search.field, "relu")
    QTest.keyClick(search.field, KEY.Key_Return)
    [new] = set(blocks) - before
    assert not any(blocks[new].area.intersects(blocks[other].area) for other in before)
