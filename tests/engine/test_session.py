"""The session: commands in, events out, a worker that outlives every mistake."""

from __future__ import annotations

import functools
import json
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import session as sessions
from engine.events import (
    Applied,
    EpochEnd,
    Evaluated,
    Exported,
    FactsRead,
    HyperChanged,
    Predicted,
    Previewed,
    Progress,
    RunFailed,
    Said,
    Scalars,
    Snapshot,
    StateChanged,
    Traced,
    WeightsTaken,
)
from engine.session import Until, commands
from engine.session.desk import Desk
from engine.training.run import Run
from engine.training.run_folder import RunFolder
from tests.engine.session_listener import Listener
from tests.engine.training_projects import mlp, run_of, train

TINY = {"dataset": "circle", "samples": 60}
DROPPING = {"a0": ("Dropout", {"p": 0.2})}


def small(**training: Any) -> Any:
    return mlp(6, 1, data=TINY, between=DROPPING, **{"batch_size": 5, "epochs": 3, "lr": 0.1, **training})


def timeless(record: dict[str, Any] | Any) -> dict[str, Any]:
    return {**record, "samples_per_s": None}


def weights_of(listener: Listener) -> dict[str, Any]:
    return dict(listener.ask(lambda: listener.session.weights(1), WeightsTaken).weights)


def assert_same_weights(listener: Listener, run: Run) -> None:
    found = weights_of(listener)
    assert found.keys() == run.weights().keys()
    for name, value in run.weights().items():
        assert np.array_equal(found[name], value.numpy()), name


# -- what it costs --


def test_opening_the_door_loads_neither_torch_nor_qt():
    program = "import sys, engine.session; print(*({'torch', 'PySide6', 'sklearn', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_idle_session_does_nothing():
    with Listener(small()) as listener:
        listener.until("ready")
        thread = listener.session._thread
        time.sleep(0.05)
        frames = []
        for _ in range(3):
            frames.append(sys._current_frames()[thread.ident or 0])
            time.sleep(0.02)
        assert {frame.f_code.co_name for frame in frames} == {"_next"}
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


def test_a_run_directory_holds_what_was_told(tmp_path: Path):
    with Listener(small(), run_dir=tmp_path / "run") as listener:
        listener.play_to_the_end()
        told = [event.record for event in listener.of(EpochEnd)]
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert lines == told, "value for value"
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "checkpoint.safetensors",
        "graph.chainrule",
        "metrics.jsonl",
        "weights.safetensors",
    ]
    assert RunFolder.existing(tmp_path / "run").project() == small()


@pytest.mark.parametrize("hold", ["pause", "stop"])
def test_a_held_training_goes_on_as_if_nothing_had_been(hold: str):
    with Listener(small(epochs=40)) as listener:
        listener.session.play()
        listener.wait(Scalars)
        getattr(listener.session, hold)()
        held = listener.until("paused" if hold == "pause" else "ready", since=len(listener.events) - 1)
        assert 0 < held.step <= 240
        torch.rand(5)
        listener.play_to_the_end()
        assert_same_weights(listener, train(run_of(small(epochs=40))))


def test_a_command_is_taken_up_within_one_step(monkeypatch: pytest.MonkeyPatch):
    """The command is sent in the middle of the fourth step: no fifth one is made."""
    ticks = []
    with Listener(small(epochs=10_000)) as listener:
        tick = Run.tick

        def counted(run: Run, size: int | None = None) -> None:
            ticks.append(run.trainer.steps)
            if len(ticks) == 4:
                listener.session.stop()
            tick(run, size)

        monkeypatch.setattr(Run, "tick", counted)
        listener.session.play()
        stopped = listener.until("ready", since=len(listener.of(StateChanged)) + 4)
        assert (stopped.step, len(ticks)) == (4, 4)


def test_a_command_does_not_wait_for_the_whole_validation(monkeypatch: pytest.MonkeyPatch):
    from engine.training.evaluation import Evaluator

    made = mlp(2, 1, data={"dataset": "circle", "samples": 4000}, loss={"function": "mse", "reduction": "sum"},
               batch_size=2000, epochs=9)  # fmt: skip
    monkeypatch.setattr("engine.training.evaluation._batch_size", lambda _: 10)
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
        listener.session.step("batch")
        listener.wait(EpochEnd)
        listener.until("paused", since=len(listener.events) - 1)


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


# -- changing what runs --


def test_applying_the_same_network_changes_nothing():
    project = small(optimizer="adam", epochs=6)
    with Listener(project) as listener:
        listener.session.play(Until(steps=15))
        listener.until("paused")
        applied = listener.ask(lambda: listener.session.apply(replace(project, notes="new")), Applied)
        assert (applied.drawn, applied.gone) == ((), ())
        assert set(applied.kept) == {"d0.weight", "d0.bias", "d1.weight", "d1.bias"}
        listener.play_to_the_end()
        assert_same_weights(listener, train(run_of(project)))
        records = [timeless(event.record) for event in listener.of(EpochEnd)]
        assert records == [timeless(record) for record in train(run_of(project)).records]


def test_apply_keeps_what_fits_and_draws_the_rest():
    before = mlp(6, 4, 1, data=TINY, optimizer="adam", batch_size=5)
    after = mlp(6, 9, 1, data=TINY, optimizer="adam", batch_size=5)
    graph, _ = after.graph.rename("d0", "first")
    after = replace(after, graph=graph)
    with Listener(before) as listener:
        listener.session.step("batch")
        learned = weights_of(listener)
        applied = listener.ask(lambda: listener.session.apply(after, {"d0": "first"}), Applied)
        assert applied == Applied(
            kept=("first.weight", "first.bias", "d2.bias"),
            drawn=("d1.weight", "d1.bias", "d2.weight"),
            gone=(),
        )
        now = weights_of(listener)
        assert np.array_equal(now["first.weight"], learned["d0.weight"])
        assert np.array_equal(now["d2.bias"], learned["d2.bias"])
        fresh = run_of(after)
        assert np.array_equal(now["d1.weight"], fresh.weights()["d1.weight"].numpy())
        assert listener.until("paused").step == 1
        listener.session.step("batch")
        assert listener.until("paused", since=len(listener.events)).step == 2


def test_apply_keeps_the_optimizers_memory():
    """After apply, Adam goes on for the old layer and begins anew for the added one, as torch.optim would."""
    before = mlp(3, 1, data=TINY, optimizer="adam", batch_size=30, lr=0.1)
    after = mlp(3, 2, 1, data=TINY, optimizer="adam", batch_size=30, lr=0.1)
    run = train(run_of(before), 1)
    old = run.trainer.updaters[0].memory()
    from engine.session.transfer import take_over
    from engine.training.loading import load

    new, applied = take_over(run, load(after, None, run.loaded), {}, lambda _: None)
    memory = new.trainer.updaters[0].memory()
    assert applied.kept == ("d0.weight", "d0.bias")
    assert set(applied.drawn) == {"d1.weight", "d1.bias", "d2.weight", "d2.bias"}
    assert {name: entry["step"] for name, entry in memory.items()} == {
        "d0.weight": 1, "d0.bias": 1, "d1.weight": 0, "d1.bias": 0, "d2.weight": 0, "d2.bias": 0,
    }  # fmt: skip
    assert torch.equal(memory["d0.weight"]["exp_avg"], old["d0.weight"]["exp_avg"])
    assert not memory["d1.weight"]["exp_avg"].any()


def test_apply_while_it_runs_goes_on_running():
    with Listener(small(epochs=100_000)) as listener:
        listener.session.play()
        listener.wait(Scalars)
        listener.ask(lambda: listener.session.apply(small(epochs=100_000, lr=0.01)), Applied)
        steps = listener.of(Scalars)[-1].steps[-1]
        listener.wait(Scalars, lambda event: event.steps[-1] > steps + 3)
        assert listener.session.state == "running"
        assert listener.wait(Progress, lambda event: event.step > steps).lr == 0.01


def test_an_edit_before_the_first_step_begins_afresh():
    with Listener(small(seed=1)) as listener:
        weights_of(listener)
        listener.session.apply(small(seed=2))
        listener.play_to_the_end()
        assert_same_weights(listener, train(run_of(small(seed=2))))


def test_live_changes_are_told_and_outlast_a_reset():
    with Listener(small()) as listener:
        listener.session.step("epoch")
        listener.until("paused")
        changed = listener.ask(lambda: listener.session.set_hyper("lr", 0.02), HyperChanged)
        assert changed == HyperChanged(6, "lr", 0.1, 0.02)
        listener.session.set_hyper("dropout_off", True)
        listener.session.reset()
        listener.session.step("epoch")
        record = listener.wait(EpochEnd, lambda event: event.record["lr"] == 0.02).record
        plain = mlp(6, 1, data=TINY, batch_size=5, epochs=3, lr=0.02)
        # as without dropout: the network and its draws are the same otherwise
        assert record["loss"] == train(run_of(plain)).records[0]["loss"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 3, "epochs cannot be changed while it trains"),
        ("lr", -1.0, "lr must be more than 0"),
        ("lr", "x", "lr expects"),
    ],
)
def test_wrong_live_changes_are_refused(name: str, value: Any, message: str):
    with Listener(small()) as listener:
        listener.session.set_hyper(name, value)
        assert message in listener.wait(Said).message


# -- when things go wrong --


def test_a_training_that_diverges_pauses_and_can_go_on():
    with Listener(small(epochs=5)) as listener:
        listener.session.play(Until(steps=7))
        listener.until("paused")
        good = weights_of(listener)
        listener.session.set_parameter("d1.bias", np.array([np.nan], dtype=np.float32))
        since = len(listener.events)
        listener.session.play()
        failed = listener.wait(RunFailed)
        assert (failed.code, failed.node, failed.step, failed.suggested_lr) == ("T01", "d1", 8, 0.01)
        assert listener.until("paused", since=since).step == 7
        listener.session.load_weights(good)
        listener.play_to_the_end()
        assert_same_weights(listener, train(run_of(small(epochs=5))))


def test_a_project_that_cannot_run_is_told_and_can_be_mended():
    broken = mlp(6, 1, data={"dataset": "csv", "path": "/nowhere.csv"})
    with Listener(broken) as listener:
        listener.session.play()
        failed = listener.wait(RunFailed)
        assert failed.code == "D03"
        assert "nowhere.csv" in failed.message
        listener.until("failed")
        listener.session.apply(small())
        listener.play_to_the_end()
        assert listener.session.state == "finished"


def test_a_question_about_a_project_that_cannot_run_is_answered_all_the_same(tmp_path: Path):
    broken = small()
    broken = replace(broken, graph=broken.graph.remove(["loss"])[0])
    with Listener(broken) as listener:
        session = listener.session
        assert "minimise" in listener.ask(lambda: session.predict(np.ones((1, 2)), 1), Predicted).error
        assert "minimise" in listener.ask(lambda: session.trace(0, 2), Traced).error
        assert "minimise" in listener.ask(lambda: session.export("weights", tmp_path / "w", 3), Exported).error
        assert session.state == "ready"
        session.weights(4)
        assert listener.wait(RunFailed).code == "G01"
        assert session.state == "ready"


def test_a_broken_edit_leaves_the_running_training_as_it_is():
    project = small()
    broken = replace(project, graph=project.graph.remove(["loss"])[0])
    with Listener(project) as listener:
        listener.session.step("batch")
        listener.until("paused")
        listener.session.apply(broken)
        assert listener.wait(RunFailed).code == "G01"
        listener.play_to_the_end()
        assert_same_weights(listener, train(run_of(project)))


def test_the_worker_outlives_mistakes_in_itself(monkeypatch: pytest.MonkeyPatch):
    def fail(desk: Desk, command: Any) -> bool:
        raise ZeroDivisionError("mistake")

    with Listener(small()) as listener:
        with monkeypatch.context() as patch:
            patch.setattr(Desk, "answer", fail)
            listener.session.evaluate("val")
            failed = listener.wait(RunFailed)
        assert (failed.code, failed.message) == ("T04", "ZeroDivisionError: mistake")
        assert "in fail" in failed.details
        assert listener.play_to_the_end().state == "finished"


def test_an_error_in_a_block_stops_with_its_name(monkeypatch: pytest.MonkeyPatch):
    def fail(self: torch.nn.Dropout, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:127] not enough memory: you tried to allocate 1 byte")

    with Listener(small()) as listener:
        with monkeypatch.context() as patch:
            patch.setattr(torch.nn.Dropout, "forward", fail)
            assert listener.play_to_the_end().state == "failed"
        failed = listener.wait(RunFailed)
        assert (failed.code, failed.node) == ("T03", "dropout0")
        assert listener.play_to_the_end().state == "finished"


# -- questions --


def test_questions_are_answered_while_it_runs():
    with Listener(small(epochs=100_000)) as listener:
        session = listener.session
        session.play()
        listener.wait(Scalars)
        found = listener.ask(lambda: session.evaluate("val"), Evaluated)
        assert (found.split, found.samples, set(found.metrics)) == ("val", 30, {"accuracy"})
        assert listener.ask(lambda: session.weights(5), WeightsTaken).request == 5
        assert listener.ask(lambda: session.predict(np.zeros((3, 2)), 6), Predicted).outputs.shape == (3, 1)
        assert session.state == "running"
        empty = listener.ask(lambda: session.evaluate("test"), Evaluated)
        assert (empty.samples, np.isnan(empty.loss)) == (0, True)


def test_questions_change_nothing(tmp_path: Path):
    with Listener(small(epochs=5)) as listener:
        session = listener.session
        session.step("batch")
        listener.until("paused")
        listener.ask(lambda: session.trace(1, 1), Traced)
        listener.ask(lambda: session.evaluate("train"), Evaluated)
        listener.ask(lambda: session.predict(np.zeros((1, 2)), 2), Predicted)
        listener.ask(lambda: session.export("weights", tmp_path / "w.safetensors", 3), Exported)
        session.watch(frozenset({"Surface", "WeightHistograms", "Gradients", "Confusion"}))
        listener.wait(Snapshot, lambda event: event.lane == "Confusion")
        listener.play_to_the_end()
        assert_same_weights(listener, train(run_of(small(epochs=5))))


def test_a_trace_is_the_step_that_would_be_made():
    with Listener(small(optimizer="adam")) as listener:
        listener.session.play(Until(steps=8))
        listener.until("paused")
        traced = listener.ask(lambda: listener.session.trace(2, 9), Traced)
        assert (traced.request, traced.error, traced.trace["errors"]) == (9, "", [])
        before = listener.of(Scalars)[-1].steps[-1]
        listener.session.step("batch")
        after = listener.wait(Scalars, lambda event: event.steps[-1] > before)
        assert traced.trace["loss"] == after.loss[-1]
        now = weights_of(listener)
        for entry in traced.trace["update"]:
            np.testing.assert_allclose(entry["after"], now[entry["parameter"]], rtol=1e-6, atol=1e-8)
        wrong = listener.ask(lambda: listener.session.trace(99, 10), Traced)
        assert "there is no 99" in wrong.error


def test_predictions_have_classes_and_probabilities():
    made = mlp(8, 3, data={"dataset": "iris"}, last="", loss="cross_entropy", lr=0.1, epochs=30)
    with Listener(made) as listener:
        listener.play_to_the_end()
        answer = listener.ask(lambda: listener.session.predict(np.array([[5.1, 3.5, 1.4, 0.2]]), 1), Predicted)
        assert answer.classes == ("setosa", "versicolor", "virginica")
        assert answer.labels == ("setosa",)
        assert answer.probabilities is not None
        assert answer.probabilities.sum() == pytest.approx(1)
        wrong = listener.ask(lambda: listener.session.predict(np.ones((1, 3)), 2), Predicted)
        assert "4 numbers" in wrong.error
        missing = listener.ask(lambda: listener.session.predict("/nowhere.csv", 3), Predicted)
        assert "nowhere.csv" in missing.error


def test_a_yes_no_network_has_two_probabilities():
    made = mlp(4, 1, data={**TINY, "labels": "01"}, last="", loss="bce_with_logits")
    with Listener(made) as listener:
        answer = listener.ask(lambda: listener.session.predict(np.array([[1.0, 2.0]]), 1), Predicted)
        assert answer.probabilities is not None
        yes = 1 / (1 + np.exp(-answer.outputs[0, 0]))
        np.testing.assert_allclose(answer.probabilities, [[1 - yes, yes]], rtol=1e-6)
        assert answer.labels == (("1",) if yes > 0.5 else ("0",))


def test_data_are_looked_at_without_a_training(tmp_path: Path):
    broken = small()
    broken = replace(broken, graph=broken.graph.remove(["loss"])[0])
    with Listener(broken) as listener:
        shown = listener.ask(lambda: listener.session.preview("data", broken, 1), Previewed)
        assert (shown.node, shown.error, shown.counts) == ("data", "", (30, 30, 0))
        assert "no block" in listener.ask(lambda: listener.session.preview("what", broken, 2), Previewed).error
        (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4\n")
        params = dict(_input_params(path="a.csv"))
        read = listener.ask(lambda: listener.session.read_facts("key", params, tmp_path), FactsRead)
        assert read.key == "key"
        assert read.facts.counts == (2, 0, 0)  # type: ignore[union-attr]
        assert not listener.of(RunFailed)


def _input_params(**given: Any) -> dict[str, Any]:
    from engine.blocks.input import Input
    from engine.param import parse_all

    return parse_all(Input.params, {"dataset": "csv", **given})[0]


def test_weights_that_do_not_fit_are_named():
    with Listener(small()) as listener:
        listener.session.load_weights(
            {"d0.bias": np.ones(6, dtype=np.float32), "d0.weight": np.ones(3), "x.y": np.ones(1)}
        )
        assert listener.wait(Said).message.endswith("left out: d0.weight, x.y.")
        assert weights_of(listener)["d0.bias"].tolist() == [1.0] * 6


def test_both_exports_are_written(tmp_path: Path):
    with Listener(small()) as listener:
        code = listener.ask(lambda: listener.session.export("pytorch", tmp_path / "net.py", 1), Exported)
        assert code.paths == (str(tmp_path / "net.py"), str(tmp_path / "net.safetensors"))
        assert all(Path(path).is_file() for path in code.paths)
        failed = listener.ask(lambda: listener.session.export("weights", Path("/proc/no/w.safetensors"), 2), Exported)
        assert failed.error


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
        "from tests.engine.test_session import small\nfrom engine import session\n"
        "s = session.open(small(epochs=10**6))\ns.play()\nimport time\n"
        "while s.state != 'running': time.sleep(0.01)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
