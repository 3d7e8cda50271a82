"""Mixed precision: as PyTorch's own recipe makes it, near to float32, and with steps that fp16 leaves out."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from engine.data.filefacts import waiting_lookup
from engine.plan import check
from engine.problem import Problem
from engine.training.errors import StepError
from engine.training.failure import told
from engine.training.loading import load
from engine.training.precision import LossScale
from engine.training.run import Run
from tests.engine.training_projects import mlp, run_of, train, twin_of

ALIKE: dict[str, Any] = {"batch_size": 16, "epochs": 3, "shuffle": False, "lr": 0.1}
TOLERANCE = 0.03
"""Of losses of bf16 and fp16 against float32, relative; bf16 has 8 bits, a step of 0.4 %."""


def losses(run: Run) -> list[float]:
    train(run)
    return [record["loss"] for record in run.records]


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_losses_are_near_to_those_of_float32(precision: str):
    full = losses(run_of(mlp(8, 1, **ALIKE)))
    short = losses(run_of(mlp(8, 1, precision=precision, **ALIKE)))
    assert short != full
    assert short == pytest.approx(full, rel=TOLERANCE)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_a_step_is_what_pytorchs_own_recipe_makes(precision: str):
    """Autocast around forward and loss, `GradScaler` for fp16, `torch.optim.SGD`: the same weights to the bit."""
    run = run_of(mlp(8, 1, precision=precision, **ALIKE))
    net = twin_of(run, nn.Tanh, nn.Tanh)
    data = run.loaded.part("train")
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", enabled=precision == "fp16")
    short = {"bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    for number in range(3):
        rows = slice(16 * number, 16 * number + 16)
        optimizer.zero_grad()
        with torch.autocast("cpu", short):
            loss = nn.functional.mse_loss(net(data["data.x"][rows]), data["data.y"][rows].reshape(-1, 1))
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    train(run, 3)
    for ours, theirs in zip(run.trainer.net.parameters(), net.parameters(), strict=True):
        assert ours.dtype == torch.float32
        assert torch.equal(ours, theirs)


def test_a_gradient_that_overflows_is_no_failure():
    """A scale far too large: updates are left out until it fits; then the training goes on as it would have begun."""
    run = run_of(mlp(8, 1, precision="fp16", **ALIKE))
    scale = run.trainer.sliced.precision.scale
    assert scale is not None
    scale.factor = 2.0**40
    before = {name: value.clone() for name, value in run.weights().items()}
    train(run, 1)
    assert scale.skipped == 1
    assert scale.factor == 2.0**39
    assert all(torch.equal(value, before[name]) for name, value in run.weights().items())
    assert all(not grad.any() for grad in run.trainer.gradients().values())
    train(run)
    assert run.over
    assert scale.skipped > 1
    assert any(not torch.equal(value, before[name]) for name, value in run.weights().items())


def test_a_scale_that_cannot_shrink_tells_the_truth():
    run = run_of(mlp(8, 1, precision="fp16", **ALIKE))
    scale = run.trainer.sliced.precision.scale
    assert scale is not None
    scale.factor = 1.0
    run.weights()["d1.weight"].fill_(60000.0)  # a finite loss of fp16's tanh, whose gradient is beyond its numbers
    run.weights()["d0.weight"].fill_(0.0)
    run.weights()["d0.bias"].fill_(0.0)
    run.weights()["d1.bias"].fill_(0.0)
    run.loaded.part("train")["data.y"].fill_(1e5)
    with pytest.raises(StepError) as failed:
        train(run, 1)
    assert failed.value.code == "T02"
    assert "set precision to bf16 or full" in told(failed.value, run.trainer).hint
    assert scale.factor == 1.0


def test_the_scale_grows_after_many_good_steps_and_is_kept():
    scale = LossScale()
    for _ in range(2000):
        scale.took()
    assert (scale.factor, scale.good) == (2.0**17, 0)
    assert scale.overflowed()
    other = LossScale()
    other.restore(scale.state())
    assert (other.factor, other.good, other.skipped) == (2.0**16, 0, 1)
    run = run_of(mlp(4, 1, precision="fp16", **ALIKE))
    train(run, 2)
    again = run_of(mlp(4, 1, precision="fp16", **ALIKE))
    run.trainer.sliced.precision.scale.factor = 8.0  # type: ignore[union-attr]
    again.restore(run.state())
    assert again.trainer.sliced.state() == run.trainer.sliced.state() == {"factor": 8.0, "good": 2, "skipped": 0}


def test_micro_batches_in_mixed_precision_stay_near():
    whole = losses(run_of(mlp(8, 1, precision="bf16", **ALIKE)))
    assert losses(run_of(mlp(8, 1, precision="bf16", micro_batch=5, **ALIKE))) == pytest.approx(whole, rel=TOLERANCE)


def problems(**training: Any) -> list[Problem]:
    loss = training.pop("loss", "mse")
    last = training.pop("last", "tanh")
    return list(check(mlp(1, loss=loss, last=last, **training), waiting_lookup(None)).errors)


def test_what_cannot_be_in_sixteen_bits_is_said_before():
    (error,) = problems(precision="bf16", dtype="float64")
    assert (error.code, error.hint) == ("G15", "Set dtype to float32, or precision to full.")
    (error,) = problems(precision="fp16", loss="binary_cross_entropy", last="sigmoid")
    assert (error.code, error.node) == ("G15", "loss")
    assert "bce_with_logits" in error.hint
    assert not problems(loss="binary_cross_entropy", last="sigmoid")


def test_validation_and_probabilities_are_told_in_full():
    run = run_of(mlp(5, 3, data={"dataset": "iris"}, last="", loss="cross_entropy", precision="bf16", epochs=1))
    train(run)
    assert 0 <= run.records[0]["metrics"]["val_accuracy"] <= 1
    assert load(run.loaded.project).dtype == torch.float32
