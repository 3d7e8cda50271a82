"""Whole epochs in one call, captured or fast-forward: to the bit as one by one, taken back where one goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.checkpoints import CheckpointPlan, Every
from engine.fastforward.conductor import Calls, Copying, conduct
from engine.session import answers
from engine.training import choosing, epochs, forwarding, forwardonly, orders, scripted
from engine.training.chunk import CALL_SECONDS
from engine.training.epochs import WholeEpochs
from engine.training.errors import StepError
from engine.training.metrics import Meter, of_epochs
from engine.training.orders import drawn_orders
from engine.training.run import Run
from engine.training.run_folder import RunFolder
from engine.training.scriptedepochs import ScriptedEpochs
from tests.engine.test_training_captured import MIXED, assert_equal
from tests.engine.training_projects import TINY, mlp, run_of, train
from tests.helpers.projects import NodeLine, make_project


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many epochs each call made."""
    torch.set_num_threads(1)
    monkeypatch.setattr(choosing, "_GAIN", math.inf)  # programs are kept if they are right
    monkeypatch.setattr(choosing, "_TOO_LONG", math.inf)
    monkeypatch.setattr(epochs, "CALL_SECONDS", 0.1)  # some, however slow the machine is
    made: list[int] = []

    def counting(make: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            found = make(*arguments, **options)
            made.append(0 if found is None else len(found.losses))
            return found

        return counted

    for maker in (WholeEpochs, ScriptedEpochs):
        monkeypatch.setattr(maker, "make", counting(maker.make))
    return made


Way = Callable[[Run], Run]


def fast(run: Run) -> Run:
    run.set_hyper("fast_forward", True)
    return run


def captured(run: Run) -> Run:
    return run


def one_by_one(run: Run) -> Run:
    run._make_epochs = lambda most: False  # type: ignore[method-assign]
    return run


both_ways = pytest.mark.parametrize("way", [fast, captured])


IRIS = {"dataset": "iris"}
CASES: list[dict[str, Any]] = [
    {"between": MIXED},
    {},
    {"data": {"dataset": "circle", "samples": 56}, "optimizer": "adam", "schedule": "cosine", "warmup_steps": 30},
    {"shuffle": False, "momentum": 0.9, "clip_norm": 0.1},
    {"data": {"dataset": "reg-plane", "samples": 60}, "last": "", "loss": "mse", "dtype": "float64"},
    {"metrics": ["accuracy", "mae"], "batch_size": 7, "drop_last": "true"},
]


@both_ways
@pytest.mark.parametrize("more", CASES)
def test_they_are_as_one_by_one(way: Way, more: dict[str, Any], calls: list[int]):
    made = mlp(6, 6, 1, **{"data": TINY, "batch_size": 6, "epochs": 40, "lr": 0.05, **more})
    run = train(way(run_of(made)), many=True)
    other = "clip_norm" if way is captured else "between"  # what is no program, or no kernel
    assert sum(calls) > 10 or other in more, "nothing was made in a row, so nothing is tested"
    assert run.trainer.fast.running == (way is fast and other not in more)
    expected = train(one_by_one(way(run_of(made))), many=True)
    assert_equal(run, expected)
    ours, theirs = run.scalars(), expected.scalars()
    assert ours is not None
    assert theirs is not None
    assert ours.steps.tolist() == theirs.steps.tolist()
    assert ours.loss.tolist() == theirs.loss.tolist()
    assert ours.epochs == pytest.approx(theirs.epochs)
    assert run.samples_seen == expected.samples_seen


@both_ways
def test_labels_and_several_batches_of_validation(way: Way, calls: list[int], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.training.evaluation._MOST_SAMPLES", 14)
    made = mlp(6, 3, data=IRIS, last="", loss="cross_entropy", batch_size=16, epochs=45)
    runs = [way(run_of(made)), one_by_one(way(run_of(made)))]
    for run in runs:
        run.count_classes = True
        train(run, many=True)
    assert sum(calls) > 10
    assert_equal(*runs)
    counts = [run.validations.confusion for run in runs]
    assert counts[0] is not None
    assert counts[0].sum() == len(runs[0].validation_data["data.x"])
    assert counts[1] is not None
    assert counts[0].tolist() == counts[1].tolist()


@both_ways
def test_goals_are_met(way: Way, calls: list[int]):
    run = way(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=60)))
    for goal in (51, 103, 130, 131, 200):
        train(run, goal, many=True)
        assert run.trainer.steps == goal
    train(run, many=True)
    assert run.trainer.epochs == 60
    assert sum(calls) > 10
    expected = train(one_by_one(way(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=60)))), many=True)
    assert_equal(run, expected)


def test_checks_fall_on_the_same_steps_and_evaluations(calls: list[int], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(forwarding, "APART", 64)
    monkeypatch.setattr(forwardonly, "_APART", 9)
    checked: list[tuple[str, int]] = []
    step, look = forwarding.FastForward._checked, forwardonly.ForwardOnly._check

    def of_step(self: Any, made: Any, turn: Any, batches: Any, at: int) -> Any:
        checked.append(("step", at))
        return step(self, made, turn, batches, at)

    def of_look(self: Any, found: Any, *reference: Any) -> None:
        checked.append(("evaluation", batches_seen(self)))
        look(self, found, *reference)

    monkeypatch.setattr(forwarding.FastForward, "_checked", of_step)
    monkeypatch.setattr(forwardonly.ForwardOnly, "_check", of_look)
    made = mlp(6, 1, data=TINY, batch_size=6, epochs=50)
    run = train(fast(run_of(made)), many=True)
    ours, checked = checked, []
    assert sum(calls) > 20
    assert_equal(run, train(one_by_one(fast(run_of(made))), many=True))
    assert ours == checked
    assert len(ours) > 8


def batches_seen(judge: forwardonly.ForwardOnly) -> int:
    return sum(made.uses for made in judge._made.values() if made is not None)


@both_ways
@pytest.mark.parametrize("lr", [1e9, 1e30])
def test_a_loss_that_is_not_finite_ends_it_where_it_would(way: Way, lr: float, calls: list[int]):
    between = MIXED if way is captured else {}
    made = mlp(6, 6, 1, data=TINY, between=between, batch_size=3, epochs=90, hidden="relu", last="", loss="mse")
    found = []
    for run in (way(run_of(made)), one_by_one(way(run_of(made)))):
        train(run, 200, many=True)
        run.set_hyper("lr", lr)
        with pytest.raises(StepError) as raised:
            train(run, many=True)
        found.append((run, raised.value))
    (ours, our_error), (theirs, their_error) = found
    assert calls[-1] == 0
    assert (our_error.code, our_error.node) == (their_error.code, their_error.node)
    assert ours.trainer.steps == theirs.trainer.steps
    assert_equal(ours, theirs)


def saving(run: Run, saved: list[int]) -> Callable[[], None]:
    """The way it saves, which writes down when."""
    save = run.save

    def noted() -> None:
        saved.append(run.trainer.steps)
        save()

    return noted


@both_ways
@pytest.mark.parametrize(("every", "between"), [(Every(epochs=7), {}), (Every(steps=23), {}), (Every(epochs=7), MIXED)])
def test_checkpoints_and_the_best_epoch_are_as_one_by_one(
    way: Way, every: Every, between: Any, tmp_path: Path, calls: list[int], monkeypatch: pytest.MonkeyPatch
):
    made = mlp(6, 6, 1, data=TINY, between=between, batch_size=6, epochs=40, lr=0.3)
    runs, saves = [], []
    for number, new in enumerate((way, lambda run: one_by_one(way(run)))):
        folder = RunFolder.create(tmp_path / str(number), made, plan=CheckpointPlan(every=every))
        saved: list[int] = []
        run = new(run_of(made, folder=folder))
        monkeypatch.setattr(run, "save", saving(run, saved))
        runs.append(train(run, many=True))
        run.save()
        saves.append(saved)
    assert sum(calls) > 10 or between
    assert saves[0] == saves[1]
    assert_equal(*runs)
    assert runs[0].watched.best.epoch == runs[1].watched.best.epoch
    best = [next((tmp_path / str(number)).rglob("best*.safetensors")).read_bytes() for number in (0, 1)]
    assert best[0] == best[1]


@both_ways
def test_what_looks_at_each_epoch_is_given_each_epoch(way: Way, calls: list[int]):
    for more in ({"early_stopping": True, "patience": 50}, {"schedule": "plateau"}):
        train(way(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=20, **more))), many=True)
    assert not any(calls)


@both_ways
def test_an_order_that_somebody_looked_at_is_that_of_the_epoch(way: Way, calls: list[int]):
    """The step that comes next is taken apart between two epochs: its batch has to be the one that comes next."""
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=40)
    runs = [way(run_of(made)), one_by_one(way(run_of(made)))]
    for run in runs:
        train(run, 100, many=True)
        answers.trace(run, None)
        train(run, many=True)
    assert sum(calls) > 10
    assert_equal(*runs)


@pytest.mark.parametrize("ends", [("data.y", "end.out"), ("data.y", "data.x")])
def test_losses_the_wrong_way_round(ends: tuple[str, str], calls: list[int]):
    """What is judged of an epoch as a whole are computed predictions, and targets that are data."""
    nodes: list[NodeLine] = [("data", "Input", {**TINY, "features": ["x1"]}), ("odd", "Loss"), ("loss", "Loss")]
    nodes.append(("end", "Dense", {"out_features": 1}))
    wires = [f"{end} -> odd.{port}" for end, port in zip(ends, ("prediction", "target"), strict=True)]
    wires += ["data.x -> end", "end -> loss.prediction", "data.y -> loss.target"]
    made = make_project(nodes, wires, {"batch_size": 6, "epochs": 20, "objective": ["odd.out", "loss.out"]})
    run = train(run_of(made), many=True)
    assert run.trainer.task is not None
    assert run.trainer.task.loss == "odd"
    assert run.records[-1]["metrics"]
    assert_equal(run, train(one_by_one(run_of(made)), many=True))


@both_ways
def test_a_call_takes_no_longer_than_it_may(way: Way, calls: list[int], monkeypatch: pytest.MonkeyPatch):
    """A command waits for it: epochs that are long by themselves are not made in a row."""
    monkeypatch.setattr(epochs, "_TRY_SECONDS", 1e-9)
    train(way(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=40))), many=True)
    assert len(calls) > 10
    assert not any(calls)


# -- its parts --


def test_one_slow_call_does_not_tell_for_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(epochs, "CALL_SECONDS", CALL_SECONDS)
    alone = CALL_SECONDS / 100
    pace = epochs.Pace(4)
    assert pace.room(0.0) == 1  # nothing is known of its steps
    assert pace.room(alone) == 4
    pace.took(4 * CALL_SECONDS, 4)
    rooms = [pace.room(alone) for _ in range(200)]
    assert [at for at, room in enumerate(rooms, 1) if room > 1] == [64, 192]
    pace.took(CALL_SECONDS / 5, 2)
    assert pace.room(alone) == 10


def test_epochs_that_are_long_by_themselves_are_never_tried():
    pace = epochs.Pace(4)
    assert pace.room(1.0) == 1
    pace.took(10.0, 2)
    assert not any(pace.room(1.0) for _ in range(200))


def test_orders_are_those_of_torch_randperm(monkeypatch: pytest.MonkeyPatch):
    one, other = (torch.Generator().manual_seed(7) for _ in range(2))
    expected = torch.stack([torch.randperm(53, generator=other) for _ in range(20)])
    assert torch.equal(drawn_orders(53, 20, one), expected)
    assert torch.equal(one.get_state(), other.get_state())
    monkeypatch.setattr(orders, "_scripted", lambda: scripted.scripted("nonsense"))
    assert torch.equal(drawn_orders(53, 20, one.manual_seed(7)), expected)


def test_copies_are_made_round_by_round():
    source, target = np.arange(6.0), np.zeros((3, 6))
    places = target.ctypes.data + 48 * np.arange(3)
    assert conduct([Calls(Copying(6), 3, {}, steps=1, target=places, source=source.ctypes.data)])
    assert np.array_equal(target, np.tile(source, (3, 1)))


@pytest.mark.parametrize("names", [("accuracy",), ("accuracy", "mae")])
@pytest.mark.parametrize("kind", ["yes_no", "classes"])
def test_metrics_of_epochs_are_those_of_a_meter(kind: str, names: tuple[str, ...]):
    made = mlp(4, 1, data=TINY) if kind == "yes_no" else mlp(4, 3, data=IRIS, last="", loss="cross_entropy")
    task = run_of(made).trainer.task
    assert task is not None
    assert task.kind == kind
    names = names if kind == "yes_no" else names[:1]
    shape = (60, 1) if kind == "yes_no" else (60, 3)
    prediction, target = torch.randn(shape), torch.randint(0, shape[1] + (kind == "yes_no"), (60,))
    target = target.float().reshape(60, 1) if kind == "yes_no" else target
    for number, found in enumerate(of_epochs(task, names, prediction, target, 4)):
        meter = Meter(task, names)
        meter.add(prediction[15 * number : 15 * number + 15], target[15 * number : 15 * number + 15])
        assert found == meter.values()
