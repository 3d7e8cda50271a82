"""What went wrong is told with the block it went wrong at, and a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import edits
from engine.planning import memory
from engine.problem import FileError
from engine.session.failing import failed
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.training_projects import Ignore, small

NO_ROOM = RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried 88")


def test_memory_that_runs_out_before_the_first_step_names_the_block(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 8 << 30)
    loaded = load(edits.set_params(small(), "d0", {"out_features": 2_000_000_000})[0])
    event, state = failed(NO_ROOM, None, loaded)
    assert (event.code, event.node, state) == ("T03", "d0", "failed")
    assert event.message.startswith('Memory ran out. "d0" would need ')
    assert "8 GiB is free. Its units are 2,000,000,000." in event.message
    assert event.hint == "Did you mean 2,000,000?"
    assert "alloc_cpu" in event.details


def test_where_no_block_is_to_blame_it_says_what_the_training_takes():
    event, _ = failed(NO_ROOM, None, load(small()))
    assert event.node is None
    assert event.message.startswith("Memory ran out. The training takes about ")
    assert "micro-batch" in event.hint


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "points.csv").write_text("a,b,y\n" + "".join(f"{x},{x % 5},{x % 2}\n" for x in range(40)))
    project = edits.set_params(small(), "data", {"dataset": "csv", "path": "points.csv", "target": "y"})[0]
    return Run(load(project, folder=tmp_path), Ignore)


def test_data_that_vanished_name_their_block(run: Run, tmp_path: Path):
    error = FileError(f'"{tmp_path}/points.csv" does not exist.', code="D03", hint="It may have been moved.")
    event, state = failed(error, run)
    assert (event.code, event.node, state) == ("D03", "data", "failed")
    assert event.message == f'"data" can no longer read its data: "{tmp_path}/points.csv" does not exist.'
    assert event.hint == "Put them back, and Play goes on; or find them where they are now."


def test_another_file_is_not_blamed_on_the_data(run: Run):
    event, _ = failed(FileError("The checkpoint is damaged.", code="F01", hint="Start afresh."), run)
    assert (event.message, event.hint, event.node) == ("The checkpoint is damaged.", "Start afresh.", None)
