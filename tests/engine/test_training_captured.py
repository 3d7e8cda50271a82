"""Captured steps: the same numbers as eager ones to the bit, whatever happens meanwhile."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine import assets, edits, files
from engine.graph import Project
from engine.history import History
from engine.settings import OPTIMIZERS
from engine.training import choosing, scripted
from engine.training.captured import Made, Program, eager
from engine.training.checkpoint import load_state, save_state
from engine.training.errors import StepError
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.training_projects import TINY, Ignore, mlp, run_of, timeless, train, twin_of

EXAMPLES = sorted((assets.folder() / "examples").glob("*.chainrule"))
MIXED = {"a0": ("Dropout", {"p": 0.2}), "a1": ("BatchNorm1d", {})}


@pytest.fixture(autouse=True)
def whatever_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs are kept if they are right, not only if they are fast on the day."""
    monkeypatch.setattr(choosing, "_GAIN", math.inf)
    monkeypatch.setattr(choosing, "_TOO_LONG", math.inf)


def eager_run(made: Project, **options: Any) -> Run:
    run = run_of(made, **options)
    run.trainer.choice.allowed = False
    return run


def bits(value: torch.Tensor) -> torch.Tensor:
    """Tells 0 from -0."""
    kinds = {torch.float32: torch.int32, torch.float64: torch.int64}
    return value.detach().view(kinds[value.dtype]) if value.dtype in kinds else value


def assert_equal(run: Run, other: Run) -> None:
    """Weights, buffers, gradients, optimizers, random states, position: all to the bit."""

    def compare(one: Any, two: Any, where: str) -> None:
        if isinstance(one, torch.Tensor):
            assert torch.equal(bits(one), bits(two)), where
        elif isinstance(one, dict):
            assert one.keys() == two.keys(), where
            for key in one:
                compare(one[key], two[key], f"{where}.{key}")
        elif isinstance(one, list):
            for number, (left, right) in enumerate(zip(one, two, strict=True)):
                compare(left, right, f"{where}[{number}]")
        else:
            assert one == two, where

    compare(run.state(), other.state(), "state")
    compare(run.trainer.gradients(), other.trainer.gradients(), "gradients")
    assert list(map(timeless, run.records)) == list(map(timeless, other.records))


def programs(run: Run) -> dict[tuple[int, int], Program]:
    """Those in use, by phase and number of samples."""
    trials = run.trainer.choice._trials.items()
    return {kind: trial.program for kind, trial in trials if trial.lasting and trial.program is not None}


def both(made: Project, steps: int | None = None) -> Run:
    """The captured run of a project, after the eager one ended in the same state."""
    run = train(run_of(made), steps)
    assert programs(run), "nothing was captured, so nothing is tested"
    assert_equal(run, train(eager_run(made), steps))
    return run


# -- one step, and ten --


def pair(path: Path, dtype: str) -> tuple[Run, Run, Program]:
    """An example twice, and the program of its first phase."""
    made = edits.set_training(files.load(path), {"dtype": dtype})[0]
    one, two = (Run(load(made, folder=path.parent), Ignore) for _ in range(2))
    trainer = one.trainer
    batch = {} if trainer.batches is None else trainer.batches.peek(0)
    with trainer.drawing():
        trainer._rollback.keep()
        program = Program(trainer.net, trainer.choice._runs[0], trainer.turns.all[0], batch)
        trainer._rollback.put_back()
    return one, two, program


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("dtype", "steps"), [("float32", 1), ("float64", 10)])
def test_examples_step_as_eagerly_from_the_same_weights(path: Path, dtype: str, steps: int):
    one, two, program = pair(path, dtype)
    for number in range(steps):
        made: list[Made] = []
        for run in (one, two):
            trainer = run.trainer
            turn, forward = trainer.turns.all[0], trainer.choice._runs[0]
            batch = {} if trainer.batches is None else trainer.batches.peek(number % (trainer.steps_per_epoch))
            samples = len(next(iter(batch.values()))) if batch else 0
            if trainer.batches is not None and samples < trainer.batches.size:
                batch = trainer.batches.peek(0)
            with trainer.drawing():
                made.append(
                    program.step(trainer.net, turn, batch, trainer.lr)
                    if run is one
                    else eager(forward, turn, batch, trainer.lr)
                )
        ours, theirs = made
        assert math.isfinite(ours[0])
        assert ours[:2] == theirs[:2]
        assert all(torch.equal(ours[2][name], value) for name, value in theirs[2].items())
    for name, value in two.weights().items():
        assert torch.equal(one.weights()[name], value), name
    theirs_by_name = two.trainer.turns.all[0].updater.gradients()
    for name, value in one.trainer.turns.all[0].updater.gradients().items():
        assert torch.equal(value, theirs_by_name[name]), name


def test_captured_steps_are_those_of_a_hand_written_loop():
    """Independent of our eager step: torch's own modules, autograd and optimizer."""
    run = run_of(mlp(4, 2, 1, data=TINY, batch_size=10, epochs=10, lr=0.1, shuffle=False, momentum=0.9))
    net, data = twin_of(run, nn.Tanh, nn.Tanh, nn.Tanh), run.loaded.data["data"].train
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    count = len(data["x"]) // 10
    train(run)
    assert run.trainer.choice.captured
    assert run.trainer.steps == 10 * count
    for number in range(run.trainer.steps):
        rows = slice(number % count * 10, number % count * 10 + 10)
        optimizer.zero_grad()
        nn.functional.mse_loss(net(data["x"][rows]), data["y"][rows]).backward()
        optimizer.step()
    for ours, theirs in zip(run.weights().values(), net.parameters(), strict=True):
        assert torch.equal(ours, theirs)


# -- whole runs --


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"clip_norm": 0.05, "clip_value": 0.02, "schedule": "cosine"},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "schedule": "one_cycle", "dtype": "float64"},
    ],
    ids=["plain", "clipped", "decayed"],
)
def test_every_optimizer(optimizer: str, more: dict[str, Any]):
    both(mlp(6, 1, data=TINY, batch_size=6, epochs=12, lr=0.05, optimizer=optimizer, **more))


@pytest.mark.parametrize("schedule", ["step", "plateau", "cosine", "one_cycle"])
def test_every_schedule(schedule: str):
    both(mlp(6, 1, data=TINY, batch_size=6, epochs=12, lr=0.1, schedule=schedule, warmup_steps=10))


def test_dropout_and_running_statistics_with_last_batches_of_another_size():
    made = mlp(6, 6, 1, data={"dataset": "circle", "samples": 56}, between=MIXED, batch_size=8, epochs=40)
    assert set(programs(both(made))) == {(0, 8), (0, 4)}


def test_phases():
    phases = [
        {"minimise": [{"from": "loss.out"}], "update": ["d0"], "lr": 0.1, "steps": 2},
        {"maximise": [{"from": "loss.out", "weight": 0.5}], "update": ["d1"], "optimizer": "adam", "lr": 0.01},
    ]
    run = both(mlp(4, 1, data=TINY, batch_size=6, epochs=30, phases=phases))
    assert set(programs(run)) == {(0, 6), (1, 6)}


def test_frozen_parameters_stay():
    made = files.load(assets.folder() / "examples" / "mazur.chainrule")
    made = edits.set_training(made, {"epochs": 60})[0]
    before = run_of(made).weights()
    run = both(made)
    for name, value in run.weights().items():
        assert torch.equal(value, before[name]) == name.endswith("bias")


def test_parameters_with_different_counts_of_updates():
    """As after a layer was added while training: two vectors, one norm."""
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=8, optimizer="adam")
    old = train(eager_run(made), 5).trainer.updaters[0].memory()
    memory = ({name: entry for name, entry in old.items() if name.startswith("d0")},)
    run = train(run_of(made, memory=memory))
    assert programs(run)
    assert len(run.trainer.updaters[0].slots) == 2
    assert_equal(run, train(eager_run(made, memory=memory)))


# -- meanwhile --


def changed(made: Project, name: str, value: Any, *, captured: bool) -> Run:
    run = (run_of if captured else eager_run)(made)
    train(run, 40)
    assert run.trainer.choice.captured == captured
    run.set_hyper(name, value)
    train(run, 41)
    assert run.trainer.choice.captured == (captured and name == "lr"), (
        "only the learning rate leaves programs as they are"
    )
    return train(run)


@pytest.mark.parametrize(
    ("name", "value"), [("lr", 0.02), ("momentum", 0.5), ("clip_norm", 0.01), ("dropout_off", True)]
)
def test_changes_while_it_trains(name: str, value: Any):
    made = mlp(6, 6, 1, data=TINY, between=MIXED, batch_size=6, epochs=20, momentum=0.9)
    run = changed(made, name, value, captured=True)
    assert run.trainer.choice.captured, "it is captured anew"
    assert_equal(run, changed(made, name, value, captured=False))


@pytest.mark.parametrize("stop_at", [5, 18, 23, 60])
def test_a_resumed_run_equals_an_uninterrupted_one(stop_at: int, tmp_path: Path):
    made = mlp(6, 6, 1, data=TINY, between=MIXED, batch_size=6, epochs=20, optimizer="adam")
    whole = both(made)
    save_state(tmp_path / "state", train(run_of(made), stop_at).state())
    resumed = run_of(made)
    resumed.restore(load_state(tmp_path / "state"))
    train(resumed)
    for name, value in whole.weights().items():
        assert torch.equal(value, resumed.weights()[name]), name


def test_the_past_is_the_same_to_the_bit():
    run = run_of(mlp(6, 6, 1, data=TINY, between=MIXED, batch_size=6, epochs=20, optimizer="adam"))
    history, path = History(run), {}
    with run.trainer.drawing():
        while not run.over:
            run.tick()
            history.note()
            path[run.trainer.steps] = {name: value.clone() for name, value in run.weights().items()}
        assert run.trainer.choice.captured
    for step in (100, 47, 20, 19, 70):
        assert history.goto(step) == step
        for name, value in run.weights().items():
            assert torch.equal(value, path[step][name]), (step, name)


def failures(break_it: Callable[[Run], None], made: Project, code: str, node: str | None) -> None:
    for captured in (True, False):
        run = train((run_of if captured else eager_run)(made), 40)
        assert run.trainer.choice.captured == captured
        break_it(run)
        gradients = {name: grad.clone() for name, grad in run.trainer.gradients().items()}
        before = {name: value.clone() for name, value in run.weights().items()}
        random = {name: value.clone() for name, value in run.trainer.randomness.state().items()}
        memory = run.trainer.updaters[0].memory()
        with pytest.raises(StepError) as raised, run.trainer.drawing():
            run.trainer.step()
        assert (raised.value.code, raised.value.node) == (code, node)
        for name, value in run.weights().items():
            assert torch.equal(value.nan_to_num(), before[name].nan_to_num()), name
        for name, value in run.trainer.randomness.state().items():
            assert torch.equal(value, random[name])
        for name, entry in run.trainer.updaters[0].memory().items():
            assert entry["step"] == memory[name]["step"]
            assert torch.equal(entry["exp_avg"], memory[name]["exp_avg"])
        if code == "T01":
            for name, grad in run.trainer.gradients().items():
                assert torch.equal(grad, gradients[name])


@pytest.mark.parametrize(
    ("weight", "node"), [("d0.weight", "d0"), ("d1.bias", "d1"), ("batchnorm1d1.weight", "batchnorm1d1")]
)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_bad_number_is_traced_to_its_block(weight: str, node: str, value: float):
    def break_it(run: Run) -> None:
        run.weights()[weight].view(-1)[0] = value

    made = mlp(6, 6, 1, data=TINY, between=MIXED, batch_size=6, epochs=20, optimizer="adam", hidden="relu", last="")
    failures(break_it, made, "T01", node)


def test_a_bad_gradient_is_traced_to_its_block():
    """The root of 0 is fine, its slope is not."""

    def break_it(run: Run) -> None:
        run.weights()["d0.bias"].fill_(-1e9)

    made = mlp(4, 1, data=TINY, hidden="sigmoid", between={"a0": ("Sqrt", {})}, batch_size=6, epochs=20,
               optimizer="adam")  # fmt: skip
    failures(break_it, made, "T02", "sqrt0")


def test_programs_on_other_storage_are_bound_anew():
    """Restoring packs the parameters into new vectors; the program that is there works on those."""
    run = train(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=50)), 40)
    program = programs(run)[(0, 6)]
    state = run.state()
    before = {name: value.clone() for name, value in run.weights().items()}
    run.restore(state)
    train(run, 41)
    assert programs(run)[(0, 6)] is program
    assert run.trainer.choice.captured
    assert not torch.equal(run.weights()["d0.weight"], before["d0.weight"])


def test_a_program_for_other_vectors_is_given_up():
    """Going on from a state in which the optimizer has seen the layers for different times."""
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=30, optimizer="adam")
    old = train(eager_run(made), 5).trainer.updaters[0].memory()
    memory = ({name: entry for name, entry in old.items() if name.startswith("d0")},)
    state = run_of(made, memory=memory).state()
    run = train(run_of(made), 40)
    assert programs(run)
    run.restore(state)
    assert not programs(run)
    run.show_records([])
    expected = eager_run(made)
    expected.restore(state)
    assert_equal(train(run), train(expected))


def test_a_bad_number_while_programs_are_compared_proves_nothing_against_them():
    made = mlp(4, 1, data=TINY, batch_size=6, epochs=30)
    run = train(run_of(made), 18)
    assert run.trainer.choice._trials[(0, 6)].compared == 1
    weight = run.weights()["d0.weight"]
    good = weight.clone()
    weight.fill_(math.nan)
    with pytest.raises(StepError):
        run.trainer.step()
    weight.copy_(good)
    train(run)
    assert programs(run)
    assert_equal(run, train(eager_run(made)))


# -- doing without --


def slightly_off(step: Callable[..., Made]) -> Callable[..., Made]:
    def wrong(self: Program, net: Any, turn: Any, batch: Any, lr: float) -> Made:
        return step(self, net, turn, batch, math.nextafter(lr, 1))

    return wrong


def failing(_step: Callable[..., Made]) -> Callable[..., Made]:
    def wrong(*_args: Any) -> Made:
        raise RuntimeError("not today")

    return wrong


@pytest.mark.parametrize("spoil", [slightly_off, failing])
def test_a_program_that_computes_otherwise_is_dropped(spoil: Any, monkeypatch: pytest.MonkeyPatch):
    made = mlp(4, 1, data=TINY, between={"a0": ("BatchNorm1d", {})}, batch_size=6, epochs=20, dtype="float64")
    expected = train(eager_run(made))
    monkeypatch.setattr(Program, "step", spoil(Program.step))
    run = train(run_of(made))
    assert not run.trainer.choice.captured
    assert run.trainer.choice._trials[(0, 6)].lasting
    assert_equal(run, expected)


def test_a_program_that_fails_later_leaves_the_step_to_eager(monkeypatch: pytest.MonkeyPatch):
    made = mlp(6, 6, 1, data=TINY, between=MIXED, batch_size=6, epochs=20)
    run = train(run_of(made), 50)
    assert run.trainer.choice.captured
    with monkeypatch.context() as patch:
        patch.setattr(Program, "step", failing(Program.step))
        train(run, 60)
        assert not run.trainer.choice.captured
    assert_equal(train(run), train(eager_run(made)))


def test_without_torchscript_it_trains_eagerly(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(scripted, "scripted", lambda text: None)
    run = train(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=20)))
    assert not run.trainer.choice.captured
    assert run.trainer.choice._trials[(0, 6)].lasting


def test_nonsense_is_refused():
    assert scripted.scripted("def step(x: Tensor):\n    return torch.ops.aten.no_such_thing(x)\n") is None


def test_a_network_whose_programs_are_slower_stays_eager(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(choosing, "_GAIN", 0.0)
    run = train(run_of(mlp(4, 1, data=TINY, batch_size=6, epochs=20)))
    assert not run.trainer.choice.captured


def test_large_networks_are_not_captured():
    """Above a million numbers they are not packed: there calls cost nothing."""
    run = train(run_of(mlp(1200, 1000, 1, data=TINY, batch_size=30, epochs=10)), 20)
    assert not run.trainer.updaters[0].packed
    assert not run.trainer.choice.captured


def test_runs_without_data_are_captured():
    made = files.load(assets.folder() / "examples" / "descent.chainrule")
    both(edits.set_training(made, {"epochs": 50})[0])
