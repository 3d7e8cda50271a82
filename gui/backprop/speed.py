"""How fast the moments play: one small button with a menu, beside the one that plays."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from gui.theme import set_kind, set_role, theme
from gui.widgets.labels import plain_tooltip

LABELS: Final = {"slow": "½×", "normal": "1×", "fast": "3×"}
WIDTH: Final = 30


@final
class SpeedButton(QToolButton):
    """Says the speed that was chosen; a click, or Down, offers the others."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("backpropSpeed")
        self.setToolTip(plain_tooltip(self.tr("How fast it plays")))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_kind(self, "boxed")
        set_role(self, "caption")
        group, menu = QActionGroup(self), QMenu(self)
        self._actions: dict[str, QAction] = {}
        words = {"slow": self.tr("Half"), "normal": self.tr("Normal"), "fast": self.tr("Three times")}
        for key, label in LABELS.items():
            action = QAction(f"{label}   {words[key]}", group)
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, key=key: self.set_value(key))
            menu.addAction(action)
            self._actions[key] = action
        self.setMenu(menu)
        theme().changed.connect(self._rescale)
        self._rescale()
        self.set_value("normal")

    def value(self) -> str:
        """The speed chosen."""
        return next(key for key, action in self._actions.items() if action.isChecked())

    def set_value(self, key: str) -> None:
        """Choose `slow`, `normal` or `fast`.

        Raises:
            KeyError: there is no such speed.
        """
        self._actions[key].setChecked(True)
        self.setText(LABELS[key])
        self.setAccessibleName(self.tr("How fast it plays: {0}").format(LABELS[key]))

    def _rescale(self) -> None:
        self.setFixedWidth(theme().px(WIDTH))
