"""Traced steps against published numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.build import build
from engine.tracing import trace_step
from tests.helpers.projects import chain, make_project, planned

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


def dense_net(x, y, layers, parameters, training, *, bias=True, frozen=()):
    """Dense layers with sigmoids, and the sum of half squared errors; its trace."""
    nodes: list[Any] = [("data", "Input", {"dataset": "inline", "x": x, "y": y, "target_type": "numbers"})]
    for index, units in enumerate(layers, 1):
        nodes.append((f"dense{index}", "Dense", {"out_features": units, "bias": bias, "frozen": frozen}))
        nodes.append((f"act{index}", "Activation", {"function": "sigmoid"}))
    nodes.append(("loss", "Loss", {"function": "half_squared_error", "reduction": "sum"}))
    names = [name for name, *_ in nodes[1:-1]]
    wires = [f"data.x -> {names[0]}", *chain(*names), f"{names[-1]} -> loss.prediction", "data.y -> loss.target"]
    result = planned(make_project(nodes, wires, {"optimizer": "sgd", "dtype": "float64", **training}))
    net = build(result, dtype=torch.float64, parameters=parameters)
    data = {"data.x": torch.tensor(x, dtype=torch.float64), "data.y": torch.tensor(y, dtype=torch.float64)}
    return net, data


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-9)


def by_node(entries):
    return {entry["node"]: entry for entry in entries}


def by_parameter(trace):
    return {entry["parameter"]: entry for entry in trace["update"]}


def test_mazur():
    want = golden("mazur_2_2_2")
    step = want["step1"]
    net, data = dense_net(
        [want["x"]],
        [want["target"]],
        (2, 2),
        {
            "dense1.weight": want["W1"],
            "dense1.bias": want["b1"],
            "dense2.weight": want["W2"],
            "dense2.bias": want["b2"],
        },
        {"lr": want["lr"]},
        frozen=["bias"],
    )
    trace = trace_step(net, data)
    forward, backward, update = by_node(trace["forward"]), by_node(trace["backward"]), by_parameter(trace)
    assert trace["errors"] == []
    close(trace["loss"], step["E_total"])
    for node, key in (("dense1", "net_h"), ("act1", "out_h"), ("dense2", "net_o"), ("act2", "out_o")):
        close(forward[node]["outputs"]["out"], [step[key]])
    close(backward["act2"]["grad_outputs"]["out"], [step["dE_dout_o"]])
    close(backward["act2"]["grad_inputs"]["in"], [step["dE_dnet_o"]])
    close(backward["dense2"]["grad_parameters"]["weight"], step["dE_dW2"])
    close(backward["act1"]["grad_outputs"]["out"], [step["dE_dout_h"]])
    close(backward["dense1"]["grad_outputs"]["out"], [step["dE_dnet_h"]])
    close(backward["dense1"]["grad_parameters"]["weight"], step["dE_dW1"])
    close(update["dense1.weight"]["before"], want["W1"])
    close(update["dense1.weight"]["after"], step["W1_next"])
    close(update["dense2.weight"]["after"], step["W2_next"])
    for name, value in (("dense1.bias", want["b1"]), ("dense2.bias", want["b2"])):
        entry = update[name]
        assert entry["before"].tolist() == entry["after"].tolist() == value
        assert entry["applied"] is None
    close(update["dense2.bias"]["grad"], step["dE_dnet_o"])
    close(update["dense1.bias"]["grad"], step["dE_dnet_h"])


def test_slides():
    want = golden("slides_2_2_1")
    net, data = dense_net(
        [want["x"]],
        [[want["target"]]],
        (2, 1),
        {"dense1.weight": want["W1"], "dense2.weight": [want["w2"]]},
        {"lr": want["lr"]},
        bias=False,
    )
    trace = trace_step(net, data)
    forward, backward, update = by_node(trace["forward"]), by_node(trace["backward"]), by_parameter(trace)
    assert trace["errors"] == []
    close(trace["loss"], want["E"])
    close(forward["dense1"]["outputs"]["out"], [want["net_h"]])
    close(forward["act1"]["outputs"]["out"], [want["out_h"]])
    close(forward["act2"]["outputs"]["out"], [[want["out_o"]]])
    close(backward["loss"]["grad_inputs"]["prediction"], [[want["dE_dout_o"]]])
    close(backward["dense2"]["grad_parameters"]["weight"], [want["dE_dw2"]])
    close(backward["dense1"]["grad_parameters"]["weight"], want["dE_dW1"])
    close(update["dense1.weight"]["after"], want["after_update"]["W1"])
    close(update["dense2.weight"]["after"], [want["after_update"]["w2"]])


def test_trask():
    want = golden("trask_3_4_1")
    start = {"dense1.weight": np.transpose(want["W1_in_out"]), "dense2.weight": np.transpose(want["W2_in_out"])}
    net, data = dense_net(want["X"], want["y"], (4, 1), start, {"lr": 1.0}, bias=False)
    trace = trace_step(net, data)
    assert trace["errors"] == []
    after = {entry["parameter"]: entry["after"] for entry in trace["update"]}
    moved, _ = dense_net(want["X"], want["y"], (4, 1), after, {"lr": 1.0}, bias=False)
    (output,) = moved(data).values()
    close(output[:, 0].detach().numpy(), want["after_updates"]["1"]["output"])


@pytest.mark.parametrize("count", [10, 15])
def test_vanishing_chains(count):
    """The loss is the output itself, so the gradient that arrives at the last layer is 1: |o − t| with t far below."""
    want = golden(f"vanishing_chain_sigmoid_{count}")
    nodes: list[Any] = [
        ("data", "Input", {"dataset": "inline", "x": [[want["input"]]], "y": [[-1.0]], "target_type": "numbers"})
    ]
    for layer in range(1, count + 1):
        nodes += [
            (f"dense{layer}", "Dense", {"out_features": 1}),
            (f"act{layer}", "Activation", {"function": "sigmoid"}),
        ]
    nodes.append(("loss", "Loss", {"function": "l1"}))
    names = [name for name, *_ in nodes[1:-1]]
    wires = [f"data.x -> {names[0]}", *chain(*names), f"{names[-1]} -> loss.prediction", "data.y -> loss.target"]
    start: dict[str, Any] = {f"dense{layer}.weight": [[1.0]] for layer in range(1, count + 1)}
    start |= {f"dense{layer}.bias": [0.0] for layer in range(1, count + 1)}
    result = planned(make_project(nodes, wires, {"dtype": "float64"}))
    net = build(result, dtype=torch.float64, parameters=start)
    data = {
        "data.x": torch.full((1, 1), want["input"], dtype=torch.float64),
        "data.y": torch.full((1, 1), -1.0).double(),
    }
    trace = trace_step(net, data)
    assert trace["errors"] == []
    forward, backward = by_node(trace["forward"]), by_node(trace["backward"])
    for layer, activation in enumerate(want["activations"], 1):
        close(forward[f"act{layer}"]["outputs"]["out"], [[activation]])
    for entry in want["gradients"]:
        found = backward[f"dense{entry['layer']}"]["grad_parameters"]
        np.testing.assert_allclose(found["weight"], [[entry["dL_dw"]]], rtol=1e-9)
        np.testing.assert_allclose(found["bias"], [entry["dL_db"]], rtol=1e-9)
