"""Notices when a graph file was changed by somebody else since it was read or written here."""

from __future__ import annotations

from pathlib import Path
from typing import final

from PySide6.QtCore import QObject

from gui.document import Document
from gui.notices import notices
from gui.question import Choice, Question

Mark = tuple[int, int, int]
"""When a file was written, its size and its place on the disk."""


def mark_of(path: Path | None) -> Mark | None:
    """The mark of a file as it is now; None where there is none."""
    try:
        stat = path.stat() if path is not None else None
    except OSError:
        return None
    return (stat.st_mtime_ns, stat.st_size, stat.st_ino) if stat is not None else None


@final
class Outside(QObject):
    """Remembers the file of a document as it was left; it is looked at only when it is to be written."""

    def __init__(self, document: Document, parent: QObject) -> None:
        super().__init__(parent)
        self._document = document
        self._left = mark_of(document.path)
        document.path_changed.connect(self._remember)

    def _remember(self) -> None:
        self._left = mark_of(self._document.path)

    def changed(self, path: Path) -> bool:
        """Whether writing the document there would write over what somebody else has written since."""
        now = mark_of(path)
        return path == self._document.path and now is not None and now != self._left

    def ask(self, path: Path) -> str:
        """`overwrite`, `elsewhere` or `cancel`: what to do about it."""
        choices = (
            Choice("overwrite", self.tr("Overwrite"), "quiet"),
            Choice("cancel", self.tr("Cancel")),
            Choice("elsewhere", self.tr("Save elsewhere…"), "primary"),
        )
        title = self.tr("{0} was changed by another program").format(path.name)
        text = self.tr("It is no longer as it was opened or saved here. Overwriting it loses what was written since.")
        return notices().ask(Question(title, text, choices, "cancel", level="warning"))
