"""The built module equals a hand-written one to the bit: outputs, loss and gradients; its code is straight."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.build import Net, build
from engine.data.layout import channels_last
from engine.problem import GraphError
from tests.engine.nets import CNN, MLP, RESIDUAL, Cnn, Mlp, Residual, batch
from tests.helpers.projects import NodeLine, chain, images, make_project, planned, rows

PAIRS = [(MLP, Mlp), (CNN, Cnn), (RESIDUAL, Residual)]


@pytest.mark.parametrize(("result", "by_hand"), PAIRS, ids=["mlp", "cnn", "residual"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("training", [True, False])
def test_equal_to_the_bit(result, by_hand, dtype, training):
    torch.manual_seed(5)
    hand = by_hand().to(dtype)
    net = build(result, dtype=dtype, parameters=hand.state_dict())
    assert net.state_dict().keys() == hand.state_dict().keys()
    data = batch(result, dtype=dtype)
    hand.train(training)
    net.train(training)

    torch.manual_seed(1)
    prediction = hand(data["data.x"])
    torch.manual_seed(1)
    (found,) = net(data).values()
    assert torch.equal(found, prediction)

    torch.manual_seed(2)
    wanted = hand.loss(data["data.x"], data["data.y"])
    torch.manual_seed(2)
    loss = net.loss(data)
    assert torch.equal(loss, wanted)

    wanted.backward()
    loss.backward()
    theirs = dict(hand.named_parameters())
    for name, mine in net.named_parameters():
        assert torch.equal(some(mine.grad), some(theirs[name].grad)), name
    for (name, ours), (_, buffer) in zip(net.named_buffers(), hand.named_buffers(), strict=True):
        assert torch.equal(ours, buffer), name


@pytest.mark.parametrize("channels", [1, 2])
def test_group_normalisation_of_pictures_as_they_lie_in_memory(channels):
    """Without care PyTorch's backward pass ends the whole process here."""
    nodes: list[NodeLine] = [("data", "Input"), ("norm", "GroupNorm", {"num_groups": 1}), ("flat", "Flatten")]
    nodes += [("end", "Dense", {"out_features": 3}), ("loss", "Loss", {"function": "cross_entropy"})]
    wires = [*chain("data.x", "norm", "flat", "end", "loss.prediction"), "data.y -> loss.target"]
    result = planned(make_project(nodes, wires), images(channels, 5, 4))
    data = batch(result, dtype=torch.float64)
    lying = {name: channels_last(tensor) for name, tensor in data.items()}
    assert lying["data.x"].stride(1) == 1
    grads = []
    for given in (data, lying):
        net = build(result, dtype=torch.float64, seed=1)
        net.loss(given).backward()
        grads.append([some(parameter.grad) for parameter in net.parameters()])
    assert len(grads[0]) == 4
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other)


def some(value: torch.Tensor | None) -> torch.Tensor:
    assert value is not None
    return value


def test_start_values_do_not_depend_on_other_blocks_or_on_global_state():
    torch.manual_seed(9)
    before = torch.get_rng_state()
    small, large = build(MLP, seed=3), build(RESIDUAL, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    longer = build(
        planned(
            make_project(
                [
                    ("data", "Input"),
                    ("new", "Dense", {"out_features": 4}),
                    ("hidden", "Dense", {"out_features": 16}),
                    ("act", "Activation"),
                    ("output", "Dense", {"out_features": 3}),
                    ("loss", "Loss"),
                ],
                [
                    "data.x -> new",
                    *chain("new", "hidden", "act", "output"),
                    "output -> loss.prediction",
                    "data.y -> loss.target",
                ],
            ),
            rows(4, 3),
        ),
        seed=3,
    )
    for name in ("hidden.weight", "hidden.bias", "output.weight"):
        assert torch.equal(small.state_dict()[name], longer.state_dict()[name])
    assert not torch.equal(small.state_dict()["hidden.weight"], build(MLP, seed=4).state_dict()["hidden.weight"])
    assert large.get_parameter("first.weight").dtype == torch.float32


def test_single_and_double_precision_begin_at_the_same_numbers():
    single, double = build(MLP).state_dict(), build(MLP, dtype=torch.float64).state_dict()
    for name, value in double.items():
        assert torch.equal(single[name], value.float())


def test_code_is_straight_and_runs_only_what_the_loss_needs():
    result = planned(
        make_project(
            [
                ("data", "Input"),
                ("dense", "Dense", {"out_features": 3}),
                ("dead", "Dense"),
                ("act", "Activation"),
                ("loss", "Loss"),
            ],
            ["data.x -> dense", "dense -> loss.prediction", "data.y -> loss.target", "dense -> dead", "dead -> act"],
        ),
        rows(4, 3),
    )
    net = build(result)
    assert "dead" not in net.source()
    assert not any(word in net.source() for word in ("for ", "while ", "if "))
    assert net.order == ("data", "dense", "loss")
    assert "dead.weight" in net.state_dict()
    data = batch(result)
    net.loss(data).backward()
    assert net.get_parameter("dead.weight").grad is None
    shown = net.forward_to(["act", "data.x"])(data)
    assert torch.equal(
        shown["act.out"], torch.relu(net.get_submodule("dead")(net.get_submodule("dense")(data["data.x"])))
    )
    assert shown["data.x"] is data["data.x"]


def test_outputs_of_any_node_need_only_their_own_inputs():
    net = build(CNN).eval()
    data = batch(CNN)
    shown = net.forward_to(["pool", "conv1.out"])({"data.x": data["data.x"]})
    assert set(shown) == {"pool.out", "conv1.out"}
    assert torch.equal(shown["conv1.out"], net.get_submodule("conv1")(data["data.x"]))
    assert net.forward_to(["dense"])({"data.x": data["data.x"]})["dense.out"].shape == (7, 3)
    with pytest.raises(GraphError, match='There is no output "nothing"'):
        net.forward_to(["nothing"])


def test_loss_and_outputs_in_one_run_share_their_draws():
    net = build(CNN)
    data = batch(CNN)
    twin = copy.deepcopy(net)
    torch.manual_seed(0)
    loss, shown = net.loss_and(["drop", "dense"])(data)
    torch.manual_seed(0)
    assert torch.equal(loss, twin.loss(data))
    assert torch.equal(shown["dense.out"], net.get_submodule("dense")(shown["drop.out"]))


def test_a_copy_shares_nothing_but_code():
    net = build(CNN)
    twin = copy.deepcopy(net)
    data = batch(CNN)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with torch.no_grad():
        for value in twin.parameters():
            value.zero_()
    twin.loss(data)
    assert twin.loss(data).item() == pytest.approx(np.log(3))
    for name, value in net.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_long_chains_need_no_recursion():
    count = 3000
    names = [f"a{index}" for index in range(count)]
    result = planned(
        make_project(
            [("data", "Input"), *((name, "Activation", {"function": "tanh"}) for name in names), ("loss", "Loss")],
            [f"data.x -> {names[0]}", *chain(*names), f"{names[-1]} -> loss.prediction", "data.y -> loss.target"],
        ),
        rows(2, 2),
    )
    data = batch(result)
    wanted = data["data.x"]
    for _ in names:
        wanted = torch.tanh(wanted)
    net: Net = build(result)
    assert torch.equal(net.loss(data), F.mse_loss(wanted, data["data.y"]))
