"""Which run directory the processes of a launch train in: a restart by torchrun finds its own again."""

from __future__ import annotations

import json
from pathlib import Path

from engine import diskfile, runplace
from engine.distributed.launch import Launch

_FILE = "launch.json"


def sign(run: Path, launch: Launch) -> None:
    """Note in a run directory which launch trains there. Raises FileError F05."""
    diskfile.write(run / _FILE, [json.dumps({"launch": launch.name}).encode()])


def own_run(graph: Path, run: Path | None, launch: Launch) -> Path | None:
    """The run that this launch began before its processes were started anew; None when it began none yet.

    Args:
        graph: the graph file.
        run: the directory that was asked for, if any.
        launch: of this process.
    """
    if not launch.name or not (launch.named or launch.restarts):
        return None
    folder = runplace.runs_folder(graph)
    runs = [run] if run is not None else sorted(folder.iterdir(), reverse=True) if folder.is_dir() else []
    return next((each for each in runs if _signed(each) == launch.name and (each / runplace.GRAPH).is_file()), None)


def _signed(run: Path) -> str:
    try:
        text = (run / _FILE).read_text("utf-8")
        return str(json.loads(text)["launch"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
