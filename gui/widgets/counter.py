"""A whole number among a few: which sample, which filter."""

from __future__ import annotations

from typing import final

from PySide6.QtWidgets import QSpinBox, QWidget

from gui.theme import set_role


@final
class Counter(QSpinBox):
    """A spin box that looks like the other fields. It changes on Enter, when it is left, and at each step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setKeyboardTracking(False)
        set_role(self, "mono")
        set_role(self.lineEdit(), "mono")
        self.lineEdit().setTextMargins(6, 0, 0, 0)  # the style sheet's padding does not reach the line inside
