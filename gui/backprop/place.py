"""Where the backprop panel is: its dock comes with the mode, and goes with it."""

from __future__ import annotations

from typing import Final, final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction

from gui.backprop.mode import Backprop
from gui.backprop.warm import WarmUp
from gui.docks import Docks

WIDTH: Final = 440
BEFORE: Final = 300


@final
class BackpropPlace(QObject):
    """Connects the mode with its action and its dock. Closing the dock leaves the mode."""

    def __init__(self, mode: Backprop, action: QAction, docks: Docks, parent: QObject) -> None:
        super().__init__(parent)
        self._mode, self._action, self._docks = mode, action, docks
        self._dock = docks["backprop"]
        self._before = BEFORE
        self._warm = WarmUp(mode.panel, self)
        action.triggered.connect(mode.toggle)
        mode.changed.connect(self._follow)
        self._dock.visibilityChanged.connect(self._dock_changed)

    def _follow(self, active: bool) -> None:
        self._action.setChecked(active)
        if active:
            self._warm.start()
            self._before = self._docks["inspector"].width()
            self._docks.show("backprop")
            self._docks.widen("backprop", WIDTH)
        else:
            self._dock.hide()
            if not self._docks["inspector"].isHidden():
                self._docks.show("inspector")
            self._docks.widen("inspector", self._before)

    def _dock_changed(self, _seen: bool) -> None:
        QTimer.singleShot(0, self, self._look)  # a dock that is torn off is hidden for a moment

    def _look(self) -> None:
        if self._mode.active and self._dock.isHidden():
            self._mode.leave()
