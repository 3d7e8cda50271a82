"""After a crash: offer what was not saved."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine import recovery
from engine.problem import ChainruleError
from gui.document import Document
from gui.notices import notices
from gui.question import Choice, Question


def _tr(text: str) -> str:
    return QCoreApplication.translate("Recover", text)


def offer_recovery(document: Document, opened: Path | None = None) -> None:
    """Ask about recovery copies that an earlier run left behind: open one, delete it, or leave it for later.

    Args:
        document: takes over what is recovered.
        opened: ask only about the copy of this file, which is open now.
    """
    for copy in recovery.found():
        if opened is not None and (copy.document is None or not _same_file(copy.document, opened)):
            continue
        if copy.problem:
            notices().warn(copy.problem, actions=[(_tr("Delete the copy"), partial(recovery.discard, copy))])
            continue
        answer = notices().ask(_question(copy))
        if answer == "delete":
            recovery.discard(copy)
        elif answer == "open" and _recover(document, copy):
            return


def _same_file(first: Path, second: Path) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)


def _question(copy: recovery.Copy) -> Question:
    title = _tr('Recover "{0}"?').format(copy.name)
    when = f"{copy.time.astimezone():%d %B, %H:%M}"
    text = _tr("The program ended before this was saved. The copy is of {0}.").format(when)
    choices = (
        Choice("delete", _tr("Delete the copy"), "quiet"),
        Choice("later", _tr("Not now")),
        Choice("open", _tr("Recover"), "primary"),
    )
    return Question(title, text, choices, "later")


def _recover(document: Document, copy: recovery.Copy) -> bool:
    try:
        project = recovery.read(copy)
    except (ChainruleError, OSError) as error:
        notices().failure(error)
        return False
    document.recover(project, copy.document, copy.folder)
    recovery.discard(copy)
    return True
