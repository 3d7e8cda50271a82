"""Trainings on other machines: sent there, and watched from here. What does the work is loaded when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, final

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.problem import ChainruleError
from gui.actions import Actions
from gui.document import Document
from gui.file_actions import FileActions
from gui.notices import notices
from gui.run_feed import RunFeed

if TYPE_CHECKING:
    from gui.watching.watching import Watching


@final
class Afar(QObject):
    """Makes watcher and dialogs at their first use, so that nobody waits for them at the start.

    Args:
        column: over the canvas; the strip that tells of a watched run becomes its first line.
    """

    def __init__(
        self, actions: Actions, document: Document, feed: RunFeed, files: FileActions, window: QWidget, column: QWidget
    ) -> None:
        super().__init__(window)
        self._document, self._feed, self._files = document, feed, files
        self._actions, self._window, self._column = actions, window, column
        self._watching: Watching | None = None
        actions.watch.triggered.connect(self.ask_watch)
        actions.train_elsewhere.triggered.connect(self.ask_train)

    @property
    def watching(self) -> Watching:
        """What follows a run elsewhere."""
        if self._watching is None:
            from gui.watching.bar import WatchBar
            from gui.watching.watching import Watching

            self._watching = Watching(self._document, self._feed, self._files, self)
            self._watching.walk = self._walk
            self._actions.stop.triggered.connect(self._watching.stop)
            layout = self._column.layout()
            assert isinstance(layout, QVBoxLayout)
            layout.insertWidget(0, WatchBar(self._watching, self._column))
        return self._watching

    def ask_watch(self) -> None:
        """Choose a run elsewhere, and watch it."""
        from gui.watching.dialog import WatchDialog

        WatchDialog(self.watching, self._document.folder or Path.home(), self._window).open()

    def watch(self, text: str) -> None:
        """Watch a run directory or an address."""
        from engine.watching.place import PlaceError

        try:
            self.watching.start(text)
        except PlaceError as error:
            notices().error(str(error))

    def ask_train(self) -> None:
        """Write a folder with which another machine trains this network."""
        from gui.elsewhere.dialog import ElsewhereDialog

        try:
            ElsewhereDialog(self._document, self._window).open()
        except ChainruleError as error:
            notices().failure(error)

    def _walk(self) -> None:
        if not self._actions.backprop.isChecked():
            self._actions.backprop.trigger()

    def stop(self) -> None:
        """The window closes."""
        if self._watching is not None:
            self._watching.join(0.2)
