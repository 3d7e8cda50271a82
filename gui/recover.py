"""After a crash: offer what was not saved."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine import recovery
from engine.problem import ChainruleError
from gui.document import Document
from gui.notices import notices
from gui.question import Choice, Question


def _tr(text: str) -> str:
    return QCoreApplication.translate("Recover", text)


def offer_recovery(document: Document) -> None:
    """Ask about each recovery copy that an earlier run left behind: open it, or delete it."""
    for copy in recovery.found():
        title = _tr('Recover "{0}"?').format(copy.name)
        text = _tr("The program ended on {0} before this was saved.").format(f"{copy.time.astimezone():%d %B, %H:%M}")
        choices = (
            Choice("delete", _tr("Delete the copy"), "quiet"),
            Choice("later", _tr("Not now")),
            Choice("open", _tr("Recover"), "primary"),
        )
        answer = notices().ask(Question(title, text, choices, "later"))
        if answer == "delete":
            recovery.discard(copy)
        if answer == "open":
            try:
                project = recovery.read(copy)
            except (ChainruleError, OSError) as error:
                notices().failure(error)
                continue
            document.recover(project, copy.document)
            recovery.discard(copy)
            return
