"""The folder is written: all of it, or nothing."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, final

from engine import diskfile, files
from engine.elsewhere.needs import PROGRAM, program_files, requirements
from engine.elsewhere.options import Options
from engine.elsewhere.scripts import readme, train_sh, train_slurm
from engine.elsewhere.sources import Source, placed
from engine.graph import Project
from engine.problem import ChainruleError, FileError
from engine.wording import byte_text

DATA: Final = "data"
_PIECE: Final = 4 << 20
_SPARE: Final = 64 << 20
_EXECUTABLE: Final = 0o755

Progress = Callable[[int, int], bool]
"""Bytes copied so far, bytes in all; whether to go on."""


@final
class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """The user thought better of it; nothing is left of it."""


@final
@dataclass(frozen=True)
class Package:
    """What is to be written.

    Attributes:
        project: the graph.
        name: of the graph file in the folder, see `graph_name`.
        folder: where the graph's own weights file lies; None where it has none.
        options: what was chosen.
        copied: data that go into the folder.
        referred: data that the other machine has already, with the path there.
    """

    project: Project
    name: str
    folder: Path | None
    options: Options = field(default_factory=Options)
    copied: tuple[Source, ...] = ()
    referred: Mapping[Source, str] = field(default_factory=dict)

    def there(self) -> Project:
        """The project as it is in the folder: with its data where they will be."""
        project = self.project
        for number, source in enumerate(self.copied, 1):
            project = placed(project, source, _data_path(number, source))
        for source, path in self.referred.items():
            project = placed(project, source, path)
        return project


def graph_name(title: str) -> str:
    """The name of the graph file: that of the document, without what a file's name cannot hold everywhere."""
    stem = "".join(char if char.isprintable() and char not in '/\\:<>|?*"' else "-" for char in title)
    with contextlib.suppress(UnicodeEncodeError):
        stem.encode()
        stem = stem.removesuffix(".chainrule").strip(". ")[:80]
        return f"{stem or 'network'}.chainrule"
    return "network.chainrule"


def _data_path(number: int, source: Source) -> str:
    """Where copied data lie in the folder; the first one needs no number."""
    base = DATA if number == 1 else f"{DATA}{number}"
    return f"{base}/{source.place.name}" if source.found == (source.place,) else base


def write(package: Package, target: Path, progress: Progress = lambda _done, _total: True) -> None:
    """Write the folder; it appears when all of it is there.

    Args:
        package: what.
        target: the folder to be made; an empty one may be there.
        progress: told after each piece.

    Raises:
        Cancelled: `progress` said so.
        ChainruleError: F04 there is something already, F05 it cannot be written, D01 data cannot be read.
    """
    faults = package.options.faults()
    if faults:
        raise ChainruleError(next(iter(faults.values())), code="F05")
    _must_be_free(target)
    beside = target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.tmp")
    try:
        beside.mkdir(parents=True)
        _fill(beside, package, progress)
        if not progress(1, 1):
            raise Cancelled
        os.replace(beside, target)  # noqa: PTH105 - of a folder over an empty one
    except OSError as error:
        raise FileError(f'"{target}" cannot be written: {diskfile.reason(error)}.', code="F05") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _must_be_free(target: Path) -> None:
    try:
        taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    except OSError as error:
        raise FileError(f'"{target}" cannot be looked at: {diskfile.reason(error)}.', code="F05") from None
    if taken:
        raise FileError(f'"{target}" is there already.', code="F04", hint="Choose a folder that is new or empty.")


def _fill(folder: Path, package: Package, progress: Progress) -> None:
    jobs = [
        (path, folder / _inside(number, relative), size)
        for number, source in enumerate(package.copied, 1)
        for path, relative, size in source.files(lambda: progress(0, 1))
    ]
    total = sum(size for _, _, size in jobs)
    free = shutil.disk_usage(folder).free
    if total + _SPARE > free:
        what = f"The data have {byte_text(total)}, and {byte_text(free)} are free there."
        raise FileError(what, code="F05", hint="Name a path on the other machine in place of a copy.")
    _write_texts(folder, package)
    done = 0
    for path, copy, _ in jobs:
        copy.parent.mkdir(parents=True, exist_ok=True)
        done = _copy(path, copy, done, total, progress)


def _inside(number: int, relative: Path) -> Path:
    return Path(DATA if number == 1 else f"{DATA}{number}") / relative


def _copy(path: Path, copy: Path, done: int, total: int, progress: Progress) -> int:
    """Copy one file; the bytes copied so far."""
    try:
        with diskfile.open_regular(path, 1 << 62) as source, copy.open("wb") as into:
            while piece := source.read(_PIECE):
                into.write(piece)
                done += len(piece)
                if not progress(min(done, total), max(1, total)):
                    raise Cancelled
    except diskfile.NotReadableError as error:
        raise FileError(f'"{path}" {error}.', code="F04") from None
    return done


def _write_texts(folder: Path, package: Package) -> None:
    options, name = package.options, package.name
    files.save(package.there(), folder / name, folder=package.folder)
    texts = {
        "requirements.txt": requirements(program=options.program),
        "README.txt": readme(options),
        "train.sh": train_sh(name, options),
        "train.slurm": train_slurm(name, options),
    }
    for each, text in texts.items():
        (folder / each).write_text(text, "utf-8", newline="\n")
    (folder / "train.sh").chmod(_EXECUTABLE)
    if options.program:
        for relative, content in program_files():
            path = folder / PROGRAM / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
