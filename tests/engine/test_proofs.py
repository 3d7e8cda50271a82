"""Gradients known to be finite are: whatever goes in, a gradient that is not finite is found."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.training import proofs
from engine.training.clipping import total_norm
from engine.training.errors import StepError
from engine.training.run import Run
from engine.training.updates import PACKED_NUMBERS, Updater
from tests.engine.graphs import project
from tests.engine.training_projects import TINY, mlp, run_of


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Narrow layers count as wide, and no parameters are packed, as in large networks."""
    monkeypatch.setattr(proofs, "WIDE", 1)
    monkeypatch.setattr("engine.training.updates.PACKED_NUMBERS", 0)
    assert PACKED_NUMBERS > 0


def begun(**training: Any) -> tuple[Run, Updater]:
    run = run_of(mlp(5, 4, 1, data=TINY, batch_size=10, **training))
    (updater,) = run.trainer.updaters
    return run, updater


def backward(run: Run, updater: Updater, factor: float, spoil: float) -> None:
    """Gradients of a batch, its inputs and its loss multiplied."""
    batch = run.trainer.batches
    assert batch is not None
    fields = {name: tensor * (spoil if name.endswith(".x") else 1.0) for name, tensor in batch.peek(0).items()}
    loss, _ = run.trainer.net.loss_and((), phase=0)(fields)
    updater.clear()
    (loss * factor).backward()


def test_wide_weights_are_not_read_and_the_rest_is() -> None:
    run, updater = begun()
    backward(run, updater, 1.0, 1.0)
    grads = updater.gradients()
    biases = [grad for name, grad in grads.items() if name.endswith("bias")]
    assert 0 < updater.norm() == pytest.approx(total_norm(biases))
    assert updater.proofs is not None
    assert all(updater.proofs.covers(updater.parameters[name]) for name in grads if name.endswith("weight"))


SIZES = st.sampled_from((1.0, 1e10, 1e25, 1e37, 1e38, math.inf, math.nan, -math.inf, 0.0))


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, SIZES)
def test_no_gradient_that_is_not_finite_passes(factor: float, spoil: float, weight: float) -> None:
    run, updater = begun()
    with torch.no_grad():
        updater.parameters["d1.weight"][0, 0] = weight
    backward(run, updater, factor, spoil)
    wanted = all(bool(torch.isfinite(grad).all()) for grad in updater.gradients().values())
    if not wanted:
        assert not math.isfinite(updater.norm())


def test_clipping_needs_the_whole_norm() -> None:
    run, updater = begun(clip_norm=0.5)
    backward(run, updater, 1.0, 1.0)
    assert updater.norm() == pytest.approx(total_norm(list(updater.gradients().values())), rel=1e-12)


def test_a_weight_that_something_else_reads_is_read() -> None:
    nodes = {
        "data": ("Input", TINY),
        "d0": ("Dense", {"out_features": 1}),
        "loss": ("Loss", {"function": "mse"}),
        "price": ("Regularizer", {"blocks": ["d0"]}),
    }
    run = run_of(project(nodes, ["data.x > d0", "d0 > loss.prediction", "data.y > loss.target"]))
    (updater,) = run.trainer.updaters
    assert not run.trainer.net.get_submodule("d0")._forward_hooks
    backward(run, updater, 1.0, 1.0)
    assert updater.norm() == pytest.approx(total_norm(list(updater.gradients().values())), rel=1e-12)


def test_a_bad_gradient_stops_the_training_before_it_is_used() -> None:
    run, _ = begun(lr=0.1)
    before = {name: value.clone() for name, value in run.weights().items()}
    run.trainer.net.get_submodule("d1").register_forward_hook(
        lambda module, given, out: out.register_hook(lambda delta: delta * math.inf) and None
    )
    with pytest.raises(StepError) as raised, run.trainer.drawing():
        run.trainer.step()
    assert raised.value.code == "T02"
    assert all(torch.equal(value, run.weights()[name]) for name, value in before.items())
