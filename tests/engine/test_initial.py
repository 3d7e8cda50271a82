"""How weights begin: PyTorch's own defaults, and what the parameters of blocks say instead."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
from torch import nn

from engine.initial import init_params
from engine.recipe import Init
from engine.tensorspec import TensorSpec
from tests.helpers.block_step import parsed

_IMAGE = TensorSpec(("N", 4, 9, 9))
_MODULES: list[tuple[str, dict[str, Any], TensorSpec, nn.Linear | nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d]] = [
    ("Dense", {"out_features": 600}, TensorSpec(("N", 50)), nn.Linear(50, 600)),
    ("Conv1d", {"out_channels": 300, "groups": 2}, TensorSpec(("N", 4, 9)), nn.Conv1d(4, 300, 3, groups=2)),
    ("Conv2d", {"out_channels": 300, "kernel_size": [3, 5]}, _IMAGE, nn.Conv2d(4, 300, (3, 5))),
    (
        "ConvTranspose2d",
        {"out_channels": 600, "kernel_size": 3, "groups": 2},
        _IMAGE,
        nn.ConvTranspose2d(4, 600, 3, groups=2),
    ),
]


@pytest.mark.parametrize(("kind", "params", "spec", "module"), _MODULES)
def test_default_bounds_are_those_of_torch(kind: str, params: dict[str, Any], spec: TensorSpec, module: Any) -> None:
    """The largest of many numbers PyTorch drew lies just below the bound, for weight and bias."""
    block, values = parsed(kind, params)
    for tensor in block.recipe(values, {"in": spec}).parameters:
        drawn = getattr(module, tensor.name)
        assert tensor.init.kind == "default"
        assert drawn.shape == tensor.shape
        largest = drawn.abs().max().item()
        assert 0.97 * tensor.init.bound < largest <= tensor.init.bound * (1 + 1e-6)


def test_bounds_by_fan_in() -> None:
    block, values = parsed("Conv2d", {"kernel_size": 3, "groups": 2})
    weight, bias = block.recipe(values, {"in": _IMAGE}).parameters
    assert weight.init == bias.init == Init("default", bound=1 / sqrt(2 * 3 * 3))


@pytest.mark.parametrize("kind", ["BatchNorm2d", "GroupNorm", "LayerNorm"])
def test_norms_begin_as_the_identity(kind: str) -> None:
    block, values = parsed(kind, {})
    weight, bias = block.recipe(values, {"in": _IMAGE}).parameters
    assert (weight.init.kind, bias.init.kind) == ("ones", "zeros")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"weight_init": "xavier_uniform"}, Init("xavier_uniform", nonlinearity="linear")),
        ({"weight_init": "xavier_normal", "weight_gain": "tanh"}, Init("xavier_normal", nonlinearity="tanh")),
        ({"weight_init": "kaiming_uniform"}, Init("kaiming_uniform", nonlinearity="relu")),
        (
            {"weight_init": "kaiming_normal", "weight_gain": "leaky_relu"},
            Init("kaiming_normal", nonlinearity="leaky_relu", slope=0.01),
        ),
        ({"weight_init": "orthogonal"}, Init("orthogonal", nonlinearity="linear")),
        ({"weight_init": "normal", "weight_std": 0.02}, Init("normal", std=0.02)),
        ({"weight_init": "uniform", "weight_bound": 0.3}, Init("uniform", bound=0.3)),
        ({"weight_init": "constant", "weight_value": -1.5}, Init("constant", value=-1.5)),
        ({"weight_init": "zeros"}, Init("zeros")),
    ],
)
def test_choices(params: dict[str, Any], expected: Init) -> None:
    block, values = parsed("Dense", params)
    weight, bias = block.recipe(values, {"in": TensorSpec(("N", 4))}).parameters
    assert weight.init == expected
    assert bias.init == Init("default", bound=0.5)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"bias_init": "zeros"}, Init("zeros")),
        ({"bias_init": "constant", "bias_value": 2.0}, Init("constant", value=2.0)),
    ],
)
def test_bias_choices(params: dict[str, Any], expected: Init) -> None:
    block, values = parsed("Dense", params)
    assert block.recipe(values, {"in": TensorSpec(("N", 4))}).parameters[1].init == expected


def test_only_what_matters_is_shown() -> None:
    params = init_params()
    for chosen, visible in (("default", set()), ("normal", {"weight_std"}), ("kaiming_normal", {"weight_gain"})):
        values = {name: param.start for name, param in params.items()} | {"weight_init": chosen}
        extra = ("weight_gain", "weight_std", "weight_bound", "weight_value")
        assert {name for name in extra if params[name].visible(values)} == visible
