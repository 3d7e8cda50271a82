"""The recovery copy: written a moment after an edit, gone when the document is saved or left in order."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from engine import recovery
from engine.graph import Project
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
        self._writer = _Writer()
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
        """The first edit is told before the document counts as unsaved; then this comes."""
        if clean:
            self.forget()
        else:
            self._edited()

    def write(self) -> None:
        """Write the copy now, off the GUI thread."""
        if self._document.is_clean:
            return
        writer, document = self._writer, self._document
        project, path, folder = document.project, document.path, document.folder
        run_in_background(lambda: writer.write(project, path, folder), lambda _: None, self._failed)

    def _failed(self, error: BaseException) -> None:
        if not self._warned:
            self._warned = True
            notices().failure(error, self.tr("No recovery copy could be written."))

    def forget(self) -> None:
        """The document is safe or gone: so may the copy be."""
        self._timer.stop()
        self._writer.forget()
        self._writer = _Writer()


@final
class _Writer:
    """The copies of one stretch of unsaved edits; forgotten, it removes what it wrote and writes no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = False
        self._written: set[Path | None] = set()

    def write(self, project: Project, document: Path | None, folder: Path | None) -> None:
        """Write a copy; called in a pool thread. Raises FileError."""
        with self._lock:
            if not self._over:
                recovery.write(project, document, folder)
                self._written.add(document)

    def forget(self) -> None:
        """Remove the copies, after one that is being written, which takes milliseconds."""
        with self._lock:
            self._over = True
            for document in self._written:
                recovery.remove(document)
            self._written.clear()
