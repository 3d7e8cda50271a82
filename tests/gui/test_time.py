"""Going back in time in the window: weights to the bit, plots that end where the training stands, another future."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from engine.events import Scalars, WeightsTaken
from engine.graph import Project
from engine.session import Until
from engine.stepevents import Timeline
from gui.actions import make_actions
from gui.main_window import MainWindow
from gui.notices import notices
from gui.plots.gradients import GradientPanel
from gui.plots.history import Records
from gui.plots.loss import LossPanel
from gui.plots.loss_history import LossHistory
from gui.plots.weights import WeightPanel
from gui.timeline import TimeTravel
from tests.helpers.cut_text import lasting_faults
from tests.helpers.windows import PATIENCE, open_example, panel_of, wait_for_worker


def train(qtbot: QtBot, window: MainWindow, steps: int) -> None:
    """So many updates in all, from the present place."""
    window.feed.current_session.play(Until(steps=steps))
    qtbot.waitUntil(
        lambda: window.feed.steps >= steps and window.feed.state in ("paused", "finished"), timeout=PATIENCE
    )
    rest(qtbot, window, steps)


def rest(qtbot: QtBot, window: MainWindow, at: int) -> None:
    """Until the window knows that the training stands there."""
    travel = window.travel
    qtbot.waitUntil(lambda: travel.place is not None and travel.place.at == at == window.feed.steps, timeout=PATIENCE)
    wait_for_worker(qtbot, window)  # it tells where it stands before the pictures of there, and before it saves
    assert (travel.wanted, window.feed.steps) == (at, at)


def go(qtbot: QtBot, window: MainWindow, at: int) -> None:
    window.time_strip.slider.setValue(at)
    rest(qtbot, window, at)


def weights(qtbot: QtBot, window: MainWindow) -> dict[str, bytes]:
    taken: list[WeightsTaken] = []
    window.feed.on(WeightsTaken, taken.append)
    window.feed.session.weights(window.feed.next_request())
    qtbot.waitUntil(lambda: bool(taken), timeout=PATIENCE)
    window.feed.off(WeightsTaken, taken.append)
    return {name: value.tobytes() for name, value in taken[0].weights.items()}


def said() -> str:
    return "\n".join(notice.text for notice in notices().history)


def test_ten_updates_back_and_forth_give_the_same_bits(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    assert not window.actions_.step_back.isEnabled()
    train(qtbot, window, 30)
    window.actions_.timeline.trigger()
    then = weights(qtbot, window)
    for _ in range(10):
        window.actions_.step_back.trigger()  # faster than the session goes: the last one wanted wins
    rest(qtbot, window, 20)
    back = weights(qtbot, window)
    assert back != then
    go(qtbot, window, 30)
    assert weights(qtbot, window) == then
    go(qtbot, window, 20)
    assert weights(qtbot, window) == back
    train(qtbot, window, 30)  # not by going there, but by training anew
    assert weights(qtbot, window) == then
    assert "goes on from update 20. The 10 updates that lay ahead are forgotten" in said()


def test_plots_end_at_the_present_place_and_come_back(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "xor")
    loss = panel_of(window, LossPanel)
    train(qtbot, window, 40)
    known = loss.history
    steps, losses, rows = known.steps.values.copy(), known.losses.values.copy(), list(known.records.rows)
    window.actions_.timeline.trigger()
    go(qtbot, window, 15)
    assert loss.history.steps.values.tolist() == list(range(1, 16))
    assert loss.history.losses.values.tobytes() == losses[:15].tobytes()
    assert loss.history.records.rows == [row for row in rows if row["step"] <= 15]
    for kind in (GradientPanel, WeightPanel):
        latest = panel_of(window, kind).latest
        assert latest is None or latest.step <= 15
    go(qtbot, window, 0)
    assert not loss.history.steps.values.size
    go(qtbot, window, 40)
    assert loss.history.losses.values.tobytes() == losses.tobytes()
    assert loss.history.records.rows == rows
    go(qtbot, window, 15)
    train(qtbot, window, 40)
    assert loss.history.steps.values.tolist() == steps.tolist()
    assert loss.history.losses.values.tobytes() == losses.tobytes()
    folder = window.runs.folder
    if folder is not None:
        lines = (folder / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line)["step"] for line in lines] == [row["step"] for row in loss.history.records.rows]


def test_histories_of_gradients_and_weights_have_no_gap_after_going_back_and_forth(
    qtbot: QtBot, window: MainWindow
) -> None:
    open_example(window, "xor")
    gradients, weights_ = panel_of(window, GradientPanel), panel_of(window, WeightPanel)
    window.feed.watch(qtbot, gradients.lanes | weights_.lanes)
    for steps in range(5, 45, 5):
        train(qtbot, window, steps)  # each pause is observed
    window.actions_.timeline.trigger()

    def known() -> list[bytes]:
        one, other = gradients.latest, weights_.latest
        assert one is not None
        assert other is not None
        parts = (one.history_steps, one.history, one.norms, one.mean_abs, other.steps, *other.counts, other.stats)
        return [part.tobytes() for part in parts]

    qtbot.waitUntil(lambda: weights_.latest is not None and weights_.latest.step == 40, timeout=PATIENCE)
    before = known()
    assert gradients.latest is not None
    assert set(range(5, 45, 5)) <= set(gradients.latest.history_steps.tolist())
    for at in (15, 30, 3, 40):
        go(qtbot, window, at)
        qtbot.waitUntil(lambda at=at: weights_.latest is not None and weights_.latest.step == at, timeout=PATIENCE)
        assert max(gradients.latest.history_steps) <= at
    assert known() == before


def test_a_weight_set_in_the_past_begins_another_future(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    train(qtbot, window, 12)
    window.actions_.timeline.trigger()
    go(qtbot, window, 5)
    assert window.travel.ahead == 7
    window.feed.session.set_parameter("hidden.weight", np.array([[1.0, 2.0], [3.0, 4.0]]))
    qtbot.waitUntil(lambda: window.travel.ahead == 0, timeout=PATIENCE)
    assert "Changed at update 5: another future begins here. The 7 updates that lay ahead are gone." in said()
    assert window.time_strip.slider.maximum() == 5
    train(qtbot, window, 6)
    assert window.travel.place is not None
    assert window.travel.place.last == 6
    go(qtbot, window, 5)
    train(qtbot, window, 6)
    assert "The update that lay ahead is forgotten; without changes by hand, it comes out the same again" in said()


def test_a_step_taken_apart_follows(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    window.actions_.backprop.trigger()
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    first = window.backprop.step
    assert first is not None
    train(qtbot, window, 4)
    qtbot.waitUntil(lambda: window.backprop.step is not None, timeout=PATIENCE)
    later = window.backprop.step
    assert later is not None
    assert later.loss < first.loss
    for _ in range(4):
        window.actions_.step_back.trigger()
    rest(qtbot, window, 0)
    qtbot.waitUntil(lambda: window.backprop.step not in (None, later), timeout=PATIENCE)
    qtbot.waitUntil(
        lambda: window.backprop.step is not None and window.backprop.step.loss == first.loss, timeout=PATIENCE
    )
    assert not window.actions_.step_back.isEnabled()
    assert window.travel.ahead == 4  # step 0 is no reset


def test_the_strip_says_what_the_past_costs(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    window.actions_.timeline.trigger()
    strip = window.time_strip
    assert "Nothing has been learned yet" in strip.findChild(type(strip._words), "timeWords").text()
    assert not strip.slider.isEnabled()
    train(qtbot, window, 9)
    place = window.travel.place
    assert place is not None
    assert (place.first, place.last) == (0, 9)
    assert strip._figure.text().startswith("9 updates in ")
    assert strip._figure.text().endswith(" in <0.1 of 64 MiB")  # not 0.0: it costs something
    assert 0 < place.bytes <= place.limit
    assert strip._at.text() == "update 9 of 9"
    window.resize(1280, 720)
    assert not lasting_faults(window, about="time")
    strip._close.click()
    assert strip.isHidden()
    assert not window.actions_.timeline.isChecked()


def test_reset_forgets_the_past(qtbot: QtBot, window: MainWindow) -> None:
    open_example(window, "mazur")
    train(qtbot, window, 5)
    go_back = window.actions_.step_back
    assert go_back.isEnabled()
    window.actions_.reset.trigger()
    qtbot.waitUntil(lambda: window.feed.steps == 0, timeout=PATIENCE)
    assert not go_back.isEnabled()
    assert window.travel.place is None


def test_one_place_at_a_time_and_the_last_one_wanted_wins(qtbot: QtBot, feed_of, sessions) -> None:
    feed = feed_of(Project())
    owner = QMainWindow()
    qtbot.addWidget(owner)
    travel = TimeTravel(make_actions(owner, QUndoStack(owner)), feed, owner)
    session = feed.session
    fake = sessions[0]
    fake.post(Timeline(0, 0, 100, 100, 10, 20, 1))
    feed.drain()
    for at in (90, 80, 70, 60):
        travel.go(at)
    assert [command for command in fake.commands if command[0] == "goto"] == [("goto", 90)]
    fake.post(Timeline(0, 0, 100, 90, 10, 20, 1, moved=True))
    feed.drain()
    assert [command for command in fake.commands if command[0] == "goto"] == [("goto", 90), ("goto", 60)]
    assert travel.wanted == 60
    assert session is feed.session


def series(count: int, most: int = 1 << 20, window: int = 5) -> tuple[LossHistory, np.ndarray]:
    losses = np.random.default_rng(1).random(count)
    history = LossHistory(window, most)
    for start in range(0, count, 7):
        part = losses[start : start + 7]
        steps = np.arange(start + 1, start + 1 + part.size)
        history.take_steps(Scalars(steps, part, steps / 10))
    return history, losses


@pytest.mark.parametrize("at", [0, 1, 49, 50, 99, 100])
def test_a_history_cut_and_gone_on_with_is_as_if_never_cut(at: int) -> None:
    whole, losses = series(100)
    cut = whole.until(at)
    assert cut.steps.values.tolist() == list(range(1, at + 1))
    steps = np.arange(at + 1, 101)
    cut.take_steps(Scalars(steps, losses[at:], steps / 10))
    assert cut.losses.values.tobytes() == whole.losses.values.tobytes()
    assert cut.means.tolist() == pytest.approx(whole.means.tolist(), rel=1e-12)
    for stop in (10, 100):
        one, other = cut.losses.points(0, stop, 20), whole.losses.points(0, stop, 20)
        assert one[0].tolist() == other[0].tolist()
        assert one[1].tolist() == other[1].tolist()
    assert len(whole.steps) == 100


def test_a_thinned_history_can_be_cut_and_goes_on() -> None:
    whole, _ = series(1000, most=64)
    cut = whole.until(500)
    assert cut.steps.values.max() <= 500
    assert len(cut.steps) % 2 == 0
    for start in range(501, 3000, 7):
        steps = np.arange(start, start + 7)
        cut.take_steps(Scalars(steps, np.full(7, 0.5), steps / 10))
    assert len(cut.steps) < 64
    assert (np.diff(cut.steps.values) >= 0).all()


def test_records_are_cut_with_their_columns() -> None:
    records = Records()
    for epoch in range(1, 6):
        metrics = {"accuracy": 0.5} if epoch > 3 else {}
        records.append({"epoch": epoch, "step": 10 * epoch, "loss": 1.0 / epoch, "val_loss": None, "metrics": metrics})
    cut = records.until(35)
    assert [row["epoch"] for row in cut.rows] == [1, 2, 3]
    assert cut.epochs.tolist() == [1, 2, 3]
    assert cut.column("loss").tolist() == [1.0, 0.5, pytest.approx(1 / 3)]
    assert cut.metrics == ()
    assert len(records.rows) == 5
