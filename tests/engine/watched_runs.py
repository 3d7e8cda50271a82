"""A real run for the tests of watching, and what its files hold."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.training.run_folder import RunFolder
from tests.engine.training_projects import run_of, small, train


@cache
def run_files() -> dict[str, bytes]:
    """The files of a finished run of three epochs."""
    with TemporaryDirectory() as folder:
        run = run_of(small())
        run.folder = RunFolder.create(Path(folder) / "run", small())
        train(run)
        run.save()
        run.folder.release()
        return {path.name: path.read_bytes() for path in run.folder.path.iterdir()}


def write_run(folder: Path, **instead: bytes) -> Path:
    """The run in a folder, some of its files (`metrics`) with another content."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in run_files().items():
        (folder / name).write_bytes(instead.get(name.partition(".")[0], content))
    return folder


def metrics() -> bytes:
    """metrics.jsonl of the run."""
    return run_files()["metrics.jsonl"]


def records(content: bytes) -> list[dict[str, Any]]:
    """Its lines, by another reader than the one tested."""
    return [json.loads(line) for line in content.decode().splitlines()]
