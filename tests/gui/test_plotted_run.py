"""What the loss panel draws of a training in the worker thread, against what the same run wrote into its directory."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine import assets, edits, files
from gui.main_window import MainWindow
from gui.plots.loss import LossPanel
from tests.helpers.windows import PATIENCE

EPOCHS = 12


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Spiral, shorter, and with the accuracy among its metrics."""
    project = files.load(assets.example("spiral"))
    path = tmp_path / "short.chainrule"
    files.save(edits.set_training(project, {"epochs": EPOCHS})[0], path)
    return path


def test_the_loss_panel_draws_what_the_run_wrote(qtbot: QtBot, graph: Path):
    window = MainWindow()
    qtbot.addWidget(window)
    window.show()
    assert window.open(graph)
    next(action for action in window.actions() if action.objectName() == "actionPlay").trigger()
    panel = window.findChild(LossPanel, "lossPlot")
    assert panel is not None
    assert "chainrule session" in {thread.name for thread in threading.enumerate()}
    qtbot.waitUntil(lambda: len(panel.history.records.rows) == EPOCHS, timeout=PATIENCE)
    qtbot.waitUntil(lambda: window.feed.state == "finished", timeout=PATIENCE)  # told after the last losses
    panel.refresh()

    (run,) = graph.with_name("short.runs").iterdir()
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, EPOCHS + 1))
    assert panel.history.records.rows == lines, "value for value"
    x, y = panel._val.getOriginalDataset()
    np.testing.assert_array_equal(x, [line["epoch"] for line in lines])
    np.testing.assert_array_equal(y, [line["val_loss"] for line in lines])
    for name in lines[0]["metrics"]:
        np.testing.assert_array_equal(panel.history.records.column(name), [line["metrics"][name] for line in lines])

    steps = lines[-1]["step"]
    np.testing.assert_array_equal(panel.history.steps.values, np.arange(1, steps + 1))
    losses = panel.history.losses.values.copy().reshape(EPOCHS, -1)  # 250 samples in batches of 10: all of one size
    np.testing.assert_allclose(losses.mean(axis=1), [line["loss"] for line in lines], rtol=1e-5)

    window.actions_.reset.trigger()
    qtbot.waitUntil(lambda: bool(panel.earlier.kept.runs), timeout=PATIENCE)
    panel.earlier.open(run)
    qtbot.waitUntil(lambda: len(panel.earlier.kept.runs) == 2, timeout=PATIENCE)
    kept, opened = panel.earlier.kept.runs
    assert (kept.words, opened.words) == ((), ()), "nothing was changed"
    for earlier in (kept, opened):
        assert earlier.frozen.count == steps
        for name in ("epoch", "step", "loss", "val_loss", "lr"):
            np.testing.assert_array_equal(earlier.frozen.records[name], [line[name] for line in lines])
        for name in lines[0]["metrics"]:
            np.testing.assert_array_equal(earlier.frozen.records[name], [line["metrics"][name] for line in lines])
    assert kept.frozen.losses.reshape(EPOCHS, -1).tolist() == losses.tolist()
    window.close()
