"""After a crash: offer what was not saved."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from engine import files, recovery
from engine.compare import compare
from engine.problem import ChainruleError
from gui.background import run_aside
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
        answer = notices().ask(question_of(copy))
        if answer == "delete":
            recovery.discard(copy)
        elif answer == "open" and _recover(document, copy):
            return


def _same_file(first: Path, second: Path) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)


def question_of(copy: recovery.Copy) -> Question:
    """What is asked about a copy: whose it is, from when, and what it has that the file has not."""
    title = _tr('Recover "{0}"?').format(copy.name)
    locale, time = QLocale(), QDateTime.fromSecsSinceEpoch(int(copy.time.timestamp()))
    when = f"{locale.toString(time.date())}, {locale.toString(time.time(), QLocale.FormatType.ShortFormat)}"
    told = [_tr("The program ended before this was saved. The copy is of {0}.").format(when)]
    told += _compared(copy)
    if copy.document is not None:
        told.append(str(copy.document))
    text = "\n".join(told)
    choices = (
        Choice("delete", _tr("Delete the copy"), "quiet"),
        Choice("later", _tr("Not now")),
        Choice("open", _tr("Recover"), "primary"),
    )
    return Question(title, text, choices, "later", window=_tr("Recovery"))


def _compared(copy: recovery.Copy) -> list[str]:
    """What the copy has that the file has not; nothing of what was never saved, or where either cannot be read."""
    if copy.document is None:
        return [_tr("It was never saved as a file.")]
    document = copy.document
    try:
        found, later = run_aside(
            lambda: (
                compare(files.load(document), recovery.read(copy)),
                datetime.fromtimestamp(document.stat().st_mtime, UTC) > copy.time,
            )
        )
    except (ChainruleError, OSError):
        return [_tr("The file itself is not there any more, or cannot be read.")]
    what = _tr("nothing but the places of blocks") if found.same else found.summary
    told = [_tr("What differs from the file: {0}.").format(what)]
    return [*told, _tr("The file was saved after that: the copy is the older one.")] if later else told


def _recover(document: Document, copy: recovery.Copy) -> bool:
    try:
        project = run_aside(lambda: recovery.read(copy))
    except (ChainruleError, OSError) as error:
        notices().failure(error)
        return False
    document.recover(project, copy.document, copy.folder)
    recovery.discard(copy)
    return True
