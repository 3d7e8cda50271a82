"""The legend of earlier runs in the loss panel: hidden, renamed, removed, opened from disk, readable in any dock."""

from __future__ import annotations

import json
from itertools import groupby

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from engine import edits, files
from gui.plots.history import Smooth
from gui.plots.kept_runs import MOST_RUNS
from gui.plots.loss import LossPanel
from gui.theme import theme
from tests.helpers import sample_events, sample_projects
from tests.helpers.cut_text import faults
from tests.helpers.loss_runs import entry, names, reset, rows_of, set_training, train
from tests.helpers.windows import PATIENCE


@pytest.fixture
def panel(feed_of, shown) -> LossPanel:
    feed = feed_of(sample_projects.spiral())
    return shown(LossPanel(feed.document, feed), 420, 340)


# -- the legend --


def test_a_click_hides_and_shows_a_run(panel, qtbot):
    train(panel)
    reset(panel)
    qtbot.mouseClick(entry(panel, 1), Qt.MouseButton.LeftButton)
    assert panel.earlier.curves._traces == ()
    assert panel.earlier.frozen() == []
    assert panel.filled
    qtbot.mouseClick(entry(panel, 1), Qt.MouseButton.LeftButton)
    assert len(panel.earlier.curves._traces) == 1


def test_a_run_is_renamed_removed_and_all_are_cleared_by_key(panel, qtbot):
    for seed in range(2):
        train(panel, seed=seed)
        reset(panel)
    qtbot.keyClick(entry(panel, 1), Qt.Key.Key_F2)
    field = panel.findChild(QLineEdit, "earlierRunName")
    assert field.parentWidget().rect().contains(field.geometry())
    assert field.height() >= field.sizeHint().height()
    field.setText("  the   first ")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert names(panel)[0] == "the first"
    qtbot.keyClick(entry(panel, 2), Qt.Key.Key_F2)
    field = next(each for each in panel.findChildren(QLineEdit, "earlierRunName") if each.isVisible())
    field.setText("never")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert names(panel)[1].startswith("Run 2, ")
    qtbot.keyClick(entry(panel, 2), Qt.Key.Key_Delete)
    assert [each.number for each in panel.earlier.legend.entries] == [1]
    menu = panel.findChild(QMenu, "earlierRunsActions")
    menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == "Clear earlier runs").trigger()
    assert not panel.filled
    train(panel)
    reset(panel)
    assert [run.number for run in panel.earlier.kept.runs] == [3], "numbers are not given twice"


def test_keeping_can_be_switched_off(panel):
    menu = panel.findChild(QMenu, "earlierRunsActions")
    next(action for action in menu.actions() if action.isCheckable()).trigger()
    train(panel)
    reset(panel)
    assert not panel.filled


def test_an_entry_tells_the_last_values_and_the_steps(panel):
    event = train(panel)
    reset(panel)
    told = entry(panel, 1).accessibleDescription().splitlines()
    mean = Smooth(20).extend(event.loss)[-1]
    assert told[0] == f"training {mean:.4g}, validation {sample_events.record(3)['val_loss']:.4g}"
    assert told[1] == "75 steps"
    assert "75 steps" in entry(panel, 1).toolTip()
    assert "earlier run 1" in panel.summary()
    line = panel.words_at(2.0).splitlines()[-1]
    assert line.startswith("1 Run 1")


@pytest.mark.parametrize("scale", [1.0, 1.6])
@pytest.mark.parametrize("size", [(300, 290), (230, 180), (700, 400)])
def test_five_runs_are_readable_in_any_dock(feed_of, shown, scale, size):
    theme().set_text_scale(scale)
    feed = feed_of(sample_projects.spiral())
    panel = shown(LossPanel(feed.document, feed), round(size[0] * scale), round(size[1] * scale))
    for number in range(MOST_RUNS):
        set_training(panel, lr=0.1 / (number + 1), momentum=0.5)
        train(panel, seed=number)
        reset(panel)
    set_training(panel, lr=7.0, momentum=0.0)
    train(panel)
    QApplication.processEvents()  # layouts are posted
    panel.grab()
    panel.grab()
    assert faults(panel) == []
    corner = panel._legend
    assert corner.isHidden() != panel.earlier.legend.isHidden(), "one legend, not two"
    if not corner.isHidden():
        free = QRectF(corner.geometry()).translated(-panel._item.getViewBox().scenePos())
        assert not any(free.intersects(place) for place in panel.earlier.curves.chips.values())


def test_where_room_is_short_the_oldest_names_go_first_then_values_then_the_rest(panel):
    for number, lr in enumerate((0.1, 0.2, 0.3, 0.4, 0.5)):
        set_training(panel, lr=lr)
        train(panel, seed=number)
        reset(panel)
    set_training(panel, lr=0.6)
    train(panel)
    legend, found = panel.earlier.legend, []
    for width in range(1200, 60, -20):
        legend.resize(width, 60)
        legend.fit()
        named = [not each._brief for each in legend.entries]
        assert named == sorted(named), "the newest"
        found.append((sum(named), panel._train_entry._value_shown))
    assert found[0] == (5, True)
    assert found[-1] == (0, False)
    assert (2, False) in found
    states = [state for state, _ in groupby(found)]
    assert len(states) == len(set(states)), "nothing that went comes back where there is less room"
    assert states.index((2, True)) < states.index((2, False))


# -- opened from disk --


def test_the_epochs_of_a_run_directory_are_shown_as_an_earlier_run(panel, qtbot, tmp_path, said):
    train(panel)
    folder = tmp_path / "2026-07-01T12-30-05Z"
    folder.mkdir()
    project = edits.set_training(panel.feed.document.project, {"lr": 0.7})[0]
    files.save(project, folder / "graph.chainrule")
    lines = [json.dumps(sample_events.record(epoch)) for epoch in range(1, 9)]
    (folder / "metrics.jsonl").write_text("\n".join(["{", *lines, lines[2], '{"epoch": 9, "st']), encoding="utf-8")
    panel.earlier.open(folder)
    qtbot.waitUntil(lambda: bool(panel.earlier.kept.runs), timeout=PATIENCE)
    assert names(panel) == ["lr 0.7"]
    assert folder.name in entry(panel, 1).accessibleDescription()
    (x, y, _), (_, val, _) = panel.earlier.curves._traces[0].curves
    records = [sample_events.record(epoch) for epoch in range(1, 9)]
    np.testing.assert_array_equal(x, range(1, 9))
    np.testing.assert_allclose(y, np.log10([record["loss"] for record in records]))
    np.testing.assert_allclose(val, np.log10([record["val_loss"] for record in records]))
    assert [row["val_loss"] for row in rows_of(panel) if row["run"] == "1"] == [str(r["val_loss"]) for r in records]
    panel.earlier.open(tmp_path)
    assert "is no run" in said()[-1]
    (folder / "metrics.jsonl").write_text("", encoding="utf-8")
    count = len(said())
    panel.earlier.open(folder)
    qtbot.waitUntil(lambda: len(said()) > count, timeout=PATIENCE)
    assert "holds no epoch" in said()[-1]
    (folder / "metrics.jsonl").unlink()
    (folder / "metrics.jsonl").mkdir()
    panel.earlier.open(folder)
    qtbot.waitUntil(lambda: len(said()) > count + 1, timeout=PATIENCE)
    assert "is a folder" in said()[-1]
    assert len(panel.earlier.kept.runs) == 1
