"""Permute: dimensions in another order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Param, Shape
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import need_batch, rearranged
from engine.tensorspec import TensorSpec
from engine.wording import plural


@final
class Permute(Block):
    """`(N, a, b) -> (N, b, a)` with dims 0, 2, 1; the batch, dimension 0, stays first."""

    kind = "Permute"
    category = "shape"
    doc = "Puts the dimensions of its input in another order: channels last instead of first."
    icon = "permute"
    keywords = ("transpose", "swap axes", "channels last", "rearrange")
    params: ClassVar[Mapping[str, Param]] = {
        "dims": Shape(
            default=(0, 2, 1), min=0, doc="The input's dimensions in their new order; 0, the batch, stays first."
        )
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec, dims = inputs["in"], params["dims"]
        need_batch(spec)
        shown = ", ".join(map(str, dims))
        if sorted(dims) != list(range(len(dims))) or dims[:1] != (0,):
            raise ShapeError(
                f"needs each dimension once, 0 (the batch) first, but dims is {shown or 'empty'}",
                hint="Write an order such as 0, 2, 1.",
                code="G06",
            )
        if len(dims) != len(spec.shape):
            raise ShapeError(
                f"orders {plural(len(dims), 'dimension')} ({shown}) but gets {spec}, which has {len(spec.shape)}",
                hint=f"Write the dimensions 0 to {len(spec.shape) - 1} in the order you want.",
                port="in",
            )
        shape = tuple(spec.shape[dim] for dim in dims)
        return {"out": spec.with_shape(shape) if dims[1:2] == (1,) else rearranged(spec, shape)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(calls=(Call("out", "torch.permute", (Ref("in"), params["dims"])),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        names = [f"i_{{{dim}}}" for dim in range(len(params["dims"]))]
        place = ", ".join(names)
        moved = ", ".join(names[dim] for dim in params["dims"] if dim < len(names))
        x = f"x_{{{place}}}"
        return Formula(
            forward=(f"y_{{{moved}}} = {x}",),
            backward=(rf"{wrt(x)} = \delta_{{{moved}}}",),
            symbols=(INPUT, OUTPUT, ("i_{0}", "sample of the batch"), ("i_{1}, \\ldots", "places"), DELTA),
            source="torch.permute",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, dims = c.inputs["in"], c.params["dims"]
        back = sorted(range(len(dims)), key=lambda dim: dims[dim])
        return {"in": c.upstream["out"].permute(back)} if x.is_floating_point() else {}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return ", ".join(map(str, params["dims"]))
