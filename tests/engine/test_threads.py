"""The number of threads: a function of work and of what was measured, kept in a file that may be damaged."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import main
from engine.frozen import freeze
from engine.machineevents import ThreadsChosen
from engine.spinning import wait_briefly
from engine.training import calibration, threadchoice
from engine.training.calibration import Measurement
from engine.training.handover import state_of
from engine.training.threadchoice import Allowed, Calibrating, use
from engine.training.threads import GAIN, KINDS, Curve, Speeds, Work, chosen, numbers, reckoned, works_of
from engine.training.trainer import Trainer
from tests.engine.cli_helpers import saved
from tests.engine.graphs import project
from tests.engine.session_listener import Listener
from tests.engine.training_projects import mlp, run_of

SECONDS = ((1e-6, 2e-6, 9e-6), (1e-4, 0.6e-4, 0.5e-4), (1e-2, 0.5e-2, 0.24e-2))
MEASURED = Speeds((1, 2, 4), dict.fromkeys(KINDS, Curve((1_000, 100_000, 10_000_000), SECONDS)), measured=True)


@pytest.fixture(autouse=True)
def _threads_and_cache(tmp_path, monkeypatch) -> Iterator[None]:
    before = torch.get_num_threads()
    monkeypatch.setattr(calibration, "path", lambda: tmp_path / "cache" / "threads.json")
    yield
    calibration.set_threads(before)


def wide(batch: int = 64) -> Any:
    """2-1024-256-1 on points."""
    return mlp(1024, 256, 1, batch_size=batch)


# -- the rule --


def test_small_work_is_done_by_one_thread_and_large_by_many():
    assert chosen([Work("products", 500)] * 8, MEASURED, 4).threads == 1
    assert chosen([Work("products", 100_000)], MEASURED, 4).threads == 4
    assert chosen([Work("products", 100_000)], MEASURED, 3).threads == 2
    found = chosen([Work("convolutions", 40_000_000)], MEASURED, 4)
    assert (found.threads, found.measured) == (4, True)
    assert found.faster == pytest.approx(1e-2 / 0.24e-2)
    assert chosen([], MEASURED, 4).threads == 1


def test_work_between_two_sizes_takes_a_time_between_theirs():
    curve = MEASURED.curves["products"]
    assert curve.at(10_000, 0) == pytest.approx(1e-5)  # in the middle, on logarithmic axes
    assert curve.at(10, 0) == curve.at(1_000, 0) == 1e-6
    assert curve.at(30_000_000, 2) == pytest.approx(3 * 0.24e-2)


def test_the_window_keeps_its_core_unless_much_is_to_be_gained():
    works = [Work("products", 100_000)]
    assert chosen(works, MEASURED, 4, window=True).threads == 2
    assert chosen([Work("products", 10_000_000)], MEASURED, 4, window=True).threads == 4
    assert chosen(works, MEASURED, 8, window=True).threads == 4  # others are left for it


works = st.lists(st.builds(Work, st.sampled_from(KINDS), st.integers(1, 10**11)), max_size=8)


@given(works=works, most=st.integers(1, 64), window=st.booleans())
def test_the_choice_is_among_the_numbers_and_worth_it(works, most, window):
    speeds = reckoned(64)
    found = chosen(works, speeds, most, window=window)
    assert found.threads in numbers(64)
    assert 1 <= found.threads <= most
    assert found == chosen(list(works), reckoned(64), most, window=window)
    assert found.faster >= GAIN or found.threads == 1


def test_numbers_are_powers_of_two_and_the_ends():
    assert [numbers(most) for most in (1, 2, 3, 6, 16)] == [
        *((1,), (1, 2), (1, 2, 3), (1, 2, 4, 5, 6)),
        (1, 2, 4, 8, 15, 16),
    ]


def test_what_a_step_computes_comes_from_the_plan():
    result = run_of(wide()).loaded.result
    found = works_of(result, 64)
    assert Work("products", 64 * 1024 * 256) in found
    assert Work("elements", 64 * 1024) in found
    assert found[-1] == Work("elements", result.parameters)
    assert works_of(result, 128)[0].amount == 2 * found[0].amount


def test_pictures_are_told_from_vectors():
    nodes = {
        "data": ("Input", freeze({"dataset": "inline", "x": np.zeros((10, 3, 8, 8)).tolist(), "y": [[0.0]] * 10})),
        "conv": ("Conv2d", {"out_channels": 4, "kernel_size": 3}),
        "flat": "Flatten",
        "out": ("Dense", {"out_features": 1}),
        "loss": "Loss",
    }
    wires = ["data.x > conv", "conv > flat", "flat > out", "out > loss.prediction", "data.y > loss.target"]
    found = works_of(run_of(project(nodes, wires)).loaded.result, 10)
    assert Work("convolutions", 10 * 4 * 36 * 27) in found
    assert Work("products", 10 * 4 * 36) in found  # one output: as many multiply-adds as inputs


# -- the file --


def test_what_was_measured_is_read_again():
    assert calibration.kept(4) is None
    assert calibration.keep(MEASURED)
    assert calibration.kept(4) == MEASURED
    assert calibration.kept(2) == MEASURED
    assert calibration.kept(8) is None  # with fewer threads than there may be now


def unset(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Take variables out of the environment, also those that come into it meanwhile."""
    for name in names:
        monkeypatch.setenv(name, "")  # so that it is put back as it was
        monkeypatch.delenv(name)


def test_threads_that_wait_otherwise_are_measured_again(monkeypatch):
    unset(monkeypatch, "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    calibration.keep(MEASURED)
    wait_briefly()
    assert "GOMP_SPINCOUNT" in os.environ
    assert calibration.kept(4) is None
    unset(monkeypatch, "GOMP_SPINCOUNT")
    assert calibration.kept(4) == MEASURED


def test_who_says_how_threads_wait_is_heard(monkeypatch):
    unset(monkeypatch, "GOMP_SPINCOUNT")
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    wait_briefly()
    assert "GOMP_SPINCOUNT" not in os.environ
    monkeypatch.delenv("OMP_WAIT_POLICY")
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    wait_briefly()
    assert os.environ["GOMP_SPINCOUNT"] == "7"


def _without(told: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key != name}


DAMAGE = {
    "empty": lambda _: "",
    "no JSON": lambda _: "{",
    "a list": lambda _: "[]",
    "older": lambda told: json.dumps({**told, "version": 0}),
    "another machine": lambda told: json.dumps({**told, "machine": {**told["machine"], "cores": 977}}),
    "without threads": lambda told: json.dumps(_without(told, "threads")),
    "no single thread": lambda told: json.dumps({**told, "threads": [2, 3, 4]}),
    "unordered": lambda told: json.dumps({**told, "threads": [1, 4, 2]}),
    "a kind missing": lambda told: json.dumps({**told, "curves": _without(told["curves"], "products")}),
    "times missing": lambda told: json.dumps({**told, "curves": {**told["curves"], "elements": [[10, [1.0]]]}}),
    "no time": lambda told: json.dumps({**told, "curves": {**told["curves"], "elements": [[10, [1.0, 0.0, 1.0]]]}}),
    "infinite": lambda told: json.dumps({**told, "curves": {**told["curves"], "elements": [[10, [1.0, 1e999, 1]]]}}),
    "text": lambda told: json.dumps({**told, "curves": "fast"}),
    "huge": lambda _: " " * (1 << 17),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_file_that_is_damaged_or_of_another_machine_counts_as_none(damage):
    calibration.keep(MEASURED)
    file = calibration.path()
    file.write_text(DAMAGE[damage](json.loads(file.read_text("utf-8"))), encoding="utf-8")
    assert calibration.kept(4) is None
    assert calibration.keep(MEASURED)  # and is replaced
    assert calibration.kept(4) == MEASURED


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert not calibration.keep(MEASURED)
    assert calibration.kept(1) is None


# -- measuring --


def test_the_measurement_leaves_the_threads_alone_and_reads_back(monkeypatch):
    monkeypatch.setattr(calibration, "_SECONDS", 0.0)
    monkeypatch.setattr(calibration, "_PICTURES", ((2, 3), (2, 5)))
    monkeypatch.setattr(calibration, "_WIDTHS", (4, 8))
    monkeypatch.setattr(calibration, "_WAKING", 1e9)  # however busy it is
    calibration.set_threads(1)
    measurement, pieces = Measurement(2), 0
    while not measurement.over:
        measurement.go_on()
        pieces += 1
        assert torch.get_num_threads() == 1
    assert pieces == 2 * (4 + 2 + 2) + 1
    assert measurement.speeds is not None
    calibration.keep(measurement.speeds)
    assert calibration.kept(2) == measurement.speeds


def test_a_busy_machine_is_not_measured(monkeypatch):
    monkeypatch.setattr(calibration, "_SLOWER", 0.0)
    monkeypatch.setattr(calibration, "_WAKING", 0.0)  # any time is too long
    measurement = Measurement(2)
    while not measurement.over:
        measurement.go_on()
    assert measurement.speeds is None


# -- a run --


def test_a_run_is_made_with_what_was_measured_or_named():
    run = run_of(wide())
    assert use(run_of(mlp(2, 1)), Allowed(4)).threads == 1
    assert use(run, Allowed(2)).why == "reckoned"
    calibration.keep(MEASURED)
    run.threads = None
    event = use(run, Allowed(4))
    assert (event.threads, event.most, event.why) == (4, 4, "measured")
    assert torch.get_num_threads() == run.threads == state_of(run.trainer)["threads"] == 4
    assert use(run, Allowed(2)).why == "begun"
    run.threads = None
    assert use(run, Allowed(4, given=3)) == ThreadsChosen(3, 4, "given")
    named = run_of(replace(wide(), training=wide().training.merged({"threads": 2})))
    assert use(named, Allowed(4)) == ThreadsChosen(2, 4, "file")


def test_what_there_may_be_does_not_shrink_with_what_is_used():
    """A thread begins with the number that any other set last."""
    before, seen = threadchoice.most_threads(), []
    calibration.set_threads(977)
    thread = Thread(target=lambda: seen.append((torch.get_num_threads(), threadchoice.allowed().most)))
    thread.start()
    thread.join()
    assert seen == [(977, before)]


def test_a_session_tells_its_threads():
    with Listener(mlp(2, 1, batch_size=10, epochs=1)) as listener:
        listener.session.play()
        listener.until("finished")
        (event,) = [event for event in listener.events if isinstance(event, ThreadsChosen)]
    assert (event.threads, event.why) == (1, "given")


def test_a_session_at_rest_measures_once(monkeypatch):
    """As the thread of a session asks: whether there is something to do, and to do a piece."""
    monkeypatch.setattr(Calibrating, "_tries", 0)
    asked: list[int] = []

    def measurement(most: int) -> Any:
        asked.append(most)
        made = SimpleNamespace(over=False, speeds=MEASURED, pieces=0)

        def go_on() -> None:
            made.pieces += 1
            made.over = made.pieces == 3

        made.go_on = go_on
        return made

    monkeypatch.setattr(calibration, "Measurement", measurement)
    assert not Calibrating(Allowed(1)).wanted
    assert not Calibrating(Allowed(4, given=2)).wanted
    one, other = Calibrating(Allowed(4)), Calibrating(Allowed(4))
    one.go_on()
    other.go_on()
    assert (one.wanted, other.wanted) == (True, False)  # two at a time would disturb each other
    while one.wanted:
        one.go_on()
    assert asked == [4]
    assert calibration.kept(4) == MEASURED
    assert not Calibrating(Allowed(4)).wanted


def test_a_measurement_that_fails_is_not_begun_for_ever(monkeypatch):
    monkeypatch.setattr(Calibrating, "_tries", 0)
    busy = cast(Any, SimpleNamespace(over=True, speeds=None, go_on=lambda: None))
    monkeypatch.setattr(calibration, "Measurement", lambda _most: busy)
    for begun in range(4):
        calibrating = Calibrating(Allowed(4))
        assert calibrating.wanted
        calibrating.go_on()
        assert not calibrating.wanted
        assert Calibrating._tries == min(begun + 1, threadchoice._TRIES)


def test_the_file_lies_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert calibration.path().name == "threads.json"
    assert Path(calibration.path()).parent.name == "chainrule"


# -- the command line --


def test_the_command_line_names_threads_and_a_resumed_run_keeps_them(tmp_path, monkeypatch):
    """Which is seen in the steps: what the session's thread, or the program's only one, computes with."""
    seen: list[int] = []
    made = Trainer.step

    def step(trainer: Trainer, size: int | None = None) -> float:
        seen.append(torch.get_num_threads())
        return made(trainer, size)

    monkeypatch.setattr(Trainer, "step", step)
    path = saved(tmp_path, mlp(2, 1, batch_size=50, epochs=1))

    def trained(*options: str) -> set[int]:
        seen.clear()
        assert main(["train", str(path), "--run", str(tmp_path / "run"), *options]) == 0
        return set(seen)

    assert trained("--threads", "2") == {2}
    calibration.set_threads(4)
    assert trained("--resume", "--epochs", "2") == {2}
    assert trained("--resume", "--epochs", "3", "--threads", "3") == {3}
    assert trained("--resume", "--epochs", "4") == {3}


def test_threads_have_to_be_a_number_or_measured(tmp_path, capsys, monkeypatch):
    path = saved(tmp_path, mlp(2, 1, batch_size=50, epochs=1))
    assert main(["train", str(path), "--threads", "0"]) == 2
    assert main(["train", str(path), "--threads", "many"]) == 2
    assert "a whole number is expected" in capsys.readouterr().err
    monkeypatch.setattr(
        calibration, "Measurement", lambda _: SimpleNamespace(over=True, speeds=MEASURED, go_on=lambda: None)
    )
    assert main(["train", str(path), "--threads", "measure"]) == 0
    assert "Measured what threads gain" in capsys.readouterr().err
    assert calibration.kept(4) == MEASURED
