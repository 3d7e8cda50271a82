"""Many captured steps in one call: the same to the bit as one by one, and taken back when one of them goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from engine.training import choosing, judging, metrics
from engine.training.captured import Many, Program
from engine.training.errors import StepError
from engine.training.evaluation import Evaluator
from engine.training.judging import Judging
from engine.training.looping import Loop
from engine.training.metrics import Meter
from engine.training.run import Run
from tests.engine.test_training_captured import MIXED, assert_equal, eager_run, programs
from tests.engine.training_projects import TINY, mlp, run_of, train


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many steps each call made; programs are kept if they are right, not only if they are fast on the day."""
    monkeypatch.setattr(choosing, "_GAIN", math.inf)
    monkeypatch.setattr(choosing, "_TOO_LONG", math.inf)
    monkeypatch.setattr(Run, "_make_epochs", lambda *_: False)  # which has tests of its own
    made: list[int] = []
    steps = Loop.steps

    def counted(self: Loop, *arguments: Any) -> Any:
        chunk = steps(self, *arguments)
        made.append(0 if chunk is None else len(chunk.losses))
        return chunk

    monkeypatch.setattr(Loop, "steps", counted)
    return made


PHASES = [
    {"minimise": [{"from": "loss.out"}], "update": ["d0"], "lr": 0.1, "steps": 3},
    {"maximise": [{"from": "loss.out", "weight": 0.5}], "update": ["d1"], "optimizer": "adam", "lr": 0.01},
]


@pytest.mark.parametrize(
    ("data", "most", "more"),
    [
        ({"samples": 60}, 5, {"optimizer": "adam", "schedule": "cosine", "warmup_steps": 30}),
        ({"samples": 56}, 4, {"between": MIXED, "momentum": 0.9, "nesterov": True}),
        ({"samples": 60}, 5, {"shuffle": False, "metrics": ["accuracy", "mae"]}),
        ({"samples": 60}, 5, {"dtype": "float64", "optimizer": "rmsprop", "weight_decay": 0.01}),
        ({"samples": 60}, 3, {"phases": PHASES}),
        ({"samples": 60}, 5, {"loss": "half_squared_error", "data": {"dataset": "reg-plane", "samples": 60}}),
    ],
)
def test_they_are_as_one_by_one(data: dict[str, Any], most: int, more: dict[str, Any], calls: list[int]):
    made = mlp(6, 6, 1, **{"data": {"dataset": "circle", **data}, "batch_size": 6, "epochs": 20, "lr": 0.05, **more})
    run = train(run_of(made), many=True)
    assert max(calls) == most, "nothing was made in a row, so nothing is tested"
    assert all(program.proven is not False for program in programs(run).values())
    assert_equal(run, train(eager_run(made)))


def test_a_goal_within_an_epoch_is_met(calls: list[int]):
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=40)
    run = run_of(made)
    for goal in (61, 63, 64, 72):
        train(run, goal, many=True)
        assert run.trainer.steps == goal
    assert 2 in calls
    assert_equal(train(run, many=True), train(eager_run(made)))


@pytest.mark.parametrize("name", ["lr", "momentum", "clip_norm"])
def test_hyperparameters_may_change(name: str, calls: list[int]):
    runs = [train(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=30, momentum=0.9)), 62, many=True)]
    runs.append(train(eager_run(mlp(4, 1, data=TINY, batch_size=6, epochs=30, momentum=0.9)), 62))
    calls.clear()
    for run in runs:
        run.set_hyper(name, 0.01)
        train(run, many=run is runs[0])
    assert_equal(*runs)
    assert (max(calls) > 1) == (name != "clip_norm"), "clipping looks at the norm first"


def bad_at(step: int, made: Any, *, many: bool) -> tuple[Run, StepError]:
    """A run whose learning rate is so high from one step on that the loss overflows some steps later."""
    run = train((run_of if many else eager_run)(made), step, many=many)
    run.set_hyper("lr", 1e12)
    with pytest.raises(StepError) as raised:
        train(run, many=many)
    return run, raised.value


@pytest.mark.parametrize("between", [{}, MIXED])
def test_a_loss_that_is_not_finite_ends_it_where_it_would(between: Any, calls: list[int]):
    made = mlp(6, 6, 1, data=TINY, between=between, batch_size=3, epochs=30, hidden="relu", last="", loss="mse")
    (ours, our_error), (theirs, their_error) = (bad_at(120, made, many=many) for many in (True, False))
    assert 0 in calls
    assert ours.trainer.steps > 120
    assert (our_error.code, our_error.node) == (their_error.code, their_error.node)
    assert_equal(ours, theirs)


def spoiled(steps: Callable[..., Many | None], *, fails: bool) -> Callable[..., Many | None]:
    def wrong(self: Program, net: Any, turn: Any, batch: Any, rates: Any, size: int) -> Many | None:
        made = steps(self, net, turn, batch, [math.nextafter(rate, 1) for rate in rates], size)
        if fails:
            raise RuntimeError("not today")
        return made

    return wrong


@pytest.mark.parametrize("fails", [True, False])
def test_what_comes_out_otherwise_is_taken_back(fails: bool, monkeypatch: pytest.MonkeyPatch, calls: list[int]):
    made = mlp(6, 6, 1, data=TINY, between=MIXED, batch_size=6, epochs=20, dtype="float64")
    monkeypatch.setattr(Program, "steps", spoiled(Program.steps, fails=fails))
    run = train(run_of(made), many=True)
    assert 0 in calls
    assert max(calls) == 0
    assert run.trainer.choice.captured
    assert_equal(run, train(eager_run(made)))


def test_metrics_are_summed_up_after_the_same_batches(monkeypatch: pytest.MonkeyPatch):
    """Their sums may differ in the last bits otherwise, with how many steps went into a call."""
    monkeypatch.setattr(metrics, "_HELD", 25)
    task = run_of(mlp(4, 1, data={"dataset": "reg-plane", "samples": 60}, batch_size=6, epochs=1)).trainer.task
    one, other = (Meter(task, ("mae", "r2")) for _ in range(2))
    prediction, target = torch.randn(70, 1), torch.randn(70, 1)
    for first in range(0, 70, 10):
        one.add(prediction[first : first + 10], target[first : first + 10])
    other.add(prediction[:20], target[:20], batches=2)
    other.add(prediction[20:], target[20:], batches=5)
    assert one._held == other._held == 10
    assert one.values() == other.values()


# -- evaluations --


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often PyTorch evaluates."""
    passes: list[int] = []
    evaluates = Evaluator._by_pytorch

    def counted(self: Evaluator, batch: Any) -> Any:
        passes.append(1)
        return evaluates(self, batch)

    monkeypatch.setattr(Evaluator, "_by_pytorch", counted)
    return passes


@pytest.mark.parametrize(
    "more", [{}, {"between": MIXED}, {"dtype": "float64"}, {"metrics": ["accuracy", "mae"], "batch_size": 30}]
)
def test_evaluations_by_program_are_the_same_to_the_bit(more: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    passes = counting(monkeypatch)
    made = mlp(6, 6, 1, **{"data": TINY, "batch_size": 6, "epochs": 40, **more})
    run = train(run_of(made), many=True)
    assert len(passes) == judging._EAGER + judging._COMPARED
    expected = train(eager_run(made))
    assert len(passes) > 40
    assert_equal(run, expected)
    run.restore(run.state())  # the weights lie elsewhere
    run.plan(60)
    expected.plan(60)
    assert_equal(train(run, many=True), train(expected))


def test_an_evaluation_that_comes_out_otherwise_stays_with_pytorch(monkeypatch: pytest.MonkeyPatch):
    call = judging.Evaluating.__call__

    def wrong(self: Any, batch: Any) -> Any:
        loss, outputs = call(self, batch)
        return math.nextafter(loss, 9), outputs

    monkeypatch.setattr(judging.Evaluating, "__call__", wrong)
    passes = counting(monkeypatch)
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=20)
    run = train(run_of(made))
    assert len(passes) == 20
    assert_equal(run, train(eager_run(made)))


def test_what_draws_when_it_is_evaluated_is_not_written_down(monkeypatch: pytest.MonkeyPatch):
    run = run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=3))
    drawn: list[int] = []

    def noisy(batch: Any) -> Any:
        drawn.append(1)
        return torch.rand(()) + run.trainer.net.loss(batch), {}

    desk = Judging(run.trainer.net, noisy, run.trainer.modes)
    batch = {name: tensor[:4] for name, tensor in run.validation_data.items()}
    found = {desk.batch(batch, noisy, 0)[0] for _ in range(12)}
    assert len(found) == 12
    assert len(drawn) == 13, "twelve evaluations, and one that could not be written down"
