"""Divide: the quotient of two inputs, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port
from engine.broadcast import joined_shape, sum_to
from engine.notation import DELTA, OUTPUT, wrt
from engine.param import Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import numel
from engine.tensorspec import TensorSpec


@final
class Divide(Block):
    """`y = a / b`; inputs of one shape, or of size 1 where one is stretched over its dimension."""

    kind = "Divide"
    category = "math"
    doc = "Divides a by b, number by number; b must not be zero."
    icon = "divide"
    keywords = ("quotient", "over", "ratio", "fraction")
    params: ClassVar[Mapping[str, Param]] = {}

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return (Port("a", doc="What is divided."), Port("b", doc="What it is divided by."))

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": joined_shape(inputs, self.inputs(params), stretch=True)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(calls=(Call("out", "operator.truediv", (Ref("a"), Ref("b"))),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(r"y = \dfrac{a}{b}",),
            backward=(rf"{wrt('a')} = \dfrac{{\delta}}{{b}}", rf"{wrt('b')} = -\delta \cdot \dfrac{{y}}{{b}}"),
            symbols=(("a, b", "inputs"), OUTPUT, DELTA),
            source="torch.div",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        delta, a, b = c.upstream["out"], c.inputs["a"], c.inputs["b"]
        return {"a": sum_to(delta / b, a.shape), "b": sum_to(-delta * c.outputs["out"] / b, b.shape)}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(outputs["out"])
