"""Questions to a session beside its training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.events import (
    Evaluated,
    Exported,
    FactsRead,
    Predicted,
    Previewed,
    RunFailed,
    Said,
    Scalars,
    Snapshot,
    Traced,
    WeightsTaken,
)
from engine.session import Until
from engine.snapshots import Confusion
from tests.engine.session_listener import Listener, assert_same_weights, weights_of
from tests.engine.training_projects import TINY, mlp, run_of, small, train


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


def test_scores_beyond_the_classes_of_the_data_are_counted_and_named_too():
    made = mlp(
        6, data={"dataset": "iris"}, last="", loss="cross_entropy", lr=0.01, epochs=2,
        parameters={"d0.bias": [0.0, 0.0, 0.0, 0.0, 99.0, 0.0]},
    )  # fmt: skip
    names = ("setosa", "versicolor", "virginica", "3", "4", "5")
    with Listener(made) as listener:
        listener.session.watch(frozenset({"Confusion"}))
        listener.session.step("batch")
        event = listener.wait(Confusion)
        assert event.classes == names
        matrix = event.matrix
        assert matrix.shape == (6, 6)
        assert matrix[:3, 4].sum() == matrix.sum() > 0  # it takes all for the fifth
        assert not listener.of(Said)
        answer = listener.ask(lambda: listener.session.predict(np.array([[5.1, 3.5, 1.4, 0.2]]), 1), Predicted)
        assert (answer.classes, answer.labels, answer.error) == (names, ("4",), "")
        listener.play_to_the_end()
        assert not listener.of(RunFailed)


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
