"""Names, groups, parameters, objectives and errors of a built network."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.build import build, tensor_specs
from engine.facts import FactsCache
from engine.plan import check
from engine.problem import GraphError
from engine.recipe import Call, Module, Ref, Tensor
from tests.engine.nets import CNN, MLP, RESIDUAL, batch, residual_group, two_losses
from tests.helpers.projects import make_project, planned, rows

# -- names --


HOSTILE = [
    "loss",
    "outputs",
    "source",
    "order",
    "result",
    "trainable",
    "parameter",
    "sum",
    "print",
    "batch",
    "data_x",
    "values",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_block_may_bear_any_name(name):
    result = planned(
        make_project(
            [("data", "Input"), (name, "Dense", {"out_features": 3}), ("measure", "Loss")],
            [f"data.x -> {name}", f"{name} -> measure.prediction", "data.y -> measure.target"],
        ),
        rows(4, 3),
    )
    net = build(result)
    data = batch(result)
    assert list(net.state_dict()) == [f"{name}.weight", f"{name}.bias"]
    wanted = F.mse_loss(F.linear(data["data.x"], *net.parameters()), data["data.y"])
    assert torch.equal(net.loss(data), wanted)
    assert torch.equal(copy.deepcopy(net).loss(data), wanted)
    assert isinstance(net.get_submodule(name), nn.Linear)


# -- groups --


def test_groups_are_named_by_their_paths_and_shared_weights_are_there_once():
    result = planned(residual_group(repeat=2), rows(4, 2))
    net = build(result)
    assert list(net.state_dict()) == [
        "res.0.conv.weight",
        "res.0.conv.bias",
        "res.1.conv.weight",
        "res.1.conv.bias",
        "out.weight",
        "out.bias",
    ]
    assert net.parameter("twin.1.conv.weight") is net.parameter("res.1.conv.weight")
    data = batch(result)
    x = data["data.x"]
    for index in (0, 1, 0, 1):
        x = torch.tanh(net.get_submodule(f"res.{index}.conv")(x)) + x
    wanted = F.mse_loss(net.get_submodule("out")(x), data["data.y"])
    found = net.loss(data)
    assert torch.equal(found, wanted)
    names = [name for name, _ in net.named_parameters()]
    for mine, theirs in zip(
        torch.autograd.grad(found, list(net.parameters())),
        torch.autograd.grad(wanted, list(net.parameters())),
        strict=True,
    ):
        assert torch.equal(mine, theirs)
    assert tuple(names) == result.phases[0].update


def test_repetitions_that_share():
    net = build(planned(residual_group(repeat=3, share_across_repeats=True), rows(4, 2)))
    assert list(net.state_dict()) == ["res.0.conv.weight", "res.0.conv.bias", "out.weight", "out.bias"]


# -- parameters --


def test_frozen_parameters_are_not_trained():
    result = planned(
        make_project(
            [("data", "Input"), ("dense", "Dense", {"out_features": 3, "frozen": ["bias"]}), ("loss", "Loss")],
            ["data.x -> dense", "dense -> loss.prediction", "data.y -> loss.target"],
        ),
        rows(4, 3),
    )
    net = build(result)
    assert not net.get_parameter("dense.bias").requires_grad
    assert list(net.trainable()) == ["dense.weight"]
    net.loss(batch(result)).backward()
    assert net.get_parameter("dense.bias").grad is None


def test_start_values():
    start = {"hidden.bias": [0.5] * 16, "output.weight": np.ones((3, 16), dtype=np.float32)}
    net = build(MLP, parameters=start)
    assert net.get_parameter("hidden.bias").tolist() == [0.5] * 16
    assert torch.equal(net.get_parameter("output.weight"), torch.ones(3, 16))
    assert torch.equal(net.get_parameter("hidden.weight"), build(MLP).get_parameter("hidden.weight"))


def test_buffers_can_be_started_too():
    net = build(CNN, parameters={"bn.running_mean": [2.0] * 6, "bn.num_batches_tracked": 5})
    assert net.get_buffer("bn.running_mean").tolist() == [2.0] * 6
    assert net.get_buffer("bn.num_batches_tracked").item() == 5
    assert net.get_buffer("bn.num_batches_tracked").dtype == torch.int64
    assert build(CNN).get_buffer("bn.running_var").tolist() == [1.0] * 6


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"hidden.bias": [0.0]}, 'The start value of "hidden.bias" is 1, but the parameter is 16. Correct it'),
        ({"hidden.bias2": [0.0]}, 'There is a start value for "hidden.bias2", but no such parameter.'),
        ({"nobody.weight": [0.0]}, 'There is a start value for "nobody.weight", but no such parameter.'),
    ],
)
def test_start_values_that_fit_nothing(start, message):
    with pytest.raises(GraphError, match=message):
        build(MLP, parameters=start)


def test_tensor_specs_are_the_state():
    for result in (MLP, CNN, RESIDUAL):
        state = build(result).state_dict()
        assert {name: tuple(spec.shape) for name, spec in tensor_specs(result).items()} == {
            name: tuple(value.shape) for name, value in state.items()
        }
        assert list(tensor_specs(result)) == list(state)


def test_a_project_with_errors_is_not_built():
    project = make_project([("data", "Input"), ("dense", "Dense"), ("loss", "Loss")], ["data.x -> dense"])
    result = check(project, FactsCache(None).lookup)
    with pytest.raises(GraphError, match="prediction"):
        build(result)


# -- objectives --


def test_objectives_are_added_up():
    result = planned(two_losses(), rows(3, 2))
    net = build(result)
    data = batch(result)
    one = net.get_submodule("one")(data["data.x"])
    wanted = F.mse_loss(one, data["data.y"]) + F.l1_loss(net.get_submodule("other")(one), data["data.y"])
    assert torch.equal(net.loss(data), wanted)
    assert net.outputs == ("one.out", "other.out")


def test_phases_minimise_and_maximise_on_their_own():
    phases = [
        {"minimise": [{"from": "near.out"}, {"from": "far.out", "weight": 0.5}], "update": ["one"]},
        {"maximise": [{"from": "far.out"}], "update": ["other.weight"]},
    ]
    result = planned(two_losses(phases=phases), rows(3, 2))
    net = build(result)
    data = batch(result)
    one = net.get_submodule("one")(data["data.x"])
    near = F.mse_loss(one, data["data.y"])
    far = F.l1_loss(net.get_submodule("other")(one), data["data.y"])
    assert torch.equal(net.loss(data, 0), near + 0.5 * far)
    assert torch.equal(net.loss(data, 1), -far)
    assert list(net.trainable(0)) == ["one.weight", "one.bias"]
    assert list(net.trainable(1)) == ["other.weight"]
    loss, shown = net.loss_and(["one"], 1)(data)
    assert torch.equal(loss, -far)
    assert torch.equal(shown["one.out"], one)


def test_without_an_objective_there_are_outputs_but_no_loss():
    result = planned(
        make_project([("data", "Input"), ("dense", "Dense", {"out_features": 2})], ["data.x -> dense"]), rows(3, 1)
    )
    net = build(result)
    assert net.outputs == ("dense.out",)
    assert net({"data.x": torch.zeros(5, 3)})["dense.out"].shape == (5, 2)
    with pytest.raises(GraphError, match="nothing to minimise"):
        net.loss({})


def test_a_muted_block_hands_its_input_on():
    nodes = [
        ("data", "Input"),
        ("dense", "Dense", {"out_features": 2}),
        ("drop", "Dropout", {"bypass": True}),
        ("loss", "Loss"),
    ]
    wires = ["data.x -> dense", "dense -> drop", "drop -> loss.prediction", "data.y -> loss.target"]
    result = planned(make_project(nodes, wires), rows(3, 2))
    net = build(result)
    data = batch(result)
    assert net.outputs == ("dense.out",)
    assert torch.equal(net.loss(data), F.mse_loss(net.get_submodule("dense")(data["data.x"]), data["data.y"]))
    assert torch.equal(net.forward_to(["drop"])(data)["drop.out"], net(data)["dense.out"])


# -- errors --


@pytest.mark.parametrize("node", ["conv1", "dense"])
def test_an_error_names_its_node(node):
    net = build(CNN)
    module = net.get_submodule(node)
    module.weight = nn.Parameter(torch.zeros(1, 2, 3, 4, 5))
    with pytest.raises(RuntimeError) as error:
        net.loss(batch(CNN))
    assert net.node_at(error.value) == node
    with pytest.raises(RuntimeError) as error:
        net.eval()(batch(CNN))
    assert net.node_at(error.value) == node


def test_a_batch_that_does_not_fit_is_the_fault_of_the_first_to_use_it():
    net = build(MLP)
    with pytest.raises(RuntimeError) as error:
        net.loss({"data.x": torch.zeros(2, 5), "data.y": torch.zeros(2, 3)})
    assert net.node_at(error.value) == "hidden"
    with pytest.raises(KeyError) as missing:
        net.loss({"data.x": torch.zeros(2, 4)})
    assert net.node_at(missing.value) == "data"
    assert net.node_at(ValueError("elsewhere")) is None


# -- recipes of plug-ins that are wrong --


def with_recipe(node, **changes):
    """MLP with another recipe for one node."""
    plan = MLP.nodes[node]
    assert plan.recipe is not None
    return replace(MLP, nodes={**MLP.nodes, node: plan._replace(recipe=replace(plan.recipe, **changes))})


def test_a_recipe_that_promises_other_weights():
    wrong = with_recipe("hidden", parameters=(Tensor("weight", (16, 5)), Tensor("bias", (16,))))
    with pytest.raises(GraphError, match=r'its recipe promises 16 × 5 for "weight", but torch\.nn\.Linear has 16 × 4'):
        build(wrong)
    with pytest.raises(GraphError, match='its recipe promises none for "bias"'):
        build(with_recipe("hidden", parameters=(Tensor("weight", (16, 4)),)))


@pytest.mark.parametrize(
    "change",
    [{"calls": (Call("out", "torch.load", (Ref("in"),)),)}, {"module": Module("torch.hub.load", ("x", "y"))}],
)
def test_a_recipe_that_calls_what_it_may_not(change):
    with pytest.raises(GraphError, match=r'"hidden" .Dense. cannot be built: "torch\.(hub\.)?load" is not a call'):
        build(with_recipe("hidden", **change))


def test_a_loss_of_the_data_alone():
    project = make_project(
        [("data", "Input"), ("loss", "Loss")], ["data.x -> loss.prediction", "data.y -> loss.target"]
    )
    result = planned(project, rows(3, 3))
    net = build(result)
    data = batch(result)
    assert net.outputs == ()
    assert net(data) == {}
    assert torch.equal(net.loss(data), F.mse_loss(data["data.x"], data["data.y"]))
