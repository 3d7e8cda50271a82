"""Changing what a session runs, and what goes wrong while it runs."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.events import Applied, EpochEnd, Exported, HyperChanged, Predicted, RunFailed, Said, Scalars, Traced
from engine.session import Until, worker
from engine.session.desk import Desk
from engine.snapshots import Gradients, Progress
from tests.engine.session_listener import Listener, assert_same_weights, weights_of
from tests.engine.training_projects import TINY, mlp, run_of, small, timeless, train

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


def test_an_applied_network_has_no_gradients_before_its_first_step():
    """Zeros would look like a network that has stopped to learn."""
    with Listener(mlp(6, 4, 1, data=TINY, batch_size=5)) as listener:
        listener.session.watch(frozenset({"Gradients"}))
        listener.session.step("batch")
        listener.wait(Gradients)
        listener.until("paused")
        listener.ask(lambda: listener.session.apply(mlp(6, 9, 1, data=TINY, batch_size=5)), Applied)
        weights_of(listener)  # an answer that comes after everything Apply has to show
        assert all(event.norms.min() > 0 for event in listener.of(Gradients))
        since = len(listener.events)
        listener.session.step("batch")
        assert listener.wait(Gradients, since=since).norms.min() > 0


def test_apply_while_it_runs_goes_on_running():
    with Listener(small(epochs=100_000)) as listener:
        listener.session.play()
        listener.wait(Scalars)
        listener.ask(lambda: listener.session.apply(small(epochs=100_000, lr=0.01)), Applied)
        steps = listener.of(Scalars)[-1].steps[-1]
        since = listener.mark()
        listener.wait(Scalars, lambda event: event.steps[-1] > steps + 3, since)
        assert listener.session.state == "running"
        assert listener.wait(Progress, lambda event: event.step > steps, since).lr == 0.01


def test_steps_made_just_before_an_edit_are_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "_FLUSH", math.inf)  # told only where something ends
    project = small(epochs=100_000)
    with Listener(project) as listener:
        listener.session.play()
        listener.wait(Progress, lambda event: event.step > 20)
        listener.ask(lambda: listener.session.apply(replace(project, notes="new")), Applied)
        listener.session.pause()
        last = listener.until("paused").step
        steps = np.concatenate([event.steps for event in listener.of(Scalars)])
        assert steps.tolist() == list(range(1, last + 1))


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


def test_where_a_diverging_training_pauses_is_what_the_counters_show():
    made = mlp(4, 1, data={"dataset": "circle", "samples": 60}, hidden="relu", last="", lr=1e20)
    with Listener(made) as listener:
        listener.session.play()
        failed = listener.wait(RunFailed)
        paused = listener.until("paused")
        assert failed.step == paused.step + 1 > 1
        assert listener.of(Progress)[-1].step == listener.of(Scalars)[-1].steps[-1] == paused.step


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
