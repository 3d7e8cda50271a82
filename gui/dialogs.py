"""The window's dialogs: each is imported and made when it is asked for."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from gui.actions import Actions
from gui.canvas.view import CanvasView
from gui.commands.shortcuts import Shortcuts
from gui.document import Document
from gui.level import LevelView
from gui.notices import notices
from gui.run_feed import RunFeed
from gui.selection import Selection


@final
class Dialogs(QObject):
    """Opens them from the window's actions."""

    def __init__(
        self,
        window: QWidget,
        actions: Actions,
        document: Document,
        feed: RunFeed,
        level: LevelView,
        selection: Selection,
        canvas: CanvasView,
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._feed = window, document, feed
        self._level, self._selection, self._canvas = level, selection, canvas
        actions.preview.triggered.connect(self.preview_data)
        actions.formula.triggered.connect(self._formula)
        actions.check_gradients.triggered.connect(self._check_gradients)
        actions.messages.triggered.connect(self._messages)
        actions.about.triggered.connect(self._about)

    def preview_data(self) -> None:
        """Look at the data of the selected Input, or of the first one."""
        from gui.data_preview import DataPreviewDialog

        inputs = self._document.result.inputs
        if not inputs:
            notices().info(self.tr("There is no Input block to look at. Drag one onto the canvas."))
            return
        chosen = self._level.prefix + (self._selection.single or "")
        path = chosen if chosen in inputs else inputs[0]
        DataPreviewDialog(path, self._document, self._feed, self._window).open()

    def show_shortcuts(self, shortcuts: Shortcuts) -> None:
        """The keys of all commands."""
        from gui.commands.shortcut_dialog import ShortcutDialog

        ShortcutDialog(shortcuts, self._window).open()

    def _formula(self) -> None:
        from gui.formula_dialog import FormulaDialog

        FormulaDialog(self._canvas, self._window).open()

    def _check_gradients(self) -> None:
        from gui.gradient_check.dialog import GradientCheckDialog

        GradientCheckDialog(self._document, self._feed, self._window).open()

    def _messages(self) -> None:
        from gui.about import show_messages

        show_messages()

    def _about(self) -> None:
        from gui.about import show_about

        show_about()
