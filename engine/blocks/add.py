"""Add: the sum of several inputs, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port
from engine.broadcast import ELLIPSIS, joined_shape, letter, many_inputs, many_ports, shown_names, sum_to
from engine.notation import DELTA, OUTPUT, wrt
from engine.param import Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import numel
from engine.tensorspec import TensorSpec


@final
class Add(Block):
    """`y = a + b + …`; inputs of one shape."""

    kind = "Add"
    category = "shape"
    doc = "Adds its inputs number by number: the skip connection of a residual network."
    icon = "add"
    beginner = True
    keywords = ("sum", "plus", "residual", "skip connection", "shortcut")
    params: ClassVar[Mapping[str, Param]] = many_inputs("How many inputs are added.")

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return many_ports(params, "A summand.")

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": joined_shape(inputs, self.inputs(params))}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        calls, total, last = [], "a", params["inputs"] - 1
        for index in range(1, last + 1):
            out = "out" if index == last else f"sum_{letter(index)}"
            calls.append(Call(out, "operator.add", (Ref(total), Ref(letter(index)))))
            total = out
        return Recipe(calls=tuple(calls))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        names = shown_names(params)
        gradients = " = ".join(wrt(name) for name in names if name != ELLIPSIS)
        return Formula(
            forward=(f"y = {' + '.join(names)}",),
            backward=(rf"{gradients} = \delta",),
            symbols=((", ".join(names), "inputs"), OUTPUT, DELTA),
            source="torch.add; He et al., Deep residual learning for image recognition, 2016",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        return {name: sum_to(c.upstream["out"], value.shape) for name, value in c.inputs.items()}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(outputs["out"]) * (int(params["inputs"]) - 1)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return f"{params['inputs']} inputs" if params["inputs"] > 2 else ""
