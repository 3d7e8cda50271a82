"""Conv1d: filters that slide along a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.convolution import (
    conv_formula,
    conv_grads,
    conv_macs,
    conv_params,
    conv_recipe,
    conv_shape,
    conv_summary,
)
from engine.param import Param
from engine.recipe import Formula, GradContext, Recipe
from engine.tensorspec import TensorSpec


@final
class Conv1d(Block):
    """`(N, channels, length) -> (N, out_channels, length′)`."""

    kind = "Conv1d"
    category = "layers"
    doc = "Slides small filters along a sequence; each finds its pattern wherever it is."
    icon = "conv"
    keywords = ("convolution", "signal", "time series", "audio", "filter", "kernel")
    params: ClassVar[Mapping[str, Param]] = conv_params(1)

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": conv_shape(params, inputs["in"], 1)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return conv_recipe(params, inputs["in"], 1)

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return conv_formula(params, 1)

    def grads(self, c: GradContext) -> dict[str, Any]:
        return conv_grads(c, 1)

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return conv_macs(params, inputs["in"], outputs["out"], 1)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return conv_summary(params, 1)
