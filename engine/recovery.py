"""Recovery copies: what a crash would lose, kept in the user's state folder until the document is saved.

Each copy is one file, named by document and process: a line of JSON that says whose it is, then the text of the graph.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

import platformdirs

from engine import diskfile, files
from engine.frozen import FrozenDict
from engine.graph import Project
from engine.jsontext import parse
from engine.problem import FileError
from engine.processes import is_running, start_of

SUFFIX = ".recovery"
_KIND, _VERSION = "chainrule recovery", 1
_MAX_HEAD = 64 * diskfile.KIB


@final
@dataclass(frozen=True, slots=True)
class Copy:
    """A recovery copy of a process that is gone.

    Attributes:
        name: of the document, as people know it.
        time: when it was written, with its time zone.
        document: where the document lies; None when it was never saved.
        path: of the copy itself.
        folder: where the weights file of a document lies that was never saved (an imported model); None for none.
        problem: why it cannot be read; empty when it can.
    """

    name: str
    time: datetime
    document: Path | None
    path: Path
    problem: str = ""
    folder: Path | None = None


def folder() -> Path:
    """Where the copies lie. It need not exist."""
    return platformdirs.user_state_path("chainrule", appauthor=False) / "recovery"


def write(project: Project, document: Path | None, start: Path | None = None) -> None:
    """Keep a copy of a document with unsaved edits, in place of an earlier one of this process.

    `start` is what the paths of a document that was never saved start from.

    Raises:
        FileError: F05 it cannot be written, F06 the project holds what no file can hold.
    """
    name = document.name if document is not None else project.name
    head = {
        "format": _KIND,
        "version": _VERSION,
        "name": name or "Untitled",
        "document": None if document is None else str(_absolute(document)),
        "time": datetime.now(UTC).isoformat(),
        "pid": os.getpid(),
        "started": start_of(os.getpid()),
        "former": dict(project.former),
        "folder": None if start is None or document is not None else str(_absolute(start)),
    }
    content = f"{json.dumps(head)}\n{files.dumps(project)}".encode()
    path = _path_of(document)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f'"{path.parent}" cannot be made: {diskfile.reason(error)}.', code="F05") from None
    diskfile.write(path, [content])


def remove(document: Path | None) -> None:
    """Forget this process's copy of a document, which is saved or left on purpose; that there is none is fine."""
    _delete(_path_of(document))


def found() -> list[Copy]:
    """The copies that processes left behind, newest first; those of another process that still runs are its own."""
    paths: list[Path] = []
    with contextlib.suppress(OSError):
        paths = sorted(folder().glob(f"*{SUFFIX}"))
    copies = [copy for path in paths if (copy := _look_at(path)) is not None]
    return sorted(copies, key=lambda copy: copy.time, reverse=True)


def read(copy: Copy) -> Project:
    """The project of a copy. Raises FileError when it is damaged or gone."""
    if copy.problem:
        raise FileError(copy.problem, code="F01")
    content = diskfile.read(copy.path, files.MAX_BYTES + _MAX_HEAD)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise FileError(f'The recovery copy of "{copy.name}" is damaged.', code="F01") from None
    head, _, graph = text.partition("\n")
    project = files.loads(graph, copy.name)
    return replace(project, former=FrozenDict((_head(head.encode()) or {}).get("former", {})))


def discard(copy: Copy) -> None:
    """Delete a copy; that it is gone already is fine."""
    _delete(copy.path)


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):  # it will be offered again, which does no harm
        path.unlink(missing_ok=True)


def _path_of(document: Path | None) -> Path:
    key = "" if document is None else str(_absolute(document))
    return folder() / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}-{os.getpid()}{SUFFIX}"


def _absolute(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _look_at(path: Path) -> Copy | None:
    """The copy in a file; None when its process still runs, or when it is gone by now."""
    try:
        changed = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
        with diskfile.open_regular(path, files.MAX_BYTES + _MAX_HEAD) as file:
            line = file.readline(_MAX_HEAD)
    except FileNotFoundError:
        return None
    except diskfile.NotReadableError as error:
        return Copy(path.name, changed, None, path, f'The recovery copy "{path.name}" {error}.')
    except OSError as error:
        return Copy(path.name, changed, None, path, f'"{path.name}" cannot be read: {diskfile.reason(error)}.')
    head = _head(line)
    if head is None:
        return Copy(path.name, changed, None, path, f'The recovery copy "{path.name}" is damaged.')
    if head["pid"] != os.getpid() and is_running(head["pid"], head["started"]):
        return None
    document = None if head["document"] is None else Path(head["document"])
    start = head.get("folder")
    time = datetime.fromisoformat(head["time"])
    return Copy(head["name"], time, document, path, folder=None if start is None else Path(start))


def _head(line: bytes) -> Mapping[str, Any] | None:
    """The first line of a copy; None when it is something else."""
    try:
        head = parse(line.decode())
        good = (
            isinstance(head, dict)
            and (head["format"], head["version"]) == (_KIND, _VERSION)
            and all(isinstance(head[key], str) for key in ("name", "time", "started"))
            and isinstance(head["pid"], int)
            and isinstance(head["former"], dict)
            and all(isinstance(name, str) for name in head["former"].values())
            and (head["document"] is None or isinstance(head["document"], str))
            and (head.get("folder") is None or isinstance(head["folder"], str))
            and datetime.fromisoformat(head["time"]).tzinfo is not None
        )
    except (ValueError, KeyError):  # no UTF-8, no JSON, no time, or a key is missing
        return None
    return head if good else None
