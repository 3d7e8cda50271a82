"""A traced step: its parts, the trainer's own update, and formulas that are caught when they are wrong."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import files
from engine.block import registry
from engine.build import Net, build
from engine.tracing import to_json, trace_step
from engine.training.loading import load
from engine.training.updates import Updater
from tests.engine.nets import CNN, MLP, RESIDUAL, batch, residual_group, two_losses
from tests.engine.test_tracing_golden import by_node, by_parameter
from tests.helpers.projects import chain, make_project, planned, rows

# -- the shape of a trace --


def test_order_and_keys():
    trace = trace_step(build(RESIDUAL), batch(RESIDUAL))
    order = [path for path in RESIDUAL.order if path in build(RESIDUAL).order]
    assert [entry["node"] for entry in trace["forward"]] == order
    assert [entry["node"] for entry in trace["backward"]] == order[::-1]
    assert set(trace) == {"loss", "forward", "backward", "update", "after", "errors"}
    for entry in trace["backward"]:
        assert set(entry) == {"node", "grad_outputs", "grad_inputs", "grad_parameters", "terms"}
    for entry in trace["update"]:
        keys = {"parameter", "before", "grad", "applied", "state_before", "state_after", "after"}
        assert keys <= set(entry) <= keys | {"terms"}


def test_gradients_that_arrive_over_several_wires_are_added_and_shown_apart():
    trace = trace_step(build(RESIDUAL), batch(RESIDUAL))
    backward = by_node(trace["backward"])
    entry = backward["act1"]
    assert [term["from"] for term in entry["terms"]["out"]] == ["add.a", "inner.in"]
    np.testing.assert_array_equal(sum(term["grad"] for term in entry["terms"]["out"]), entry["grad_outputs"]["out"])
    assert backward["act2"]["terms"] == {}
    inner = by_parameter(trace)["inner.weight"]
    assert {term["from"] for term in inner["terms"]} == {"inner", "price"}
    np.testing.assert_allclose(sum(term["grad"] for term in inner["terms"]), inner["grad"], rtol=1e-5)
    assert set(backward["price"]["grad_parameters"]) == {"inner.weight"}


def test_shared_weights_collect_the_gradients_of_all_uses():
    result = planned(residual_group(repeat=2), rows(4, 2))
    trace = trace_step(build(result), batch(result))
    assert trace["errors"] == []
    terms = by_parameter(trace)["res.1.conv.weight"]["terms"]
    assert {term["from"] for term in terms} == {"res.1.conv", "twin.1.conv"}


# -- the same numbers as training --


@pytest.mark.parametrize("result", [MLP, CNN, RESIDUAL], ids=["mlp", "cnn", "residual"])
def test_loss_and_outputs_are_those_of_the_network_under_the_same_draws(result):
    net = build(result)
    data = batch(result)
    torch.manual_seed(4)
    trace = trace_step(net, data)
    loss, shown = net.loss_and(net.order)(data)
    assert trace["loss"] == loss.item()
    assert trace["errors"] == []
    for entry in trace["forward"]:
        for port, value in entry["outputs"].items():
            np.testing.assert_array_equal(value, shown[f"{entry['node']}.{port}"].detach().numpy())
    loss.backward()
    for entry in trace["update"]:
        grad = net.get_parameter(entry["parameter"]).grad
        assert grad is not None
        np.testing.assert_array_equal(entry["grad"], grad.numpy())


EXAMPLES = sorted((Path(__file__).parents[2] / "assets" / "examples").glob("*.chainrule"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_traced_without_a_false_alarm(path):
    loaded = load(files.load(path), path.parent)
    net = build(loaded.result, dtype=loaded.dtype, parameters=loaded.start)
    data = {name: value[: loaded.result.settings["batch_size"]] for name, value in loaded.part("train").items()}
    torch.manual_seed(1)
    trace = trace_step(net, data)
    assert trace["errors"] == []
    assert trace["loss"] == net.loss(data).item()


OPTIMIZERS = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, 0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
    "adam": lambda parameters: torch.optim.Adam(parameters, 0.1, weight_decay=0.01),
    "adamw": lambda parameters: torch.optim.AdamW(parameters, 0.1, weight_decay=0.01),
    "rmsprop": lambda parameters: torch.optim.RMSprop(parameters, 0.1, weight_decay=0.01, momentum=0.9),
    "adagrad": lambda parameters: torch.optim.Adagrad(parameters, 0.1, weight_decay=0.01),
    "adadelta": lambda parameters: torch.optim.Adadelta(parameters, 0.1, weight_decay=0.01),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("clip", [{}, {"clip_value": 0.01}, {"clip_norm": 0.1}])
def test_the_update_is_that_of_torch(kind, clip):
    settings = {"optimizer": kind, "lr": 0.1, "weight_decay": 0.01, **clip}
    if kind in ("sgd", "rmsprop"):
        settings["momentum"] = 0.9
    if kind == "sgd":
        settings["nesterov"] = True
    result = planned(
        make_project(
            [
                ("data", "Input"),
                ("one", "Dense", {"out_features": 5, "frozen": ["bias"]}),
                ("act", "Activation", {"function": "tanh"}),
                ("two", "Dense", {"out_features": 2}),
                ("loss", "Loss"),
            ],
            ["data.x -> one", *chain("one", "act", "two"), "two -> loss.prediction", "data.y -> loss.target"],
            settings,
        ),
        rows(3, 2),
    )
    net = build(result, dtype=torch.float64)
    twin = copy.deepcopy(net)
    optimizer = OPTIMIZERS[kind]([value for value in twin.parameters() if value.requires_grad])
    memory: Any = {}
    for turn in range(3):
        data = batch(result, seed=turn, dtype=torch.float64)
        trace = trace_step(net, data, memory=memory)
        optimizer.zero_grad()
        twin.loss(data).backward()
        trained = [value for value in twin.parameters() if value.requires_grad]
        if "clip_value" in clip:
            torch.nn.utils.clip_grad_value_(trained, clip["clip_value"])
        if "clip_norm" in clip:
            torch.nn.utils.clip_grad_norm_(trained, clip["clip_norm"])
        before = {name: value.detach().clone() for name, value in twin.named_parameters()}
        clipped = {name: value.grad.clone() for name, value in twin.named_parameters() if value.grad is not None}
        optimizer.step()
        for entry in trace["update"]:
            name = entry["parameter"]
            parameter = twin.get_parameter(name)
            np.testing.assert_allclose(entry["before"], before[name], rtol=1e-12)
            np.testing.assert_allclose(entry["after"], parameter.detach(), rtol=1e-12)
            if name == "one.bias":
                assert entry["state_after"] == {}
                continue
            decay = 0.0 if kind == "adamw" else 0.01
            np.testing.assert_allclose(entry["applied"], clipped[name] + decay * before[name], rtol=1e-12, atol=1e-16)
            state = optimizer.state[parameter]
            for key in set(entry["state_after"]) & set(state):
                np.testing.assert_allclose(entry["state_after"][key], state[key], rtol=1e-12)
            assert set(entry["state_after"]) & set(state)
            assert int(entry["state_before"]["step"]) == turn
            assert int(entry["state_after"]["step"]) == turn + 1
        with torch.no_grad():
            for entry in trace["update"]:
                net.get_parameter(entry["parameter"]).copy_(torch.from_numpy(entry["after"]))
        memory = {
            entry["parameter"]: {
                "step": int(entry["state_after"]["step"]),
                **{key: torch.from_numpy(value) for key, value in entry["state_after"].items() if key != "step"},
            }
            for entry in trace["update"]
            if entry["state_after"]
        }


def test_the_update_is_the_trainers_to_the_bit():
    result = planned(
        make_project(
            [
                ("data", "Input"),
                ("one", "Dense", {"out_features": 5}),
                ("drop", "Dropout"),
                ("two", "Dense", {"out_features": 2}),
                ("loss", "Loss"),
            ],
            ["data.x -> one", *chain("one", "drop", "two"), "two -> loss.prediction", "data.y -> loss.target"],
            {"optimizer": "adam", "clip_norm": 0.01},
        ),
        rows(3, 2),
    )
    net = build(result)
    data = batch(result)
    torch.manual_seed(7)
    trace = trace_step(net, data, lr=0.02)
    updater = Updater(net.trainable(), result.phases[0].settings)
    updater.clear()
    net.loss(data).backward()
    updater.update(0.02, updater.norm())
    for entry in trace["update"]:
        np.testing.assert_array_equal(entry["after"], net.get_parameter(entry["parameter"]).detach().numpy())


def test_a_trace_changes_nothing():
    net = build(CNN)
    net.loss(batch(CNN)).backward()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    grads = {name: value.grad for name, value in net.named_parameters()}
    random = torch.get_rng_state()
    for mode in (True, False):
        net.train(mode)
        trace_step(net, batch(CNN))
        assert all(module.training is mode for module in net.modules())
    assert torch.equal(random, torch.get_rng_state())
    for name, value in net.state_dict().items():
        assert torch.equal(value, state[name]), name
    for name, parameter in net.named_parameters():
        assert parameter.grad is grads[name]


def test_a_phase_has_its_own_loss_and_parameters():
    phases = [
        {"minimise": [{"from": "near.out"}], "update": ["one"]},
        {"maximise": [{"from": "far.out", "weight": 0.5}], "update": ["other.weight"], "optimizer": "adam"},
    ]
    result = planned(two_losses(phases=phases), rows(3, 2))
    net = build(result)
    data = batch(result)
    first, second = trace_step(net, data, phase=0), trace_step(net, data, phase=1)
    assert {entry["node"] for entry in first["forward"]} == {"data", "one", "near"}
    assert by_node(second["backward"])["far"]["grad_outputs"]["out"].item() == -0.5
    entries = by_parameter(second)
    assert entries["one.weight"]["applied"] is None
    assert np.array_equal(entries["one.weight"]["before"], entries["one.weight"]["after"])
    assert np.any(entries["one.weight"]["grad"] != 0)
    assert set(entries["other.weight"]["state_after"]) == {"step", "exp_avg", "exp_avg_sq"}
    assert entries["other.bias"]["applied"] is None


# -- wrong formulas --


def spoil(monkeypatch, kind, wrong):
    block = registry()[kind]
    honest = block.grads
    monkeypatch.setattr(type(block), "grads", lambda self, c: wrong(honest(c)))


WRONG = {
    "twice as much": lambda found: {name: 2 * value for name, value in found.items()},
    "other sign": lambda found: {name: -value for name, value in found.items()},
    "one number": lambda found: {
        name: value + (torch.arange(value.numel()).reshape(value.shape) == 0) * 0.1 for name, value in found.items()
    },
    "nothing": lambda found: {},
    "not a number": lambda found: {name: value * float("nan") for name, value in found.items()},
    "another shape": lambda found: {name: value.sum() for name, value in found.items()},
    "a gradient too many": lambda found: {**found, "nobody": torch.zeros(1)},
    "an exception": lambda found: found["no such name"],
}


@pytest.mark.parametrize("kind", ["Dense", "Activation", "Loss", "Add", "Regularizer"])
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_formula_turns_the_trace_red(monkeypatch, kind, wrong):
    net = build(RESIDUAL)
    data = batch(RESIDUAL)
    honest = trace_step(net, data)
    assert honest["errors"] == []
    spoil(monkeypatch, kind, WRONG[wrong])
    trace = trace_step(net, data)
    paths = {path for path in net.order if RESIDUAL.nodes[path].block == kind}
    assert {entry["node"] for entry in trace["backward"] if "error" in entry} == paths
    assert len(trace["errors"]) == len(paths)
    for entry, other in zip(trace["update"], honest["update"], strict=True):  # what flows on is right
        np.testing.assert_array_equal(entry["after"], other["after"])
    for entry, other in zip(trace["backward"], honest["backward"], strict=True):
        for port, value in entry["grad_outputs"].items():
            np.testing.assert_allclose(value, other["grad_outputs"][port], rtol=1e-4, atol=1e-7)


def test_a_small_error_in_double_precision_is_seen():
    def off(net: Net) -> list[str]:
        return [
            entry["node"] for entry in trace_step(net, batch(MLP, dtype=torch.float64))["backward"] if "error" in entry
        ]

    with pytest.MonkeyPatch.context() as patch:
        spoil(patch, "Dense", lambda found: {name: value * (1 + 1e-7) for name, value in found.items()})
        assert off(build(MLP, dtype=torch.float64)) == ["output", "hidden"]
    assert off(build(MLP, dtype=torch.float64)) == []


# -- JSON --


def test_json_is_exact_and_has_words_for_what_is_not_finite():
    trace = {"loss": float("nan"), "a": np.array([[1.0, np.inf], [-np.inf, 0.1]]), "n": np.array([1, 2]), "none": None}
    text = to_json(trace)
    assert json.loads(text) == {"loss": "NaN", "a": [[1.0, "Infinity"], ["-Infinity", 0.1]], "n": [1, 2], "none": None}
    traced = trace_step(build(MLP), batch(MLP))
    again = json.loads(to_json(traced))
    for entry, other in zip(again["update"], traced["update"], strict=True):
        np.testing.assert_array_equal(np.array(entry["after"], dtype=np.float32), other["after"])


def test_a_step_that_is_not_finite_is_traced_too():
    net = build(MLP)
    with torch.no_grad():
        net.get_parameter("hidden.weight")[0, 0] = float("inf")
    again = json.loads(to_json(trace_step(net, batch(MLP))))
    assert again["loss"] in ("NaN", "Infinity")
