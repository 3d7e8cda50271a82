"""Graph files and clipboard fragments: text <-> `Project`, and saves that never leave half a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine import edits
from engine.fileread import MIGRATIONS, read_project
from engine.filetext import FORMAT, VERSION, project_text
from engine.graph import Project
from engine.jsontext import JsonError, locate, parse, path_text
from engine.problem import FileError

MIB = 1 << 20
MAX_BYTES = 16 * MIB
UNCHANGED = "Nothing was changed."


def load(path: Path) -> Project:
    """The project of a graph file.

    Raises:
        FileError: F01 it is damaged, F02 it is missing, F03 a newer version wrote it, F04 it cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileError(f'There is no file "{path}".', code="F02") from None
    except OSError as error:
        raise FileError(f'"{path}" cannot be read: {error.strerror or error}.', code="F04") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileError(
            f'"{path.name}" is damaged (line {line}: it is no UTF-8 text).', code="F01", hint=UNCHANGED
        ) from None
    return loads(text, path.name)


def loads(text: str, where: str = "") -> Project:
    """The project of a graph file's text; `where` is the file's name for messages. Raises FileError."""
    name = f'"{where}"' if where else "The text"
    try:
        return read_project(_checked(text))
    except JsonError as error:
        line = error.line or locate(text, error.path)
        place = f"line {line}, {path_text(error.path)}" if error.path else f"line {line}"
        raise FileError(f"{name} is damaged ({place}: {error.what}).", code="F01", hint=UNCHANGED) from None


def _checked(text: str) -> dict[str, Any]:
    data = parse(text)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise JsonError('it is no Chainrule graph: "format" is not "chainrule"', ())
    version = data.get("version")
    if type(version) is not int or version < 1:
        raise JsonError('expects a whole number as "version"', ("version",) if "version" in data else ())
    if version > VERSION:
        raise FileError(
            f"A newer version of Chainrule wrote this (format {version}; this one reads up to {VERSION}).",
            code="F03",
            hint="Update Chainrule.",
        )
    for old in range(version, VERSION):
        data = MIGRATIONS[old](data)
    return data


def dumps(project: Project) -> str:
    """The text of a graph file."""
    return project_text(project)


def save(project: Project, path: Path, weights: Mapping[str, Any] | None = None) -> Project:
    """Write a graph file. Raises FileError."""
    path.write_text(dumps(project), encoding="utf-8")
    return project


def dump_fragment(project: Project, node_ids: Iterable[str]) -> str:
    """Some nodes of a project, for the clipboard."""
    return project_text(edits.fragment_of(project, node_ids), fragment=True)


def load_fragment(text: str) -> Project:
    """What `dump_fragment` wrote. Raises FileError for any other text."""
    return loads(text, "")
