"""A window goes on with a training that another one left: offered on opening, chosen by hand, refused where it must."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog
from safetensors.numpy import load_file

from engine import assets, edits, files
from engine.checkpoints import checkpoints_in, standing, use_text
from engine.cli import main as command_line
from engine.runlock import RunLock
from gui.notices import Notice, notices
from gui.plots.loss import LossPanel
from tests.helpers.windows import (
    PATIENCE,
    main_window,
    panel_of,
    play_to_the_end,
    set_params,
    slow_steps,
    wait_for,
    wait_for_worker,
)

EPOCHS = 12
OFFER = "The training of this network stands at "


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Circle, saved, with some epochs: shuffled, with Adam and a schedule."""
    path = tmp_path / "mine.chainrule"
    project = files.load(assets.example("circle"))
    changes = {"epochs": EPOCHS, "schedule": "cosine", "optimizer": "adam", "shuffle": True}
    project = edits.set_training(project, changes)[0]
    files.save(project, path)
    return path


def run_of(graph: Path) -> Path:
    (run,) = graph.with_suffix(".runs").iterdir()
    return run


def leave_in_the_middle(qtbot, graph: Path) -> Path:
    """Train in a window for some steps of an epoch, and close it while it trains."""
    with main_window(qtbot) as window:
        assert window.open(graph)
        with slow_steps():
            window.actions_.play.trigger()
            wait_for(qtbot, window, "running")
            qtbot.waitUntil(lambda: window.feed.steps > 30, timeout=PATIENCE)
            with notices().answering():
                assert window.close()
    run = run_of(graph)
    (at,) = [standing(path) for path in checkpoints_in(run)[:1]]
    assert at is not None
    assert not at.over
    return run


def offers() -> list[Notice]:
    return [notice for notice in notices().history if notice.text.startswith(OFFER)]


def records(run: Path) -> list[dict[str, Any]]:
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [{**json.loads(line), "samples_per_s": None} for line in lines]


def assert_as_undisturbed(graph: Path, run: Path, folder: Path) -> None:
    """Weights to the bit, and every line."""
    assert command_line(["train", str(graph), "--run", str(folder)]) == 0
    np.testing.assert_equal(load_file(run / "weights.safetensors"), load_file(folder / "weights.safetensors"))
    assert records(run) == records(folder)


def test_a_training_left_by_closing_the_window_goes_on_in_another_to_the_same_end(qtbot, graph, tmp_path):
    run = leave_in_the_middle(qtbot, graph)
    before = len(offers())
    with main_window(qtbot) as window:
        assert window.open(graph)
        qtbot.waitUntil(lambda: len(offers()) > before, timeout=PATIENCE)
        [(label, act)] = offers()[-1].actions
        assert label == "Resume this training"
        assert ", saved " in offers()[-1].text
        act()
        wait_for(qtbot, window, "finished")
        wait_for_worker(qtbot, window)
        assert window.runs.folder == run
        assert panel_of(window, LossPanel).history.records.rows[-1]["epoch"] == EPOCHS
        rows = panel_of(window, LossPanel).history.records.rows
        assert [row["epoch"] for row in rows] == list(range(1, EPOCHS + 1)), "with those of before"
    assert_as_undisturbed(graph, run, tmp_path / "whole")


def test_a_finished_training_is_not_offered_again(window, qtbot, graph):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    before = len(offers())
    assert window.open(graph)
    window.resuming.offer()
    assert len(offers()) == before


@pytest.mark.parametrize("why", ["edited", "elsewhere", "another"])
def test_nothing_is_offered_that_cannot_go_on(why: str, window, qtbot, graph):
    run = leave_in_the_middle(qtbot, graph)
    lock = None
    if why == "edited":
        files.save(edits.set_params(files.load(graph), "dense2", {"out_features": 3})[0], graph)
    elif why == "elsewhere":
        lock = RunLock(run)
    else:
        newer = run.with_name("2999-01-01T00-00-00Z")
        shutil.copytree(run, newer)
        for path in checkpoints_in(newer):
            path.unlink()
        os.utime(newer / "metrics.jsonl", (4e9, 4e9))
    before = len(offers())
    assert window.open(graph)
    window.resuming.offer()
    assert len(offers()) == before
    if lock is not None:
        lock.release()
        window.resuming.offer()
        assert len(offers()) == before + 1


def test_a_recovered_document_is_offered_its_run(qtbot, graph):
    with main_window(qtbot) as window:
        assert window.files.open_example("circle.chainrule")
        window.document.edit("more", *edits.set_training(window.document.project, {"epochs": 100_000}))
        project = window.document.project
        window.actions_.play.trigger()
        wait_for(qtbot, window, "running")
        qtbot.waitUntil(lambda: window.feed.steps > 5, timeout=PATIENCE)
        window.document.undo_stack.setClean()
    before = len(offers())
    with main_window(qtbot) as window:
        window.document.recover(project, None)
        qtbot.waitUntil(lambda: len(offers()) > before, timeout=PATIENCE)
        offers()[-1].actions[0][1]()
        wait_for(qtbot, window, "running")
        assert window.feed.steps > 5


def test_a_run_is_chosen_by_its_folder(window, qtbot, graph, monkeypatch, tmp_path):
    run = leave_in_the_middle(qtbot, graph)
    moved = tmp_path / "kept"
    shutil.move(run, moved)
    assert window.open(graph)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(moved))
    window.actions_.resume_run.trigger()
    wait_for(qtbot, window, "finished")
    wait_for_worker(qtbot, window)
    assert window.runs.folder == moved
    assert_as_undisturbed(graph, moved, tmp_path / "whole")
    assert window.actions_.show_run.text().replace("&", "") == f"Show run folder ({use_text(moved).split(' in ')[0]})"
    assert window.actions_.show_run.toolTip() == str(moved)


def test_a_run_of_another_network_is_refused_and_nothing_changes(window, qtbot, graph, said):
    run = leave_in_the_middle(qtbot, graph)
    assert window.open(graph)
    set_params(window, "dense2", out_features=3)
    window.document.undo_stack.setClean()
    play_to_the_end(qtbot, window)
    steps, folder, count = window.feed.steps, window.runs.folder, len(said())
    rows = len(panel_of(window, LossPanel).history.records.rows)
    window.resuming.resume(run)
    qtbot.waitUntil(lambda: len(said()) > count, timeout=PATIENCE)
    assert "trained another network, or with other settings or data: dense2 (out_features: " in said()[-1]
    assert "Change that back, or open the graph.chainrule that lies in it." in said()[-1]
    wait_for(qtbot, window, "finished")
    assert (window.feed.steps, window.runs.folder) == (steps, folder)
    assert len(panel_of(window, LossPanel).history.records.rows) == rows


def test_what_is_no_run_is_said(window, graph, said, tmp_path):
    assert window.open(graph)
    window.resuming.resume(tmp_path)
    assert "is no run" in said()[-1]


def test_a_setting_changed_since_is_in_force_and_told(window, qtbot, graph, said):
    run = leave_in_the_middle(qtbot, graph)
    files.save(edits.set_training(files.load(graph), {"clip_norm": 0.5})[0], graph)
    assert window.open(graph)
    window.resuming.resume(run)
    wait_for(qtbot, window, "finished")
    assert any("It goes on with the present settings" in text for text in said())
    changes = [json.loads(line) for line in (run / "changes.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(change["name"], change["new"]) for change in changes] == [("clip_norm", 0.5)]
