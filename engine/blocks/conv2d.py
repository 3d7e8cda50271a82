"""Conv2d: filters that slide over an image."""

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
class Conv2d(Block):
    """`(N, channels, height, width) -> (N, out_channels, height′, width′)`."""

    kind = "Conv2d"
    category = "layers"
    doc = "Slides small filters over an image; each finds its pattern wherever it is."
    icon = "conv"
    beginner = True
    keywords = ("convolution", "cnn", "image", "filter", "kernel")
    params: ClassVar[Mapping[str, Param]] = conv_params(2)

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": conv_shape(params, inputs["in"], 2)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return conv_recipe(params, inputs["in"], 2)

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return conv_formula(params, 2)

    def grads(self, c: GradContext) -> dict[str, Any]:
        return conv_grads(c, 2)

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return conv_macs(params, inputs["in"], outputs["out"], 2)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return conv_summary(params, 2)
