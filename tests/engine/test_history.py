"""The past of a training: back and forth gives the same bits."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from engine.history import History
from engine.training.run import Run
from engine.training.run_folder import RunFolder
from tests.engine.training_projects import TINY, mlp, run_of, small, timeless, train


def forward(run: Run, past: History, steps: int, size: int | None = None) -> None:
    """So many updates, with the ends of epochs that they complete."""
    goal = run.trainer.steps + steps
    with run.trainer.drawing():
        while run.trainer.steps < goal or run.busy:
            run.tick(size)
            past.note(size)


def everything(run: Run) -> dict[str, Any]:
    """All numbers of a state, by place."""
    found: dict[str, Any] = {}

    def look(place: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                look(f"{place}/{key}", item)
        elif isinstance(value, list | tuple):
            for at, item in enumerate(value):
                look(f"{place}/{at}", item)
        else:
            found[place] = value.clone() if isinstance(value, torch.Tensor) else value

    look("", run.state())
    return found


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for place, value in one.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, other[place]), place
        elif isinstance(value, float) and math.isnan(value):
            assert math.isnan(other[place]), place
        else:
            assert value == other[place], place


CASES = {
    "dropout": small(optimizer="adam"),
    "momentum": small(momentum=0.9, schedule="plateau", patience=1),
    "early stopping": small(early_stopping=True, patience=50, schedule="cosine"),
    "batch norm": mlp(6, 1, data=TINY, between={"a0": ("BatchNorm1d", {})}, batch_size=7, epochs=9),
    "an epoch a step": mlp(3, 1, data=TINY, batch_size=1000, epochs=99, optimizer="rmsprop"),
}


@pytest.mark.parametrize("name", CASES)
def test_forward_back_and_forward_again_is_the_same_to_the_bit(name):
    run = run_of(CASES[name])
    past, states = History(run), {}
    for step in range(1, 24):
        forward(run, past, 1)
        states[step] = everything(run)
    records = [timeless(record) for record in run.records]
    for at in (22, 13, 14, 6, 1, 23, 7):
        assert past.goto(at) == at
        assert_same(everything(run), states[at])
        done = run.trainer.epochs
        assert [timeless(record) for record in run.records] == [r for r in records if r["epoch"] <= done]
    forward(run, past, 16)
    assert run.trainer.steps == 23
    assert_same(everything(run), states[23])
    assert [timeless(record) for record in run.records] == records


def test_states_that_were_not_kept_are_made_once_more(monkeypatch):
    run = run_of(small(optimizer="adam", epochs=50))
    past, states = History(run), {}
    monkeypatch.setattr("engine.history._SHARE", 1e-9)  # none but the first,
    monkeypatch.setattr("engine.history._APART", 256)  # and one in so many
    for step in range(1, 301):
        forward(run, past, 1)
        if step % 37 == 0:
            states[step] = everything(run)
    assert past.states == 2
    for at in (296, 37, 185, 259):
        past.goto(at)
        assert_same(everything(run), states[at])


def test_another_future_can_be_made():
    run = run_of(small())
    past = History(run)
    forward(run, past, 12)
    past.goto(5)
    with torch.no_grad():
        run.weights()["d0.weight"].fill_(0.25)
    past.changed()
    assert (past.first, past.at, past.last) == (0, 5, 5)
    forward(run, past, 4)
    end = everything(run)
    assert past.last == 9
    past.goto(5)
    assert torch.equal(run.weights()["d0.weight"], torch.full_like(run.weights()["d0.weight"], 0.25))
    past.goto(9)
    assert_same(everything(run), end)
    past.goto(4)
    assert not torch.equal(run.weights()["d0.weight"], torch.full_like(run.weights()["d0.weight"], 0.25))


def test_steps_of_single_samples_are_known():
    run = run_of(small())
    past = History(run)
    forward(run, past, 2)
    forward(run, past, 3, size=1)
    forward(run, past, 2)
    end = everything(run)
    past.goto(0)
    past.goto(7)
    assert_same(everything(run), end)


def test_changed_hyperparameters_are_part_of_the_past():
    run = run_of(small())
    past = History(run)
    forward(run, past, 4)
    run.set_hyper("lr", 0.01)
    past.changed()
    forward(run, past, 4)
    end = everything(run)
    past.goto(2)
    assert run.trainer.lr == 0.1
    past.goto(8)
    assert run.trainer.lr == 0.01
    assert_same(everything(run), end)


def test_memory_is_bounded(monkeypatch):
    run = run_of(small(optimizer="adam", epochs=200))
    monkeypatch.setattr("engine.history._SHARE", 1e9)  # every state that can be kept
    past = History(run, limit=400_000)
    states = {}
    for step in range(1, 401):
        forward(run, past, 1)
        if step in (150, 390, 400):
            states[step] = everything(run)
        assert 0 < past.bytes <= past.limit
    assert past.states > 3
    for at in (390, 400, 150):
        if at >= past.first:
            past.goto(at)
            assert_same(everything(run), states[at])
    assert past.first <= 390
    tiny = History(run_of(small()), limit=10)
    assert (tiny.states, tiny.bytes, tiny.goto(0)) == (0, 0, 0)


def test_going_back_is_not_further_than_the_past_reaches():
    run = run_of(small())
    past = History(run)
    forward(run, past, 3)
    assert past.goto(-5) == 0
    assert past.goto(99) == 3


def test_the_run_directory_follows(tmp_path, monkeypatch):
    monkeypatch.setattr("engine.training.run_disk._TOGETHER", 0.0)
    made = small()
    run = run_of(made, folder=RunFolder.create(tmp_path / "run", made))
    past = History(run)
    forward(run, past, 12)

    def epochs() -> list[int]:
        return [json.loads(line)["epoch"] for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]

    assert epochs() == [1, 2]
    past.goto(7)
    assert epochs() == [1]
    past.goto(12)
    assert epochs() == [1, 2]


def test_a_checkpoint_in_the_middle_of_random_draws_is_where_they_are():
    """Random numbers live in torch's global generator while steps are made."""
    run = run_of(small())
    with run.trainer.drawing():
        for _ in range(3):
            run.tick()
        state = run.state()["trainer"]["random"]["cpu"]
        assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(run.trainer.randomness.state()["cpu"], state)
    weights = train(run_of(small())).weights()
    assert all(np.isfinite(value.numpy()).all() for value in weights.values())
