"""A run elsewhere in the window: the panels show what its files hold, as they grow; the window's own training waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from engine.runplace import GRAPH, METRICS
from engine.snapshots import Responses
from engine.watching.server import RunServer
from gui.app import watched_in
from gui.document import Document
from gui.file_actions import FileActions
from gui.main_window import MainWindow
from gui.plots.gradients import GradientPanel
from gui.plots.loss import LossPanel
from gui.plots.output import OutputPanel
from gui.run_feed import RunFeed
from gui.theme import Mode, theme
from gui.watching.bar import WatchBar
from gui.watching.dialog import WatchDialog, recent_folders, remember
from gui.watching.watching import Watching
from tests.engine.training_projects import small
from tests.engine.watched_runs import begin_newer, metrics, records, run_files, served, write_run
from tests.helpers.cut_text import faults
from tests.helpers.windows import PATIENCE, main_window, panel_of, wait_for_worker


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[MainWindow]:
    with main_window(qtbot) as window:
        yield window
        assert window.afar.watching.join(30)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "net.runs" / "2026-01-01T00-00-00Z")


def rows(window: MainWindow) -> list[dict[str, object]]:
    """What the loss panel's table holds, in the words of metrics.jsonl."""
    return [dict(row) for row in panel_of(window, LossPanel).history.records.rows]


def watch(qtbot: QtBot, window: MainWindow, text: str, count: int = 3) -> None:
    window.afar.watch(text)
    wait_for_rows(qtbot, window, count)


def wait_for_rows(qtbot: QtBot, window: MainWindow, count: int) -> None:
    def there() -> bool:
        window.afar.watching.look_now()
        return window.afar.watching.showing and len(rows(window)) == count

    qtbot.waitUntil(there, timeout=PATIENCE)


def said(window: MainWindow) -> str:
    label = window.findChild(QLabel, "watchText")
    assert isinstance(label, QLabel)
    return label.text()


def button(window: MainWindow, name: str) -> QPushButton:
    found = window.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def numbers(window: MainWindow) -> str:
    text: str = window.transport._numbers.text()
    return text


def test_a_finished_run_is_shown_as_its_files_tell(qtbot: QtBot, window: MainWindow, run: Path):
    watch(qtbot, window, str(run))
    assert rows(window) == records(metrics())
    history = panel_of(window, LossPanel).history
    assert history.steps.values.tolist() == [record["step"] for record in records(metrics())]
    assert history.losses.values.tolist() == [record["loss"] for record in records(metrics())]
    assert history.means.tolist() == history.losses.values.tolist()  # epochs are not smoothed
    assert window.document.project == small()
    assert window.document.path is None
    assert "epoch 3/3" in numbers(window)
    assert "training finished" in said(window)
    assert "Watching" in window.statusBar()._doing.text()
    actions = window.actions_
    assert not any(one.isEnabled() for one in (actions.play, actions.step, actions.reset, actions.apply))
    assert window.feed.steps == 0
    window.actions_.stop.trigger()
    assert not window.afar.watching.active
    assert actions.play.isEnabled()
    assert rows(window) == []
    assert "not trained yet" in numbers(window)
    assert window.statusBar()._doing.text() == ""


def test_a_growing_run_is_shown_as_it_grows(qtbot: QtBot, window: MainWindow, run: Path):
    lines = metrics().splitlines(keepends=True)
    (run / METRICS).write_bytes(lines[0] + lines[1][:20])
    watch(qtbot, window, str(run), 1)
    with (run / METRICS).open("ab") as file:
        file.write(lines[1][20:])
    wait_for_rows(qtbot, window, 2)
    assert "epoch 2/3" in numbers(window)
    with (run / METRICS).open("ab") as file:
        file.write(lines[2])
    wait_for_rows(qtbot, window, 3)
    assert rows(window) == records(metrics())
    # resumed after the first epoch: that and what is made anew are shown, and nothing else
    other = json.dumps({**json.loads(lines[1]), "loss": 9.0}).encode() + b"\n"
    (run / METRICS).write_bytes(lines[0] + other)
    wait_for_rows(qtbot, window, 2)
    assert rows(window) == records(lines[0] + other)
    assert panel_of(window, LossPanel).history.losses.values[-1] == 9.0


def test_the_weights_of_the_run_are_shown_when_asked_for(qtbot: QtBot, window: MainWindow, run: Path):
    from engine.events import Evaluated

    watch(qtbot, window, str(run))
    step = records(metrics())[-1]["step"]
    load = button(window, "watchWeights")
    assert load.text() == f"Load weights of step {step}"
    load.click()
    qtbot.waitUntil(lambda: window.afar.watching.weights_step == step, timeout=PATIENCE)
    assert not load.isEnabled()
    assert f"step {step}" in said(window)
    found: list[Evaluated] = []
    window.feed.on(Evaluated, found.append)
    window.feed.session.evaluate("val")
    qtbot.waitUntil(lambda: bool(found), timeout=PATIENCE)
    last = records(metrics())[-1]
    assert found[0].loss == last["val_loss"]
    assert found[0].metrics["accuracy"] == last["metrics"]["val_accuracy"]
    assert rows(window) == records(metrics())  # what is shown of the run is still there
    assert "epoch 3/3" in numbers(window)
    shown: list[Responses] = []
    window.feed.on(Responses, shown.append)
    button(window, "watchStop").click()
    wait_for_worker(qtbot, window)
    assert window.feed.trained  # the weights stay
    assert "not trained here yet" in numbers(window)
    qtbot.waitUntil(lambda: bool(shown), timeout=PATIENCE)  # and are shown


def shown_words(panel: QWidget) -> str:
    """All that a panel says now."""
    return " ".join(label.text() for label in panel.findChildren(QLabel) if not label.isHidden())


def test_panels_say_what_a_run_elsewhere_does_not_tell(qtbot: QtBot, window: MainWindow, run: Path):
    watch(qtbot, window, str(run))
    gradients, output = panel_of(window, GradientPanel), panel_of(window, OutputPanel)
    assert "keeps no gradients" in shown_words(gradients)
    assert "tells no outputs" in shown_words(output)
    assert "While it trains" not in shown_words(gradients) + shown_words(output)
    load = next(button for button in output.findChildren(QPushButton) if button.text() == "Load its weights")
    load.click()
    qtbot.waitUntil(lambda: window.afar.watching.weights_step == 18, timeout=PATIENCE)
    assert "Load its weights" not in [
        each.text() for each in gradients.findChildren(QPushButton) if not each.isHidden()
    ]
    window.docks.show("outputPlot")
    qtbot.waitUntil(lambda: output.filled, timeout=PATIENCE)
    assert "weights are loaded" in shown_words(gradients)
    walk = next(each for each in gradients.findChildren(QPushButton) if each.text() == "Take a step apart")
    walk.click()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    window.backprop.leave()
    window.afar.watching.stop()
    assert "While it trains" in shown_words(gradients)


@pytest.mark.parametrize("way", ["folder", "port"])
def test_a_newer_run_beside_it_is_offered_and_shown(qtbot: QtBot, window: MainWindow, run: Path, way: str):
    with served(run) as address:
        watch(qtbot, window, address.url if way == "port" else str(run.parent))
        assert button(window, "watchNewer").isHidden()
        newer = begin_newer(run, "2026-01-02T00-00-00Z")
        window.afar.watching.look_now()
        qtbot.waitUntil(lambda: button(window, "watchNewer").isVisible(), timeout=PATIENCE)
        assert f"A newer run has started: {newer.name}." in said(window)
        button(window, "watchNewer").click()
        wait_for_rows(qtbot, window, 2)
        qtbot.waitUntil(lambda: f"Watching {newer.name}" in said(window), timeout=PATIENCE)
        assert button(window, "watchNewer").isHidden()


def test_a_run_that_begins_in_a_watched_folder_is_shown(qtbot: QtBot, window: MainWindow, tmp_path: Path):
    runs = tmp_path / "net.runs"
    runs.mkdir()
    window.afar.watch(str(runs))
    qtbot.waitUntil(lambda: window.afar.watching.trouble != "", timeout=PATIENCE)
    assert "no run in" in said(window)
    write_run(runs / "2026-01-01T00-00-00Z")
    wait_for_rows(qtbot, window, 3)


def test_what_goes_away_is_told_in_the_strip_and_comes_back(qtbot: QtBot, window: MainWindow, run: Path):
    watch(qtbot, window, str(run))
    away = run.rename(run.with_name("away"))

    def told() -> bool:
        window.afar.watching.look_now()
        return "no folder" in said(window)

    qtbot.waitUntil(told, timeout=PATIENCE)
    assert "It is tried again." in said(window)
    assert rows(window) == records(metrics())
    away.rename(run)

    def back() -> bool:
        return not told()

    qtbot.waitUntil(back, timeout=PATIENCE)


def test_through_a_port_and_after_the_server_was_started_anew(qtbot: QtBot, window: MainWindow, run: Path):
    lines = metrics().splitlines(keepends=True)
    (run / METRICS).write_bytes(lines[0])
    token = "a" * 32

    def serve(port: int) -> tuple[RunServer, threading.Thread]:
        server = RunServer(run, port, token=token)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        return server, thread

    def end() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    server, thread = serve(0)
    try:
        watch(qtbot, window, server.address.url, 1)
        load = button(window, "watchWeights")
        load.click()
        qtbot.waitUntil(lambda: window.afar.watching.weights_step > 0, timeout=PATIENCE)
    finally:
        end()

    def told() -> bool:
        window.afar.watching.look_now()
        return "nothing is served there now" in said(window)

    qtbot.waitUntil(told, timeout=PATIENCE)
    (run / METRICS).write_bytes(metrics())
    server, thread = serve(server.address.port)
    try:
        wait_for_rows(qtbot, window, 3)
        assert rows(window) == records(metrics())
    finally:
        end()


def test_a_network_that_is_the_same_stays(qtbot: QtBot, window: MainWindow, run: Path, tmp_path: Path):
    graph = tmp_path / "net.chainrule"
    graph.write_bytes(run_files()[GRAPH])
    assert window.open(graph)
    watch(qtbot, window, str(run))
    assert window.document.path == graph


def test_another_document_ends_it(qtbot: QtBot, window: MainWindow, run: Path):
    watch(qtbot, window, str(run))
    assert window.files.open_example("mazur.chainrule")
    assert not window.afar.watching.active
    assert window.feed.away is None
    assert rows(window) == []


def test_a_stalled_disk_holds_up_nothing(qtbot: QtBot, window: MainWindow, run: Path, monkeypatch: pytest.MonkeyPatch):
    watch(qtbot, window, str(run))
    monkeypatch.setattr("engine.watching.follower.Follower.held_up", lambda self: 60.0)
    window.afar.watching._tick()
    assert "It does not answer." in said(window)


def test_nothing_runs_while_nothing_is_watched(window: MainWindow):
    watching = window.afar.watching
    assert not watching._timer.isActive()
    assert watching._follower is None


def dialog_of(window: MainWindow) -> WatchDialog:
    window.actions_.watch.trigger()
    dialog = window.findChild(WatchDialog)
    assert isinstance(dialog, WatchDialog)
    return dialog


def test_the_dialog_takes_a_folder_and_offers_it_again(qtbot: QtBot, window: MainWindow, run: Path):
    dialog = dialog_of(window)
    dialog.field.setText("http://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaa/")
    dialog._go.click()
    assert "another machine" in dialog._fault.text()
    assert dialog.result() != QDialog.DialogCode.Accepted
    dialog.field.setText(str(run))
    dialog._go.click()
    wait_for_rows(qtbot, window, 3)
    assert recent_folders() == [run]


@pytest.fixture
def bare(qtbot: QtBot) -> Iterator[Watching]:
    """A watcher without a window around it, whose document is the network of the run already."""
    document = Document(small())
    feed = RunFeed(document)
    watching = Watching(document, feed, cast(FileActions, None), document)
    yield watching
    assert watching.join(30)
    feed.close()
    document.deleteLater()


@pytest.mark.parametrize(("mode", "scale"), [("dark", 1.0), ("light", 1.0), ("dark", 1.6), ("light", 1.6)])
def test_nothing_is_cut(qtbot: QtBot, bare: Watching, run: Path, mode: Mode, scale: float):
    before = theme().mode
    theme().set_mode(mode)
    theme().set_text_scale(scale)
    window = QWidget()
    window.resize(1440, 900)
    try:
        bar = WatchBar(bare, window)
        bar.resize(theme().px(760), bar.sizeHint().height())
        window.show()
        bare.start(str(run))
        qtbot.waitUntil(lambda: bool(bare.told.last), timeout=PATIENCE)
        remember(Path("/mnt/cluster/runs/spiral.runs"))
        dialog = WatchDialog(bare, run, window)
        dialog.open()
        dialog.field.setText("http://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaa/")
        dialog._go.click()
        qtbot.waitUntil(lambda: not faults(dialog), timeout=PATIENCE)
        bar.resize(theme().px(760), bar.heightForWidth(theme().px(760)))
        qtbot.waitUntil(lambda: not faults(bar), timeout=PATIENCE)
        dialog.reject()
    finally:
        window.close()
        window.deleteLater()
        theme().set_mode(before)
        theme().set_text_scale(1.0)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], ("", [])),
        (["a.chainrule"], ("", ["a.chainrule"])),
        (["--watch", "/runs"], ("/runs", [])),
        (["--watch=/runs", "a"], ("/runs", ["a"])),
        (["-style", "x", "--watch", "http://localhost:1/x"], ("http://localhost:1/x", ["-style", "x"])),
    ],
)
def test_the_command_line_names_what_is_watched(arguments: list[str], found: tuple[str, list[str]]):
    assert watched_in(arguments) == found
