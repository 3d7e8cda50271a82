"""What the functions of one number share: Sin, Exp, Log and their like are applied number by number."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import need_float, numel
from engine.tensorspec import TensorSpec


class UnaryFunction(Block):
    """`y = f(x)`, shapes unchanged.

    Attributes:
        target: the torch call.
        value, slope: f(x) and f'(x) as mathematics; the slope may use x and y.
    """

    category = "math"
    params: ClassVar[Mapping[str, Param]] = {}
    target: ClassVar[str]
    value: ClassVar[str]
    slope: ClassVar[str]

    @abstractmethod
    def derivative(self, x: Any, y: Any, c: GradContext) -> Any:
        """f'(x), number by number."""

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        need_float(inputs["in"])
        return {"out": TensorSpec(inputs["in"].shape)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        return Recipe(calls=(Call("out", self.target, (Ref("in"),)),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(f"y = {self.value}",),
            backward=(rf"{wrt('x')} = \delta \cdot {self.slope}",),
            symbols=(INPUT, OUTPUT, DELTA),
            source=self.target,
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        return {"in": c.upstream["out"] * self.derivative(c.inputs["in"], c.outputs["out"], c)}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(outputs["out"])
