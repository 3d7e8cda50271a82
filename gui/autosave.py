"""The recovery copy: written a moment after an edit, gone when the document is saved or left in order."""

from __future__ import annotations

from typing import final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from engine import recovery
from gui.background import run_in_background
from gui.document import Document
from gui.notices import notices

DELAY_MS = 3000


@final
class Autosave(QObject):
    """Keeps a recovery copy while there are unsaved edits. One single-shot timer, started by an edit."""

    def __init__(self, document: Document, parent: QWidget) -> None:
        super().__init__(parent)
        self._document = document
        self._warned = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self.write)
        document.changed.connect(self._edited)
        document.clean_changed.connect(self._cleaned)
        document.replaced.connect(self.forget)

    def _edited(self) -> None:
        if not self._document.is_clean and not self._timer.isActive():
            self._timer.start()

    def _cleaned(self, clean: bool) -> None:
        if clean:
            self.forget()

    def write(self) -> None:
        """Write the copy now, off the GUI thread."""
        if self._document.is_clean:
            return
        project, path = self._document.project, self._document.path
        run_in_background(lambda: recovery.write(project, path), self._written, self._failed)

    def _written(self, _: object) -> None:
        if self._document.is_clean:
            self.forget()

    def _failed(self, error: BaseException) -> None:
        if not self._warned:
            self._warned = True
            notices().failure(error, self.tr("No recovery copy could be written."))

    def forget(self) -> None:
        """The document is safe or gone: so may the copy be."""
        self._timer.stop()
        recovery.remove(self._document.path)
