"""Reshape: the same numbers in another shape."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Param, Shape
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import rearranged, received, times
from engine.tensorspec import TensorSpec
from engine.wording import plural


@final
class Reshape(Block):
    """`(N, …) -> (N, *shape)`; the batch stays as it is."""

    kind = "Reshape"
    category = "shape"
    doc = "Arranges the numbers of a sample in another shape, row by row: 784 numbers as an image of 1×28×28."
    icon = "reshape"
    keywords = ("view", "unflatten", "image")
    params: ClassVar[Mapping[str, Param]] = {
        "shape": Shape(
            default=(1, 28, 28), min=1, infer=True, doc="Shape of one sample, without the batch; -1 works out one size."
        )
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        sizes = _sizes(params["shape"], spec)
        return {"out": rearranged(spec, (spec.shape[0], *sizes) if spec.batched else sizes)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        sizes = _sizes(params["shape"], inputs["in"])
        shape = (-1, *sizes) if inputs["in"].batched else sizes
        return Recipe(calls=(Call("out", "torch.reshape", (Ref("in"), shape)),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        shape = times(params["shape"]).replace("×", r" \times ") or "1"
        return Formula(
            forward=(rf"y_{{n}} = \mathrm{{reshape}}(x_{{n}},\ {shape})",),
            backward=(rf"{wrt('x_{n}')} = \mathrm{{reshape}}(\delta_{{n}},\ \mathrm{{shape\ of}}\ x_{{n}})",),
            symbols=(INPUT, OUTPUT, ("n", "sample of the batch"), DELTA),
            source="torch.reshape",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x = c.inputs["in"]
        return {"in": c.upstream["out"].reshape(x.shape)} if x.is_floating_point() else {}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return times("?" if size == -1 else size for size in params["shape"])


def _sizes(shape: tuple[int, ...], spec: TensorSpec) -> tuple[int, ...]:
    """The shape with its open size worked out. Raises ShapeError."""
    count = spec.numel
    if count is None:
        raise ShapeError(f"needs inputs of a fixed size but gets {spec}", hint="Give the data one size.", port="in")
    known = prod(size for size in shape if size != -1)
    if -1 in shape and count % known == 0:
        return tuple(count // known if size == -1 else size for size in shape)
    if -1 in shape or known != count:
        wanted = f"a multiple of {known} numbers" if -1 in shape else plural(known, "number")
        goal = times("?" if size == -1 else size for size in shape) or "no dimension"
        raise ShapeError(
            f"needs {wanted} for the shape {goal} but gets {received(spec)}",
            hint=f"Choose sizes whose product is {count}.",
            port="in",
            fix=("set", "shape", (count,)),
        )
    return shape
