"""Where runs are kept: directories named by their time, beside the graph file or in a folder that is held small."""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, final

from engine.checkpoints import CheckpointPlan, Standing, checkpoints_in, standing, trains
from engine.graph import Project
from engine.runlock import is_locked

GRAPH, WEIGHTS, METRICS = "graph.chainrule", "weights.safetensors", "metrics.jsonl"
"""Files of a run directory."""
PACKED: Final = "run"
"""The run directory in a folder with which another machine trains."""
_MOST_BESIDE: Final = 2000
"""Entries of a folder that are looked at for a newer run."""
_NAME = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?")


@final
@dataclass(frozen=True, slots=True)
class RunPlace:
    """A folder in which each run makes a directory of its own.

    Attributes:
        folder: made with the first run.
        keep: so many runs may lie there, older ones are deleted; None: all are kept.
        max_bytes: and so many bytes.
        checkpoints: when runs there are saved.
    """

    folder: Path
    keep: int | None = None
    max_bytes: int | None = None
    checkpoints: CheckpointPlan = field(default_factory=CheckpointPlan)

    @property
    def passing(self) -> bool:
        """Whether runs do not stay there for good."""
        return self.keep is not None or self.max_bytes is not None

    def prune(self, spare: Path) -> None:
        """Delete the oldest runs until the others fit, but not `spare`, nor any that goes on now in another window.

        What cannot be deleted stays.
        """
        count = size = 0
        for run in sorted(_runs_in(self.folder), key=_time_of, reverse=True):
            count, size = count + 1, size + _size_of(run)
            many = self.keep is not None and count > self.keep
            large = self.max_bytes is not None and size > self.max_bytes
            if run != spare and (many or large) and not is_locked(run):
                shutil.rmtree(run, ignore_errors=True)


def runs_folder(graph: Path) -> Path:
    """Where the runs of a graph file lie: `NAME.runs` beside it."""
    return graph.with_name(f"{graph.stem}.runs")


def run_title(run: Path) -> str:
    """What people call a run directory: a packed folder's own is always `run`, and says nothing alone."""
    parent = run.parent.name
    return f"{parent}/{run.name}" if run.name == PACKED and parent else run.name or str(run)


def new_run_path(folder: Path) -> Path:
    """A directory for a new run in a folder of runs: `2026-07-01T12-30-05Z`, a number behind it when that is taken."""
    base = folder / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    path, number = base, 1
    while path.exists():
        number += 1
        path = base.with_name(f"{base.name}-{number}")
    return path


def latest_run(folder: Path) -> Path | None:
    """The run in a folder of runs that was written to last; None when there is none."""
    runs = []
    with contextlib.suppress(OSError):
        runs = [path for path in folder.iterdir() if (path / GRAPH).is_file()]
    return max(runs, key=_time_of, default=None)


def newer_run(run: Path) -> Path | None:
    """The run beside this one that began last, if it began after it; None otherwise."""
    found: list[tuple[int, str, Path]] = []
    with contextlib.suppress(OSError):
        for path in islice(run.parent.iterdir(), _MOST_BESIDE):
            with contextlib.suppress(OSError):
                found.append(((path / GRAPH).stat().st_mtime_ns, path.name, path))
    newest = max(found, default=None)
    own = next((began for began, _, path in found if path == run), None)
    return None if newest is None or own is None or newest[0] <= own else newest[2]


def unfinished_run(folder: Path, project: Project, among: int = 1) -> tuple[Path, Standing] | None:
    """The newest run in a folder of runs whose training can go on with this project; None when there is none.

    It has made steps and is not over, and no window or program trains it now.

    Args:
        folder: of runs.
        project: what would go on.
        among: so many of the newest runs are looked at.
    """
    wanted = ""
    for run in sorted(_runs_in(folder), key=_time_of, reverse=True)[:among]:
        newest = next(iter(checkpoints_in(run)), None)
        known = None if newest is None else standing(newest)
        if known is None or known.over or not known.step:
            continue
        wanted = wanted or trains(project)
        if known.trains == wanted and not is_locked(run):
            return run, known
    return None


def _runs_in(folder: Path) -> list[Path]:
    """What is a run by name and content: nothing else may ever be deleted."""
    with contextlib.suppress(OSError):
        found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name) and not path.is_symlink()]
        return [path for path in found if (path / GRAPH).is_file()]
    return []


def _time_of(run: Path) -> tuple[int, str]:
    """When a run was written to last; runs made in the same moment stand in the order of their names."""
    with contextlib.suppress(OSError):
        return (run / METRICS).stat().st_mtime_ns, run.name
    return 0, run.name


def _size_of(run: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        for path in run.iterdir():
            total += path.lstat().st_size
    return total
