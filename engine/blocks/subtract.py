"""Subtract: the difference of two inputs, number by number."""

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
class Subtract(Block):
    """`y = a − b`; inputs of one shape."""

    kind = "Subtract"
    category = "shape"
    doc = "Subtracts b from a, number by number."
    icon = "subtract"
    keywords = ("minus", "difference")
    params: ClassVar[Mapping[str, Param]] = {}

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return (Port("a", doc="What is subtracted from."), Port("b", doc="What is taken away."))

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": joined_shape(inputs, self.inputs(params))}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(calls=(Call("out", "operator.sub", (Ref("a"), Ref("b"))),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=("y = a - b",),
            backward=(rf"{wrt('a')} = \delta", rf"{wrt('b')} = -\delta"),
            symbols=(("a, b", "inputs"), OUTPUT, DELTA),
            source="torch.sub",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        delta = c.upstream["out"]
        return {"a": sum_to(delta, c.inputs["a"].shape), "b": sum_to(-delta, c.inputs["b"].shape)}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(outputs["out"])
