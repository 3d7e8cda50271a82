"""Data files stay where they are when the graph file goes elsewhere: their relative paths have to follow."""

from __future__ import annotations

import os
from pathlib import Path

from engine import edits
from engine.graph import Project, Touched
from gui.paths import stored_path

PATH_PARAMS = ("path", "folder")


def with_data_followed(project: Project, old: Path | None, new: Path) -> tuple[Project, Touched]:
    """The project with its relative data paths, which started from `old`, written as starting from `new`."""
    touched: Touched = frozenset()
    if old is None or os.path.realpath(old) == os.path.realpath(new):
        return project, touched
    for node in project.graph.ordered_nodes():
        if node.block != "Input":
            continue
        paths = {name: node.params.get(name) for name in PATH_PARAMS}
        moved = {
            name: stored_path(Path(os.path.normpath(old / value)), new)
            for name, value in paths.items()
            if isinstance(value, str) and value and not Path(value).is_absolute()
        }
        if moved:
            project, more = edits.set_params(project, node.id, moved)
            touched |= more
    return project, touched
