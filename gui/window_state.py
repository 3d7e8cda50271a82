"""Size, place and docks of the window, remembered between starts."""

from __future__ import annotations

from typing import Final, cast, final

from PySide6.QtCore import QByteArray, QSize
from PySide6.QtWidgets import QMainWindow

from gui.docks import Docks
from gui.settings import settings

VERSION: Final = 4
"""Counts up when the docks change so that an old state would no longer fit."""
FRAME: Final = QSize(16, 48)
"""About what the system draws around a window; the size set here is the one inside."""


@final
class WindowState:
    """Stores and restores; the first start gets sensible sizes."""

    def __init__(self, window: QMainWindow, docks: Docks) -> None:
        self._window, self._docks = window, docks

    def restore(self) -> None:
        """As the window was left, or 1440 × 900 at most with the docks in their first places."""
        stored = settings()
        geometry, state = stored.value("window/geometry"), stored.value("window/state")
        if not (isinstance(geometry, QByteArray) and self._window.restoreGeometry(geometry)):
            room = self._window.screen().availableGeometry().size() - FRAME
            self._window.resize(min(1440, room.width()), min(900, room.height()))
        if not (isinstance(state, QByteArray) and self._window.restoreState(state, VERSION)):
            self._docks.arrange()

    def store(self) -> None:
        """Remember size, place and docks, unless the window is in presentation mode."""
        if self._window.isFullScreen() or cast("bool", self._window.property("presenting")):
            return
        stored = settings()
        stored.setValue("window/geometry", self._window.saveGeometry())
        stored.setValue("window/state", self._window.saveState(VERSION))
