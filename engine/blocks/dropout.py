"""Dropout: numbers set to zero at random while training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.dropping import drop_formula, drop_grads, drop_params, drop_recipe
from engine.notation import number
from engine.param import Param
from engine.recipe import Formula, GradContext, Recipe
from engine.shapes import need_float
from engine.tensorspec import TensorSpec


@final
class Dropout(Block):
    """Each number is dropped on its own; the shape stays: `(N, …) -> (N, …)`."""

    kind = "Dropout"
    category = "regularisation"
    doc = "While training, sets numbers to 0 at random, so that no unit can rely on a single other one."
    icon = "dropout"
    beginner = True
    keywords = ("regularisation", "regularization", "overfitting", "random")
    params: ClassVar[Mapping[str, Param]] = drop_params("a number")

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        need_float(inputs["in"])
        return {"out": TensorSpec(inputs["in"].shape)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return drop_recipe(params, "torch.nn.Dropout")

    def formula(self, params: Mapping[str, Any]) -> Formula:
        source = "torch.nn.Dropout; Srivastava et al., Dropout: a simple way to prevent overfitting, 2014"
        return drop_formula("i", "each number", source)

    def grads(self, c: GradContext) -> dict[str, Any]:
        return drop_grads(c)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return f"p = {number(params['p'])}"
