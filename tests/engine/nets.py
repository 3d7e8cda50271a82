"""Networks that several tests build: plans beside modules written by hand."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from rpds import HashTrieMap
from torch import nn

from engine.graph import Group, GroupPort
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
