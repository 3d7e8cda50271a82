"""Noise: normal noise added while training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.notation import DELTA, INPUT, OUTPUT, number, wrt
from engine.param import Float, Param
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import need_float
from engine.tensorspec import TensorSpec


@final
class Noise(Block):
    """`y = x + std · z` with z from the standard normal distribution; the shape stays."""

    kind = "Noise"
    category = "regularisation"
    doc = "Adds random noise while training, so that the network learns not to mind small differences."
    icon = "noise"
    keywords = ("gaussian", "random", "augmentation", "denoising", "jitter")
    params: ClassVar[Mapping[str, Param]] = {
        "std": Float(default=0.1, min=0.0, unit="σ", doc="Standard deviation of the noise.")
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        need_float(inputs["in"])
        return {"out": TensorSpec(inputs["in"].shape)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(
            module=Module("chainrule.nn.GaussianNoise", (params["std"],)),
            calls=(Call("out", "self", (Ref("in"),)),),
            random=True,
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(rf"y = x + {number(params['std'])}\, z, \quad z \sim \mathcal{{N}}(0, 1)",),
            backward=(rf"{wrt('x')} = \delta",),
            symbols=(INPUT, OUTPUT, ("z", "noise, drawn anew in each step; 0 in evaluation"), DELTA),
            source="Bishop, Training with noise is equivalent to Tikhonov regularization, 1995",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        return {"in": c.upstream["out"]}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return f"σ = {number(params['std'])}"
