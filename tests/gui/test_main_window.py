"""The whole window with the real engine behind it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from engine import assets, edits, files
from engine.block import registry
from engine.events import Predicted, Scalars, StateChanged
from engine.snapshots import Confusion, Surface
from gui.canvas.fuzzy import Offer
from gui.data_preview import DataPreviewDialog
from gui.notices import notices
from gui.plots.gradients import GradientPanel
from gui.plots.loss import LossPanel
from gui.plots.output import OutputPanel
from gui.plots.weights import WeightPanel
from gui.predictions.panel import PredictionPanel
from gui.settings import settings
from gui.stale_banner import StaleBanner
from gui.theme import theme
from tests.helpers.windows import (
    PATIENCE,
    main_window,
    open_example,
    panel_of,
    play_to_the_end,
    set_params,
    wait_for,
    wait_for_worker,
)

EXAMPLES = sorted(path.stem for path in (assets.folder() / "examples").glob("*.chainrule"))
LEFT = Qt.MouseButton.LeftButton


def test_names_that_other_programs_rely_on(window):
    names = ("canvas", "palette", "inspector", "problems", "lossPlot", "gradientPlot", "weightPlot", "outputPlot")
    for name in (*names, "predictions", "grain"):
        assert window.findChild(QWidget, name) is not None, name
    actions = {action.objectName() for action in window.actions()}
    wanted = ["New", "Open", "Save", "SaveAs", "Undo", "Redo", "Play", "Step", "Stop", "Reset"]
    assert {f"action{name}" for name in wanted} <= actions


def test_a_window_can_be_made_around_a_project(qtbot):
    project = files.load(assets.example("xor.chainrule"))
    with main_window(qtbot, project) as window:
        assert window.document.project is project
        assert window.document.is_clean


# -- training --


def test_the_panels_show_the_very_numbers_of_the_run(window, qtbot):
    got: list[Scalars] = []
    window.feed.on(Scalars, got.append)
    open_example(window, "circle", epochs=5)
    play_to_the_end(qtbot, window)
    history, run = panel_of(window, LossPanel).history, window.runs.folder
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["epoch"] for line in lines] == history.records.epochs.tolist() == [1, 2, 3, 4, 5]
    for name in ("loss", "val_loss"):
        assert [line[name] for line in lines] == history.records.column(name).tolist()
    for name in lines[0]["metrics"]:
        assert [line["metrics"][name] for line in lines] == history.records.column(name).tolist()
    np.testing.assert_array_equal(history.losses.values, np.concatenate([event.loss for event in got]))
    np.testing.assert_array_equal(history.steps.values, np.arange(1, lines[-1]["step"] + 1))
    means = history.losses.values.reshape(5, -1).mean(axis=1)
    np.testing.assert_allclose(means, [line["loss"] for line in lines], rtol=1e-6)


def test_every_panel_in_view_fills_and_those_behind_a_tab_when_they_are_shown(window, qtbot):
    open_example(window, "circle", epochs=3)
    play_to_the_end(qtbot, window)
    output, weights = panel_of(window, OutputPanel), panel_of(window, WeightPanel)
    qtbot.waitUntil(lambda: output.filled and panel_of(window, GradientPanel).filled, timeout=PATIENCE)
    assert output.shown is Surface
    assert Confusion in output.latest
    assert weights.latest is None  # behind its tab it is not even computed
    window.docks.show("weightPlot")
    qtbot.waitUntil(lambda: weights.filled, timeout=PATIENCE)
    assert not output.seen


def test_a_run_is_paused_stepped_stopped_and_reset(window, qtbot):
    open_example(window, "circle", epochs=100_000)
    acts, loss = window.actions_, panel_of(window, LossPanel)
    acts.play.trigger()
    assert (acts.play.iconText(), acts.step.isEnabled()) == ("Pause", False)
    wait_for(qtbot, window, "running")
    qtbot.waitUntil(lambda: len(loss.history.steps) > 0, timeout=PATIENCE)
    acts.play.trigger()
    wait_for(qtbot, window, "paused")
    assert acts.play.iconText() == "Play"
    for grain in ("batch", "sample"):
        before = len(loss.history.steps)
        window.transport.grain.button(grain).click()
        acts.step.trigger()
        qtbot.waitUntil(lambda wanted=before + 1: len(loss.history.steps) == wanted, timeout=PATIENCE)
        qtbot.waitUntil(acts.step.isEnabled, timeout=PATIENCE)  # while it runs, it is not
        assert window.feed.state == "paused"
    window.transport.grain.button("epoch").click()
    epochs = len(loss.history.records.rows)
    acts.step.trigger()
    qtbot.waitUntil(lambda: len(loss.history.records.rows) == epochs + 1, timeout=PATIENCE)
    qtbot.waitUntil(acts.step.isEnabled, timeout=PATIENCE)
    qtbot.waitUntil(lambda: loss.filled, timeout=PATIENCE)
    acts.stop.trigger()
    wait_for(qtbot, window, "ready")
    assert window.feed.trained
    acts.reset.trigger()
    qtbot.waitUntil(lambda: not window.feed.trained, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not len(loss.history.steps), timeout=PATIENCE)
    assert window.findChild(QLabel, "runNumbers").text() == "not trained yet"


def test_an_edit_while_it_runs_waits_for_apply_which_keeps_what_fits(window, qtbot):
    open_example(window, "circle", epochs=100_000)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "running")
    qtbot.waitUntil(lambda: len(panel_of(window, LossPanel).history.steps) > 0, timeout=PATIENCE)
    banner = window.findChild(StaleBanner)
    assert not banner.isVisible()
    set_params(window, "dense2", out_features=3)
    assert banner.isVisible()
    count = len(notices().history)
    qtbot.mouseClick(banner.findChild(QPushButton, "bannerApply"), LEFT)
    qtbot.waitUntil(lambda: len(notices().history) > count, timeout=PATIENCE)
    told = notices().history[count].text
    assert told.startswith("Applied. Kept: dense1.weight, dense1.bias, output.bias. New: dense2.weight")
    assert not banner.isVisible()
    assert window.feed.state == "running"
    set_params(window, "dense2", out_features=0)
    assert "mend the problems" in banner.findChild(QLabel).text()
    assert not banner.findChild(QPushButton, "bannerApply").isEnabled()
    window.document.undo_stack.undo()
    assert not banner.isVisible()


def test_restart_begins_afresh_with_the_edited_graph(window, qtbot):
    open_example(window, "circle", epochs=3)
    play_to_the_end(qtbot, window)
    set_params(window, "dense2", out_features=3)
    count = len(notices().history)
    qtbot.mouseClick(window.findChild(StaleBanner).findChild(QPushButton, "bannerRestart"), LEFT)
    qtbot.waitUntil(lambda: not window.feed.trained, timeout=PATIENCE)
    loss = panel_of(window, LossPanel)
    assert len(loss.history.steps) == 0
    assert [run.words for run in loss.earlier.kept.runs] == [("dense2 2 units",)]
    assert not window.feed.stale
    assert not [notice for notice in notices().history[count:] if notice.text.startswith("Applied")]
    play_to_the_end(qtbot, window)


def test_a_loss_that_is_no_number_pauses_and_offers_a_smaller_learning_rate(window, qtbot):
    open_example(window, "linear-fit", lr=1e9, epochs=50)
    count = len(notices().history)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "paused", "failed")
    qtbot.waitUntil(lambda: len(notices().history) > count, timeout=PATIENCE)
    notice = notices().history[count]
    assert notice.level == "error"
    assert "step" in notice.text
    label, act = notice.actions[0]
    assert label.startswith("Reset and use learning rate ")
    act()
    smaller = window.document.project.training["lr"]
    assert smaller < 1e9
    assert f"{smaller:g}" in label
    assert window.document.undo_stack.undoText() == f"Learning rate {smaller:g}"
    assert not window.feed.stale
    wait_for(qtbot, window, "finished")  # not paused once more by what the large rate had left


def test_a_loss_that_ends_far_above_its_beginning_is_told_once_with_the_way_back(window, qtbot):
    open_example(window, "linear-fit", lr=1.2, epochs=4)
    count = len(notices().history)
    play_to_the_end(qtbot, window)
    qtbot.waitUntil(lambda: len(notices().history) > count, timeout=PATIENCE)
    [notice] = notices().history[count:]
    assert (notice.level, notice.text[:21]) == ("warning", "The loss grew from 5.")
    [(label, act)] = notice.actions
    assert label == "Reset and use learning rate 0.1"
    states: list[str] = []
    window.feed.on(StateChanged, lambda event: states.append(event.state))
    act()
    qtbot.waitUntil(lambda: "finished" in states, timeout=PATIENCE)
    wait_for_worker(qtbot, window)
    assert (window.document.project.training["lr"], window.feed.steps) == (0.1, 20)
    assert notices().history[count:] == (notice,)


def test_a_graph_that_cannot_train_says_why_and_shows_where(window, qtbot):
    open_example(window, "circle")
    set_params(window, "dense2", out_features=0)
    count = len(notices().history)
    window.actions_.play.trigger()
    notice = notices().history[count]
    assert notice.text.startswith("This network cannot train yet.")
    [(label, act)] = notice.actions
    assert label == "Show"
    act()
    assert window.selection.ids == {"dense2"}
    assert not window.feed.has_session
    assert window.findChild(QWidget, "problemCount").text().strip() == "1 problem"


def test_the_learning_rate_follows_while_it_runs(window, qtbot):
    open_example(window, "circle", epochs=100_000)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "running")
    window.document.edit("rate", *edits.set_training(window.document.project, {"lr": 0.002}))
    numbers = window.findChild(QLabel, "runNumbers")
    qtbot.waitUntil(lambda: "learning rate 0.002" in numbers.toolTip(), timeout=PATIENCE)
    assert not window.findChild(StaleBanner).isVisible()


def test_a_point_of_the_surface_is_asked_about(window, qtbot):
    open_example(window, "circle", epochs=3)
    play_to_the_end(qtbot, window)
    output, predict = panel_of(window, OutputPanel), panel_of(window, PredictionPanel)
    qtbot.waitUntil(lambda: output.filled, timeout=PATIENCE)
    window.grab()
    view = output.views[Surface]
    place = view._item.getViewBox().mapViewToScene(QPointF(1.0, -2.0)).toPoint()
    got: list[Predicted] = []
    window.feed.on(Predicted, got.append)
    QTest.mouseClick(view.plot.viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: bool(got), timeout=PATIENCE)
    assert got[0].error == ""
    assert predict.seen
    assert output.seen  # the answer does not cover what was asked about
    assert predict.row.row() == pytest.approx([1.0, -2.0], abs=0.2)
    assert predict.view.rows[0][1] == float(got[0].outputs[0, 0])


def test_the_data_are_looked_at(window, qtbot):
    open_example(window, "spiral")
    window.actions_.preview.trigger()
    dialog = window.findChild(DataPreviewDialog)
    qtbot.waitUntil(lambda: dialog.shown is not None, timeout=PATIENCE)
    assert dialog.shown.error == ""
    dialog.close()
    window.document.replace(type(window.document.project)())
    window.actions_.preview.trigger()
    assert "no Input block" in notices().history[-1].text


# -- files --


def test_a_saved_document_opens_as_it_was(window, tmp_path):
    open_example(window, "spiral")
    project = window.document.project
    path = tmp_path / "mine.chainrule"
    assert window.save(path)
    assert files.load(path) == project
    assert window.open(path)
    assert window.document.project == project
    assert window.document.path == path
    assert window.windowTitle().startswith("mine.chainrule")


def test_a_broken_file_leaves_the_document_as_it_is(window, tmp_path):
    open_example(window, "spiral")
    before = window.document.project
    path = tmp_path / "broken.chainrule"
    path.write_text('{"format": "chainrule", "version": 1, "nodes": [', encoding="utf-8")
    assert not window.open(path)
    assert window.document.project is before
    assert "broken.chainrule" in notices().history[-1].text


def test_trained_weights_are_saved_and_come_back(window, qtbot, tmp_path):
    open_example(window, "circle", epochs=2)
    path = tmp_path / "trained.chainrule"
    assert window.save(path)
    play_to_the_end(qtbot, window)
    window.actions_.save_weights.trigger()
    qtbot.waitUntil(lambda: "output.bias" in files.load(path).parameters, timeout=PATIENCE)
    assert window.document.is_clean
    assert window.open(path)
    window.feed.session.weights(window.feed.next_request())
    assert set(window.document.project.parameters) == {
        f"{block}.{name}" for block in ("dense1", "dense2", "output") for name in ("weight", "bias")
    }


def test_a_file_is_dropped_on_the_window(window, tmp_path):
    path = tmp_path / "dropped.chainrule"
    files.save(files.load(assets.example("xor.chainrule")), path)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, no_keys = QPointF(700, 20), Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), Qt.DropAction.CopyAction, data, LEFT, no_keys)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(place, Qt.DropAction.CopyAction, data, LEFT, no_keys))
    assert window.document.path == path


def test_unsaved_changes_hold_the_window_back(window):
    open_example(window, "spiral")
    set_params(window, "dense1", out_features=3)
    assert window.isWindowModified()
    with notices().answering("cancel"):
        assert not window.close()
    assert window.isVisible()
    with notices().answering("discard"):
        assert window.close()


def test_closing_ends_the_worker(window, qtbot):
    open_example(window, "circle", epochs=100_000)
    window.actions_.play.trigger()
    wait_for(qtbot, window, "running")
    thread = window.feed.session._thread
    window.document.undo_stack.setClean()
    window.close()
    assert not thread.is_alive()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_opens_without_a_problem(window, qtbot, name):
    open_example(window, name)
    qtbot.waitUntil(lambda: not window.document.result.problems, timeout=PATIENCE)
    assert window.document.path is None
    assert window.document.is_clean
    window.grab()


def test_examples_and_recent_files_are_in_the_menu(window, tmp_path):
    names = {action.objectName() for action in window.menus.examples.actions()}
    assert {f"example_{name}" for name in EXAMPLES} <= names
    next(action for action in window.menus.examples.actions() if action.objectName() == "example_xor").trigger()
    assert window.document.project.name == "XOR"
    window.menus.recent.aboutToShow.emit()
    assert [action.isEnabled() for action in window.menus.recent.actions()] == [False]
    window.save(tmp_path / "a & b.chainrule")
    window.menus.recent.aboutToShow.emit()
    [action] = window.menus.recent.actions()
    assert action.text() == "a && b.chainrule"
    window.document.replace(type(window.document.project)())
    action.trigger()
    assert window.document.project.name == "XOR"


# -- the look --


def test_the_theme_is_chosen_in_the_menu_and_remembered(window):
    menu_actions = {
        action.objectName(): action for action in window.transport.menus.findChildren(type(window.actions()[0]))
    }
    menu_actions["theme_light"].trigger()
    assert not theme().is_dark
    assert settings().value("theme") == "light"
    window.grab()
    menu_actions["theme_dark"].trigger()
    assert theme().is_dark


def docks_in_view(window) -> set[str]:
    return {dock.objectName() for dock in window.docks.all() if dock.isVisible()}


def docks_of_a_first_start(window) -> set[str]:
    return {dock.objectName() for dock in window.docks.all()} - {"historyDock", "backpropDock"}


def test_presentation_and_back(window, qtbot):
    open_example(window, "spiral")
    theme().set_mode("dark")
    window.docks["weightPlot"].hide()
    before = docks_in_view(window)
    window.actions_.presentation.trigger()
    assert window.isFullScreen()
    assert docks_in_view(window) == set()
    assert theme().text_scale >= 1.5
    assert not theme().is_dark
    window.grab()
    window.actions_.presentation.trigger()
    assert not window.isFullScreen()
    assert window.size().toTuple() == (1440, 900)
    assert docks_in_view(window) == before
    assert (theme().text_scale, theme().is_dark) == (1.0, True)


def test_docks_are_remembered(qtbot):
    with main_window(qtbot) as window:
        assert docks_in_view(window) == docks_of_a_first_start(window)
        assert window.docks["lossPlot"].visibleRegion().isEmpty() is False
        window.docks["weightPlot"].hide()
        window.docks["palette"].hide()
        window.resize(1300, 800)
    with main_window(qtbot) as window:
        hidden = {dock.objectName() for dock in window.docks.all() if dock.isHidden()}
        assert hidden == {"weightPlotDock", "paletteDock", "historyDock", "backpropDock"}


def test_what_is_closed_in_presentation_is_not_remembered(qtbot):
    with main_window(qtbot) as window:
        window.actions_.presentation.trigger()
    theme().set_text_scale(1.0)  # another process begins with the system's
    with main_window(qtbot) as window:
        assert docks_in_view(window) == docks_of_a_first_start(window)


def test_large_text_leaves_room_for_fewer_docks_and_gives_them_back(window):
    every = docks_of_a_first_start(window)
    theme().set_text_scale(1.6)
    left_out = {"linkedSpacesDock", "weightCurveDock", "landscapePlotDock"}
    assert docks_in_view(window) == every - left_out
    window.docks.show("landscapePlot")
    assert docks_in_view(window) == every - left_out | {"landscapePlotDock"}
    theme().set_text_scale(1.0)
    assert docks_in_view(window) == every


def test_docks_stand_in_three_tiles_with_titles_only_where_no_tab_is(window):
    tiles = [
        {dock.objectName() for dock in window.tabifiedDockWidgets(window.docks[name])}
        for name in ("lossPlot", "gradientPlot", "outputPlot")
    ]
    assert tiles == [
        {"problemsDock", "linkedSpacesDock"},
        {"predictionsDock", "weightCurveDock"},
        {"weightPlotDock", "landscapePlotDock"},
    ]
    tops = {window.docks[name].geometry().top() for name in ("lossPlot", "gradientPlot", "outputPlot")}
    assert len(tops) == 1
    assert window.docks["lossPlot"].titleBarWidget().height() == 0
    assert window.docks["palette"].titleBarWidget().height() > 20
    window.docks["lossPlot"].setFloating(True)
    window.docks.show_titles()
    assert window.docks["lossPlot"].titleBarWidget().height() > 20
    window.docks["lossPlot"].setFloating(False)


def test_a_click_on_the_problem_count_shows_the_list(window, qtbot):
    qtbot.mouseClick(window.findChild(QWidget, "problemCount"), LEFT)
    assert not window.docks["problems"].visibleRegion().isEmpty()


def test_the_canvas_takes_blocks_from_the_palette(window, qtbot):
    window.palette_panel.add_wanted.emit(Offer(registry()["Dense"]))
    assert [node.block for node in window.document.project.graph.ordered_nodes()] == ["Dense"]
    window.actions_.undo.trigger()
    assert len(window.document.project.graph) == 0


def test_leaving_the_window_ends_a_series_of_spin_steps(window):
    before = window.document._merge_series
    QApplication.sendEvent(window.palette_panel.search, QFocusEvent(QFocusEvent.Type.FocusIn))
    window.palette_panel.search.setFocus()
    window.canvas.setFocus()
    assert window.document._merge_series > before
