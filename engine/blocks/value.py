"""Value: a number, or a tensor of numbers, that may be trained; where a typed formula begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port
from engine.notation import DELTA, OUTPUT, wrt
from engine.param import Bool, Float, Param, Shape
from engine.recipe import Call, Formula, GradContext, Init, Recipe, Ref, Tensor
from engine.shapes import times
from engine.tensorspec import TensorSpec


@final
class Value(Block):
    """`y = v`. It has no batch: every sample sees the same numbers."""

    kind = "Value"
    category = "math"
    doc = "A number of its own, which training changes unless it is held fixed."
    icon = "value"
    keywords = ("constant", "number", "parameter", "variable", "scalar", "tensor", "weight")
    params: ClassVar[Mapping[str, Param]] = {
        "value": Float(default=1.0, doc="The number it starts with, everywhere in its shape."),
        "trainable": Bool(default=True, doc="Whether training changes it."),
        "shape": Shape(default=(), min=1, advanced=True, doc="Its shape; empty is a single number."),
    }

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return ()

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": TensorSpec(params["shape"])}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        held = frozenset() if params["trainable"] else frozenset({"value"})
        return Recipe(
            parameters=(Tensor("value", params["shape"], Init("constant", value=params["value"])),),
            calls=(Call("out", "torch.clone", (Ref("self.value"),)),),
            fixed=held,
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=("y = v",),
            backward=(rf"{wrt('v')} = \delta",),
            symbols=(OUTPUT, ("v", "the value"), DELTA),
            source="torch.nn.Parameter",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        return {"value": c.upstream["out"]}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        size = f"{times(params['shape'])}, " if params["shape"] else ""
        return f"{size}{params['value']:g}{'' if params['trainable'] else ', fixed'}"
