"""How weights begin: the parameters that every block with weights shares, and the `Init` they stand for.

The defaults are PyTorch's own: linear layers and convolutions draw weight and bias from U(−1/√fan_in, 1/√fan_in)
(`kaiming_uniform_` with a = √5), which ties the scale to the inputs alone. Sources: Glorot and Bengio, 2010 (Xavier);
He et al., 2015 (Kaiming); Saxe et al., 2014 (orthogonal).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

from engine.param import Bool, Choice, Float, Param
from engine.recipe import Init, InitKind, Tensor

_DRAWN_WITH_GAIN = ("xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal")
_LEAKY_SLOPE = 0.01


def init_params() -> dict[str, Param]:
    """The parameters `bias`, `weight_init`, `bias_init` and what goes with them."""
    return {
        "bias": Bool(default=True, doc="Add a trainable number to each output."),
        "weight_init": Choice(
            default="default",
            options=("default", *_DRAWN_WITH_GAIN, "normal", "uniform", "constant", "zeros"),
            labels=(
                "PyTorch's default",
                "Xavier uniform",
                "Xavier normal",
                "Kaiming uniform",
                "Kaiming normal",
                "Orthogonal",
                "Normal",
                "Uniform",
                "Constant",
                "Zeros",
            ),
            doc="How the weights are drawn before training. Xavier suits sigmoid and tanh, Kaiming suits ReLU; "
            "units that begin alike (Constant, Zeros) learn alike.",
        ),
        "weight_gain": Choice(
            default="auto",
            options=("auto", "linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"),
            doc="The activation that follows, which sets the scale; auto means ReLU for Kaiming and 1 for the others.",
            when=("weight_init", _DRAWN_WITH_GAIN),
            advanced=True,
        ),
        "weight_std": Float(
            default=0.1,
            min=0.0,
            log=True,
            unit="σ",
            doc="Standard deviation of the weights.",
            when=("weight_init", ("normal",)),
        ),
        "weight_bound": Float(
            default=0.1,
            min=0.0,
            log=True,
            doc="Weights are drawn between minus this and this.",
            when=("weight_init", ("uniform",)),
        ),
        "weight_value": Float(default=0.5, doc="The value of every weight.", when=("weight_init", ("constant",))),
        "bias_init": Choice(
            default="default",
            options=("default", "zeros", "constant"),
            labels=("PyTorch's default", "Zeros", "Constant"),
            doc="How the biases begin.",
            when=("bias", (True,)),
            advanced=True,
        ),
        "bias_value": Float(
            default=0.0, doc="The value of every bias.", when=("bias_init", ("constant",)), advanced=True
        ),
    }


def weight_and_bias(params: Mapping[str, Any], shape: tuple[int, ...], outputs: int, fan_in: int) -> tuple[Tensor, ...]:
    """The tensors `weight` and, where `bias` is on, `bias` of `outputs` numbers.

    Args:
        params: parsed parameters with those of `init_params`.
        shape: of the weight.
        outputs: length of the bias.
        fan_in: inputs that PyTorch counts for one output, for its default bound 1/√fan_in.
    """
    weight = Tensor("weight", shape, weight_init(params, fan_in))
    return (weight, Tensor("bias", (outputs,), bias_init(params, fan_in))) if params["bias"] else (weight,)


def weight_init(params: Mapping[str, Any], fan_in: int) -> Init:
    """What the parameters `weight_…` say."""
    kind: InitKind = params["weight_init"]
    if kind == "default":
        return Init("default", bound=1 / sqrt(fan_in))
    if kind in _DRAWN_WITH_GAIN:
        gain = params["weight_gain"]
        if gain == "auto":
            gain = "relu" if kind.startswith("kaiming") else "linear"
        return Init(kind, nonlinearity=gain, slope=_LEAKY_SLOPE if gain == "leaky_relu" else 0.0)
    if kind == "normal":
        return Init("normal", std=params["weight_std"])
    if kind == "uniform":
        return Init("uniform", bound=params["weight_bound"])
    if kind == "constant":
        return Init("constant", value=params["weight_value"])
    return Init(kind)


def bias_init(params: Mapping[str, Any], fan_in: int) -> Init:
    """What the parameters `bias_…` say."""
    kind: InitKind = params["bias_init"]
    if kind == "default":
        return Init("default", bound=1 / sqrt(fan_in))
    return Init("constant", value=params["bias_value"]) if kind == "constant" else Init("zeros")
