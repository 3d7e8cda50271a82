"""Presentation mode for a lecture hall: the whole screen, large text, light colours, the canvas alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from gui.docks import Docks
from gui.theme import Mode, theme

if TYPE_CHECKING:
    from PySide6.QtCore import QByteArray

    from gui.canvas.view import CanvasView

TEXT_SCALE = 1.6


@final
class Presentation(QObject):
    """Switched by one action; leaving it brings everything back as it was.

    The docks are a menu away (View, Panels), and those opened meanwhile are closed again with it.
    """

    def __init__(self, action: QAction, window: QMainWindow, docks: Docks, canvas: CanvasView) -> None:
        super().__init__(window)
        self._window, self._docks, self._canvas = window, docks, canvas
        self._before: tuple[QByteArray, Mode, float, Qt.WindowState] | None = None
        action.toggled.connect(self._switch)

    def _switch(self, on: bool) -> None:
        if on:
            self._before = (self._window.saveState(), theme().mode, theme().text_scale, self._window.windowState())
            self._window.setProperty("presenting", True)
            theme().set_mode("light")
            theme().set_text_scale(TEXT_SCALE)
            self._docks.hide_all()
            self._window.setWindowState(self._window.windowState() | Qt.WindowState.WindowFullScreen)
        elif self._before is not None:
            state, mode, scale, shown_as = self._before
            self._before = None
            self._window.setWindowState(shown_as)
            theme().set_text_scale(scale)
            theme().set_mode(mode)
            self._window.restoreState(state)
            self._window.setProperty("presenting", False)
        QTimer.singleShot(0, self._canvas, self._canvas.fit)  # when the layout has settled
