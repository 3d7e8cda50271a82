"""Activation: one function applied to every number (or, for softmax, along the classes)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine import custom_activation
from engine.activation_functions import FUNCTIONS, At, Function, chosen
from engine.block import EMPTY_CONTEXT, Block, Context, Remark, ShapeError
from engine.expression import ExpressionError
from engine.notation import number
from engine.param import Choice, Float, Int, Param, Text
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import changed, need_float, numel, received
from engine.tensorspec import TensorSpec

_SOFTMAX = ("softmax", "log_softmax")
_CUSTOM = "custom"
_SHOWN = 28
"""Characters of a formula under the block's name."""
_SETTINGS = {
    "leaky_relu": (("negative_slope", 0.01),),
    "elu": (("alpha", 1.0),),
    "gelu": (("approximate", "none"),),
    "hardtanh": (("min_val", -1.0), ("max_val", 1.0)),
}
"""Function -> its parameters and PyTorch's defaults."""


@final
class Activation(Block):
    """A function applied to every number; the shape stays: `(N, …) -> (N, …)`."""

    kind = "Activation"
    category = "activation"
    doc = "Applies a nonlinear function to every number; without one, stacked layers are no more than a single layer."
    icon = "activation"
    beginner = True
    keywords = ("nonlinearity", "transfer function", "swish", "logistic", "threshold", "rectifier", *FUNCTIONS)
    params: ClassVar[Mapping[str, Param]] = {
        "function": Choice(
            default="relu", options=(*FUNCTIONS, _CUSTOM), doc="Which function; custom takes a formula."
        ),
        "expression": Text(
            default=custom_activation.DEFAULT,
            label="f(z)",
            doc="A formula of the input z, such as z*sigmoid(z) or max(0.1*z, z); its derivative is found by itself.",
            when=("function", (_CUSTOM,)),
        ),
        "negative_slope": Float(
            default=0.01, doc="Slope for negative numbers.", when=("function", ("leaky_relu",)), min=-100.0, max=100.0
        ),
        "alpha": Float(
            default=1.0, doc="The value far below zero is minus this.", when=("function", ("elu",)), above=0.0
        ),
        "approximate": Choice(
            default="none",
            options=("none", "tanh"),
            doc="Compute the normal distribution exactly or by a hyperbolic tangent.",
            when=("function", ("gelu",)),
            advanced=True,
        ),
        "min_val": Float(default=-1.0, doc="Lowest value.", when=("function", ("hardtanh",))),
        "max_val": Float(default=1.0, doc="Highest value.", when=("function", ("hardtanh",))),
        "dim": Int(
            default=1,
            min=1,
            max=8,
            doc="The dimension that sums to 1: 1 holds features or classes, 0 is the batch.",
            when=("function", _SOFTMAX),
            advanced=True,
        ),
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec, function = inputs["in"], params["function"]
        need_float(spec)
        if function == "hardtanh" and params["min_val"] >= params["max_val"]:
            raise ShapeError(
                f"needs min_val below max_val but has {params['min_val']:g} and {params['max_val']:g}",
                hint="Raise max_val or lower min_val.",
                code="G06",
            )
        if function == _CUSTOM:
            try:
                custom_activation.custom(params["expression"])
            except ExpressionError as error:
                raise ShapeError(
                    f"cannot read its formula: {error}",
                    hint="Write f(z) with z, numbers, + - * / ^ and functions such as exp, tanh, max.",
                    code="G06",
                ) from None
            return {"out": TensorSpec(spec.shape)}
        if function not in _SOFTMAX:
            meaning = FUNCTIONS[function].meaning if function != "identity" else spec.meaning
            if function == "hardtanh" and params["min_val"] >= 0 and params["max_val"] <= 1:
                meaning = "probability"
            return {"out": TensorSpec(spec.shape, meaning=meaning)}
        if len(spec.shape) <= params["dim"]:
            raise ShapeError(
                f"sums to 1 along dimension {params['dim']} but gets {received(spec)}",
                hint="Set dim to 1." if len(spec.shape) > 1 else "Choose sigmoid for a single number per sample.",
                port="in",
                fix=("set", "dim", 1) if len(spec.shape) > 1 else ("set", "function", "sigmoid"),
            )
        if params["dim"] == 1 or function == "log_softmax":
            return {"out": TensorSpec(spec.shape, meaning=FUNCTIONS[function].meaning)}
        return {"out": TensorSpec(spec.shape, meaning="probability")}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        function = params["function"]
        if function == _CUSTOM:
            return custom_activation.recipe(custom_activation.custom(params["expression"]))
        if function == "identity":
            return Recipe(module=Module(FUNCTIONS[function].target), calls=(Call("out", "self", (Ref("in"),)),))
        if function in _SOFTMAX:
            settings: tuple[tuple[str, Any], ...] = (("dim", params["dim"]),)
        else:
            settings = changed([(name, params[name], default) for name, default in _SETTINGS.get(function, ())])
        return Recipe(calls=(Call("out", FUNCTIONS[function].target, (Ref("in"),), settings),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return _chosen(params).formula(params)

    def grads(self, c: GradContext) -> dict[str, Any]:
        at = At(c.inputs["in"], c.outputs["out"], c.upstream["out"], c.params, c.call)
        return {"in": _chosen(c.params).backward(at)}

    def remarks(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> tuple[Remark, ...]:
        function, spec = params["function"], inputs["in"]
        if function not in _SOFTMAX:
            return ()
        found = []
        if spec.shape[params["dim"]] == 1:
            value = "1" if function == "softmax" else "0"
            found.append(
                Remark(
                    "G14",
                    f"{function} over one single number is always {value} and its gradient always 0: nothing learns",
                    "Choose sigmoid, or give the layer before it one output per class.",
                    "in",
                    ("set", "function", "sigmoid"),
                )
            )
        if spec.meaning == "distribution":
            found.append(
                Remark(
                    "G13",
                    "gets probabilities that a softmax has made already; softmax twice flattens them",
                    "Remove one of the two.",
                    "in",
                    ("remove",),
                )
            )
        return tuple(found)

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return 0 if params["function"] in {"identity", "relu", "step"} else numel(inputs["in"])

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        function = params["function"]
        if function == "leaky_relu":
            return f"{function}, slope {number(params['negative_slope'])}"
        if function == _CUSTOM:
            text = params["expression"].strip()
            return f"f(z) = {text}" if len(text) <= _SHOWN else f"f(z) = {text[: _SHOWN - 1]}…"
        if function == "elu" and params["alpha"] != 1:
            return f"elu, α {number(params['alpha'])}"
        if function == "hardtanh":
            return f"{function}, {number(params['min_val'])} to {number(params['max_val'])}"
        return str(function)


def _chosen(params: Mapping[str, Any]) -> Function:
    return custom_activation.function(params) if params["function"] == _CUSTOM else chosen(params)
