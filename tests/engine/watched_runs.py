"""A real run for the tests of watching, and what its files hold."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.runplace import GRAPH
from engine.training.run_folder import RunFolder
from engine.watching.address import Address
from engine.watching.server import RunServer
from tests.engine.training_projects import run_of, small, train


@cache
def run_files() -> dict[str, bytes]:
    """The files of a finished run of three epochs."""
    with TemporaryDirectory() as folder:
        run = run_of(small())
        run.disk.folder = RunFolder.create(Path(folder) / "run", small())
        train(run)
        run.save()
        run.disk.folder.release()
        return {path.name: path.read_bytes() for path in run.disk.folder.path.iterdir()}


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


def begin_newer(run: Path, name: str) -> Path:
    """Another run, two epochs long, that began beside it a second later."""
    newer = write_run(run.with_name(name), metrics=b"".join(metrics().splitlines(True)[:2]))
    later = (run / GRAPH).stat().st_mtime + 1
    os.utime(newer / GRAPH, (later, later))
    return newer


@contextmanager
def served(run: Path, port: int = 0, token: str | None = None) -> Iterator[Address]:
    """A server of a run."""
    with RunServer(run, port, token=token) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()
