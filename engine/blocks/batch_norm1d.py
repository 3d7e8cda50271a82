"""BatchNorm1d: features with mean 0 and variance 1 over the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.normalisation import (
    affine_macs,
    batch_norm_formula,
    batch_norm_grads,
    batch_norm_params,
    batch_norm_recipe,
)
from engine.param import Param
from engine.recipe import Formula, GradContext, Recipe
from engine.shapes import fixed, need_features, received
from engine.tensorspec import TensorSpec
from engine.wording import plural


@final
class BatchNorm1d(Block):
    """`(N, features)` or `(N, channels, length)`; the shape stays."""

    kind = "BatchNorm1d"
    category = "regularisation"
    doc = "Normalises each feature over the batch, then scales and shifts it; training bears larger steps."
    icon = "norm"
    keywords = ("batch normalisation", "batch normalization", "bn", "standardise", "whitening")
    params: ClassVar[Mapping[str, Param]] = batch_norm_params()

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        wanted = "features (N × features) or sequences (N × channels × length)"
        need_features(spec, wanted)
        if len(spec.shape) > 3:
            raise ShapeError(
                f"needs {wanted} but gets {received(spec)}",
                hint="Use BatchNorm2d for images.",
                port="in",
                fix=("swap", "BatchNorm2d") if len(spec.shape) == 4 else (),
            )
        fixed(spec.shape[1], "features")
        return {"out": TensorSpec(spec.shape, meaning="logit")}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return batch_norm_recipe(params, fixed(inputs["in"].shape[1], "channels"), "torch.nn.BatchNorm1d")

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return batch_norm_formula(params, "one feature over the batch (and the length)", "torch.nn.BatchNorm1d")

    def grads(self, c: GradContext) -> dict[str, Any]:
        return batch_norm_grads(c)

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return affine_macs(inputs["in"].sample_shape)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        spec = inputs.get("in")
        return plural(spec.shape[1], "feature") if spec and len(spec.shape) > 1 else ""
