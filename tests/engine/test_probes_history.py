"""What probes remember, back and forth in time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.history import History as Past
from engine.probes.history import History
from engine.probes.observer import Observer
from engine.snapshots import Gradients, WeightHistograms
from tests.engine.training_projects import TINY, mlp, run_of


def test_what_lies_ahead_is_shown_again_until_it_is_forgotten():
    history: History[int] = History(8)
    for step in range(1, 30, 2):
        history.add(step, -step)
    steps, rows = list(history.steps), list(history.rows)
    at = steps[len(steps) // 2]
    assert history.until(at + 1) == (
        [step for step in steps if step <= at + 1],
        [row for row in rows if row >= -at - 1],
    )
    history.add(at, 77)  # its weights set by hand
    history.add(at + 1, -at - 1)  # a place between those that are known
    assert history.steps == steps
    assert history.rows == [77 if step == at else -step for step in steps]
    history.forget(at)
    assert history.steps == steps[: steps.index(at) + 1]
    assert history.wants(at + 20)
    assert not History[int](8).until(5)[0]


class Travelling:
    """A run that is watched at every step, and its past, as the session has them."""

    def __init__(self) -> None:
        self.run = run_of(mlp(4, 1, data=TINY, batch_size=10, between={"a0": ("Dropout", {"p": 0.2})}))
        self.observer = Observer(self.run, pytest.fail)
        self.past = Past(self.run, on_forgotten=self.observer.forget)
        self.observer.watch({"Gradients", "WeightHistograms"})

    def train(self, steps: int) -> None:
        goal = self.run.trainer.steps + steps
        while self.run.trainer.steps < goal:
            with self.run.trainer.drawing():
                self.run.tick()  # a step, or part of a validation
            self.past.note()
            self.seen()

    def go(self, at: int) -> None:
        self.past.goto(at)
        assert self.run.trainer.steps == at
        self.seen()

    def seen(self) -> dict[str, bytes]:
        gradients, weights = self.observer.take_all(lambda: False)
        assert isinstance(gradients, Gradients)
        assert isinstance(weights, WeightHistograms)
        parts = {"gradients": gradients.history, "steps": gradients.history_steps, "weight steps": weights.steps}
        parts |= {"norms": gradients.norms, "mean": gradients.mean_abs, "stats": weights.stats}
        parts |= dict(zip(weights.layers, weights.counts, strict=True))
        return {name: array.tobytes() for name, array in parts.items()}


def test_back_and_forth_in_time_the_histories_are_those_of_an_undisturbed_training():
    calm, restless = Travelling(), Travelling()
    calm.train(40)
    restless.train(25)
    for at in (3, 24, 11, 25):
        restless.go(at)
    restless.train(5)
    restless.go(12)
    restless.train(6)  # the same future once more
    restless.go(1)
    restless.go(18)
    restless.train(22)
    assert restless.seen() == calm.seen()
    calm.go(20)
    there = calm.seen()
    fresh = Travelling()
    fresh.train(20)
    assert fresh.seen() == there


def test_weights_set_by_hand_give_up_what_lay_ahead_and_are_seen():
    travelling = Travelling()
    travelling.train(20)
    travelling.go(8)
    with torch.no_grad():
        for value in travelling.run.weights().values():
            value.fill_(0.25)
    assert travelling.past.changed()
    found = travelling.observer.take_all(lambda: False)[1]
    assert isinstance(found, WeightHistograms)
    assert found.steps.tolist() == list(range(1, 9))
    assert all(np.count_nonzero(counts[-1]) == 1 for counts in found.counts)  # all weights in one bin
    travelling.train(4)
    gradients = travelling.observer.take_all(lambda: False)[0]
    assert isinstance(gradients, Gradients)
    assert gradients.history_steps.tolist() == list(range(1, 13))
