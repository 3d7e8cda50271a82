"""The user's own groups: a folder of fragment files beside the settings, one group each."""

from __future__ import annotations

import re
from pathlib import Path

from engine import diskfile, files
from engine.graph import Project
from engine.problem import FileError
from gui.settings import settings

SUFFIX = ".chainrule"
_MOST = 4_000_000
"""Bytes of a file that are read at most: a group is a drawing, not a data set."""
_HEAD = 200
"""Bytes at the beginning of a file that tell whether it is a fragment."""


def folder() -> Path:
    """Where they are; it need not exist yet."""
    return Path(settings().fileName()).parent / "groups"


def listed() -> list[Path]:
    """The files, by name."""
    try:
        return sorted(folder().glob(f"*{SUFFIX}"), key=lambda path: path.stem.lower())
    except OSError:
        return []


def file_for(name: str, text: str = "") -> Path:
    """The file that a group of that name is kept in; one with a number behind it where another group has that file."""
    plain = (re.sub(r"[^\w \-]", "_", name).strip() or "group")[:60]
    path, number = folder() / f"{plain}{SUFFIX}", 2
    while text and path.exists() and not _holds(path, text):
        path, number = folder() / f"{plain} {number}{SUFFIX}", number + 1
    return path


def _holds(path: Path, text: str) -> bool:
    try:
        return diskfile.read(path, _MOST) == text.encode()
    except FileError:
        return False


def holds_group(path: Path) -> bool:
    """Whether a file is one of these, and not a graph of its own."""
    try:
        with diskfile.open_regular(path, _MOST) as file:
            head = file.read(_HEAD)
    except (OSError, diskfile.NotReadableError):
        return False
    return re.search(rb'"fragment":\s*true', head) is not None


def read(path: Path) -> Project:
    """The fragment in a file. Raises FileError."""
    fragment = files.load_fragment(diskfile.read(path, _MOST).decode("utf-8", "replace"))
    if not len(fragment.graph):
        raise FileError(f'"{path.name}" holds no blocks.', code="F02")
    return fragment


def write(path: Path, text: str) -> Path:
    """Write a fragment, atomically. Raises FileError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f'"{path.parent}" cannot be made: {diskfile.reason(error)}.', code="F05") from None
    diskfile.write(path, [text.encode()])
    return path


def remove(path: Path) -> None:
    """Take one of the user's groups away; one that is gone already is no error. Raises FileError."""
    if path.parent == folder():
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise FileError(f'"{path}" cannot be removed: {diskfile.reason(error)}.', code="F05") from None
