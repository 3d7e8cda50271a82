"""A choice of one among a few, all of them visible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from gui.screen_reader import tell_as
from gui.theme import set_kind
from gui.widgets.labels import plain_tooltip


@final
class Segmented(QFrame):
    """Exclusive buttons side by side. Arrow keys, Home and End choose; Tab reaches the chosen one.

    Signals:
        changed(str): the key chosen by the user; `set_value` is silent.
    """

    changed = Signal(str)

    def __init__(self, options: Sequence[tuple[str, str]], value: str = "", parent: QWidget | None = None) -> None:
        """Shows (key, label) pairs; the first is chosen unless told. Its accessible name says what is chosen."""
        super().__init__(parent)
        tell_as(self, QAccessible.Role.Grouping)
        set_kind(self, "segmented")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        for key, label in options:
            button = QToolButton(self)
            tell_as(button, QAccessible.Role.RadioButton)
            button.setObjectName(key)
            button.setText(label)
            button.setCheckable(True)
            button.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
            set_kind(button, "segment")
            button.clicked.connect(lambda _checked=False, key=key: self._chosen(key))
            self._group.addButton(button)
            self._buttons[key] = button
            layout.addWidget(button)
        self.set_value(value or options[0][0])

    def value(self) -> str:
        """The key chosen."""
        return next(key for key, button in self._buttons.items() if button.isChecked())

    def set_value(self, key: str) -> None:
        """Chooses without a signal.

        Raises:
            KeyError: there is no such option.
        """
        self._buttons[key].setChecked(True)
        for other, button in self._buttons.items():
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus if other == key else Qt.FocusPolicy.NoFocus)

    def button(self, key: str) -> QToolButton:
        """The button of an option, to disable it or give it an action's shortcut."""
        return self._buttons[key]

    def set_hint(self, key: str, text: str) -> None:
        """Says on hover what an option means."""
        self._buttons[key].setToolTip(plain_tooltip(text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = [key for key, button in self._buttons.items() if button.isEnabled()]
        value = self.value()
        at = keys.index(value) if value in keys else 0
        match event.key():
            case Qt.Key.Key_Left | Qt.Key.Key_Up:
                wanted = keys[max(0, at - 1)]
            case Qt.Key.Key_Right | Qt.Key.Key_Down:
                wanted = keys[min(len(keys) - 1, at + 1)]
            case Qt.Key.Key_Home:
                wanted = keys[0]
            case Qt.Key.Key_End:
                wanted = keys[-1]
            case _:
                super().keyPressEvent(event)
                return
        if wanted != value:
            self._chosen(wanted)
        self._buttons[wanted].setFocus(Qt.FocusReason.TabFocusReason)

    def _chosen(self, key: str) -> None:
        self.set_value(key)
        self.changed.emit(key)
