"""What a screen reader hears of ordinary widgets."""

from __future__ import annotations

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QComboBox, QToolButton

from gui.screen_reader import complete_descriptions, plain
from gui.widgets import plain_tooltip

ABOUT = QAccessible.Text.Description


def test_tool_tips_are_read_without_their_tags(qtbot):
    complete_descriptions()
    button = QToolButton()
    qtbot.addWidget(button)
    button.setToolTip(plain_tooltip("Width < 3 & more"))
    assert QAccessible.queryAccessibleInterface(button).text(ABOUT) == "Width < 3 & more"
    button.setToolTip(plain_tooltip("now 5"))
    assert QAccessible.queryAccessibleInterface(button).text(ABOUT) == "now 5"
    assert plain("as it is <p>") == "as it is <p>"


def test_a_combo_box_says_what_is_chosen_there(qtbot):
    complete_descriptions()
    box = QComboBox()
    qtbot.addWidget(box)
    box.addItem("Adam")
    box.setAccessibleName("optimizer")
    box.setAccessibleDescription("How a gradient becomes an update.")
    assert QAccessible.queryAccessibleInterface(box).text(ABOUT) == "optimizer. How a gradient becomes an update."
