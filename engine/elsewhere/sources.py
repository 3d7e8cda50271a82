"""The files that a graph's data are read from."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from engine import edits
from engine.block import block_named
from engine.blocks.input import FILES, IDX_SETS
from engine.datafiles import idx_files, resolve, shard_files
from engine.diskfile import reason
from engine.graph import Project
from engine.param import parse_all
from engine.problem import DataError

_MOST_FILES: Final = 10_000_000


@final
@dataclass(frozen=True, slots=True)
class Source:
    """Data of Input blocks that read the same files.

    Attributes:
        nodes: ids of the blocks.
        dataset: kind of the data set.
        place: the file or folder they name.
        pattern: of shards: the name with its range, which stays; else "".
        found: the files where they are known at once; () where a whole folder is read.
    """

    nodes: tuple[str, ...]
    dataset: str
    place: Path
    pattern: str = ""
    found: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """What people call it."""
        return self.pattern or self.place.name or str(self.place)

    def files(self, going: Callable[[], bool] = lambda: True) -> list[tuple[Path, Path, int]]:
        """(file, its path within the data, bytes) of all that is read. May take long for folders.

        Args:
            going: asked now and then; when it says no, the list ends where it is.

        Raises:
            DataError: D03 or D01, they cannot be read.
        """
        try:
            if self.found:
                return [(path, Path(path.name), path.stat().st_size) for path in self.found]
            return _within(self.place, going)
        except OSError as error:
            raise DataError(f'"{error.filename or self.place}" cannot be read: {reason(error)}.', code="D01") from None


def sources(project: Project, folder: Path | None) -> list[Source]:
    """Where the data of a graph lie that are in files; quick.

    Args:
        project: the graph.
        folder: what its relative paths start from.

    Raises:
        DataError: D03, there are none where it says.
    """
    block = block_named("Input")
    assert block is not None
    found: dict[tuple[str, Path, str], Source] = {}
    for node in project.graph.ordered_nodes():
        if node.block != "Input":
            continue
        params, _ = parse_all(block.params, node.params)
        source = _source(node.id, params, folder)
        if source is not None:
            key = (source.dataset, source.place, source.pattern)
            nodes = (*found[key].nodes, node.id) if key in found else (node.id,)
            found[key] = Source(nodes, source.dataset, source.place, source.pattern, source.found)
    return list(found.values())


def _source(node: str, params: Mapping[str, Any], folder: Path | None) -> Source | None:
    dataset = params["dataset"]
    if dataset in IDX_SETS:
        every = idx_files(params, folder).all
        return Source((node,), dataset, every[0].parent, found=every)
    if dataset not in FILES:
        return None
    place = resolve(params["path"], folder)
    if dataset == "shards":
        every = shard_files(params["path"], folder)
        _must_exist(every[0])
        pattern = "" if place.exists() else place.name
        return Source((node,), dataset, place.parent if pattern else place, pattern, every)
    _must_exist(place)
    return Source((node,), dataset, place, found=() if place.is_dir() else (place,))


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise DataError(f'There is no file "{path}".', code="D03", hint="Choose the data in the Input first.")


def _within(place: Path, going: Callable[[], bool]) -> list[tuple[Path, Path, int]]:
    """All regular files in a folder, links to files followed, links to folders not."""
    found = []
    for parent, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                found.append((path, path.relative_to(place), status.st_size))
            if len(found) > _MOST_FILES or not going():
                return found
    return found


def placed(project: Project, source: Source, path: str) -> Project:
    """The project with the data of a source at another path: `data/iris.csv`, or where the other machine has them."""
    for node in source.nodes:
        if source.dataset in IDX_SETS:
            values: dict[str, Any] = {"folder": path}
            if source.dataset == "fashion-mnist":
                values["source"] = "auto"  # the sample would be looked for in the app
        else:
            values = {"path": f"{path.rstrip('/')}/{source.pattern}" if source.pattern else path}
        project, _ = edits.set_params(project, node, values)
    return project
