"""Transpose: two dimensions change places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Int, Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import rearranged
from engine.tensorspec import TensorSpec


@final
class Transpose(Block):
    """`(…, m, n) -> (…, n, m)`, the last two dimensions unless others are named; the batch stays first."""

    kind = "Transpose"
    category = "math"
    doc = "Swaps two dimensions: the rows of a matrix become its columns."
    icon = "permute"
    keywords = ("swap", "matrix", "T", "swapaxes")
    params: ClassVar[Mapping[str, Param]] = {
        "dim0": Int(default=-2, min=-8, max=8, doc="One dimension; negative ones count from the end."),
        "dim1": Int(default=-1, min=-8, max=8, doc="The other dimension."),
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        dims = [params[name] + (len(spec.shape) if params[name] < 0 else 0) for name in ("dim0", "dim1")]
        for name, dim in zip(("dim0", "dim1"), dims, strict=True):
            if not 0 <= dim < len(spec.shape):
                raise ShapeError(
                    f"swaps dimension {params[name]} of {spec}, which has {len(spec.shape)}",
                    hint="Name two dimensions of the input.",
                    port="in",
                )
        if spec.batched and 0 in dims and dims[0] != dims[1]:
            raise ShapeError(
                f"would move the batch of {spec} away from the front",
                hint="Swap dimensions from 1 on.",
                port="in",
            )
        shape = list(spec.shape)
        shape[dims[0]], shape[dims[1]] = shape[dims[1]], shape[dims[0]]
        return {"out": rearranged(spec, tuple(shape))}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(calls=(Call("out", "torch.transpose", (Ref("in"), params["dim0"], params["dim1"])),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(r"y = x^{\top}",),
            backward=(rf"{wrt('x')} = \delta^{{\top}}",),
            symbols=(INPUT, OUTPUT, (r"\top", f"dimensions {params['dim0']} and {params['dim1']} swapped"), DELTA),
            source="torch.transpose",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x = c.inputs["in"]
        if not x.is_floating_point():
            return {}
        return {"in": c.upstream["out"].transpose(c.params["dim0"], c.params["dim1"])}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return f"{params['dim0']} ↔ {params['dim1']}"
