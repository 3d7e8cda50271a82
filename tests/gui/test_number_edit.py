"""Editors for numbers, used with the keyboard."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QShortcut, QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QPushButton, QVBoxLayout, QWidget

from gui.widgets import IntEdit, Limits, NumberEdit
from gui.widgets.number_edit import _along_125

Key = Qt.Key


@pytest.fixture
def beside(qtbot):
    """A window with the widget and a button that can take the focus from it."""
    windows = []

    def place(widget):
        window = QWidget()
        layout = QVBoxLayout(window)
        layout.addWidget(widget)
        layout.addWidget(QPushButton("elsewhere"))
        windows.append(window)
        qtbot.addWidget(window)
        window.show()
        with qtbot.waitActive(window):
            window.activateWindow()
        return widget

    yield place
    windows.clear()


def type_into(qtbot, edit, text: str) -> None:
    edit.setFocus()
    edit.selectAll()
    if text.isascii():
        qtbot.keyClicks(edit.lineEdit(), text)
    else:  # QTest knows no such keys
        QApplication.clipboard().setText(text)
        edit.lineEdit().paste()


def leave(edit) -> None:
    edit.parentWidget().findChild(QPushButton).setFocus()


@pytest.mark.parametrize(
    ("typed", "value", "display"),
    [("1e-3", 1e-3, "0.001"), ("0,25", 0.25, "0.25"), ("3.14159265", 3.14159265, "3.142"), ("−2e-7", -2e-7, "-2e-7")],
)
def test_typing_a_number(beside, qtbot, typed, value, display):
    edit = beside(NumberEdit(0.5))
    type_into(qtbot, edit, typed)
    assert edit.value() == 0.5  # not before it is confirmed
    with qtbot.waitSignal(edit.changed) as got:
        qtbot.keyClick(edit, Key.Key_Return)
    assert got.args == [value]
    assert edit.value() == value
    leave(edit)
    assert edit.lineEdit().text() == display
    assert repr(value) in edit.toolTip()


def test_editing_shows_every_digit_and_changes_nothing(beside, qtbot):
    edit = beside(NumberEdit(0.041234567, unit="σ"))
    leave(edit)
    assert edit.lineEdit().text() == "0.04123 σ"
    with qtbot.assertNotEmitted(edit.changed):
        edit.setFocus()
        assert edit.lineEdit().text() == "0.041234567"
        assert edit.lineEdit().selectedText() == "0.041234567"
        qtbot.keyClick(edit, Key.Key_Return)
        leave(edit)
    assert edit.value() == 0.041234567


@pytest.mark.parametrize(
    ("limits", "typed", "fault"),
    [
        (Limits(minimum=0.0, maximum=1.0), "1.5", "Must be at most 1.0."),
        (Limits(minimum=0.0), "-1", "Must be at least 0.0."),
        (Limits(above=0.0), "0", "Must be more than 0.0."),
        (Limits(), "abc", '"abc" is no number'),
        (Limits(), "", "A number is needed here."),
    ],
)
def test_what_is_not_accepted_stays_and_says_why(beside, qtbot, limits, typed, fault):
    edit = beside(NumberEdit(0.5, limits))
    faults: list[str] = []
    edit.fault_changed.connect(faults.append)
    with qtbot.assertNotEmitted(edit.changed):
        type_into(qtbot, edit, typed)
        if not typed:
            qtbot.keyClick(edit.lineEdit(), Key.Key_Delete)
        leave(edit)
    assert edit.value() == 0.5
    assert edit.lineEdit().text() == typed
    assert edit.fault == edit.accessibleDescription() == fault
    assert edit.property("error") == "true"
    assert fault.split()[-1] in re.sub("<[^>]*>", "", edit.toolTip())
    edit.setFocus()
    qtbot.keyClick(edit, Key.Key_Escape)
    assert edit.fault == ""
    assert edit.property("error") == "false"
    assert edit.lineEdit().text() == "0.5"
    assert faults[-2:] == [fault, ""]


def test_the_fault_goes_as_soon_as_the_text_is_right(beside, qtbot):
    edit = beside(NumberEdit(0.5, Limits(maximum=20.0)))
    type_into(qtbot, edit, "30")
    assert edit.fault
    qtbot.keyClick(edit.lineEdit(), Key.Key_Backspace)
    assert edit.fault == ""
    leave(edit)
    assert edit.value() == 3.0


def test_an_optional_number_may_be_empty(beside, qtbot):
    edit = beside(NumberEdit(1.0, Limits(optional=True)))
    type_into(qtbot, edit, "2")
    qtbot.keyClick(edit.lineEdit(), Key.Key_Backspace)
    with qtbot.waitSignal(edit.changed) as got:
        qtbot.keyClick(edit, Key.Key_Return)
    assert got.args == [None]
    assert edit.value() is None
    assert edit.lineEdit().text() == ""


def test_setting_is_silent(beside, qtbot):
    edit = beside(NumberEdit(1.0))
    leave(edit)
    with qtbot.assertNotEmitted(edit.changed):
        edit.set_value(2.5)
    assert edit.lineEdit().text() == "2.5"


def test_steps_of_a_learning_rate_multiply(beside, qtbot):
    edit = beside(NumberEdit(0.01, Limits(minimum=0.0), log=True))
    edit.setFocus()
    seen = []
    for key in (Key.Key_Up, Key.Key_Up, Key.Key_Up, Key.Key_Down, Key.Key_PageUp, Key.Key_PageDown):
        qtbot.keyClick(edit, key)
        seen.append(edit.value())
    assert seen == [0.02, 0.05, 0.1, 0.05, 0.5, 0.05]


def test_steps_of_a_share_are_twentieths(beside, qtbot):
    edit = beside(NumberEdit(0.5, Limits(minimum=0.0, maximum=1.0)))
    edit.setFocus()
    for _ in range(12):
        qtbot.keyClick(edit, Key.Key_Up)
    assert edit.value() == 1.0
    qtbot.keyClick(edit, Key.Key_Down)
    assert edit.value() == 0.95
    edit.set_value(0.0)
    none = QAbstractSpinBox.StepEnabledFlag.StepNone
    assert edit.stepEnabled() & QAbstractSpinBox.StepEnabledFlag.StepDownEnabled == none


def test_steps_without_a_range_follow_the_size(beside, qtbot):
    edit = beside(NumberEdit(250.0))
    edit.setFocus()
    qtbot.keyClick(edit, Key.Key_Up)
    assert edit.value() == 260.0
    edit.set_value(0.0)
    qtbot.keyClick(edit, Key.Key_Down)
    assert edit.value() == -0.1


def test_a_step_starts_from_what_is_typed(beside, qtbot):
    edit = beside(NumberEdit(1.0, log=True))
    type_into(qtbot, edit, "0.2")
    qtbot.keyClick(edit, Key.Key_Up)
    assert edit.value() == 0.5


def test_no_step_leaves_an_open_end(beside, qtbot):
    edit = beside(NumberEdit(1e-6, Limits(above=0.0), log=True))
    edit.setFocus()
    qtbot.keyClick(edit, Key.Key_Down)
    assert edit.value() == 1e-6
    assert edit.fault == ""


@given(st.floats(1e-6, 1e12), st.integers(1, 9))
def test_the_ladder_goes_up_and_back(value, steps):
    up = _along_125(value, steps)
    assert up > value
    mantissa = f"{up:.6e}".split("e")[0]
    assert float(mantissa) in (1.0, 2.0, 5.0)
    assert _along_125(_along_125(up, 3), -3) == up
    assert _along_125(-value, -steps) == -up


def test_zero_is_below_the_ladder():
    assert _along_125(0.0, 1) == 1e-6
    assert _along_125(1e-6, -1) == 0.0
    assert _along_125(0.0, -1) == 0.0


def test_scrolling_past_changes_nothing(beside):
    edit = beside(NumberEdit(1.0))
    leave(edit)

    def wheel() -> None:
        where = QPointF(5, 5)
        none = Qt.KeyboardModifier.NoModifier
        delta = QPoint(0, 120)
        event = QWheelEvent(
            where,
            edit.mapToGlobal(where),
            delta,
            delta,
            Qt.MouseButton.NoButton,
            none,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(edit, event)

    wheel()
    assert edit.value() == 1.0
    edit.setFocus()
    wheel()
    assert edit.value() == 1.1


def test_whole_numbers(beside, qtbot):
    edit = beside(IntEdit(32, Limits(minimum=1), log=True, unit="samples"))
    leave(edit)
    assert edit.lineEdit().text() == "32 samples"
    for typed, value in (("1,000", 1000), ("1e3", 1000), ("64", 64)):
        type_into(qtbot, edit, typed)
        qtbot.keyClick(edit, Key.Key_Return)
        assert (edit.value(), type(edit.value())) == (value, int)
    qtbot.keyClick(edit, Key.Key_Up)
    assert edit.value() == 128
    type_into(qtbot, edit, "2.5")
    assert edit.fault == "2.5 is no whole number."
    leave(edit)
    assert edit.value() == 128


def test_whole_numbers_stop_at_their_ends(beside, qtbot):
    edit = beside(IntEdit(2, Limits(minimum=1, maximum=3)))
    edit.setFocus()
    for _ in range(4):
        qtbot.keyClick(edit, Key.Key_Down)
    assert edit.value() == 1
    qtbot.keyClick(edit, Key.Key_PageUp)
    assert edit.value() == 3
    big = beside(IntEdit(2**62))
    assert big.value() == 2**62


def test_undo_is_the_documents_once_a_number_is_taken(beside, qtbot):
    """Qt's field would keep Ctrl+Z for itself, and have nothing to undo: the keys would do nothing at all."""
    edit = beside(NumberEdit(0.5))
    undone = []
    shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Undo), edit.window())
    shortcut.activated.connect(lambda: undone.append(edit.value()))
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, "2")
    qtbot.keyClick(edit, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (undone, edit.text()) == ([], "0.5"), "what is being typed is taken back first"
    edit.selectAll()
    qtbot.keyClicks(edit, "3")
    qtbot.keyClick(edit, Key.Key_Return)
    qtbot.keyClick(edit, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert undone == [3.0]
