"""Metrics against scikit-learn, early stopping, and what changes while a training runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score, top_k_accuracy_score
from torch import nn

from engine.events import Event, HyperChanged, Said
from engine.training.run import Run
from tests.engine.graphs import project
from tests.engine.training_projects import mlp, run_of, train

TINY = {"dataset": "circle", "samples": 60, "noise": 0.1}
NOISY = {"a0": ("Dropout", {"p": 0.3})}


# -- metrics --


def predictions(run: Run, split: str) -> tuple[np.ndarray, np.ndarray]:
    part = run.loaded.part(split)  # type: ignore[arg-type]
    with run.trainer.evaluating():
        (outputs,) = run.trainer.net.forward_to(run.trainer.net.outputs)(part).values()
    return outputs.numpy(), part["data.y"].numpy()


def test_classes_are_measured_as_scikit_learn_does():
    nodes: dict[str, Any] = {
        "data": ("Input", {"dataset": "digits"}),
        "flat": "Flatten",
        "d0": ("Dense", {"out_features": 20}),
        "a0": "Activation",
        "d1": ("Dense", {"out_features": 10}),
        "loss": ("Loss", {"function": "cross_entropy"}),
    }
    wires = ["data.x > flat", "flat > d0", "d0 > a0", "a0 > d1", "d1 > loss.prediction", "data.y > loss.target"]
    made = project(nodes, wires, training={"metrics": ("accuracy", "top5"), "epochs": 2, "lr": 0.1})
    run = train(run_of(made))
    outputs, labels = predictions(run, "val")
    metrics = run.records[-1]["metrics"]
    assert metrics["val_accuracy"] == accuracy_score(labels, outputs.argmax(1))
    assert metrics["val_top5"] == pytest.approx(top_k_accuracy_score(labels, outputs, k=5))
    loss = nn.functional.cross_entropy(torch.from_numpy(outputs), torch.from_numpy(labels)).item()
    assert run.records[-1]["val_loss"] == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("labels", "last", "loss", "level"),
    [
        ("pm1", "tanh", "half_squared_error", 0.0),
        ("pm1", "", "hinge", 0.0),
        ("01", "sigmoid", "mse", 0.5),
        ("01", "sigmoid", "binary_cross_entropy", 0.5),
        ("01", "", "bce_with_logits", 0.0),
    ],
)
def test_two_classes_are_told_apart_at_the_right_level(labels: str, last: str, loss: str, level: float):
    made = mlp(6, 1, data={**TINY, "labels": labels}, last=last, loss=loss, epochs=30, lr=0.3, batch_size=10)
    run = train(run_of(made))
    outputs, targets = predictions(run, "val")
    right = (outputs > level) == (targets > (0 if labels == "pm1" else 0.5))
    assert run.records[-1]["metrics"] == {
        "accuracy": run.records[-1]["metrics"]["accuracy"],
        "val_accuracy": right.mean(),
    }
    assert 0.5 < right.mean() <= 1


def test_one_hot_targets_are_compared_by_the_largest():
    made = mlp(8, 3, data={"dataset": "iris", "one_hot": True}, last="sigmoid", loss="mse", epochs=20, lr=0.5)
    run = train(run_of(made))
    outputs, targets = predictions(run, "val")
    assert run.records[-1]["metrics"]["val_accuracy"] == (outputs.argmax(1) == targets.argmax(1)).mean()


def test_numbers_are_measured_as_scikit_learn_does():
    made = mlp(8, 1, data={"dataset": "diabetes", "standardize": True}, last="", epochs=3, lr=0.01)
    run = train(run_of(made))
    outputs, targets = predictions(run, "val")
    metrics = run.records[-1]["metrics"]
    assert metrics["val_mae"] == pytest.approx(mean_absolute_error(targets, outputs), rel=1e-6)
    assert metrics["val_r2"] == pytest.approx(r2_score(targets, outputs), rel=1e-6)


def test_training_metrics_are_those_of_the_batches_as_they_came():
    """The accuracy of an epoch is over the predictions made while training, not afterwards."""
    made = mlp(5, 1, data=TINY, batch_size=7, epochs=1, lr=0.2)
    run, other = run_of(made), run_of(made)
    right = 0
    ask = other.trainer.net.forward_to(other.trainer.net.outputs)
    for number in range(5):
        assert other.trainer.batches is not None
        batch = other.trainer.batches.peek(number)
        with torch.no_grad():
            (prediction,) = ask(batch).values()
        right += int(((prediction > 0) == (batch["data.y"] > 0)).sum())
        other.trainer.step()
    train(run)
    assert run.records[0]["metrics"]["accuracy"] == right / 30


def test_many_small_sums_equal_one_large_one():
    from engine.training import metrics
    from engine.training.task import Task

    task = Task("loss", ("a", "out"), ("d", "y"), "numbers")
    generator = np.random.default_rng(0)
    prediction, target = generator.normal(size=(500, 3)), generator.normal(5, 2, size=(500, 3))
    meter = metrics.Meter(task, ("mae", "r2"))
    for start in range(0, 500, 37):
        part = slice(start, start + 37)
        meter.add(torch.from_numpy(prediction[part]), torch.from_numpy(target[part]))
        meter._sum_up()
    assert meter.values() == pytest.approx(
        {"mae": mean_absolute_error(target, prediction), "r2": r2_score(target, prediction)}, rel=1e-12
    )


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_validation_loss_is_comparable_with_the_training_loss(reduction: str):
    """On the same samples, without a step in between, both are the same; sums stay sums over a batch."""
    x = [[number / 10, 1.0] for number in range(12)]
    data = {"dataset": "inline", "x": x, "y": [[number] for number in range(12)]}
    data |= {"x_val": data["x"], "y_val": data["y"]}
    loss = {"function": "mse", "reduction": reduction}
    made = mlp(1, data=data, last="", loss=loss, batch_size=4, epochs=1, lr=1e-30, shuffle=False)
    run = train(run_of(made))
    assert run.records[0]["val_loss"] == pytest.approx(run.records[0]["loss"], rel=1e-6)


# -- early stopping, plateau, live changes --


def test_early_stopping_brings_the_best_weights_back():
    made = mlp(8, 1, data={**TINY, "noise": 0.4}, epochs=200, lr=1.5, batch_size=5,
               early_stopping={"monitor": "val_loss", "patience": 4})  # fmt: skip
    run = train(run_of(made))
    losses = [record["val_loss"] for record in run.records]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 4 < 200
    assert run.evaluate("val").loss == losses[best]
    assert run.ending() == (
        f"Early stopping: val_loss has not improved for 4 epochs; the weights of epoch {best + 1} are back."
    )
    run.extend()
    assert not run.over, "the user may go on"


def test_what_cannot_be_watched_is_said():
    said: list[Event] = []
    made = mlp(4, 1, data={"dataset": "function", "val_fraction": 0.0}, last="", epochs=1,
               early_stopping={"monitor": "val_accuracy"})  # fmt: skip
    train(run_of(made, said.append))
    assert Said("info", "Early stopping cannot watch val_accuracy here; it watches loss.") in said


def test_a_plateau_is_told_and_lowers_the_rate():
    events: list[Event] = []
    made = mlp(2, 1, data=TINY, epochs=6, lr=1e-9, schedule={"kind": "plateau", "patience": 1, "gamma": 0.5})
    run = train(run_of(made, events.append))
    assert [record["lr"] for record in run.records] == pytest.approx([1e-9, 1e-9, 1e-9, 5e-10, 5e-10, 2.5e-10])
    assert any(isinstance(event, Said) and "learning rate fell to 5e-10" in event.message for event in events)


def test_hyperparameters_change_while_it_runs():
    events: list[Event] = []
    run = run_of(mlp(4, 1, data=TINY, batch_size=10, epochs=4, lr=0.1), events.append)
    train(run, 3)
    run.set_hyper("lr", 0.0001)
    run.set_hyper("clip_norm", 1e-12)
    before = {name: value.clone() for name, value in run.weights().items()}
    train(run)
    assert [event for event in events if isinstance(event, HyperChanged)] == [
        HyperChanged(3, "lr", 0.1, 0.0001),
        HyperChanged(3, "clip_norm", None, 1e-12),
    ]
    assert [record["lr"] for record in run.records] == [0.1, 0.0001, 0.0001, 0.0001]
    for name, value in run.weights().items():
        assert torch.allclose(value, before[name], atol=1e-12)


def test_dropout_can_be_switched_off():
    run = run_of(mlp(8, 1, data=TINY, between=NOISY, batch_size=30, shuffle=False, epochs=2, lr=1e-30))
    losses = []
    for off in (False, False, True, True):
        run.trainer.set_hyper("dropout_off", off)
        with run.trainer.drawing():
            losses.append(run.trainer.step())
        run.trainer.end_epoch(0.0)
    assert losses[0] != losses[1]
    assert losses[2] == losses[3]
