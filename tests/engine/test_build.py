"""The built module equals a hand-written one to the bit: outputs, loss and gradients."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from rpds import HashTrieMap
from torch import nn

from engine.build import Net, build, tensor_specs
from engine.facts import FactsCache
from engine.graph import Group, GroupPort
from engine.plan import check
from engine.problem import GraphError
from tests.helpers.projects import chain, images, make_graph, make_project, planned, rows


def batch(result, count=7, seed=0, dtype=torch.float32):
    """Random data of the shape that the Inputs have."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for path in result.inputs:
        for field in result.nodes[path].facts.fields:
            shape = (count, *field.shape)
            if field.dtype == "int":
                found[f"{path}.{field.name}"] = torch.randint(len(field.classes), shape, generator=generator)
            else:
                found[f"{path}.{field.name}"] = torch.randn(shape, generator=generator, dtype=dtype)
    return found


class Mlp(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 16)
        self.output = nn.Linear(16, 3)

    def forward(self, x):
        return self.output(torch.relu(self.hidden(x)))

    def loss(self, x, y):
        return F.mse_loss(self(x), y)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, kernel_size=3, padding="same")
        self.bn = nn.BatchNorm2d(6)
        self.pool = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(6, 8, kernel_size=3, stride=2, bias=False)
        self.drop = nn.Dropout(0.5)
        self.dense = nn.Linear(8 * 3 * 3, 3)

    def forward(self, x):
        x = self.pool(torch.relu(self.bn(self.conv1(x))))
        x = self.conv2(x)
        return self.dense(self.drop(torch.flatten(x, 1)))

    def loss(self, x, y):
        return F.cross_entropy(self(x), y)


class Residual(nn.Module):
    """Two branches, a sum, and L2 on one layer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.inner = nn.Linear(8, 8)
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        first = torch.tanh(self.first(x))
        inner = torch.tanh(self.inner(first))
        return self.last(first + inner)

    def loss(self, x, y):
        price = 0.01 * torch.sum(torch.square(self.inner.weight))
        return 0.5 * F.mse_loss(self(x), y, reduction="sum") + price


MLP = planned(
    make_project(
        [
            ("data", "Input"),
            ("hidden", "Dense", {"out_features": 16}),
            ("act", "Activation", {"function": "relu"}),
            ("output", "Dense", {"out_features": 3}),
            ("loss", "Loss", {"function": "mse"}),
        ],
        ["data.x -> hidden", *chain("hidden", "act", "output"), "output -> loss.prediction", "data.y -> loss.target"],
    ),
    rows(4, 3),
)
CNN = planned(
    make_project(
        [
            ("data", "Input"),
            ("conv1", "Conv2d", {"out_channels": 6, "kernel_size": 3, "padding": "same"}),
            ("bn", "BatchNorm2d"),
            ("act", "Activation", {"function": "relu"}),
            ("pool", "MaxPool2d", {"kernel_size": 2}),
            ("conv2", "Conv2d", {"out_channels": 8, "kernel_size": 3, "stride": 2, "bias": False}),
            ("flat", "Flatten"),
            ("drop", "Dropout", {"p": 0.5}),
            ("dense", "Dense", {"out_features": 3}),
            ("loss", "Loss", {"function": "cross_entropy"}),
        ],
        [
            "data.x -> conv1",
            *chain("conv1", "bn", "act", "pool", "conv2", "flat", "drop", "dense"),
            "dense -> loss.prediction",
            "data.y -> loss.target",
        ],
    ),
    images(1, 14, 14),
)
RESIDUAL = planned(
    make_project(
        [
            ("data", "Input"),
            ("first", "Dense", {"out_features": 8}),
            ("act1", "Activation", {"function": "tanh"}),
            ("inner", "Dense", {"out_features": 8}),
            ("act2", "Activation", {"function": "tanh"}),
            ("add", "Add"),
            ("last", "Dense", {"out_features": 2}),
            ("loss", "Loss", {"function": "half_squared_error", "reduction": "sum"}),
            ("price", "Regularizer", {"strength": 0.01, "blocks": ["inner"]}),
        ],
        [
            "data.x -> first",
            *chain("first", "act1", "inner", "act2"),
            "act1 -> add.a",
            "act2 -> add.b",
            "add -> last",
            "last -> loss.prediction",
            "data.y -> loss.target",
        ],
    ),
    rows(4, 2),
)
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


def residual_group(**params):
    inner = make_graph(
        [("conv", "Dense", {"out_features": 4}), ("act", "Activation", {"function": "tanh"}), ("add", "Add")],
        ["conv -> act", "act -> add.a"],
    )
    group = Group(
        inner, (GroupPort("in", "conv", "in"), GroupPort("in", "add", "b")), (GroupPort("out", "add", "out"),)
    )
    return make_project(
        [
            ("data", "Input"),
            ("res", "Group", {"group": "Residual", **params}),
            ("twin", "Group", {"group": "Residual", "share_with": "res", **params}),
            ("out", "Dense", {"out_features": 2}),
            ("loss", "Loss"),
        ],
        ["data.x -> res", *chain("res", "twin", "out"), "out -> loss.prediction", "data.y -> loss.target"],
        groups=HashTrieMap({"Residual": group}),
    )


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


def two_losses(**training):
    return make_project(
        [
            ("data", "Input"),
            ("one", "Dense", {"out_features": 2}),
            ("other", "Dense", {"out_features": 2}),
            ("near", "Loss"),
            ("far", "Loss", {"function": "l1"}),
        ],
        [
            "data.x -> one",
            "one -> other",
            "one -> near.prediction",
            "other -> far.prediction",
            "data.y -> near.target",
            "data.y -> far.target",
        ],
        training,
    )


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
