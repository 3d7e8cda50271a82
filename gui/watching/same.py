"""Whether the network on the canvas is the one that a run trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.frozen import thaw
from engine.graph import Project
from gui.moved_data import PATH_PARAMS


def same_network(one: Project, other: Project) -> bool:
    """The same blocks, wires and groups; settings, looks and where the data lie may differ."""
    if one is other or (one.graph, one.groups) == (other.graph, other.groups):
        return True
    return (_blocks(one), one.graph.wires, one.groups) == (_blocks(other), other.graph.wires, other.groups)


def _blocks(project: Project) -> dict[str, Any]:
    found = {}
    for node in project.graph.ordered_nodes():
        params = {name: thaw(node.params[name]) for name in node.params}
        if node.block == "Input":
            params = {name: value for name, value in params.items() if name not in PATH_PARAMS}
        found[node.id] = (node.block, params, node.frozen, node.bypass)
    return found


def data_folder(run: Path, project: Project) -> Path:
    """What the relative data paths of a run's graph start from: the folder of the graph that was trained.

    Runs lie in `NAME.runs` beside it, or in the folder itself.
    """
    names = [
        value
        for node in project.graph.ordered_nodes()
        if node.block == "Input"
        for name in PATH_PARAMS
        if isinstance(value := node.params.get(name), str) and value and not Path(value).is_absolute()
    ]
    around = [run.parent.parent, run.parent, run] if run.parent.suffix == ".runs" else [run.parent, run]
    return next((folder for folder in around if all((folder / name).exists() for name in names)), around[0])
