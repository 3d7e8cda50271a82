"""The pace that is told counts the time of training alone."""

from __future__ import annotations

import pytest

from engine.session.pace import Pace
from tests.engine.training_projects import run_of, small


class Clock:
    """Stands in for `time.perf_counter`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("engine.session.pace.time.perf_counter", clock)
    return clock


def step(pace, run, clock, seconds, size=None):
    with pace.going(run), run.trainer.drawing():
        run.tick(size)
        clock.now += seconds


def epoch_of(run):
    """Samples."""
    assert run.trainer.batches is not None
    return run.trainer.batches.samples


def test_pauses_between_single_steps_do_not_count(clock):
    run, pace = run_of(small(epochs=4)), Pace()
    for _ in range(3):
        step(pace, run, clock, 0.5)
        told = pace.progress(run, clock.now)
        clock.now += 60.0  # the person thinks
    assert run.samples_seen / told.samples_per_s == pytest.approx(3 * 0.5)
    assert told.seconds_left == pytest.approx((4 * epoch_of(run) - run.samples_seen) / told.samples_per_s)
    clock.now += 600.0
    assert pace.progress(run, clock.now).samples_per_s == told.samples_per_s


def test_steps_of_one_sample_say_how_long_the_samples_left_take(clock):
    run, pace = run_of(small(epochs=2)), Pace()
    for _ in range(4):
        step(pace, run, clock, 0.25, size=1)
    told = pace.progress(run, clock.now)
    assert told.samples_per_s == pytest.approx(4.0)
    assert told.seconds_left == pytest.approx((2 * epoch_of(run) - 4) / 4.0)


def test_the_rate_is_that_of_the_last_seconds_of_one_run(clock):
    run, pace = run_of(small(epochs=50)), Pace()
    for _ in range(10):
        step(pace, run, clock, 1.0, size=1)
        pace.progress(run, clock.now)
    for _ in range(14):
        step(pace, run, clock, 0.25, size=1)
        told = pace.progress(run, clock.now)
    assert told.samples_per_s == pytest.approx(4.0)
    pace.restart()
    assert pace.progress(run, clock.now).samples_per_s == 0.0
    assert pace.progress(run, clock.now).seconds_left is None


def test_what_makes_the_steps_otherwise_has_a_rate_of_its_own(clock, monkeypatch):
    run, pace = run_of(small(epochs=50)), Pace()
    engine = "eager"
    monkeypatch.setattr("engine.session.pace._engine", lambda trainer: engine)
    step(pace, run, clock, 1.0, size=1)
    pace.progress(run, clock.now)
    step(pace, run, clock, 5.0, size=1)  # a kernel is compiled
    engine = "fast"
    pace.progress(run, clock.now)
    for _ in range(3):
        step(pace, run, clock, 0.125, size=1)
        told = pace.progress(run, clock.now)
    assert (told.engine, told.samples_per_s) == ("fast", pytest.approx(8.0))
