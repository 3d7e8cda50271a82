"""Whole runs against hand-written loops, golden numbers and themselves."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from engine import files
from engine.assets import example
from engine.events import EpochEnd, Event, Said
from engine.frozen import FrozenDict
from engine.graph import Node
from engine.problem import DataError, GraphError
from engine.training.batching import Batches
from engine.training.handover import restore, state_of
from engine.training.loading import load
from engine.training.metrics import Meter
from engine.training.trainer import Trainer
from tests.engine.graphs import project
from tests.engine.training_projects import mlp, run_of, train, twin_of

GOLDEN = Path(__file__).parents[1] / "golden"
TINY = {"dataset": "circle", "samples": 60, "noise": 0.1}


def golden(name: str) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((GOLDEN / name).read_text())
    return values


# -- against a loop written by hand --


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_is_the_loop_one_would_write(dtype: str):
    """The same weights after 4 epochs, to the bit, with another optimizer object, other batches code, no packing."""
    made = mlp(6, 1, data=TINY, batch_size=7, epochs=4, lr=0.05, optimizer="adam", dtype=dtype, seed=3)
    run = run_of(made)
    net, data = twin_of(run, nn.Tanh, nn.Tanh), run.loaded.data["data"]
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    batches = Batches({"rows": torch.arange(30)}, 7, shuffle=True, drop=0, seed=3)
    losses = []
    for _ in range(4):
        while not batches.at_end:
            rows = batches.next()["rows"]
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(net(data.train["x"][rows]), data.train["y"][rows])
            loss.backward()
            optimizer.step()
            losses.append((loss.item(), len(rows)))
        batches.next_epoch()
    train(run)
    for ours, theirs in zip(run.weights().values(), net.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    scalars = run.scalars()
    assert scalars is not None
    assert scalars.loss.tolist() == [loss for loss, _ in losses]
    assert scalars.steps.tolist() == list(range(1, len(losses) + 1))
    last = losses[-5:]
    assert run.records[-1]["loss"] == pytest.approx(sum(loss * size for loss, size in last) / 30)


def test_mazur_after_ten_thousand_updates():
    expected = golden("mazur_2_2_2.json")
    run = train(run_of(files.load(example("mazur"))), 1)
    for name, layer in (("hidden.weight", "W1_next"), ("output.weight", "W2_next")):
        np.testing.assert_allclose(run.weights()[name], expected["step1"][layer], atol=1e-9)
    run.plan(steps=10_000)
    train(run, 10_000)
    assert run.records[0]["loss"] == pytest.approx(expected["step1"]["E_total"], abs=1e-9)
    final = run.evaluate("train").loss
    assert final == pytest.approx(expected["after_10000_updates"]["E_total"], rel=1e-9)


def test_trask_learns_what_was_published():
    expected = golden("trask_3_4_1.json")["after_updates"]
    run = run_of(files.load(example("trask")))
    prediction = run.trainer.net.forward_to(run.trainer.net.outputs)
    for updates in (1, 10, 100, 1000):
        run.plan(steps=updates)
        train(run, updates)
        with torch.no_grad():
            (outputs,) = prediction(run.loaded.part("train")).values()
        np.testing.assert_allclose(outputs.flatten(), expected[str(updates)]["output"], atol=1e-9)


# -- the same run twice --


NOISY = {"a0": ("Dropout", {"p": 0.3})}


def test_the_seed_gives_the_same_run_twice_to_the_bit():
    made = mlp(8, 1, data=TINY, between=NOISY, batch_size=8, epochs=3, optimizer="adamw", seed=5)
    first, second = train(run_of(made)), train(run_of(made))
    torch.rand(3)  # what others draw in between changes nothing
    third = run_of(made)
    while not third.over:
        torch.rand(1)
        with third.trainer.drawing():
            third.tick()
    other = train(run_of(mlp(8, 1, data=TINY, between=NOISY, batch_size=8, epochs=3, optimizer="adamw", seed=6)))
    for name, value in first.weights().items():
        assert torch.equal(value, second.weights()[name])
        assert torch.equal(value, third.weights()[name])
        assert not torch.equal(value, other.weights()[name])


def test_training_leaves_the_global_random_state_alone():
    run = run_of(mlp(8, 1, data=TINY, between=NOISY, batch_size=8, epochs=2))
    torch.manual_seed(1)
    before = torch.get_rng_state()
    train(run)
    assert torch.equal(torch.get_rng_state(), before)


NORMALISED: dict[str, tuple[str, dict[str, Any]]] = {"a0": ("BatchNorm1d", {})}
RESUMED = [
    {"optimizer": "sgd", "momentum": 0.9, "schedule": {"kind": "one_cycle"}},
    {"optimizer": "adam", "schedule": {"kind": "plateau", "patience": 0, "gamma": 0.5}},
    {"optimizer": "rmsprop", "early_stopping": {"monitor": "val_loss", "patience": 2}, "lr": 0.3},
    {"optimizer": "adadelta", "shuffle": False, "dtype": "float64", "schedule": {"kind": "cosine", "warmup_steps": 5}},
    {"optimizer": "adagrad", "clip_norm": 0.1, "drop_last": True},
]


@pytest.mark.parametrize("training", RESUMED)
@pytest.mark.parametrize("stop_at", [1, 8, 9, 21])
def test_a_resumed_run_equals_an_uninterrupted_one_to_the_bit(training: dict[str, Any], stop_at: int, tmp_path: Path):
    from engine.training.checkpoint import load_state, save_state

    blocks = {"a0": ("Dropout", {"p": 0.2}), "a1": ("BatchNorm1d", {})}
    made = mlp(8, 6, 1, data=TINY, between=blocks, batch_size=4, epochs=5, seed=2, **training)
    whole = train(run_of(made))
    first = train(run_of(made), stop_at)
    save_state(tmp_path / "state", first.state())
    resumed = run_of(made)
    resumed.restore(load_state(tmp_path / "state"))
    train(resumed)
    assert resumed.trainer.steps == whole.trainer.steps
    for name, value in whole.weights().items():
        assert torch.equal(value, resumed.weights()[name]), name
    timeless = [{**record, "samples_per_s": None} for record in (*first.records, *resumed.records)]
    assert timeless == [{**record, "samples_per_s": None} for record in whole.records]
    assert resumed.ending() == whole.ending()


# -- batches of one, graphs without data, phases --


@pytest.mark.parametrize(("drop_last", "steps"), [("auto", 7), (True, 7), (False, 8)])
def test_a_last_batch_of_one_is_dropped_under_batch_normalisation(drop_last: Any, steps: int):
    said: list[Event] = []
    data = {"dataset": "circle", "samples": 58}
    made = mlp(4, 1, data=data, between=NORMALISED if drop_last is not False else None, batch_size=4, epochs=1,
               drop_last=drop_last)  # fmt: skip
    run = run_of(made, said.append)
    assert run.trainer.steps_per_epoch == steps
    message = 'The last batch of one sample is dropped: "batchnorm1d0" cannot normalise a single sample.'
    assert (Said("info", message) in said) == (drop_last == "auto")
    train(run)
    assert run.trainer.steps == steps


def test_phases_take_turns_over_their_own_parameters():
    """Two updates of the first layer, then one of the second, each with its own optimizer and rate."""
    phases = [
        {"minimise": [{"from": "loss.out"}], "update": ["d0"], "lr": 0.1, "steps": 2},
        {"maximise": [{"from": "loss.out", "weight": 0.5}], "update": ["d1"], "optimizer": "adam", "lr": 0.01},
    ]
    run = run_of(mlp(4, 1, data=TINY, batch_size=10, epochs=3, phases=phases, shuffle=False))
    net, data = twin_of(run, nn.Tanh, nn.Tanh), run.loaded.data["data"].train
    sgd = torch.optim.SGD(net[0].parameters(), lr=0.1)
    adam = torch.optim.Adam(net[2].parameters(), lr=0.01)
    for number, which in zip(range(9), itertools.cycle((sgd, sgd, adam)), strict=False):
        rows = slice(number % 3 * 10, number % 3 * 10 + 10)
        loss = nn.functional.mse_loss(net(data["x"][rows]), data["y"][rows])
        net.zero_grad()
        (loss if which is sgd else -0.5 * loss).backward()
        which.step()
    train(run)
    for ours, theirs in zip(run.weights().values(), net.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_a_phase_may_have_nothing_to_train(micro_batch: int | None):
    """All of its blocks are frozen: its updates count, and change nothing."""
    phases = [{"minimise": [{"from": "loss.out"}], "update": [name]} for name in ("d0", "d1")]
    made = mlp(4, 1, data=TINY, batch_size=10, epochs=2, phases=phases, micro_batch=micro_batch)
    frozen, _ = made.graph.update("d0", frozen=frozenset({"weight", "bias"}))
    run = run_of(replace(made, graph=frozen))
    before = {name: value.clone() for name, value in run.weights().items()}
    train(run)
    assert run.trainer.steps == 6
    for name, value in run.weights().items():
        assert torch.equal(value, before[name]) == name.startswith("d0"), name


def test_frozen_parameters_stay():
    made = files.load(example("mazur"))
    run = run_of(made)
    before = {name: value.clone() for name, value in run.weights().items()}
    train(run)
    for name, value in run.weights().items():
        assert torch.equal(value, before[name]) == name.endswith("bias")


def test_a_regularizer_alone_pulls_the_weights_to_zero():
    """An objective that needs no data still trains: one step of λ·w² multiplies the weights by 1 − 2·lr·λ."""
    made = mlp(3, 1, data=TINY, batch_size=30, epochs=1, lr=0.1)
    graph = made.graph.remove(["loss"])[0]
    graph = graph.add(Node("price", "Regularizer", FrozenDict({"strength": 0.5, "blocks": ("d0",)})))[0]
    run = run_of(replace(made, graph=graph))
    before = {name: value.clone() for name, value in run.weights().items()}
    train(run)
    assert torch.allclose(run.weights()["d0.weight"], before["d0.weight"] * (1 - 0.1 * 2 * 0.5), atol=1e-7)
    assert torch.equal(run.weights()["d1.weight"], before["d1.weight"])


# -- what cannot be trained --


def test_a_project_with_problems_is_refused_by_its_first_one():
    with pytest.raises(GraphError, match="minimise"):
        run_of(project({"data": ("Input", {"dataset": "circle"}), "d": ("Dense", {"out_features": 1})}, ["data.x > d"]))
    with pytest.raises(DataError, match=r"nowhere\.csv"):
        load(mlp(2, 1, data={"dataset": "csv", "path": "/nowhere.csv"}))


def test_records_are_posted_as_they_are_kept():
    events: list[Event] = []
    run = train(run_of(mlp(2, 1, data=TINY, epochs=3), events.append))
    assert [event.record for event in events if isinstance(event, EpochEnd)] == run.records
    assert [record["epoch"] for record in run.records] == [1, 2, 3]
    assert list(run.records[0]) == ["epoch", "step", "loss", "val_loss", "metrics", "lr", "samples_per_s"]
    assert all(math.isfinite(record["samples_per_s"]) for record in run.records)


def test_without_data_an_epoch_is_one_step():
    """The objective is λ·w² alone; the same network under a trainer that has no batches."""
    made = mlp(3, 1, data=TINY, lr=0.1)
    graph = made.graph.remove(["loss"])[0]
    graph = graph.add(Node("price", "Regularizer", FrozenDict({"strength": 0.5, "blocks": ("d0",)})))[0]
    net = run_of(replace(made, graph=graph)).trainer.net
    trainer = Trainer(net, None, Meter(None, ()), device=torch.device("cpu"), seed=0)
    before = net.get_parameter("d0.weight").detach().clone()
    for epoch in range(3):
        assert (trainer.position, trainer.steps_per_epoch) == (epoch, 1)
        trainer.step()
        assert trainer.epoch_over
        trainer.end_epoch(0.0)
    torch.testing.assert_close(net.get_parameter("d0.weight").detach(), before * 0.9**3)
    again = Trainer(net, None, Meter(None, ()), device=torch.device("cpu"), seed=0)
    restore(again, state_of(trainer))
    assert (again.steps, again.epochs) == (3, 3)
