"""Power: one input to the power of a number, or of another input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port
from engine.broadcast import joined_shape, sum_to
from engine.notation import DELTA, OUTPUT, number, wrt
from engine.param import Float, Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import numel
from engine.tensorspec import TensorSpec

_READABLE = 1000
"""Whole exponents below it are written as such: `x**2`."""


@final
class Power(Block):
    """`y = a ** b`, with the parameter `exponent` for b, or the input b where that is left empty."""

    kind = "Power"
    category = "math"
    doc = "Raises a to the power of b, or of the number set as exponent: 2 squares, 0.5 is the root."
    icon = "expression"
    keywords = ("square", "cube", "exponent", "pow", "^")
    params: ClassVar[Mapping[str, Param]] = {
        "exponent": Float(
            default=2.0, optional=True, empty="from b", doc="The exponent; empty: it comes in at the port b."
        )
    }

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        base = Port("a", doc="The base.")
        return (base,) if params["exponent"] is not None else (base, Port("b", doc="The exponent."))

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": joined_shape(inputs, self.inputs(params), stretch=True)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        exponent = params["exponent"]
        if exponent is None:
            return Recipe(calls=(Call("out", "operator.pow", (Ref("a"), Ref("b"))),))
        plain = int(exponent) if exponent.is_integer() and abs(exponent) < _READABLE else exponent
        return Recipe(calls=(Call("out", "operator.pow", (Ref("a"), plain)),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        exponent = params["exponent"]
        by_base = rf"{wrt('a')} = \delta \cdot b\, a^{{b - 1}}"
        by_exponent = rf"{wrt('b')} = \delta \cdot y \ln a"
        return Formula(
            forward=(r"y = a^{b}" if exponent is None else rf"y = a^{{b}}, \quad b = {number(exponent)}",),
            backward=(by_base, by_exponent) if exponent is None else (by_base,),
            symbols=(("a", "base"), ("b", "exponent"), OUTPUT, DELTA),
            source="torch.pow",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        delta, a, b = c.upstream["out"], c.inputs["a"], c.inputs.get("b")
        if b is None:
            exponent = c.params["exponent"]
            # The power 0 is flat everywhere, at 0 too, where the rule would divide by zero.
            return {"a": delta * exponent * a ** (exponent - 1) if exponent else 0 * delta}
        slope = sum_to(delta * b * a ** (b - 1), a.shape)
        return {"a": slope, "b": sum_to(delta * c.outputs["out"] * c.call("torch.log", a), b.shape)}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(outputs["out"])

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return "" if params["exponent"] is None else f"exponent {params['exponent']:g}"
