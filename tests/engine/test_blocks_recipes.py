"""Recipes do, to the bit, what a person would write by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.nn import GaussianNoise, RandomAffine
from engine.tensorspec import TensorSpec
from tests.conformance.inputs import concrete
from tests.helpers.block_step import parsed
from tests.helpers.run_recipe import Runner

Network = Callable[..., torch.Tensor]


def _spec(*shape: int) -> TensorSpec:
    return TensorSpec(("N", *shape))


_ROW, _SEQUENCE, _IMAGE = _spec(6), _spec(4, 9), _spec(4, 9, 8)

# kind, params, spec, the module a person would make
_MODULES: list[tuple[str, dict[str, Any], TensorSpec, nn.Module]] = [
    ("Dense", {"out_features": 16}, _ROW, nn.Linear(6, 16)),
    ("Dense", {"out_features": 3, "bias": False}, _SEQUENCE, nn.Linear(9, 3, bias=False)),
    ("Conv1d", {"out_channels": 8, "kernel_size": 3}, _SEQUENCE, nn.Conv1d(4, 8, 3)),
    ("Conv2d", {"out_channels": 8, "kernel_size": 3, "padding": "same"}, _IMAGE, nn.Conv2d(4, 8, 3, padding="same")),
    (
        "Conv2d",
        {"out_channels": 8, "kernel_size": [3, 2], "stride": 2, "padding": [1, 0], "groups": 2, "bias": False},
        _IMAGE,
        nn.Conv2d(4, 8, (3, 2), stride=2, padding=(1, 0), groups=2, bias=False),
    ),
    (
        "ConvTranspose2d",
        {"out_channels": 6, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1, "groups": 2},
        _IMAGE,
        nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
    ),
    ("MaxPool2d", {}, _IMAGE, nn.MaxPool2d(2)),
    ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1}, _IMAGE, nn.MaxPool2d(3, stride=2, padding=1)),
    ("AvgPool2d", {"kernel_size": 3, "padding": 1}, _IMAGE, nn.AvgPool2d(3, padding=1)),
    ("BatchNorm1d", {}, _ROW, nn.BatchNorm1d(6)),
    ("BatchNorm1d", {"eps": 1e-3, "momentum": 0.2}, _SEQUENCE, nn.BatchNorm1d(4, eps=1e-3, momentum=0.2)),
    ("BatchNorm2d", {"affine": False}, _IMAGE, nn.BatchNorm2d(4, affine=False)),
    ("LayerNorm", {}, _ROW, nn.LayerNorm(6)),
    ("LayerNorm", {"dims": 3, "bias": False}, _IMAGE, nn.LayerNorm((4, 9, 8), bias=False)),
    ("GroupNorm", {"num_groups": 2}, _IMAGE, nn.GroupNorm(2, 4)),
    ("Dropout", {"p": 0.3}, _ROW, nn.Dropout(0.3)),
    ("Dropout2d", {"p": 0.7}, _IMAGE, nn.Dropout2d(0.7)),
    ("Noise", {"std": 0.2}, _ROW, GaussianNoise(0.2)),
    ("Augment", {"flip": True, "degrees": 20.0, "scale": 0.1}, _IMAGE, RandomAffine(True, 2, 20.0, 0.1)),
    ("Activation", {"function": "identity"}, _ROW, nn.Identity()),
]
_NAMES = [f"{kind} {params}" for kind, params, *_ in _MODULES]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize(("kind", "params", "spec", "module"), _MODULES, ids=_NAMES)
def test_modules_as_written_by_hand(
    kind: str, params: dict[str, Any], spec: TensorSpec, module: nn.Module, training: bool, traced: bool
) -> None:
    block, values = parsed(kind, params)
    block.shape(values, {"in": spec})
    recipe = block.recipe(values, {"in": spec})
    made = Runner(recipe, dtype=torch.float32).module
    assert repr(made) == repr(module)

    module = copy.deepcopy(module).train(training)
    weights = {name: value.detach().clone().requires_grad_() for name, value in module.named_parameters()}
    runner = Runner(recipe, weights, training=training, dtype=torch.float32)
    x = torch.randn(concrete(spec.shape, 5))
    mine, by_hand = x.clone().requires_grad_(), x.clone().requires_grad_()
    torch.manual_seed(3)
    out = runner.run({"in": mine}, traced=traced)["out"]
    torch.manual_seed(3)
    expected = module(by_hand)
    assert torch.equal(out, expected)

    upstream = torch.randn_like(out)
    module.zero_grad()
    out.backward(upstream)
    expected.backward(upstream)
    assert torch.equal(_grad(mine), _grad(by_hand))
    for name, parameter in module.named_parameters():
        assert torch.equal(_grad(weights[name]), _grad(parameter))
    assert runner.module is not None
    for mine_buffer, buffer in zip(runner.module.buffers(), module.buffers(), strict=True):
        assert torch.equal(mine_buffer, buffer)


def _grad(tensor: torch.Tensor) -> torch.Tensor:
    assert tensor.grad is not None
    return tensor.grad


# kind, params, specs by port, what a person would write
_EXPRESSIONS: list[tuple[str, dict[str, Any], dict[str, TensorSpec], Network]] = [
    ("Flatten", {}, {"in": _IMAGE}, lambda x: torch.flatten(x, 1)),
    ("Reshape", {"shape": [2, -1]}, {"in": _ROW}, lambda x: x.reshape(-1, 2, 3)),
    ("Permute", {"dims": [0, 2, 3, 1]}, {"in": _IMAGE}, lambda x: x.permute(0, 2, 3, 1)),
    ("GlobalAvgPool", {}, {"in": _IMAGE}, lambda x: x.mean(dim=(2, 3))),
    ("Add", {}, {"a": _ROW, "b": _ROW}, lambda a, b: a + b),
    ("Add", {"inputs": 3}, {"a": _ROW, "b": _ROW, "c": _ROW}, lambda a, b, c: a + b + c),
    ("Subtract", {}, {"a": _ROW, "b": _ROW}, lambda a, b: a - b),
    ("Multiply", {}, {"a": _IMAGE, "b": _spec(4, 1, 1)}, lambda a, b: a * b),
    ("Concat", {}, {"a": _IMAGE, "b": _spec(2, 9, 8)}, lambda a, b: torch.cat((a, b), dim=1)),
    ("Activation", {"function": "relu"}, {"in": _ROW}, torch.relu),
    ("Activation", {"function": "sigmoid"}, {"in": _ROW}, torch.sigmoid),
    ("Activation", {"function": "tanh"}, {"in": _ROW}, torch.tanh),
    ("Activation", {"function": "gelu", "approximate": "tanh"}, {"in": _ROW}, lambda x: F.gelu(x, approximate="tanh")),
    ("Activation", {"function": "leaky_relu", "negative_slope": 0.2}, {"in": _ROW}, lambda x: F.leaky_relu(x, 0.2)),
    ("Activation", {"function": "hardtanh", "min_val": 0.0}, {"in": _ROW}, lambda x: F.hardtanh(x, 0.0, 1.0)),
    ("Activation", {"function": "softmax"}, {"in": _ROW}, lambda x: torch.softmax(x, dim=1)),
    ("Loss", {"function": "mse"}, {"prediction": _ROW, "target": _ROW}, F.mse_loss),
    (
        "Loss",
        {"function": "half_squared_error", "reduction": "sum"},
        {"prediction": _ROW, "target": _ROW},
        lambda o, t: 0.5 * F.mse_loss(o, t, reduction="sum"),
    ),
    (
        "Loss",
        {"function": "huber", "delta": 0.5},
        {"prediction": _ROW, "target": _ROW},
        lambda o, t: F.huber_loss(o, t, delta=0.5),
    ),
    (
        "Loss",
        {"function": "hinge"},
        {"prediction": _ROW, "target": _ROW},
        lambda o, t: torch.clamp(1 - t * o, min=0).mean(),
    ),
    (
        "Loss",
        {"function": "bce_with_logits"},
        {"prediction": _spec(1), "target": _spec()},
        lambda o, t: F.binary_cross_entropy_with_logits(o, t.unsqueeze(1)),
    ),
]


@pytest.mark.parametrize(("kind", "params", "specs", "by_hand"), _EXPRESSIONS)
def test_expressions_as_written_by_hand(
    kind: str, params: dict[str, Any], specs: dict[str, TensorSpec], by_hand: Network
) -> None:
    block, values = parsed(kind, params)
    block.shape(values, specs)
    inputs = {port: torch.randn(concrete(spec.shape, 5)) for port, spec in specs.items()}
    out = Runner(block.recipe(values, specs)).run(inputs)["out"]
    assert torch.equal(out, by_hand(*inputs.values()))


@pytest.mark.parametrize("function", ["bce_with_logits", "hinge", "mse"])
def test_class_labels_become_a_column(function: str) -> None:
    """(N,) labels 0 and 1 against (N, 1) outputs: converted in so many words, never stretched."""
    block, values = parsed("Loss", {"function": function})
    specs = {"prediction": _spec(1), "target": TensorSpec(("N",), "int", classes=2)}
    block.shape(values, specs)
    output, label = torch.randn(7, 1), torch.tensor([0, 1, 1, 0, 0, 1, 0])
    got = Runner(block.recipe(values, specs)).run({"prediction": output, "target": label})["out"]
    one_by_one = [
        {
            "bce_with_logits": lambda o, t: -F.logsigmoid(o) if t else -F.logsigmoid(-o),
            "hinge": lambda o, t: torch.relu(1 - o if t else 1 + o),
            "mse": lambda o, t: (o - t) ** 2,
        }[function](output[index, 0], int(label[index]))
        for index in range(7)
    ]
    torch.testing.assert_close(got, torch.stack(one_by_one).mean())


def test_regularizer_sums_the_weights_it_names() -> None:
    from tests.conformance.cases import CASES

    weights = {
        "hidden.weight": torch.randn(4, 3),
        "hidden.bias": torch.randn(4),
        "res.0.conv.weight": torch.randn(2, 4, 3, 3),
    }
    for penalty, price in (("l2", torch.square), ("l1", torch.abs)):
        for biases in (False, True):
            block, values = parsed("Regularizer", {"penalty": penalty, "biases": biases, "strength": 0.1})
            recipe = block.recipe(values, {}, CASES["Regularizer"].context)
            assert recipe.borrows == ("hidden", "res.0.conv")
            expected = sum(price(value).sum() for name, value in weights.items() if biases or "bias" not in name)
            torch.testing.assert_close(Runner(recipe, weights).run({})["out"], 0.1 * expected)


def test_nothing_learns_in_front_of_a_step() -> None:
    """The gradient arrives, and it is zero: that is the lesson."""
    block, values = parsed("Activation", {"function": "step"})
    layer = nn.Linear(3, 2)
    recipe = block.recipe(values, {"in": _spec(2)})
    out = Runner(recipe).run({"in": layer(torch.randn(4, 3))})["out"]
    assert set(out.unique().tolist()) <= {0.0, 1.0}
    out.sum().backward()
    assert torch.equal(_grad(layer.weight), torch.zeros(2, 3))
    at_zero = Runner(recipe).run({"in": torch.tensor([[-1e-30, 0.0]])})["out"]
    assert at_zero.tolist() == [[0.0, 1.0]]


def test_an_even_kernel_pads_as_torch_does() -> None:
    """padding="same" with an even kernel: PyTorch's numbers, without its warning."""
    block, values = parsed("Conv2d", {"kernel_size": [2, 4], "padding": "same", "out_channels": 3})
    x = torch.randn(2, 4, 7, 5)
    specs = {"in": _spec(4, 7, 5)}
    conv = nn.Conv2d(4, 3, (2, 4), padding="same")
    weights = dict(conv.named_parameters())
    got = Runner(block.recipe(values, specs), weights, dtype=torch.float32).run({"in": x})["out"]
    with pytest.warns(UserWarning, match="even kernel lengths"):
        expected = conv(x)
    assert torch.equal(got, expected)
