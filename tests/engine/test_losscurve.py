"""The loss over one weight, weights that are followed and set, and the space of a linear fit."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine import assets, edits, files
from engine.events import RunFailed, Said
from engine.graph import Project
from engine.linearfit import NotLinearError, linear_fit
from engine.losscurve import CurveWork, coarse_to_fine, weight_in
from engine.netcode import Batch
from engine.session import Until
from engine.session.answers import as_next
from engine.stepevents import Followed, LinearFitTaken, LossCurveTaken, LossCurving, Timeline
from engine.training.loading import load
from engine.training.run import Run
from engine.weightviews import Entry, LossCurve, On
from tests.engine.session_listener import Listener, weights_of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "descent_w4.json").read_text())
W: Entry = ("w.value", ())

CAREFUL = {
    "format": "chainrule",
    "version": 1,
    "nodes": [
        {
            "id": "data",
            "block": "Input",
            "params": {"dataset": "spiral", "samples": 90, "noise": 0.1, "val_fraction": 0.2, "seed": 1},
        },
        {"id": "first", "block": "Dense", "params": {"out_features": 5}},
        {"id": "norm", "block": "BatchNorm1d", "params": {}},
        {"id": "tanh", "block": "Activation", "params": {"function": "tanh"}},
        {"id": "drop", "block": "Dropout", "params": {"p": 0.3}},
        {"id": "last", "block": "Dense", "params": {"out_features": 1}},
        {"id": "loss", "block": "Loss", "params": {"function": "mse"}},
    ],
    "wires": [
        {"from": "data.x", "to": "first.in"},
        {"from": "first.out", "to": "norm.in"},
        {"from": "norm.out", "to": "tanh.in"},
        {"from": "tanh.out", "to": "drop.in"},
        {"from": "drop.out", "to": "last.in"},
        {"from": "last.out", "to": "loss.prediction"},
        {"from": "data.y", "to": "loss.target"},
    ],
    "training": {"optimizer": "adam", "lr": 0.01, "batch_size": 16, "epochs": 3, "dtype": "float64", "seed": 3},
}
"""Dropout, batch norm, Adam, and more data than one batch."""


def example(name: str, **training: Any) -> tuple[Project, Path]:
    file = assets.folder() / "examples" / f"{name}.chainrule"
    project = files.load(file)
    return (edits.set_training(project, training)[0] if training else project), file.parent


def run_of(project: Project, folder: Path | None = None, steps: int = 0) -> Run:
    run = Run(load(project, folder, None), lambda _: None)
    with run.trainer.drawing():
        while run.trainer.steps < steps:
            run.tick()
    return run


def careful(steps: int = 7) -> Run:
    return run_of(files.loads(json.dumps(CAREFUL)), steps=steps)


def curve_of(run: Run, entry: Entry, low: float, high: float, count: int = 9, on: On = "train") -> LossCurve:
    work = CurveWork(run, entry, low, high, count, on)
    while not work.done:
        work.advance()
    return work.curve()


@contextmanager
def held(run: Run, entry: Entry, value: float) -> Iterator[Any]:
    """A copy of the network with another weight."""
    net = copy.deepcopy(run.trainer.net)
    with torch.no_grad():
        net.get_parameter(entry[0])[entry[1]] = value
    yield net


def bits(value: Any) -> Any:
    """A whole state as something that can be compared."""
    if isinstance(value, Tensor):
        return (value.dtype, tuple(value.shape), value.detach().cpu().numpy().tobytes())
    if isinstance(value, dict):
        return {key: bits(each) for key, each in value.items()}
    return [bits(each) for each in value] if isinstance(value, list | tuple) else value


# -- the textbook curve --


def test_the_textbook_curve_is_its_polynomial():
    found = curve_of(run_of(*example("descent")), W, -2.5, 2.5, 161)
    assert np.array_equal(found.w, np.linspace(-2.5, 2.5, 161))
    np.testing.assert_allclose(found.loss, found.w**4 - 3 * found.w**2 + found.w, rtol=1e-12, atol=1e-12)
    assert (found.here, found.value, found.slope) == (2.0, 6.0, 4 * 8.0 - 12.0 + 1)
    assert (found.gradient, found.lr, found.plain) == (21.0, 0.1, True)
    assert found.after == pytest.approx(2.0 - 0.1 * 21.0, rel=1e-12)
    assert (found.on, found.samples, found.at) == ("train", 0, 0)


@pytest.mark.parametrize("number", range(3))
def test_the_next_step_of_the_textbook_is_told_before_it_is_made(number):
    golden = GOLDEN["runs"][number]
    project, folder = example("descent", lr=golden["lr"])
    for step, (_, after) in enumerate(zip(golden["first_steps"][:5], golden["first_steps"][1:], strict=False)):
        run = run_of(project, folder, step)
        assert curve_of(run, W, -3, 3, 2).after == pytest.approx(after, rel=1e-12)


# -- networks with data --


@pytest.mark.parametrize("entry", [("first.weight", (2, 1)), ("last.bias", (0,)), ("norm.weight", (3,))])
def test_over_all_training_data_it_is_the_module_in_evaluation_mode(entry):
    run = careful()
    data = run.loaded.part("train")
    assert len(data["data.x"]) > run.loaded.result.settings["batch_size"]
    found = curve_of(run, entry, -2.0, 3.0)
    for w, loss in zip(found.w, found.loss, strict=True):
        with held(run, entry, float(w)) as net, torch.no_grad():
            assert loss == pytest.approx(net.eval().loss(data).item(), rel=1e-12)
    with held(run, entry, found.here) as net:
        whole = net.eval().loss(data)
        grad = torch.autograd.grad(whole, net.get_parameter(entry[0]))[0]
    assert found.value == pytest.approx(whole.item(), rel=1e-12)
    assert found.slope == pytest.approx(grad[entry[1]].item(), rel=1e-11)
    assert found.samples == len(data["data.x"])


def test_over_the_next_batch_it_is_what_the_next_step_differentiates():
    run, entry = careful(), ("first.weight", (2, 1))
    found = curve_of(run, entry, -2.0, 3.0, on="batch")
    assert found.samples == 16

    def direct(value: float, batch: Batch) -> tuple[float, float]:
        with held(run, entry, value) as net:
            loss = net.train().loss(batch)
            return loss.item(), torch.autograd.grad(loss, net.get_parameter(entry[0]))[0][entry[1]].item()

    for w, loss in zip(found.w, found.loss, strict=True):
        with as_next(run, None) as batch:
            assert loss == pytest.approx(direct(float(w), batch)[0], rel=1e-12)
    with as_next(run, None) as batch:
        assert (found.value, found.slope) == pytest.approx(direct(found.here, batch), rel=1e-12)
    assert found.gradient == pytest.approx(found.slope, rel=1e-12)


@pytest.mark.parametrize("on", ["train", "batch"])
def test_the_next_step_is_the_one_that_is_made(on):
    """Adam, and the draws of the next step: what is told comes to pass, whatever the curve is drawn over."""
    run, entry = careful(), ("first.weight", (2, 1))
    found = curve_of(run, entry, -2.0, 3.0, 3, on)
    with run.trainer.drawing():
        loss = run.trainer.step()
    assert found.after == run.trainer.net.get_parameter(entry[0])[entry[1]].item()
    assert not found.plain
    if on == "batch":
        assert found.value == pytest.approx(loss, rel=1e-12)


def test_a_loss_that_adds_up_is_measured_in_batches_as_validation_does():
    project, folder = example("linear-fit", dtype="float64")
    project = edits.set_params(project, "loss", {"reduction": "sum"})[0]
    run = run_of(project, folder)
    found = curve_of(run, ("line.bias", (0,)), -1, 1, 3)
    assert found.value == pytest.approx(run.evaluate("train").loss, rel=1e-12)


@pytest.mark.parametrize("on", ["train", "batch"])
def test_nothing_changes_to_the_bit(on):
    run = careful()
    outside = torch.get_rng_state()
    before = bits(run.state())
    work = CurveWork(run, ("first.weight", (2, 1)), -2.0, 3.0, 5, on)
    while not work.done:
        work.advance()
        assert bits(run.state()) == before
        assert torch.is_grad_enabled(), "between two batches, a training step may come"
    assert torch.equal(torch.get_rng_state(), outside)
    assert all(parameter.requires_grad for parameter in run.trainer.net.parameters())


def test_an_unfinished_curve_reaches_from_end_to_end():
    assert list(coarse_to_fine(5)) == [0, 4, 2, 1, 3]
    for count in (2, 3, 6, 161):
        assert sorted(coarse_to_fine(count)) == list(range(count))
    work = CurveWork(run_of(*example("descent")), W, -2.0, 2.0, 161, "train")
    for _ in range(10):
        work.advance()
    assert (work.curve().w[0], work.curve().w[-1], len(work.curve().w)) == (-2.0, 2.0, 9)
    assert not work.done


def test_what_is_not_finite_stays_in_the_curve():
    found = curve_of(run_of(*example("descent")), W, -1e80, 1e80, 3)
    assert list(found.loss) == [math.inf, 0.0, math.inf] or np.isnan(found.loss[[0, 2]]).all()


def test_a_weight_that_is_not_there_is_refused_in_a_sentence():
    run = careful()
    for entry, words in (
        (("nobody.weight", (0,)), "no parameter"),
        (("first.weight", (0,)), "5 × 2"),
        (("first.weight", (5, 0)), "no first.weight[6, 1]"),
    ):
        with pytest.raises(ValueError, match=words.replace("[", r"\[")):
            CurveWork(run, entry, -1, 1, 3, "train")
    with pytest.raises(ValueError, match="two finite ends"):
        CurveWork(run, ("first.bias", (0,)), 1.0, 1.0, 3, "train")


def test_a_frozen_weight_has_a_slope_but_no_step():
    found = curve_of(run_of(*example("descent")), ("c.value", ()), -1, 1, 3)
    assert found.slope == pytest.approx(-4.0)  # ∂(w⁴ − c w² + w)/∂c at w = 2
    assert math.isnan(found.after)


def test_writing_to_a_weight_writes_to_the_network():
    run = careful()
    weight_in(run.trainer.net, ("first.weight", (2, 1))).fill_(0.25)
    assert run.trainer.net.get_parameter("first.weight")[2, 1].item() == 0.25


# -- asked through the session --


def test_the_session_answers_and_refines():
    with Listener(*example("descent")) as listener:
        told = listener.ask(lambda: listener.session.loss_curve(W, -2.5, 2.5, 7), LossCurveTaken)
        assert (told.request, told.complete, told.error) == (7, True, "")
        assert told.curve is not None
        assert len(told.curve.w) == 161
        told = listener.ask(lambda: listener.session.loss_curve(("x.y", ()), 0, 1, 8), LossCurveTaken)
        assert (told.request, told.curve) == (8, None)
        assert "no parameter" in told.error


def test_a_long_curve_tells_of_progress_and_can_be_given_up():
    with Listener(*example("fashion-dense")) as listener:
        session, entry = listener.session, ("output.weight", (0, 0))
        session.loss_curve(entry, -1, 1, 3, count=20_001)
        listener.wait(LossCurving)
        done = listener.ask(lambda: session.cancel_curve(3), LossCurveTaken)
        assert (done.request, done.complete) == (3, False)
        assert done.curve is not None
        at_once = listener.ask(lambda: session.loss_curve(entry, -1, 1, 4, count=20_001, now=True), LossCurveTaken)
        assert (at_once.request, at_once.complete) == (4, False)


@pytest.mark.parametrize("number", range(3))
def test_every_update_of_a_followed_weight_is_told(number):
    """The three fates of the textbook, from the session."""
    golden = GOLDEN["runs"][number]
    with Listener(*example("descent", lr=golden["lr"])) as listener:
        first = listener.ask(lambda: listener.session.follow("test", [W]), Followed)
        assert (first.who, first.moved, first.values.tolist(), first.steps.tolist()) == ("test", True, [[2.0]], [0])
        listener.drain()
        since = len(listener.events)
        listener.session.play(Until(steps=golden["steps"]))
        listener.until("paused", "finished", since=since)
        path = [event for event in listener.of(Followed) if not event.moved]
        steps, values = (np.concatenate([getattr(event, name) for event in path]) for name in ("steps", "values"))
        assert steps.tolist() == list(range(1, golden["steps"] + 1))
        np.testing.assert_allclose(values[:5, 0], golden["first_steps"][1:], rtol=1e-12)
        if not golden["diverged"]:
            assert values[-1, 0] == pytest.approx(golden["w"], rel=1e-12)
        assert not listener.of(RunFailed)


def test_an_update_is_told_once_though_a_validation_follows_it():
    with Listener(*example("linear-fit", epochs=30)) as listener:
        listener.ask(lambda: listener.session.follow("test", [("line.bias", (0,))]), Followed)
        listener.play_to_the_end()
        told = np.concatenate([event.steps for event in listener.of(Followed)])
        assert told.tolist() == list(range(30 * 5 + 1))


def test_who_asks_again_or_sets_a_weight_meanwhile_misses_no_update():
    with Listener(*example("linear-fit", epochs=100)) as listener:
        session, bias = listener.session, ("line.bias", (0,))
        listener.ask(lambda: session.follow("test", [bias]), Followed)
        session.play()
        for _ in range(20):
            session.follow("test", [bias])
            session.set_weights({("line.weight", (0, 0)): 1.0})
        listener.until("finished")
        told = np.concatenate([event.steps for event in listener.of(Followed) if not event.moved])
        assert told.tolist() == list(range(1, 100 * 5 + 1))


def test_whatever_moves_a_followed_weight_is_told():
    with Listener(*example("descent")) as listener:
        session = listener.session
        listener.ask(lambda: session.follow("test", [W]), Followed)
        told = listener.ask(lambda: session.set_weights({W: -0.5}), Followed)
        assert (told.moved, told.values.tolist()) == (True, [[-0.5]])
        listener.drain()
        since = len(listener.events)
        session.step()
        listener.until("paused", since=since)
        back = listener.ask(session.step_back, Followed)
        assert (back.moved, back.steps.tolist(), back.values.tolist()) == (True, [0], [[-0.5]])
        listener.wait(Timeline)
        again = listener.ask(session.reset, Followed)
        assert (again.moved, again.values.tolist()) == (True, [[2.0]])
        lost = listener.ask(lambda: session.follow("test", [("x.y", ())]), Followed)
        assert "no parameter" in lost.error
        session.follow("test", ())
        session.set_weights({("x.y", ()): 1.0})
        assert "no parameter" in listener.wait(Said).message


def test_single_weights_are_set_and_the_others_stay():
    with Listener(*example("linear-fit")) as listener:
        before = weights_of(listener)
        listener.session.set_weights({("line.bias", (0,)): 0.25})
        now = weights_of(listener)
        assert now["line.bias"].tolist() == [0.25]
        assert np.array_equal(now["line.weight"], before["line.weight"])


# -- linear fits --


@pytest.mark.parametrize("name", ["linear-fit", "polynomial-fit"])
def test_a_linear_fit_is_its_module(name):
    run = run_of(*example(name, dtype="float64"), steps=5)
    fit = linear_fit(run)
    theta = np.array([weight_in(run.trainer.net, entry).item() for entry in fit.entries])
    data = run.loaded.part("train")
    loss = run.trainer.net.loss(data).item()
    assert fit.loss(theta) == pytest.approx(loss, rel=1e-12)
    for pair in ((0, len(theta) - 1), (len(theta) - 1, 0)):
        bowl = fit.bowl(theta, pair)
        assert bowl.loss(theta[list(pair)]) == pytest.approx(loss, rel=1e-12)
        for place in ((0.5, -1.0), (2.0, 1.0)):
            with copy_with(run, {fit.entries[at]: value for at, value in zip(pair, place, strict=True)}) as net:
                assert bowl.loss(np.array(place)) == pytest.approx(net.loss(data).item(), rel=1e-12)
    drawn = fit.features[fit.split == 0] @ theta - fit.y[fit.split == 0]
    assert float(np.mean(drawn**2)) == pytest.approx(loss, rel=1e-12)


@contextmanager
def copy_with(run: Run, numbers: dict[Entry, float]) -> Iterator[Any]:
    net = copy.deepcopy(run.trainer.net)
    for entry, value in numbers.items():
        weight_in(net, entry).fill_(value)
    yield net


def test_the_star_is_the_least_squares_solution():
    run = run_of(*example("linear-fit", dtype="float64"))
    fit = linear_fit(run)
    assert fit.symbols == ("w", "b")
    assert fit.is_line
    data = run.loaded.part("train")
    x, y = data["data.x"].numpy(), data["data.y"].numpy()
    direct = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)[0][:, 0]
    bowl = fit.bowl(np.zeros(2), (0, 1))
    np.testing.assert_allclose(bowl.centre, direct, rtol=1e-12)
    assert bowl.unique
    with copy_with(run, dict(zip(fit.entries, bowl.centre.tolist(), strict=True))) as net:
        loss = net.loss(data)
        grads = torch.autograd.grad(loss, list(net.parameters()))
    assert loss.item() == pytest.approx(bowl.least, rel=1e-12)
    assert max(grad.abs().max().item() for grad in grads) < 1e-12


def test_a_polynomial_holds_the_coefficients_that_are_not_chosen():
    run = run_of(*example("polynomial-fit", dtype="float64"))
    fit = linear_fit(run)
    assert fit.symbols == ("w₁", "w₂", "w₃", "b")
    assert not fit.is_line
    theta = np.array([0.3, -1.0, 2.0, 0.5])
    bowl = fit.bowl(theta, (1, 2))
    inside = fit.split == 0
    others = fit.features[inside][:, [0, 3]] @ theta[[0, 3]]
    direct = np.linalg.lstsq(fit.features[inside][:, [1, 2]], fit.y[inside] - others, rcond=None)[0]
    np.testing.assert_allclose(bowl.centre, direct, rtol=1e-10)


@pytest.mark.parametrize(
    ("name", "words"),
    [("spiral", "mean squared"), ("descent", "squared"), ("quadratic-fit", "learned before"), ("mazur", "squared")],
)
def test_another_network_is_told_in_a_sentence_to_be_none(name, words):
    with pytest.raises(NotLinearError, match=words):
        linear_fit(run_of(*example(name)))
    with Listener(*example(name)) as listener:
        told = listener.ask(lambda: listener.session.linear_fit(2), LinearFitTaken)
        assert told.fit is None
        assert words in told.error


def test_the_session_tells_the_linear_fit():
    with Listener(*example("linear-fit")) as listener:
        told = listener.ask(lambda: listener.session.linear_fit(5), LinearFitTaken)
        assert (told.request, told.error) == (5, "")
        assert told.fit is not None
        assert told.fit.entries == (("line.weight", (0, 0)), ("line.bias", (0,)))
