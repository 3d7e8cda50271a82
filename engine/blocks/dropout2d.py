"""Dropout2d: whole channels set to zero at random while training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.dropping import drop_formula, drop_grads, drop_params, drop_recipe
from engine.notation import number
from engine.param import Param
from engine.recipe import Formula, GradContext, Recipe
from engine.shapes import images_or_swap
from engine.tensorspec import TensorSpec


@final
class Dropout2d(Block):
    """Whole channels are dropped: `(N, channels, height, width)`, the shape stays."""

    kind = "Dropout2d"
    category = "regularisation"
    doc = (
        "While training, sets whole channels of images to 0 at random: neighbouring pixels are too alike to drop alone."
    )
    icon = "dropout"
    keywords = ("regularisation", "regularization", "overfitting", "random", "spatial dropout", "channel")
    params: ClassVar[Mapping[str, Param]] = drop_params("a channel")

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        images_or_swap(inputs["in"], "Dropout")
        return {"out": TensorSpec(inputs["in"].shape)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return drop_recipe(params, "torch.nn.Dropout2d")

    def formula(self, params: Mapping[str, Any]) -> Formula:
        source = "torch.nn.Dropout2d; Tompson et al., Efficient object localization using convolutional networks, 2015"
        return drop_formula("n,c", "each channel of each sample", source)

    def grads(self, c: GradContext) -> dict[str, Any]:
        return drop_grads(c)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return f"p = {number(params['p'])}"
