"""What a run leaves behind: the graph it trained, a line for each epoch, weights, and a state to go on from."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, final

from torch import Tensor

from engine import checkpoints, diskfile, files, runplace, weightfile
from engine.checkpoints import ABOUT, ABOUT_BEST, BEST, BestEpoch, CheckpointPlan, Standing
from engine.fingerprint import fingerprint
from engine.graph import Project
from engine.problem import FileError
from engine.runlock import RunLock
from engine.runplace import GRAPH, METRICS, WEIGHTS
from engine.training.checkpoint import load_state, save_state
from engine.training.records import json_record, record_of

_CHANGES = "changes.jsonl"


@final
class RunFolder:
    """One run directory. Files appear whole; lines of metrics.jsonl are complete once they are flushed.

    Attributes:
        path: where it is.
        plan: when checkpoints are wanted, and how many stay.
    """

    def __init__(self, path: Path, plan: CheckpointPlan | None = None) -> None:
        self.path = path
        self.plan = plan or CheckpointPlan()
        self._project: Project | None = None
        """What graph.chainrule holds, as far as that is known."""
        self._trains = ""
        """`checkpoints.trains` of it."""
        self._lock: RunLock | None = None

    @classmethod
    def create(cls, path: Path, project: Project, plan: CheckpointPlan | None = None) -> RunFolder:
        """A new run, held until `release`.

        Raises:
            FileError: F04, there is a run already; F05, it cannot be written.
        """
        folder = cls(path, plan)
        if (path / GRAPH).exists() or (path / METRICS).exists():
            raise FileError(
                f'"{path}" holds a run already.', code="F04", hint="Add --resume, or choose another directory."
            )
        folder._make()
        folder._lock = RunLock(path)
        diskfile.write(path / METRICS, [b""])
        diskfile.write(path / GRAPH, [files.dumps(project).encode()])  # last: with it, it is a run
        folder._know(project)
        return folder

    @classmethod
    def taken_up(cls, path: Path, plan: CheckpointPlan | None = None) -> RunFolder:
        """A run to go on with, held until `release`; what was left of a write that was cut short is deleted.

        Raises:
            FileError: F02, there is none; F04, another process or window trains it; or its graph cannot be read.
        """
        folder = cls(cls.existing(path).path, plan)
        folder._lock = RunLock(path)
        checkpoints.tidy(path)
        folder._know(folder.project())
        return folder

    def release(self) -> None:
        """Let others write into it from now on."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _know(self, project: Project) -> None:
        self._project, self._trains = project, checkpoints.trains(project)

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
        if self._project is None or self._project is project:
            return
        if fingerprint(project) != fingerprint(self._project):
            (self.path / BEST).unlink(missing_ok=True)  # of another network
        diskfile.write(self.path / GRAPH, [files.dumps(project).encode()])
        self._know(project)

    def move(self, path: Path) -> None:
        """Take all files to a directory that does not exist yet. Raises FileError F05; nothing is lost then."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(self.path, path)
        except OSError as error:
            raise FileError(f'"{path}" cannot be made: {diskfile.reason(error)}.', code="F05") from None
        self.path = path
        self.release()
        self._lock = RunLock(path)  # on another disk it is another directory

    # -- lines --

    def add_records(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Append the lines of epochs to metrics.jsonl."""
        self._append(METRICS, map(json_record, records))

    def add_change(self, change: Mapping[str, Any]) -> None:
        """Append a changed hyperparameter to changes.jsonl."""
        self._append(_CHANGES, [change])

    def _append(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        text = "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
        try:
            with (self.path / name).open("a", encoding="utf-8") as file:
                file.write(text)
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
                kept = [line for line in lines if _whole(line, "step") <= step and _whole(line, "epoch", 0) <= epochs]
                diskfile.write(path, ["".join(f"{line}\n" for line in kept).encode()])

    # -- weights and state --

    def save_weights(self, weights: Mapping[str, Tensor], project: Project) -> None:
        """Write weights.safetensors, keys `block.parameter`. Raises FileError."""
        weightfile.write(self.weights_file, weights, project)

    @property
    def weights_file(self) -> Path:
        """Where the trained weights lie."""
        return self.path / WEIGHTS

    def save_best(self, weights: Mapping[str, Tensor], best: BestEpoch, project: Project) -> None:
        """Write best.safetensors, a weights file as the other. Raises FileError."""
        weightfile.write(self.path / BEST, weights, project, {ABOUT_BEST: json.dumps(asdict(best))})

    def save_checkpoint(self, state: Mapping[str, Any], standing: Standing) -> None:
        """Write the whole state as another checkpoint; those before stay until `prune`. Raises FileError."""
        self.flush_records()
        about = {ABOUT: json.dumps(asdict(standing))}
        save_state(checkpoints.next_checkpoint(self.path), state, about)

    def flush_records(self) -> None:
        """Lines to the disk: a checkpoint says that they are there."""
        with contextlib.suppress(OSError), (self.path / METRICS).open("rb+") as file:
            os.fsync(file.fileno())

    def prune(self) -> None:
        """Delete the checkpoints that are older than is wanted."""
        checkpoints.prune(self.path, max(1, self.plan.keep))

    def checkpoint(self, say: Callable[[str], None] | None = None) -> dict[str, Any]:
        """The newest state that is whole and of the graph in this directory.

        Args:
            say: is told which newer one was passed over, and why.

        Raises:
            FileError: F02 there is none, F01 all are damaged, F03 a newer version wrote it.
        """
        failure = FileError(f'There is no checkpoint in "{self.path}" yet.', code="F02", hint="Start another run.")
        for path in checkpoints.checkpoints_in(self.path):
            known = checkpoints.standing(path)
            if self._trains and known is not None and known.trains != self._trains:
                continue  # written just before the graph was to follow
            try:
                state = load_state(path)
            except FileError as error:
                if error.code != "F01":
                    raise
                failure = error
                continue
            if say is not None and failure.code == "F01":
                say(f"{failure.message} The one before it is taken.")
            return state
        raise failure

    # -- what was recorded --

    def records(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl as the run made them; a line that is cut short is left out."""
        path = self.path / METRICS
        lines = path.read_text("utf-8").splitlines() if path.is_file() else []
        return [record for record in map(record_of, lines) if record is not None]


def new_run_path(graph: Path) -> Path:
    """A directory for a new run of a graph file: `NAME.runs/2026-07-01T12-30-05Z`."""
    return runplace.new_run_path(runplace.runs_folder(graph))


def latest_run(graph: Path) -> Path:
    """The newest run of a graph file. Raises FileError F02 when there is none."""
    found = runplace.latest_run(runplace.runs_folder(graph))
    if found is None:
        raise FileError(f'There is no run of "{graph.name}" yet.', code="F02", hint="Train first, or name --run.")
    return found


def _whole(line: str, name: str, otherwise: int = 1 << 62) -> int:
    """A whole number of a line; in a line that is cut short it counts as too late."""
    try:
        return int(json.loads(line).get(name, otherwise))
    except (ValueError, AttributeError, TypeError):
        return 1 << 62
