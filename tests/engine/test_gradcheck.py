"""The gradient check finds right gradients right, and wrong ones wrong."""

from __future__ import annotations

import json
import math
import pickle
from dataclasses import replace
from typing import Any

import pytest
import torch

from engine import assets, files
from engine.block import block_named
from engine.blocks.dense import Dense
from engine.build import build
from engine.cli import main
from engine.gradcheck import TOLERANCE, GradientCheck
from engine.stepevents import EntryCheck
from engine.training.loading import load
from engine.training.run import Run
from tests.engine.nets import CNN, MLP, RESIDUAL, batch
from tests.helpers.projects import chain, make_project, planned, rows

EXAMPLES = sorted(path.stem for path in (assets.folder() / "examples").glob("*.chainrule"))


def finished(check: GradientCheck) -> Any:
    while not check.done:
        check.advance(10)
    return check.report()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_passes(example):
    file = assets.folder() / "examples" / f"{example}.chainrule"
    run = Run(load(files.load(file), file.parent), lambda _event: None)
    batches = run.trainer.batches
    data = {name: tensor[:6] for name, tensor in batches.peek(0).items()} if batches is not None else {}
    with run.trainer.drawing():
        report = finished(GradientCheck(run.trainer.net, data, entries=2))
    assert {part.parameter for part in report.parameters} == dict(run.trainer.net.named_parameters()).keys()
    assert (report.wrong, report.checked) == (0, report.total)
    assert report.error <= TOLERANCE


def test_the_differences_are_the_derivatives():
    """Of a network small enough to differentiate by hand: L = (tanh(w x) − t)²."""
    made = planned(
        make_project(
            [
                ("data", "Input"),
                ("dense", "Dense", {"out_features": 1, "bias": False}),
                ("act", "Activation", {"function": "tanh"}),
                ("loss", "Loss", {"function": "mse"}),
            ],
            ["data.x -> dense", *chain("dense", "act"), "act -> loss.prediction", "data.y -> loss.target"],
        ),
        rows(1, 1),
    )
    net = build(made, dtype=torch.float64, parameters={"dense.weight": [[0.7]]})
    data = {"data.x": torch.full((1, 1), 1.5).double(), "data.y": torch.full((1, 1), 0.2, dtype=torch.float64)}
    ((entry,),) = (part.worst for part in finished(GradientCheck(net, data)).parameters)
    y = math.tanh(0.7 * 1.5)
    assert entry.difference == pytest.approx(2 * (y - 0.2) * (1 - y * y) * 1.5, rel=1e-10)
    assert entry.unsure < 1e-8


def test_a_wrong_formula_is_found(monkeypatch):
    right = Dense.grads

    def wrong(self, c):
        found = right(self, c)
        return {**found, "weight": found["weight"] * 1.001}

    monkeypatch.setattr(Dense, "grads", wrong)
    report = finished(GradientCheck(build(MLP), batch(MLP), parameters=["hidden.weight", "hidden.bias"]))
    weight, bias = report.parameters
    assert (weight.parameter, bias.wrong) == ("hidden.weight", 0)
    assert weight.wrong > 30  # all but those of neurons that are off, where 0 is 0
    assert {entry.wrong for entry in weight.worst} == {"formula"}
    assert weight.error == pytest.approx(1e-3, rel=0.01)


class _Careless(torch.autograd.Function):
    """A relu whose backward pass forgets the condition."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        return grads[0]


def test_a_wrong_gradient_of_autograd_is_found(monkeypatch):
    """A function whose backward pass is wrong, in the network's own code and in the replay."""
    block = block_named("Activation")
    assert block is not None
    monkeypatch.setattr(torch, "relu", _Careless.apply)
    net = build(planned(_relu_net(), rows(4, 3)))
    report = finished(GradientCheck(net, batch(net.result, 5), parameters=["hidden.weight"]))
    assert report.wrong > 10
    assert {entry.wrong for part in report.parameters for entry in part.worst} <= {"autograd", "both"}


def _relu_net():
    return make_project(
        [
            ("data", "Input"),
            ("hidden", "Dense", {"out_features": 16}),
            ("act", "Activation", {"function": "relu"}),
            ("output", "Dense", {"out_features": 3}),
            ("loss", "Loss", {"function": "mse"}),
        ],
        ["data.x -> hidden", *chain("hidden", "act", "output"), "output -> loss.prediction", "data.y -> loss.target"],
    )


def test_draws_are_held_in_the_dtype_of_the_step():
    """With noise, two passes are only comparable under one and the same draw: the step's own, in single precision."""
    made = planned(
        make_project(
            [
                ("data", "Input"),
                ("noise", "Noise", {"std": 0.5}),
                ("hidden", "Dense", {"out_features": 4}),
                ("drop", "Dropout", {"p": 0.5}),
                ("loss", "Loss"),
            ],
            ["data.x -> noise", *chain("noise", "hidden", "drop"), "drop -> loss.prediction", "data.y -> loss.target"],
        ),
        rows(3, 4),
    )
    net, data = build(made), batch(made, 5)
    torch.manual_seed(11)
    with torch.random.fork_rng():
        net.train()
        loss = net.loss(data).item()
    state = torch.get_rng_state()
    report = finished(GradientCheck(net, data))
    assert report.loss == pytest.approx(loss, rel=1e-5)
    assert report.wrong == 0
    assert torch.equal(torch.get_rng_state(), state)


def test_only_some_numbers_are_checked_where_there_are_many():
    check = GradientCheck(build(CNN), batch(CNN), entries=3)
    assert check.total == sum(min(3, value.numel()) for value in build(CNN).parameters())
    check.advance(4)
    report = check.report()
    assert (report.checked, check.done) == (4, False)
    assert pickle.loads(pickle.dumps(report)) == report


def test_nothing_is_changed():
    net = build(RESIDUAL)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    finished(GradientCheck(net, batch(RESIDUAL), entries=2))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert next(net.parameters()).dtype == torch.float32
    with pytest.raises(ValueError, match="nobody"):
        GradientCheck(net, batch(RESIDUAL), parameters=["nobody.weight"])


def test_what_the_differences_cannot_tell_is_no_error():
    sure = EntryCheck((0,), 1.0, 1e-9, 1.0 + 1e-5, 1.0, TOLERANCE)
    assert sure.wrong == "autograd"
    assert sure.error == pytest.approx(1e-5, rel=1e-3)
    assert replace(sure, unsure=2e-5).wrong == ""
    assert replace(sure, autograd=math.nan).error == math.inf
    assert EntryCheck((0,), 0.0, 0.0, 0.0, 0.0, TOLERANCE).error == 0.0


def test_the_command_line_checks_a_step(capsys, monkeypatch):
    file = str(assets.folder() / "examples" / "mazur.chainrule")
    assert main(["step", file, "--check"]) == 0
    assert "output.weight: relative error" in capsys.readouterr().out
    assert main(["step", file, "--check", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["wrong"], told["tolerance"]) == (0, TOLERANCE)
    assert [part["size"] for part in told["parameters"]] == [4, 2, 4, 2]
    right = Dense.grads
    monkeypatch.setattr(Dense, "grads", lambda self, c: {**right(self, c), "bias": -right(self, c)["bias"]})
    assert main(["step", file, "--check"]) == 1
    assert 'The gradient of "hidden.bias" is wrong: 2 of 2 numbers.' in capsys.readouterr().err
    assert main(["step", file, "--check", "--batch", "7"]) == 1


def test_kinks_within_reach_of_a_long_step_are_no_error():
    file = assets.folder() / "examples" / "residual-digits.chainrule"
    run = Run(load(files.load(file), file.parent), lambda _event: None)
    assert run.trainer.batches is not None
    check = GradientCheck(run.trainer.net, run.trainer.batches.upcoming(), parameters=["res.0.norm1.weight"], entries=3)
    report = finished(check)
    assert (report.wrong, report.checked) == (0, 3)
