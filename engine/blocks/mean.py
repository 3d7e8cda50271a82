"""Mean: the mean over some dimensions, or over everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Param
from engine.recipe import Formula, GradContext, Recipe
from engine.reduction import reduced_params, reduced_shape, reducing_call, spread_back, summary_of
from engine.shapes import numel
from engine.tensorspec import TensorSpec


@final
class Mean(Block):
    """`(N, …) -> ()` over everything, or without the dimensions in `dim`."""

    kind = "Mean"
    category = "math"
    doc = "The mean of all numbers, or those along some dimensions; a single number can be minimised."
    icon = "expression"
    keywords = ("average", "reduce")
    params: ClassVar[Mapping[str, Param]] = reduced_params("averaged")

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": reduced_shape(params, inputs["in"])}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(calls=(reducing_call("torch.mean", params),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(r"y = \dfrac{1}{n} \sum_{i} x_{i}",),
            backward=(rf"{wrt('x_{i}')} = \dfrac{{\delta}}{{n}}",),
            symbols=(INPUT, OUTPUT, ("i", "the places that are averaged"), ("n", "how many they are"), DELTA),
            source="torch.mean",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, delta = c.inputs["in"], c.upstream["out"]
        return {"in": spread_back(delta, c.params, x) * (delta.numel() / x.numel())}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(inputs["in"])

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return summary_of(params)
