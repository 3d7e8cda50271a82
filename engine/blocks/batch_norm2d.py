"""BatchNorm2d: channels with mean 0 and variance 1 over the batch and all places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.normalisation import (
    affine_macs,
    batch_norm_formula,
    batch_norm_grads,
    batch_norm_params,
    batch_norm_recipe,
)
from engine.param import Param
from engine.recipe import Formula, GradContext, Recipe
from engine.shapes import fixed, images_or_swap
from engine.tensorspec import TensorSpec
from engine.wording import plural


@final
class BatchNorm2d(Block):
    """`(N, channels, height, width)`; the shape stays."""

    kind = "BatchNorm2d"
    category = "regularisation"
    doc = "Normalises each channel over batch and image, then scales and shifts it; training bears larger steps."
    icon = "norm"
    beginner = True
    keywords = ("batch normalisation", "batch normalization", "bn", "standardise", "whitening")
    params: ClassVar[Mapping[str, Param]] = batch_norm_params()

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        images_or_swap(spec, "BatchNorm1d")
        return {"out": TensorSpec(spec.shape, meaning="logit")}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return batch_norm_recipe(params, fixed(inputs["in"].shape[1], "channels"), "torch.nn.BatchNorm2d")

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return batch_norm_formula(params, "one channel over the batch and all places", "torch.nn.BatchNorm2d")

    def grads(self, c: GradContext) -> dict[str, Any]:
        return batch_norm_grads(c)

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return affine_macs(inputs["in"].sample_shape)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        spec = inputs.get("in")
        return plural(spec.shape[1], "channel") if spec and len(spec.shape) > 1 else ""
