"""A training that goes wrong pauses before the bad update, names the block, and can go on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from engine import edits
from engine.events import RunFailed
from engine.session import Until
from engine.session.transfer import take_over
from engine.snapshots import Curve, Gradients, WeightHistograms
from engine.training.errors import StepError
from engine.training.failure import suggested_lr, told
from engine.training.handover import state_of
from engine.training.loading import load
from engine.training.run import Run
from engine.training.trainer import Trainer
from tests.engine.session_listener import Listener, weights_of
from tests.engine.training_projects import mlp, run_of, train

TINY = {"dataset": "circle", "samples": 60}
DEEP = {"a0": ("Dropout", {"p": 0.2}), "a1": ("BatchNorm1d", {})}


def deep(**training: Any) -> Run:
    """d0 a0 dropout0 d1 a1 batchnorm1d1 d2: random draws, running statistics, ten updates an epoch... of four."""
    options = {"batch_size": 4, "epochs": 3, "optimizer": "adam", "hidden": "relu", "last": "", **training}
    return run_of(mlp(6, 6, 1, data=TINY, between=DEEP, **options))


def everything(trainer: Trainer) -> dict[str, Any]:
    """All that a failing step must leave alone."""
    state = state_of(trainer)
    return {
        "network": {name: value.clone() for name, value in state["network"].items()},
        "optimizers": state["optimizers"],
        "random": {name: value.clone() for name, value in state["random"].items()},
        "position": state["batches"]["position"],
        "steps": state["steps"],
        "loss_sum": state["loss_sum"],
    }


def assert_same(left: Any, right: Any) -> None:
    if isinstance(left, torch.Tensor):
        assert torch.equal(left, right) or (left.isnan() == right.isnan()).all()
    elif isinstance(left, dict):
        assert left.keys() == right.keys()
        for key, value in left.items():
            assert_same(value, right[key])
    elif isinstance(left, list):
        for a, b in zip(left, right, strict=True):
            assert_same(a, b)
    else:
        assert left == right


def failing(run: Run) -> StepError:
    """The next step's failure; nothing may have changed by it."""
    before = everything(run.trainer)
    with pytest.raises(StepError) as raised, run.trainer.drawing():
        run.tick()
    assert_same(everything(run.trainer), before)
    return raised.value


@pytest.mark.parametrize(
    ("weight", "node"),
    [("d0.weight", "d0"), ("d1.bias", "d1"), ("batchnorm1d1.weight", "batchnorm1d1"), ("d2.bias", "d2")],
)
@pytest.mark.parametrize(("value", "word"), [(math.nan, "NaN"), (math.inf, "infinite")])
def test_a_bad_number_is_traced_to_its_block(weight: str, node: str, value: float, word: str):
    run = train(deep(), 3)
    good = run.weights()[weight].clone()
    run.weights()[weight].view(-1)[0] = value
    failure = failing(run)
    assert (failure.code, failure.node) == ("T01", node)
    event = told(failure, run.trainer)
    expected = "NaN" if math.isnan(failure.value) else "infinite"
    assert event.message == (
        f'Loss became {expected} at step 4, first in "{node}". Training is paused; the weights of step 3 are kept.'
    )
    assert event.hint.startswith("Try learning rate 0.001 (now 0.01).")
    assert (event.suggested_lr, event.step, event.reset_first) == (0.001, 4, False)
    run.weights()[weight].copy_(good)
    train(run)
    assert run.over


def test_after_the_cause_is_mended_the_run_is_as_if_nothing_had_been():
    straight, stumbling = train(deep()), train(deep(), 5)
    weight = stumbling.weights()["d1.weight"]
    good = weight.clone()
    weight.fill_(math.nan)
    failing(stumbling)
    weight.copy_(good)
    train(stumbling)
    for name, value in straight.weights().items():
        assert torch.equal(value, stumbling.weights()[name])


@pytest.mark.parametrize("pack", [True, False])
def test_a_bad_gradient_is_seen_before_it_is_used(pack: bool, monkeypatch: pytest.MonkeyPatch):
    """A block with a finite value and an infinite slope: the loss is fine, the gradient is not."""
    if not pack:
        monkeypatch.setattr("engine.training.updates.PACKED_NUMBERS", 0)
    from engine.training import updates

    assert (1 << 20 if pack else 0) == updates.PACKED_NUMBERS
    run = run_of(mlp(4, 1, data=TINY, batch_size=30, epochs=2))
    train(run, 1)

    class Steep(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
            return grads[0] * math.nan

    layer = run.trainer.net.get_submodule("d1")
    handle = layer.register_forward_hook(lambda module, inputs, output: Steep.apply(output))
    failure = failing(run)
    handle.remove()
    assert (failure.code, failure.node) == ("T02", "d1")
    message = 'The gradient became NaN at step 2, first in "d1". Training is paused; the weights of step 1 are kept.'
    assert told(failure, run.trainer).message == message


def test_data_that_are_not_finite_are_named():
    run = deep()
    assert run.trainer.batches is not None
    run.trainer.batches.data["data.x"].fill_(math.nan)
    failure = failing(run)
    event = told(failure, run.trainer)
    assert failure.node == "data"
    assert event.suggested_lr is None
    assert event.hint == 'Look at the data of "data".'


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied\nmore"), "T04",
         '"d1" failed at step 1: mat1 and mat2 shapes cannot be multiplied'),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: not enough memory: you tried"), "T03",
         '"d1" ran out of memory at step 1.'),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."), "T03",
         '"d1" ran out of memory at step 1.'),
        (MemoryError(), "T03", '"d1" ran out of memory at step 1.'),
        (ValueError("odd"), "T04", '"d1" failed at step 1: odd'),
    ],
)  # fmt: skip
def test_an_error_in_a_block_names_it(error: Exception, code: str, message: str):
    run = deep()

    def fail(module: Any, inputs: Any) -> None:
        raise error

    handle = run.trainer.net.get_submodule("d1").register_forward_pre_hook(fail)
    failure = failing(run)
    handle.remove()
    event = told(failure, run.trainer)
    assert (event.code, event.node, event.message) == (code, "d1", message)
    assert type(error).__name__ in event.details
    train(run)
    assert run.over


def test_a_batch_of_one_under_batch_normalisation_is_an_error_with_a_name():
    run = train(deep(), 1)
    with pytest.raises(StepError) as raised, run.trainer.drawing():
        run.tick(size=1)
    event = told(raised.value, run.trainer)
    assert event.node == "batchnorm1d1"
    assert "more than 1 value per channel" in event.message


@pytest.mark.parametrize(
    ("largest", "standardize", "told_of"), [(150, False, True), (150, True, False), (5, False, False)]
)
def test_inputs_too_large_to_learn_from_are_told(largest: int, standardize: bool, told_of: bool):
    x = np.linspace(-largest, largest, 12).reshape(6, 2).tolist()
    data = {"dataset": "inline", "x": x, "y": [[1.0]] * 6, "standardize": standardize}
    run = run_of(mlp(1, data=data, last="", loss="mse", optimizer="sgd", lr=0.01, epochs=2))
    event = told(StepError("T01", value=math.inf), run.trainer)
    sentence = ' The inputs of "data" go up to 150: standardize them.'
    assert event.hint == f"Try learning rate 0.001 (now 0.01).{sentence if told_of else ''}"


def test_a_loss_that_had_grown_asks_for_a_reset():
    run = run_of(mlp(1, data={"dataset": "function", "expression": "x"}, last="", batch_size=100, lr=300.0, epochs=99))
    with pytest.raises(StepError) as raised:
        train(run)
    event = told(raised.value, run.trainer)
    assert isinstance(event, RunFailed)
    assert "Reset first: the loss had already grown to" in event.hint
    assert event.reset_first
    assert "Try learning rate 0.1 (now 300)." in event.hint
    assert all(bool(value.isfinite().all()) for value in run.weights().values())


def test_what_is_watched_is_shown_of_the_step_that_the_weights_are_kept_of():
    made = mlp(1, data={"dataset": "function", "expression": "x"}, last="", batch_size=100, lr=300.0, epochs=99)
    with Listener(made) as listener:
        listener.session.watch(frozenset({"Curve", "Gradients", "WeightHistograms"}))
        listener.session.play()
        failure = listener.wait(RunFailed)
        kept = failure.step - 1
        assert kept > 2
        listener.wait(Curve, lambda event: event.step == kept)
        seen = listener.wait(WeightHistograms, lambda event: event.step == kept)
        assert seen.stats[0][0] == pytest.approx(weights_of(listener)["d0.weight"].mean())
        gradients = listener.of(Gradients)[-1]  # those of the failing step are not finite: the last that were read
        assert gradients.step <= kept
        assert np.isfinite(gradients.norms).all()


def test_a_step_that_failed_leaves_no_gradients_to_be_taken_for_those_before():
    run = train(deep(), 3)
    assert run.trainer.gradients()
    run.weights()["d0.weight"].view(-1)[0] = math.nan
    failing(run)
    assert run.trainer.gradients() == {}
    run.weights()["d0.weight"].view(-1)[0] = 0.1
    train(run, 4)
    assert run.trainer.gradients()


@pytest.mark.parametrize(
    ("now", "optimizer", "then"),
    [
        (0.5, "sgd", 0.05),
        (0.01, "sgd", 0.001),
        (0.003, "adam", 0.0003),
        (0.25, "sgd", 0.02),
        (3.0, "sgd", 0.1),
        (1e6, "sgd", 0.1),
        (1e6, "adam", 0.01),
        (5.0, "adadelta", 0.5),
        (1e30, "adadelta", 1.0),
    ],
)
def test_the_suggested_rate_is_a_round_tenth_and_a_usual_one(now: float, optimizer: str, then: float):
    assert suggested_lr(now, optimizer) == pytest.approx(then, rel=0.01)


@pytest.mark.parametrize("now", [0.0, 1e-8])
def test_a_rate_that_cannot_be_the_cause_is_not_blamed(now: float):
    run = deep()
    run.set_hyper("lr", now)
    run.weights()["d1.bias"].fill_(math.nan)
    event = told(failing(run), run.trainer)
    assert (event.suggested_lr, event.hint) == (None, "Standardize the inputs, or set clip_norm.")


def test_the_rate_that_is_set_is_named_not_that_of_the_schedule():
    run = run_of(mlp(4, 1, data=TINY, lr=0.5, schedule={"kind": "constant", "warmup_steps": 1000}))
    run.weights()["d0.bias"].fill_(math.nan)
    event = told(failing(run), run.trainer)
    assert event.hint == "Try learning rate 0.05 (now 0.5)."


def short_of_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> list[int]:
    """From now on a linear of more samples than that asks the real allocator for what no machine has."""
    seen: list[int] = []
    linear = torch.nn.functional.linear

    def greedy(x: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        seen.append(len(x))
        if len(x) > most:
            torch.empty(1 << 59, dtype=torch.uint8)
        made: torch.Tensor = linear(x, *rest)
        return made

    monkeypatch.setattr(torch.nn.functional, "linear", greedy)
    return seen


def test_where_memory_runs_out_micro_batches_are_offered(monkeypatch: pytest.MonkeyPatch):
    """The processor's own error; half the samples are offered until they fit, and what is trained is the same."""
    options: dict[str, Any] = {"batch_size": 24, "epochs": 2, "dtype": "float64", "data": {**TINY, "samples": 96}}
    straight = train(run_of(mlp(6, 1, **options)))
    run = train(run_of(mlp(6, 1, **options)), 1)
    offered: list[int] = []
    with monkeypatch.context() as short:
        seen = short_of_memory(short, 7)
        while not offered or offered[-1] > 7:
            assert len(offered) < 9
            failure = failing(run)
            event = told(failure, run.trainer)
            assert (event.code, event.node, event.step) == ("T03", "d0", 2)
            assert event.suggested_micro_batch is not None
            offered.append(event.suggested_micro_batch)
            assert event.hint.startswith(f"Set micro_batch to {offered[-1]}: ")
            project = edits.set_training(run.loaded.project, {"micro_batch": offered[-1]})[0]
            run, _ = take_over(run, load(project, None, run.loaded), {}, lambda _event: None)
        assert offered == [16, 8, 4]
        train(run, 2)
        assert max(seen[-3:]) <= 4
    train(run)
    for name, value in straight.weights().items():
        torch.testing.assert_close(run.weights()[name], value, rtol=1e-12, atol=1e-12)


def test_a_single_sample_cannot_be_cut(monkeypatch: pytest.MonkeyPatch):
    run = run_of(mlp(6, 1, batch_size=1, data=TINY))
    short_of_memory(monkeypatch, 0)
    event = told(failing(run), run.trainer)
    assert (event.code, event.suggested_micro_batch) == ("T03", None)
    assert event.hint == "Make the network smaller."


def test_the_session_goes_on_at_the_same_step_with_what_is_offered(monkeypatch: pytest.MonkeyPatch):
    made = mlp(6, 1, batch_size=24, epochs=2, data={**TINY, "samples": 96})
    with Listener(made) as listener:
        session = listener.session
        session.play(Until(steps=1))
        listener.until("paused")
        short_of_memory(monkeypatch, 16)
        session.play()
        listener.until("failed")
        failure = listener.of(RunFailed)[-1]
        assert (failure.code, failure.step, failure.suggested_micro_batch) == ("T03", 2, 16)
        session.apply(edits.set_training(made, {"micro_batch": failure.suggested_micro_batch})[0])
        session.play()
        finished = listener.until("finished", since=len(listener.events))
        assert (finished.epoch, finished.step) == (2, 4)
        assert len(listener.of(RunFailed)) == 1
