"""Flatten: all numbers of a sample in one row."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Int, Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import fixed, need_batch, rearranged, received, times
from engine.tensorspec import TensorSpec


@final
class Flatten(Block):
    """`(N, channels, height, width) -> (N, channels · height · width)`."""

    kind = "Flatten"
    category = "shape"
    doc = "Writes all numbers of a sample into one row, so that a Dense layer can follow an image."
    icon = "flatten"
    beginner = True
    keywords = ("reshape", "vector", "unroll", "view")
    params: ClassVar[Mapping[str, Param]] = {
        "start_dim": Int(
            default=1, min=1, max=8, doc="First dimension that is flattened; 0 is the batch.", advanced=True
        )
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec, start = inputs["in"], params["start_dim"]
        need_batch(spec)
        if len(spec.shape) <= start:
            raise ShapeError(
                f"starts at dimension {start} but gets {received(spec)}",
                hint="Set start_dim to 1." if len(spec.shape) > 1 else "Remove this Flatten.",
                port="in",
                fix=("set", "start_dim", 1) if len(spec.shape) > 1 else ("remove",),
            )
        size = prod(fixed(dim, "values") for dim in spec.shape[start:])
        return {"out": rearranged(spec, (*spec.shape[:start], size))}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(calls=(Call("out", "torch.flatten", (Ref("in"), params["start_dim"])),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(r"y_{n} = \mathrm{flatten}(x_{n})",),
            backward=(rf"{wrt('x_{n}')} = \mathrm{{reshape}}(\delta_{{n}},\ \mathrm{{shape\ of}}\ x_{{n}})",),
            symbols=(INPUT, OUTPUT, ("n", "sample of the batch"), DELTA),
            source="torch.flatten",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x = c.inputs["in"]
        return {"in": c.upstream["out"].reshape(x.shape)} if x.is_floating_point() else {}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        spec = inputs.get("in")
        return f"{times(spec.sample_shape)} → {spec.numel}" if spec and spec.numel and params["start_dim"] == 1 else ""
