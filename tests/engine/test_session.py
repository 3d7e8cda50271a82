"""The session's training: commands in, events out, a command taken up within a step."""

from __future__ import annotations

import functools
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import session as sessions
from engine.events import EpochEnd, Said, Scalars, Snapshot, StateChanged
from engine.session import Until, commands
from engine.training.run import Run
from tests.engine.session_listener import PATIENCE, Listener, assert_same_weights, weights_of
from tests.engine.training_projects import TINY, mlp, run_of, small, timeless, train

# -- what it costs --


def test_opening_the_door_loads_neither_torch_nor_qt():
    program = "import sys, engine.session; print(*({'torch', 'PySide6', 'sklearn', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_idle_session_does_nothing():
    with Listener(small()) as listener:
        listener.until("ready")
        ident = listener.session._thread.ident or 0
        end = time.monotonic() + PATIENCE
        while sys._current_frames()[ident].f_code.co_name != "get" and time.monotonic() < end:
            time.sleep(0.005)  # it has told that it is ready, and is on its way
        frames = []
        for _ in range(3):
            frames.append(sys._current_frames()[ident])
            time.sleep(0.02)
        assert {frame.f_code.co_name for frame in frames} == {"get"}
        assert len({frame.f_lasti for frame in frames}) == 1, "it waits in one place, for the queue"
        assert listener.events == [StateChanged("ready")]


def test_commands_and_events_can_cross_to_another_process():
    with Listener(small()) as listener:
        listener.session.watch(frozenset({"Gradients", "Surface", "Confusion", "WeightHistograms"}))
        listener.play_to_the_end()
        listener.drain()
        for event in listener.events:
            assert type(pickle.loads(pickle.dumps(event))) is type(event)
    given = [commands.Play(Until(3)), commands.Apply(small(), {"a": "b"}), commands.Predict(np.ones((1, 2)), 1)]
    for command in given:
        assert type(pickle.loads(pickle.dumps(command))) is type(command)
    assert pickle.loads(pickle.dumps(given[1])) == given[1]


# -- training --


def test_it_trains_as_the_run_does_by_itself():
    expected = train(run_of(small()))
    losses = expected.scalars()
    assert losses is not None
    with Listener(small()) as listener:
        ended = listener.play_to_the_end()
        assert (ended.state, ended.epoch, ended.step) == ("finished", 3, 18)
        states = [event.state for event in listener.of(StateChanged)]
        assert states == ["ready", "loading", "ready", "running", "finished"]
        scalars = listener.of(Scalars)
        assert np.concatenate([event.steps for event in scalars]).tolist() == list(range(1, 19))
        assert np.concatenate([event.loss for event in scalars]).tolist() == losses.loss.tolist()
        positions = np.concatenate([event.epochs for event in scalars])
        np.testing.assert_allclose(positions, np.arange(1, 19) / 6)
        records = [timeless(event.record) for event in listener.of(EpochEnd)]
        assert records == [timeless(record) for record in expected.records]
        assert_same_weights(listener, expected)


def call_in_tick(patch: pytest.MonkeyPatch, number: int, call: Callable[[], None]) -> list[int]:
    """Call something in the middle of that unit of work of a training; the steps made before each, as they begin."""
    ticks: list[int] = []
    tick = Run.tick

    def counted(run: Run, size: int | None = None, most: int = 1) -> None:
        ticks.append(run.trainer.steps)
        if len(ticks) == number:
            call()
        tick(run, size, most)

    patch.setattr(Run, "tick", counted)
    return ticks


@pytest.mark.parametrize("hold", ["pause", "stop"])
def test_a_held_training_goes_on_as_if_nothing_had_been(hold: str, monkeypatch: pytest.MonkeyPatch):
    with Listener(small(epochs=40)) as listener:
        with monkeypatch.context() as patch:
            call_in_tick(patch, 20, getattr(listener.session, hold))
            listener.session.play()
            state = "paused" if hold == "pause" else "ready"
            held = listener.wait(StateChanged, lambda event: event.state == state and event.step > 0)
        assert 0 < held.step < 240
        torch.rand(5)
        listener.play_to_the_end()
        assert_same_weights(listener, train(run_of(small(epochs=40))))


def test_a_command_is_taken_up_within_one_step(monkeypatch: pytest.MonkeyPatch):
    """The command is sent in the middle of the fourth step: no fifth one is made."""
    with Listener(small(epochs=10_000)) as listener:
        ticks = call_in_tick(monkeypatch, 4, listener.session.stop)
        listener.session.play()
        stopped = listener.wait(StateChanged, lambda event: event.state == "ready" and event.step > 0)
        assert (stopped.step, len(ticks)) == (4, 4)


def test_a_command_does_not_wait_for_the_whole_validation(monkeypatch: pytest.MonkeyPatch):
    from engine.training.evaluation import Evaluator

    made = mlp(2, 1, data={"dataset": "circle", "samples": 4000}, loss={"function": "mse", "reduction": "sum"},
               batch_size=2000, epochs=9)  # fmt: skip
    monkeypatch.setattr("engine.training.evaluation.batch_size", lambda _: 10)
    seen = []
    advance = Evaluator.advance
    with Listener(made) as listener:

        def counted(evaluator: Evaluator) -> None:
            seen.append(evaluator)
            if len(seen) == 3:
                listener.session.pause()
            advance(evaluator)

        monkeypatch.setattr(Evaluator, "advance", counted)
        listener.session.play()
        listener.until("paused")
        assert len(seen) == 3
        assert not listener.of(EpochEnd)
        since = listener.mark()
        listener.session.step("batch")
        listener.wait(EpochEnd, since=since)
        listener.until("paused", since=since)


def test_steps_of_every_grain():
    with Listener(small()) as listener:
        progress = []
        for grain in ("batch", "sample", "sample", "epoch", "epoch", "epoch", "batch"):
            since = len(listener.events)
            listener.session.step(grain)
            event = listener.until("paused", "finished", since=since)
            progress.append((event.epoch, event.step, event.state))
            listener.drain()
        # 30 samples: 5, 1, 1, then batches of 5 make 5 updates for the 23 that are left
        assert progress == [
            (0, 1, "paused"),
            (0, 2, "paused"),
            (0, 3, "paused"),
            (1, 8, "paused"),
            (2, 14, "paused"),
            (3, 20, "finished"),
            (3, 21, "paused"),
        ]


def test_a_sample_step_is_refused_where_it_cannot_work():
    made = mlp(4, 1, data=TINY, between={"a0": ("BatchNorm1d", {})})
    with Listener(made) as listener:
        listener.session.step("sample")
        assert "cannot normalise a single sample" in listener.wait(Said).message
        assert listener.session.state == "ready"


def test_playing_on_until_a_goal():
    with Listener(small()) as listener:
        listener.session.play(Until(steps=8))
        assert listener.until("paused").step == 8
        listener.session.play(Until(epochs=2))
        assert listener.until("paused", since=len(listener.events)).epoch == 2
        assert listener.play_to_the_end().epoch == 3
        assert listener.play_to_the_end().epoch == 6, "as many again"


def test_reset_goes_back_to_the_start():
    fresh = run_of(small())
    start = {name: value.clone() for name, value in fresh.weights().items()}
    with Listener(small()) as listener:
        listener.play_to_the_end()
        listener.session.reset()
        assert listener.until("ready", since=len(listener.events)).step == 0
        for name, value in weights_of(listener).items():
            assert np.array_equal(value, start[name].numpy())
        listener.play_to_the_end()
        assert_same_weights(listener, train(fresh))
        listener.session.reset(seed=77)
        drawn = weights_of(listener)
        assert not any(np.array_equal(drawn[name], value.numpy()) for name, value in start.items())


# -- snapshots --


def test_nothing_is_computed_that_nobody_watches(monkeypatch: pytest.MonkeyPatch):
    from engine.probes.surface import SurfaceProbe

    def fail(probe: SurfaceProbe) -> None:
        raise AssertionError

    monkeypatch.setattr(SurfaceProbe, "take", fail)
    with Listener(small(epochs=30)) as listener:
        listener.session.watch(frozenset({"Gradients"}))
        listener.play_to_the_end()
        assert {event.lane for event in listener.of(Snapshot)} <= {"Gradients", "Progress"}
        assert listener.of(Snapshot)


def test_pausing_brings_every_watched_lane_up_to_date():
    lanes = frozenset({"Gradients", "WeightHistograms", "Surface", "Confusion"})
    with Listener(small()) as listener:
        listener.session.watch(lanes)
        for _ in range(3):
            since = len(listener.events)
            listener.session.step("batch")
            step = listener.until("paused", since=since).step
            for lane in lanes:
                listener.wait(Snapshot, functools.partial(_is_of, lane, step))


def _is_of(lane: str, step: int, event: Any) -> bool:
    return bool(event.lane == lane and event.step == step)


def test_watching_at_rest_shows_at_once():
    with Listener(small()) as listener:
        weights_of(listener)
        listener.session.watch(frozenset({"Surface"}))
        assert listener.wait(Snapshot).lane == "Surface"


# -- ending --


def test_closing_ends_the_thread_at_any_time():
    for moment in (lambda _: None, lambda it: it.play(), lambda it: (it.play(), it.pause())):
        session = sessions.open(small(epochs=100_000), threads=1)
        moment(session)
        session.close()
        session.close()
        assert not session._thread.is_alive()
        assert session.state == "closed"
        session.play()
        session.weights(1)
        assert session.state == "closed"


def test_closing_without_waiting_ends_it_soon():
    session = sessions.open(small(epochs=100_000), threads=1)
    session.play()
    session.close(wait=False)
    session._thread.join(60)
    assert session._thread not in threading.enumerate()


def test_a_program_that_forgets_to_close_still_ends(tmp_path: Path):
    program = (
        "from tests.engine.training_projects import small\nfrom engine import session\n"
        "s = session.open(small(epochs=10**6))\ns.play()\nimport time\n"
        "while s.state != 'running': time.sleep(0.01)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
