"""Node by node the numbers are those of the straight-line code; a number that is not finite is traced to its node."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from engine.build import build
from engine.replay import first_nonfinite, first_nonfinite_gradient, replay, total, undisturbed
from tests.engine.nets import CNN, MLP, RESIDUAL, batch, residual_group
from tests.helpers.projects import make_project, planned, rows

GROUPS = planned(residual_group(repeat=2), rows(4, 2))


@pytest.mark.parametrize("result", [MLP, CNN, RESIDUAL, GROUPS], ids=["mlp", "cnn", "residual", "groups"])
@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_replay_equals_the_code_to_the_bit(result, traced, training):
    net = build(result).train(training)
    data = batch(result)
    objectives = result.objectives
    torch.manual_seed(3)
    with undisturbed(net):
        moments = replay(net, data, objectives, traced=traced)
        loss = total(moments, objectives)
        grads = torch.autograd.grad(loss, list(net.parameters()))
    wanted, shown = net.loss_and(net.order)(data)
    assert torch.equal(loss, wanted)
    assert tuple(moment.plan.path for moment in moments) == net.order
    for moment in moments:
        for port, value in moment.outputs.items():
            assert torch.equal(value, shown[f"{moment.plan.path}.{port}"])
    for mine, theirs in zip(grads, torch.autograd.grad(wanted, list(net.parameters())), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_a_replay_leaves_no_trace():
    net = build(CNN)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    random = torch.get_rng_state()
    with undisturbed(net):
        replay(net, batch(CNN), CNN.objectives)
    assert torch.equal(random, torch.get_rng_state())
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name])


# -- what is not finite --


@pytest.mark.parametrize("node", ["conv1", "bn", "conv2", "dense"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_bad_weight_is_found(node, value):
    net = build(CNN)
    assert first_nonfinite(net, batch(CNN)) is None
    with torch.no_grad():
        net.get_parameter(f"{node}.weight").flatten()[0] = value
    assert first_nonfinite(net, batch(CNN)) == node


def test_bad_data_are_the_fault_of_the_input():
    data = batch(MLP)
    data["data.x"][3, 1] = float("nan")
    assert first_nonfinite(build(MLP), data) == "data"


def test_a_node_that_makes_infinity_of_good_numbers():
    nodes = [
        ("data", "Input"),
        ("dense", "Dense", {"out_features": 2}),
        ("times", "Multiply"),
        ("again", "Multiply"),
        ("loss", "Loss"),
    ]
    wires = [
        "data.x -> dense",
        "dense -> times.a",
        "dense -> times.b",
        "times -> again.a",
        "times -> again.b",
        "again -> loss.prediction",
        "data.y -> loss.target",
    ]
    result = planned(make_project(nodes, wires), rows(2, 2))
    net = build(result, parameters={"dense.weight": [[1e12, 0], [0, 1e12]]})
    data = {"data.x": torch.ones(3, 2), "data.y": torch.ones(3, 2)}
    assert first_nonfinite(net, data) == "again"


def test_the_random_state_of_the_failing_step_counts():
    """Dropout decides whether the bad number comes through; the search sees the same mask as the step."""
    nodes = [
        ("data", "Input"),
        ("drop", "Dropout", {"p": 0.5}),
        ("dense", "Dense", {"out_features": 1}),
        ("loss", "Loss"),
    ]
    wires = ["data.x -> drop", "drop -> dense", "dense -> loss.prediction", "data.y -> loss.target"]
    result = planned(make_project(nodes, wires), rows(1, 1))
    net = build(result, parameters={"dense.weight": [[1e38]], "dense.bias": [0.0]})
    data = {"data.x": torch.full((1, 1), 2.0), "data.y": torch.zeros(1, 1)}
    answers = set()
    for seed in range(20):
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        infinite = not bool(torch.isfinite(net.loss(data)))
        found = first_nonfinite(net, data, prepare=partial(torch.set_rng_state, state))
        assert found == ("dense" if infinite else None)
        answers.add(found)
    assert answers == {"dense", None}


def test_a_bad_gradient_of_finite_numbers():
    """The square root's slope at 0 is infinite; beside it, a second reader of the same value has done nothing wrong."""

    class Root(nn.Module):
        def forward(self, x):
            return torch.sqrt(x)

    nodes = [
        ("data", "Input"),
        ("dense", "Dense", {"out_features": 2}),
        ("root", "Activation", {"function": "identity"}),
        ("good", "Activation", {"function": "tanh"}),
        ("add", "Add"),
        ("loss", "Loss"),
    ]
    wires = [
        "data.x -> dense",
        "dense -> root",
        "dense -> good",
        "root -> add.a",
        "good -> add.b",
        "add -> loss.prediction",
        "data.y -> loss.target",
    ]
    result = planned(make_project(nodes, wires), rows(2, 2))
    net = build(result, parameters={"dense.weight": [[0.0, 0.0], [0.0, 0.0]], "dense.bias": [0.0, 0.0]})
    data = {"data.x": torch.ones(3, 2), "data.y": torch.ones(3, 2)}
    assert first_nonfinite_gradient(net, data) is None
    net._modules["root"] = Root()
    assert first_nonfinite(net, data) is None
    assert first_nonfinite_gradient(net, data) == "root"
