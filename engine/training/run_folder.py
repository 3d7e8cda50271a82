"""What a run leaves behind: the graph it trained, a line for each epoch, weights, and a state to go on from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from torch import Tensor

from engine import diskfile, files, runplace, weightfile
from engine.graph import Project
from engine.problem import FileError
from engine.runplace import GRAPH, METRICS, WEIGHTS
from engine.training.checkpoint import load_state, save_state
from engine.training.metrics import finite_or_text

_CHECKPOINT, _CHANGES = "checkpoint.safetensors", "changes.jsonl"


@final
class RunFolder:
    """One run directory. Files appear whole; lines of metrics.jsonl are complete once they are flushed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._project: Project | None = None
        """What graph.chainrule holds, where this run wrote it."""

    @classmethod
    def create(cls, path: Path, project: Project) -> RunFolder:
        """A new run.

        Raises:
            FileError: F04, there is a run already; F05, it cannot be written.
        """
        folder = cls(path)
        if (path / GRAPH).exists() or (path / METRICS).exists():
            raise FileError(
                f'"{path}" holds a run already.', code="F04", hint="Add --resume, or choose another directory."
            )
        folder._make()
        diskfile.write(path / GRAPH, [files.dumps(project).encode()])
        diskfile.write(path / METRICS, [b""])
        folder._project = project
        return folder

    @classmethod
    def existing(cls, path: Path) -> RunFolder:
        """A run to go on with or to take weights from. Raises FileError F02 when there is none."""
        if not (path / GRAPH).is_file():
            raise FileError(f'"{path}" is no run directory.', code="F02", hint="Train first, or name another --run.")
        return cls(path)

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(f'"{self.path}" cannot be made: {error.strerror or error}.', code="F05") from None

    # -- the graph --

    def project(self) -> Project:
        """The project that this run trains. Raises FileError."""
        return files.load(self.path / GRAPH)

    def follow(self, project: Project) -> None:
        """The run goes on with an edited project: its weights are of that one from now on. Raises FileError."""
        if self._project is not None and self._project is not project:
            diskfile.write(self.path / GRAPH, [files.dumps(project).encode()])
            self._project = project

    def move(self, path: Path) -> None:
        """Take all files to a directory that does not exist yet. Raises FileError F05; nothing is lost then."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(self.path, path)
        except OSError as error:
            raise FileError(f'"{path}" cannot be made: {diskfile.reason(error)}.', code="F05") from None
        self.path = path

    # -- lines --

    def add_record(self, record: Mapping[str, Any]) -> None:
        """Append an epoch's line to metrics.jsonl."""
        self._append(METRICS, json_record(record))

    def add_change(self, change: Mapping[str, Any]) -> None:
        """Append a changed hyperparameter to changes.jsonl."""
        self._append(_CHANGES, change)

    def _append(self, name: str, line: Mapping[str, Any]) -> None:
        try:
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, allow_nan=False) + "\n")
        except OSError as error:
            raise FileError(f'"{self.path / name}" cannot be written: {error.strerror or error}.', code="F05") from None

    def cut_records(self, step: int, epochs: int) -> None:
        """Drop what was written after this step, and of an epoch that is not complete: it would be written twice.

        Args:
            step: the training goes on from here.
            epochs: so many are complete there.
        """
        for name in (METRICS, _CHANGES):
            path = self.path / name
            if path.exists():
                lines = path.read_text("utf-8").splitlines()
                kept = [line for line in lines if _number(line, "step") <= step and _number(line, "epoch", 0) <= epochs]
                diskfile.write(path, ["".join(f"{line}\n" for line in kept).encode()])

    # -- weights and state --

    def save_weights(self, weights: Mapping[str, Tensor], project: Project) -> None:
        """Write weights.safetensors, keys `block.parameter`. Raises FileError."""
        weightfile.write(self.weights_file, weights, project)

    @property
    def weights_file(self) -> Path:
        """Where the trained weights lie."""
        return self.path / WEIGHTS

    def save_checkpoint(self, state: Mapping[str, Any]) -> None:
        """Write the whole state."""
        save_state(self.path / _CHECKPOINT, state)

    def checkpoint(self) -> dict[str, Any]:
        """The state last written. Raises FileError."""
        return load_state(self.path / _CHECKPOINT)


def json_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """An epoch's record as JSON takes it: numbers that are not finite become strings."""
    plain = {key: finite_or_text(value) for key, value in record.items() if key != "metrics"}
    metrics = {key: finite_or_text(value) for key, value in record["metrics"].items()}
    return {key: metrics if key == "metrics" else plain[key] for key in record}


def new_run_path(graph: Path) -> Path:
    """A directory for a new run of a graph file: `NAME.runs/2026-07-01T12-30-05Z`."""
    return runplace.new_run_path(runplace.runs_folder(graph))


def latest_run(graph: Path) -> Path:
    """The newest run of a graph file. Raises FileError F02 when there is none."""
    found = runplace.latest_run(runplace.runs_folder(graph))
    if found is None:
        raise FileError(f'There is no run of "{graph.name}" yet.', code="F02", hint="Train first, or name --run.")
    return found


def _number(line: str, name: str, otherwise: int = 1 << 62) -> int:
    """A whole number of a line; in a line that is cut short it counts as too late."""
    try:
        return int(json.loads(line).get(name, otherwise))
    except (ValueError, AttributeError, TypeError):
        return 1 << 62
