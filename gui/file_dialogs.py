"""Asking for files and folders: one place for suffixes and for the question before overwriting."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.notices import notices
from gui.question import Choice, Question


def ask_open_path(parent: QWidget, title: str, start: Path | str, patterns: str) -> Path | None:
    """An existing file; None when the user thinks better of it. `patterns` as in `Images (*.png *.jpg)`."""
    name, _ = QFileDialog.getOpenFileName(parent, title, str(start), patterns)
    return Path(name) if name else None


def ask_folder(parent: QWidget, title: str, start: Path | str) -> Path | None:
    """An existing folder; None when the user thinks better of it."""
    name = QFileDialog.getExistingDirectory(parent, title, str(start))
    return Path(name) if name else None


def ask_save_path(parent: QWidget, title: str, start: Path, patterns: str, suffix: str) -> Path | None:
    """Where to save, with that suffix; None when the user thinks better of it.

    The dialog asks before it overwrites the name typed; where only the suffix makes it a file that exists, this does.
    """
    name, _ = QFileDialog.getSaveFileName(parent, title, str(start), patterns)
    if not name:
        return None
    path = Path(name)
    if path.suffix.lower() == suffix:
        return path
    path = path.with_name(path.name + suffix)
    return path if not path.exists() or _may_overwrite(path) else None


def _may_overwrite(path: Path) -> bool:
    tr = QCoreApplication.translate
    title = tr("FileDialogs", "Replace {0}?").format(path.name)
    choices = (
        Choice("cancel", tr("FileDialogs", "Cancel")),
        Choice("replace", tr("FileDialogs", "Replace"), "danger"),
    )
    text = tr("FileDialogs", "The file is there already. What it holds now will be lost.")
    return notices().ask(Question(title, text, choices, "cancel", level="warning")) == "replace"


def file_stem(name: str) -> str:
    """A name as every system takes it in a file's."""
    return "".join(char if char.isalnum() or char in "-_ ." else "-" for char in name).strip(". ") or "network"


def folder_of(path: Path | None) -> Path:
    """Where a dialog begins: beside that file, or among the documents."""
    if path is not None:
        return path.parent
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
