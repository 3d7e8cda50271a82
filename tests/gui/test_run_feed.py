from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from PySide6.QtCore import QTimer

from engine import edits
from engine.dataspec import DataFacts, Field
from engine.events import Applied, FactsRead, RunFailed, Scalars, StateChanged
from engine.frozen import DROP
from engine.graph import Project
from engine.snapshots import Gradients, Progress
from gui.document import Document
from gui.run_feed import RunFeed
from tests.helpers import sample_events, sample_projects

FeedOf = Callable[[Project], RunFeed]


@pytest.fixture
def feed(feed_of: FeedOf) -> RunFeed:
    return feed_of(sample_projects.spiral())


def record(signal) -> list:
    got: list = []
    signal.connect(lambda *args: got.append(args[0] if args else None))
    return got


def training(feed, **changes) -> None:
    project, touched = edits.set_training(feed.document.project, changes)
    feed.document.edit("training", project, touched)


def params(feed, node: str, **changes) -> None:
    project, touched = edits.set_params(feed.document.project, node, changes)
    feed.document.edit("params", project, touched)


def started(feed, sessions, step: int = 5):
    """The fake session of a feed that has trained some steps."""
    feed.play()
    sessions[0].post(StateChanged("running", step=step))
    feed.drain()
    return sessions[0]


# -- opening and closing --


def test_a_document_that_is_only_drawn_has_no_session(feed, sessions):
    params(feed, "dense1", out_features=3)
    assert (sessions, feed.has_session, feed.state) == ([], False, "ready")


def test_the_session_is_opened_with_the_document_as_it_is(feed, sessions):
    params(feed, "dense1", out_features=3)
    assert feed.session.project is feed.document.project
    assert feed.session is sessions[0]
    assert len(sessions) == 1


def test_another_document_ends_the_session(feed, sessions):
    session = started(feed, sessions)
    told, states = record(feed.session_changed), record(feed.state_changed)
    feed.document.replace(sample_projects.digits())
    assert session.closed
    assert session.mailbox.on_first is None
    assert (len(told), states, feed.stale, feed.trained) == (1, ["ready"], False, False)
    assert feed.session.project.name == "Digits"


def test_closing_twice_does_no_harm(feed, sessions):
    feed.play()
    feed.close()
    feed.close()
    assert sessions[0].closed


# -- handing out --


def test_events_come_in_order_and_panels_repaint_once(feed, sessions):
    got: list[str] = []
    feed.on(Scalars, lambda event: got.append(f"scalars {event.steps[0]}"))
    feed.on(StateChanged, lambda event: got.append(event.state))
    feed.frame.connect(lambda: got.append("frame"))
    feed.session.post(
        sample_events.scalars(2, first=1), sample_events.scalars(2, first=3), StateChanged("paused", step=4)
    )
    feed.drain()
    assert got == ["scalars 1", "scalars 3", "paused", "frame"]


def test_of_pictures_only_the_latest_comes(feed):
    got: list[int] = []
    feed.on(Gradients, lambda event: got.append(len(event.layers)))
    feed.session.post(sample_events.gradients(2), sample_events.gradients(3))
    feed.drain()
    assert got == [3]


def test_the_worker_wakes_the_feed_which_then_drains_by_itself(feed, qtbot):
    got: list[Scalars] = []
    feed.on(Scalars, got.append)
    feed.session.post(sample_events.scalars(3))
    qtbot.waitUntil(lambda: len(got) == 1)
    frames = record(feed.frame)
    for first in range(1, 200):
        feed.session.post(sample_events.scalars(1, first=first))
    qtbot.waitUntil(lambda: len(got) == 200)
    assert len(frames) < 20  # one drain for all that came within a frame


def test_nothing_runs_while_nothing_happens(feed, qtbot):
    feed.session.post(sample_events.scalars(3))
    with qtbot.waitSignal(feed.frame):
        pass
    timers = feed.findChildren(QTimer)
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in timers))
    with qtbot.assertNotEmitted(feed.frame, wait=150):
        pass


def test_one_draws_in_a_frame_until_all_that_came_is_drawn(feed, qtbot):
    left = {"one": 2, "two": 0, "three": 1}
    drawn: list[str] = []

    def drawing(name: str) -> Callable[[], bool]:
        def draw() -> bool:
            if not left[name]:
                return False
            left[name] -= 1
            drawn.append(name)
            return True

        return draw

    for name in left:
        feed.draw_in_turn(drawing(name))
    drawn_by_frame: list[int] = []
    feed.frame.connect(lambda: drawn_by_frame.append(len(drawn)))
    feed.session.post(sample_events.scalars(1))
    feed.drain()
    assert drawn == ["one"]
    qtbot.waitUntil(lambda: len(drawn) == 3)
    assert drawn == ["one", "three", "one"]
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in feed.findChildren(QTimer)))
    assert drawn_by_frame == [1, 2, 3, 3], "and then no more frames"


def test_what_is_light_draws_in_every_frame_and_the_others_in_turn(feed, qtbot):
    drawn: list[str] = []
    left = {"light": 6, "one": 2, "two": 2}

    def drawing(name: str) -> Callable[[], bool]:
        def draw() -> bool:
            left[name] -= 1
            if left[name] >= 0:
                drawn.append(name)
            return left[name] >= 0

        return draw

    feed.draw_in_turn(drawing("one"))
    feed.draw_in_turn(drawing("two"))
    feed.draw_each_frame(drawing("light"))
    frames: list[list[str]] = []

    def end_frame() -> None:
        frames.append(list(drawn))
        drawn.clear()

    feed.frame.connect(end_frame)
    feed.session.post(sample_events.scalars(1))
    feed.drain()
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in feed.findChildren(QTimer)))
    assert [frame[0] for frame in frames[:6]] == ["light"] * 6
    assert all(len(frame) <= 2 for frame in frames), "one of the others at most"
    others = [name for frame in frames for name in frame if name != "light"]
    assert others == ["one", "two", "one", "two"]


def test_a_slot_can_be_taken_away(feed):
    got: list[Scalars] = []
    feed.on(Scalars, got.append)
    feed.off(Scalars, got.append)
    feed.session.post(sample_events.scalars(1))
    feed.drain()
    assert got == []


def test_draining_within_a_slot_keeps_the_order(feed):
    got: list[int] = []

    def take(event: Scalars) -> None:
        got.append(int(event.steps[0]))
        if len(got) == 1:
            feed.session.post(sample_events.scalars(1, first=30))
            feed.drain()  # as when the slot saves a file and the event loop turns

    feed.on(Scalars, take)
    feed.session.post(sample_events.scalars(1, first=10), sample_events.scalars(1, first=20))
    feed.drain()
    assert got == [10, 20, 30]


def test_a_slot_that_fails_loses_no_event(feed, qtbot):
    got: list[int] = []

    def fail(event: Scalars) -> None:
        if int(event.steps[0]) == 1:
            raise ValueError("on purpose")
        got.append(int(event.steps[0]))

    feed.on(Scalars, fail)
    feed.session.post(sample_events.scalars(1, first=1), sample_events.scalars(1, first=2))
    with pytest.raises(ValueError, match="on purpose"):
        feed.drain()
    qtbot.waitUntil(lambda: got == [2])


def test_a_document_opened_within_a_slot_ends_the_handing_out(feed):
    got: list[int] = []

    def take(event: Scalars) -> None:
        got.append(int(event.steps[0]))
        feed.document.replace(Project())

    feed.on(Scalars, take)
    frames = record(feed.frame)
    feed.session.post(sample_events.scalars(1, first=1), sample_events.scalars(1, first=2))
    feed.drain()
    assert (got, frames) == ([1], [])


# -- watching --


def test_only_what_is_seen_is_watched(feed, sessions):
    feed.watch("one", frozenset({"Gradients"}))
    session = feed.session
    assert session.watched == {"Gradients"}
    feed.watch("two", frozenset({"Surface"}))
    assert session.watched == {"Gradients", "Surface"}
    count = len(session.lanes)
    feed.watch("three", frozenset({"Surface"}))
    assert len(session.lanes) == count  # nothing new: nobody is asked
    feed.watch("one", frozenset())
    assert session.watched == {"Surface"}


# -- state --


def test_loading_is_told_at_once_and_without_flicker(feed, sessions):
    states = record(feed.state_changed)
    feed.play()
    assert states == ["loading"]
    sessions[0].mailbox.drain()
    sessions[0].post(StateChanged("ready"), StateChanged("loading"), StateChanged("ready"), StateChanged("running"))
    feed.drain()
    assert states == ["loading", "running"]


def test_a_play_that_is_stopped_before_it_began_ends_as_ready(feed, sessions):
    feed.play()
    feed.stop()
    sessions[0].mailbox.drain()
    sessions[0].post(StateChanged("ready"))
    feed.drain()
    assert feed.state == "ready"


def test_a_reset_is_told(feed, sessions):
    session = started(feed, sessions)
    restarts = record(feed.restarted)
    session.post(StateChanged("ready", step=0))
    feed.drain()
    assert (len(restarts), feed.trained) == (1, False)


def test_pictures_from_before_a_reset_do_not_come_after_it(feed, sessions):
    session = started(feed, sessions, step=500)
    got: list[object] = []
    feed.on(Progress, got.append)
    feed.on(Gradients, got.append)
    session.post(sample_events.progress(), sample_events.gradients(), StateChanged("ready", step=0))
    feed.drain()
    assert got == []
    session.post(StateChanged("running", step=0), sample_events.gradients())
    feed.drain()
    assert len(got) == 1


# -- an edited document --


def test_an_edit_makes_stale_and_undo_takes_it_back(feed, sessions):
    started(feed, sessions)
    told = record(feed.stale_changed)
    params(feed, "dense1", out_features=3)
    feed.document.undo_stack.undo()
    assert told == [True, False]


def test_what_is_not_trained_is_brought_over_silently(feed, sessions):
    _ = feed.session
    params(feed, "dense1", out_features=3)
    assert feed.stale
    feed.play()
    assert sessions[0].names() == ["apply", "play"]
    assert sessions[0].commands[0][1] is feed.document.project
    assert not feed.stale


def test_what_is_trained_goes_on_as_it_was(feed, sessions):
    session = started(feed, sessions)
    params(feed, "dense1", out_features=3)
    feed.play()
    assert "apply" not in session.names()
    assert feed.stale


def test_moving_and_notes_are_no_reason_to_apply(feed, sessions):
    started(feed, sessions)
    feed.document.edit("move", edits.move_nodes(feed.document.project, {"dense1": (1.0, 2.0)})[0])
    feed.document.edit("notes", edits.set_meta(feed.document.project, notes="hello")[0])
    assert not feed.stale


def test_apply_follows_renames_through_undo(feed, sessions):
    session = started(feed, sessions)
    for old, new in (("dense1", "first"), ("first", "second")):
        project, touched = edits.rename_node(feed.document.project, old, new)
        feed.document.edit("rename", project, touched, renamed=((old, new),))
    feed.apply()
    assert session.commands[-1][2] == {"dense1": "second"}
    feed.document.undo_stack.undo()
    feed.apply()
    assert session.commands[-1][2] == {"second": "first"}


def test_a_graph_that_could_not_be_taken_over_stays_stale(feed, sessions):
    session = started(feed, sessions)
    params(feed, "dense1", out_features=3)
    feed.apply()
    assert not feed.stale
    session.post(RunFailed("G03", "does not fit"))
    feed.drain()
    assert feed.stale


def test_a_failing_step_after_an_apply_is_another_matter(feed, sessions):
    session = started(feed, sessions)
    params(feed, "dense1", out_features=3)
    feed.apply()
    session.post(Applied(("dense2.bias",), ("dense1.weight",)), RunFailed("D01", "later"))
    feed.drain()
    assert not feed.stale


def test_restart_brings_the_edited_graph_over_and_resets(feed, sessions):
    session = started(feed, sessions)
    params(feed, "dense1", out_features=3)
    feed.restart()
    assert session.names()[-2:] == ["apply", "reset"]


# -- live settings --


def test_the_learning_rate_reaches_a_running_training_and_is_no_edit_to_apply(feed, sessions):
    session = started(feed, sessions)
    training(feed, lr=0.5)
    assert session.commands[-1] == ("set_hyper", "lr", 0.5)
    assert not feed.stale
    feed.document.undo_stack.undo()
    assert session.commands[-1] == ("set_hyper", "lr", 0.03)
    assert not feed.stale


def test_a_setting_put_back_to_its_default_is_followed(feed, sessions):
    session = started(feed, sessions)
    training(feed, lr=DROP)
    assert session.commands[-1] == ("set_hyper", "lr", 0.01)
    assert not feed.stale


def test_a_wrong_setting_is_not_sent(feed, sessions):
    session = started(feed, sessions)
    count = len(session.commands)
    training(feed, lr=-1)
    assert len(session.commands) == count


def test_other_settings_wait_for_apply(feed, sessions):
    session = started(feed, sessions)
    training(feed, batch_size=5)
    assert "set_hyper" not in session.names()
    assert feed.stale
    training(feed, lr=0.2)
    assert session.commands[-1] == ("set_hyper", "lr", 0.2)
    assert feed.stale


def test_switches_outside_the_document_reach_a_session_that_comes_later(feed, sessions):
    feed.override("dropout_off", True)
    _ = feed.session
    assert ("set_hyper", "dropout_off", True) in sessions[0].commands
    feed.override("dropout_off", False)
    assert sessions[0].commands[-1] == ("set_hyper", "dropout_off", False)
    feed.document.replace(Project())
    assert feed.session.commands == []


# -- data files --


def test_data_files_are_read_by_the_session(qapp, sessions, tmp_path):
    (tmp_path / "table.csv").write_text("a,y\n1,2\n3,4\n", encoding="utf-8")
    steps = [("Input", "data", {"dataset": "csv", "path": str(tmp_path / "table.csv")}), ("Loss", "loss", {})]
    feed = RunFeed(Document(sample_projects.chain("CSV", steps)))
    [(name, key, wanted, _)] = sessions[0].commands
    assert (name, wanted["dataset"]) == ("read_facts", "csv")
    document = feed._document
    sessions[0].post(FactsRead(key, DataFacts((Field("x", (1,)), Field("y", (1,))), (2, 0, 0))))
    feed.drain()
    assert document.result.nodes["data"].facts is not None
    feed.close()


def test_the_feed_logs_nothing(feed, sessions, caplog):
    with caplog.at_level(logging.DEBUG):
        started(feed, sessions)
    assert caplog.records == []
