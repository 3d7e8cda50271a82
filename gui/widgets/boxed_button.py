"""A small button with an icon in a frame, in the bars that lead through a step or back in time."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QWidget

from gui.icons import icon
from gui.theme import set_kind
from gui.widgets.labels import plain_tooltip


def boxed_button(parent: QWidget, name: str, tip: str, object_name: str) -> QToolButton:
    """The icon `name`; `tip` is shown on hover and read aloud. A click leaves the keys with who has them."""
    button = QToolButton(parent)
    button.setObjectName(object_name)
    button.setIcon(icon(name))
    button.setToolTip(plain_tooltip(tip))
    button.setAccessibleName(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    set_kind(button, "boxed")
    return button
