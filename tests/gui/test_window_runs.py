"""What the window's trainings leave on disk, and what is asked before they are lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog
from safetensors.numpy import load_file

from engine import assets, edits, files
from engine.cli import main as command_line
from engine.events import WeightsTaken
from gui.main_window import MainWindow
from gui.notices import notices
from gui.plots.loss import LossPanel
from gui.run_keeping import app_folder
from tests.helpers.windows import (
    PATIENCE,
    main_window,
    open_example,
    panel_of,
    play_to_the_end,
    set_params,
    wait_for,
)


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Circle, saved, with three epochs."""
    path = tmp_path / "mine.chainrule"
    files.save(edits.set_training(files.load(assets.example("circle")), {"epochs": 3})[0], path)
    return path


class Opener(QObject):
    """Stands in for the system's file manager."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Path] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(Path(url.toLocalFile()))


@pytest.fixture
def opener(qapp) -> Iterator[Opener]:
    made = Opener()
    QDesktopServices.setUrlHandler("file", made, "open")  # type: ignore[arg-type]  # a text, whatever the stubs say
    yield made
    QDesktopServices.unsetUrlHandler("file")


def runs_of(graph: Path) -> list[Path]:
    folder = graph.with_suffix(".runs")
    return sorted(folder.iterdir()) if folder.exists() else []


def records_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def timeless(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**record, "samples_per_s": None} for record in records]


def weights_in(qtbot, window) -> dict[str, Any]:
    """What the session has learned."""
    got: list[WeightsTaken] = []
    window.feed.on(WeightsTaken, got.append)
    window.feed.session.weights(window.feed.next_request())
    qtbot.waitUntil(lambda: bool(got), timeout=PATIENCE)
    window.feed.off(WeightsTaken, got.append)
    return dict(got[0].weights)


def choose(monkeypatch, path: Path) -> None:
    """What the system's file dialogs answer."""
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: (str(path), ""))


# -- where runs lie --


def test_the_run_of_a_saved_document_is_the_one_the_command_line_makes(window, qtbot, graph, tmp_path):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    (run,) = runs_of(graph)
    assert window.runs.folder == run
    assert command_line(["train", str(graph), "--run", str(tmp_path / "by hand")]) == 0
    assert timeless(records_of(run)) == timeless(records_of(tmp_path / "by hand"))
    assert records_of(run) == panel_of(window, LossPanel).history.records.rows, "plotted value for value"
    mine, its = (load_file(at / "weights.safetensors") for at in (run, tmp_path / "by hand"))
    np.testing.assert_equal(mine, its)
    assert files.load(run / "graph.chainrule") == files.load(graph)


def test_nothing_is_written_before_play(window, qtbot, graph, opener):
    assert window.open(graph)
    weights_in(qtbot, window)
    assert runs_of(graph) == []
    window.actions_.show_run.trigger()
    assert "Play makes one" in notices().history[-1].text
    assert opener.opened == []


def test_a_document_without_a_file_has_its_runs_with_the_app_until_it_is_saved(window, qtbot, tmp_path, opener):
    open_example(window, "circle", epochs=2)
    play_to_the_end(qtbot, window)
    (run,) = app_folder().iterdir()
    assert window.runs.folder == run
    window.actions_.show_run.trigger()
    assert opener.opened == [run]
    assert window.save(tmp_path / "saved.chainrule")
    qtbot.waitUntil(lambda: window.runs.folder.parent == tmp_path / "saved.runs", timeout=PATIENCE)
    assert not list(app_folder().iterdir())
    assert [record["epoch"] for record in records_of(window.runs.folder)] == [1, 2]
    assert (window.runs.folder / "weights.safetensors").is_file()
    window.actions_.show_run.trigger()
    assert opener.opened[-1] == window.runs.folder


def test_a_restart_leaves_the_run_before_as_it_was(window, qtbot, graph):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    (first,) = runs_of(graph)
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    set_params(window, "dense2", out_features=3)
    window.actions_.restart.trigger()
    qtbot.waitUntil(lambda: not window.feed.trained, timeout=PATIENCE)
    play_to_the_end(qtbot, window)
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    (second,) = set(runs_of(graph)) - {first}
    assert files.load(second / "graph.chainrule").graph.node("dense2").params["out_features"] == 3


def test_a_folder_that_cannot_be_made_is_told_once_and_training_goes_on(window, qtbot, graph, said):
    graph.with_suffix(".runs").write_text("in the way")
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    play_to_the_end_again(qtbot, window)
    told = [text for text in said() if "not kept on disk" in text]
    assert len(told) == 1
    assert str(graph.with_suffix(".runs")) in told[0]
    assert window.runs.folder is None


def play_to_the_end_again(qtbot, window) -> None:
    steps = window.feed.steps
    window.actions_.play.trigger()
    qtbot.waitUntil(lambda: window.feed.state == "finished" and window.feed.steps > steps, timeout=PATIENCE)


# -- leaving --


def test_a_run_that_is_kept_is_left_without_a_question_and_told_of(window, qtbot, graph, opener):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    run = window.runs.folder
    with notices().answering():
        window.actions_.new.trigger()
    notice = notices().history[-1]
    assert notice.text == f"What the network has learned stays in {run}."
    [(label, act)] = notice.actions
    assert label == "Show"
    act()
    assert opener.opened == [run]


def test_where_the_last_run_stays_takes_the_place_of_where_the_one_before_stays(window, qtbot):
    for name in ("circle", "xor", "linear-fit"):
        open_example(window, name, epochs=1)
        window.document.undo_stack.setClean()
        play_to_the_end(qtbot, window)
    window.actions_.new.trigger()
    told = [card.notice.text for card in window.toasts.cards if "has learned stays" in card.notice.text]
    assert len(told) == 1
    assert told[0] == [each.text for each in notices().history if "has learned stays" in each.text][-1]


def test_closing_while_it_trains_keeps_the_last_step(qtbot, tmp_path):
    with main_window(qtbot) as window:
        open_example(window, "circle", epochs=100_000)
        window.document.undo_stack.setClean()
        window.actions_.play.trigger()
        wait_for(qtbot, window, "running")
        qtbot.waitUntil(lambda: window.feed.steps > 5, timeout=PATIENCE)
        mailbox, run = window.feed.session.mailbox, window.runs.folder
        with notices().answering():
            assert window.close()
        assert [event.state for event in mailbox.drain() if hasattr(event, "state")][-1] == "closed"
    assert run is not None
    assert len(load_file(run / "weights.safetensors")) == 6


def test_unsaved_edits_are_asked_about_with_the_place_of_what_was_learned(window, qtbot, graph):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    set_params(window, "dense2", out_features=3)
    with notices().answering("cancel"):
        assert not window.close()
    (question,) = notices().asked
    assert str(window.runs.folder) in question.text


@pytest.fixture
def unkept(window, qtbot, graph) -> MainWindow:
    """A window whose training is kept nowhere."""
    window.actions_.keep_runs.trigger()
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    assert runs_of(graph) == []
    return window


@pytest.mark.parametrize("leave", ["new", "quit"])
def test_what_would_be_lost_is_asked_about(unkept, leave):
    before = unkept.document.project
    with notices().answering("cancel"):
        getattr(unkept.actions_, leave).trigger()
    (question,) = notices().asked
    assert question.title == "Save what mine.chainrule has learned?"
    assert unkept.isVisible()
    assert unkept.document.project is before
    with notices().answering("discard"):
        getattr(unkept.actions_, leave).trigger()
    assert (len(unkept.document.project.graph) == 0) if leave == "new" else not unkept.isVisible()


@pytest.mark.parametrize("leave", ["new", "quit"])
def test_saving_the_weights_comes_first_and_then_it_leaves(unkept, qtbot, graph, leave):
    expected = weights_in(qtbot, unkept)
    with notices().answering("save"):
        getattr(unkept.actions_, leave).trigger()
        qtbot.waitUntil(lambda: files.load(graph).parameters.keys() == expected.keys(), timeout=PATIENCE)
        gone = (lambda: len(unkept.document.project.graph) == 0) if leave == "new" else lambda: not unkept.isVisible()
        qtbot.waitUntil(gone, timeout=PATIENCE)
    for name, value in files.load(graph).parameters.items():
        np.testing.assert_array_equal(np.array(value, np.float32), expected[name])


def test_a_training_that_runs_is_held_to_save_what_it_has_learned(window, qtbot, tmp_path, monkeypatch):
    window.actions_.keep_runs.trigger()
    open_example(window, "circle", epochs=100_000)
    window.document.undo_stack.setClean()
    window.actions_.play.trigger()
    wait_for(qtbot, window, "running")
    qtbot.waitUntil(lambda: window.feed.steps > 5, timeout=PATIENCE)
    path = tmp_path / "late.chainrule"
    choose(monkeypatch, path)
    with notices().answering("save"):
        window.close()
        qtbot.waitUntil(lambda: not window.isVisible(), timeout=PATIENCE)
    assert files.load(path).parameters


def test_nothing_is_asked_where_the_weights_are_in_the_file(unkept, qtbot, graph):
    unkept.actions_.save_weights.trigger()
    qtbot.waitUntil(lambda: bool(files.load(graph).parameters), timeout=PATIENCE)
    assert unkept.document.is_clean
    with notices().answering():
        assert unkept.close()


def test_nothing_is_asked_before_anything_is_learned(window, qtbot, graph):
    window.actions_.keep_runs.trigger()
    assert window.open(graph)
    weights_in(qtbot, window)
    with notices().answering():
        assert window.close()


def test_switched_on_again_what_was_learned_is_kept_at_once(unkept, qtbot, graph):
    unkept.actions_.keep_runs.trigger()
    qtbot.waitUntil(lambda: unkept.runs.folder is not None, timeout=PATIENCE)
    assert len(records_of(unkept.runs.folder)) == 3
    with notices().answering():
        assert unkept.close()
    assert (runs_of(graph)[0] / "weights.safetensors").is_file()


def test_the_switch_is_remembered(qtbot):
    with main_window(qtbot) as window:
        assert window.actions_.keep_runs.isChecked()
        window.actions_.keep_runs.trigger()
    with main_window(qtbot) as window:
        assert not window.actions_.keep_runs.isChecked()


# -- weights of an earlier run --


def test_the_weights_of_a_run_are_put_back_to_work(window, qtbot, graph, monkeypatch):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    learned, run = weights_in(qtbot, window), window.runs.folder
    assert window.open(graph)
    fresh = weights_in(qtbot, window)
    starts: list[str] = []

    def answer(_parent: Any, _title: str, start: str, *_: Any) -> tuple[str, str]:
        starts.append(start)
        return start, ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    window.actions_.load_run.trigger()
    qtbot.waitUntil(lambda: window.feed.trained, timeout=PATIENCE)
    assert starts == [str(run / "weights.safetensors")], "the last run is what the dialog begins with"
    assert notices().history[-1].text.startswith(f"The weights of {run.name} are in place.")
    np.testing.assert_equal(weights_in(qtbot, window), learned)
    assert window.actions_.reset.isEnabled()
    window.actions_.reset.trigger()
    assert not window.actions_.reset.isEnabled()
    np.testing.assert_equal(weights_in(qtbot, window), fresh)


@pytest.mark.parametrize("other", ["checkpoint-000001.safetensors", "metrics.jsonl"])
def test_any_file_of_a_run_stands_for_it(window, qtbot, graph, monkeypatch, other):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    learned, run = weights_in(qtbot, window), window.runs.folder
    assert window.open(graph)
    choose(monkeypatch, run / other)
    window.actions_.load_run.trigger()
    qtbot.waitUntil(lambda: window.feed.trained, timeout=PATIENCE)
    np.testing.assert_equal(weights_in(qtbot, window), learned)


def test_weights_that_do_not_fit_are_refused_in_one_message(window, qtbot, graph, monkeypatch, said):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    choose(monkeypatch, window.runs.folder / "weights.safetensors")
    open_example(window, "xor")
    before, count = weights_in(qtbot, window), len(said())
    window.actions_.load_run.trigger()
    qtbot.waitUntil(lambda: len(said()) > count, timeout=PATIENCE)
    (told,) = said()[count:]
    assert "are not those of this graph" in told
    assert not window.feed.trained
    np.testing.assert_equal(weights_in(qtbot, window), before)


def test_weights_are_not_mixed_with_edits_that_do_not_run_yet(window, qtbot, graph, said):
    assert window.open(graph)
    play_to_the_end(qtbot, window)
    set_params(window, "dense2", out_features=3)
    window.actions_.load_run.trigger()
    assert "Apply or undo the edits first" in said()[-1]
