"""Graph files and clipboard fragments: text <-> `Project`, and saves that never leave half a file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine import decorations, diskfile
from engine.fileread import MIGRATIONS, read_project
from engine.filetext import FORMAT, VERSION, project_text, unwritable
from engine.graph import Project
from engine.jsontext import JsonError, locate, parse, path_text
from engine.problem import FileError
from engine.startvalues import own_files, place
from engine.wording import byte_text

MAX_BYTES = 16 * diskfile.MIB
"""A graph file has no more: larger data belong into files of their own."""

UNCHANGED = "Nothing was changed."
_KEEP_DATA_OUT = "Keep large data in a CSV or NPZ file and name it in the Input."


# -- reading --


def load(path: Path) -> Project:
    """The project of a graph file.

    Raises:
        FileError: F01 it is damaged, F02 it does not exist, F03 a newer version wrote it, F04 it cannot be read. The
            message names line and JSON path, what was expected and what was received.
    """
    content = diskfile.read(path, MAX_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        what = f'"{path.name}" is damaged (line {line}: it is no UTF-8 text).'
        raise FileError(what, code="F01", hint=UNCHANGED) from None
    return loads(text, path.name)


def loads(text: str, where: str = "") -> Project:
    """The project of a graph file's text; `where` is the file's name in messages. Raises FileError as `load` does."""
    name = f'"{where}"' if where else "The text"
    if len(text) > MAX_BYTES:
        raise FileError(f"{name} has more than {byte_text(MAX_BYTES)}.", code="F04", hint=_KEEP_DATA_OUT)
    try:
        data = parse(text)
    except JsonError as error:
        raise FileError(f"{name} is damaged ({_place(error)}: {error.what}).", code="F01", hint=UNCHANGED) from None
    try:
        return read_project(_current(data, name))
    except JsonError as error:
        error.line = locate(text, error.path)
        message = f"{name} is no valid graph ({_place(error)}: {error.what})."
        raise FileError(message, code="F01", hint=UNCHANGED) from None


def _place(error: JsonError) -> str:
    return f"line {error.line}, {path_text(error.path)}" if error.path else f"line {error.line}"


def _current(data: Any, name: str) -> dict[str, Any]:
    """The top-level object in the present version of the format."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        message = f'{name} is no Chainrule graph: it lacks "format": "{FORMAT}".'
        raise FileError(message, code="F01", hint="Choose a .chainrule file.")
    version = data.get("version")
    if type(version) is not int or version < 1:
        what = 'the key "version" is missing' if version is None else f"expects a version from 1 but got {version!r}"
        raise JsonError(what, ("version",))
    if version > VERSION:
        message = f"{name} was written by a newer Chainrule (format {version}, this one reads up to {VERSION})."
        raise FileError(message, code="F03", hint="Update Chainrule.")
    current: dict[str, Any] = data
    for old in range(version, VERSION):
        current = MIGRATIONS[old](current)
    return current


# -- writing --


def dumps(project: Project) -> str:
    """The text of a graph file, always the same for the same project.

    Raises:
        FileError: F06, a value that no file can hold (NaN, half a character); the message names its place.
    """
    return _text(project)


def _text(project: Project, *, fragment: bool = False) -> str:
    try:
        text = project_text(project, fragment=fragment)
        text.encode()  # half a character is found here
    except (ValueError, TypeError, RecursionError):
        error = unwritable(project)
        raise FileError(f"{path_text(error.path)} {error.what}.", code="F06", hint=UNCHANGED) from None
    return text


def save(
    project: Project, path: Path, weights: Mapping[str, Any] | None = None, *, folder: Path | None = None
) -> Project:
    """Write a graph file, and the weights file beside it where one is needed.

    The weights file is written first, then the graph, then the old weights file is deleted; whatever fails, the old
    pair is still there. The text is read again before it replaces anything.

    Args:
        project: what to save.
        path: the graph file. Links are followed, the file's mode is kept.
        weights: trained weights by `block.parameter` (running statistics too) that become the start values: arrays or
            other objects with the buffer protocol, or nested sequences. None keeps the project's own.
        folder: where the project's present weights file lies, when that is not beside `path` (saved elsewhere).

    Returns:
        The project as saved: its `parameters` and `weights` say where the start values are now.

    Raises:
        FileError: F05 it cannot be written, F06 it holds what no file can hold. Nothing is changed then.
    """
    current = _with_weights_that_exist(project, path, folder or path.parent) if weights is None else project
    placed = place(current, weights, path, folder or path.parent)
    text = dumps(placed.project)
    content = text.encode()
    if len(content) > MAX_BYTES:
        size, most = byte_text(len(content)), byte_text(MAX_BYTES)
        raise FileError(f'"{path.name}" would have {size}; at most {most} fit.', code="F05", hint=_KEEP_DATA_OUT)
    try:
        loads(text, path.name)
    except FileError as error:
        raise FileError(f"This cannot be saved: {error.message}", code="F06", hint=UNCHANGED) from None
    beside = path.parent / placed.project.weights
    is_new = placed.chunks is not None and not beside.exists()
    if placed.chunks is not None:
        diskfile.write(beside, placed.chunks)
    try:
        diskfile.write(path, [content])
    except FileError:
        if is_new:
            _delete(beside)
        raise
    for old in own_files(path):
        if old.name != placed.project.weights:
            _delete(old)
    return placed.project


def _with_weights_that_exist(project: Project, path: Path, folder: Path) -> Project:
    """An undone edit may name a weights file that a later save replaced; then the document has those of that save."""
    if project.weights and not (folder / project.weights).is_file():
        with contextlib.suppress(FileError):
            saved = load(path).weights
            if saved and (path.parent / saved).is_file():
                return replace(project, weights=saved)
    return project


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):  # a file too many does no harm
        path.unlink(missing_ok=True)


# -- the clipboard --


def dump_fragment(project: Project, node_ids: Iterable[str], decoration_ids: Iterable[str] = ()) -> str:
    """Some nodes with the wires among them, frames and notes, as text for the clipboard. Raises FileError."""
    return _text(decorations.fragment_with(project, node_ids, decoration_ids), fragment=True)


def load_fragment(text: str) -> Project:
    """What `dump_fragment` wrote, or a whole graph file. Raises FileError for any other text."""
    return loads(text)
