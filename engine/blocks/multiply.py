"""Multiply: the product of several inputs, number by number."""

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
class Multiply(Block):
    """`y = a · b · …`; inputs of one shape, or of size 1 where a gate is stretched over its dimension."""

    kind = "Multiply"
    category = "shape"
    doc = "Multiplies its inputs number by number: a gate that lets values through or holds them back."
    icon = "multiply"
    keywords = ("product", "times", "gate", "hadamard", "attention", "scale")
    params: ClassVar[Mapping[str, Param]] = many_inputs("How many inputs are multiplied.")

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return many_ports(params, "A factor.")

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": joined_shape(inputs, self.inputs(params), stretch=True)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        calls, product, last = [], "a", params["inputs"] - 1
        for index in range(1, last + 1):
            out = "out" if index == last else f"product_{letter(index)}"
            calls.append(Call(out, "operator.mul", (Ref(product), Ref(letter(index)))))
            product = out
        return Recipe(calls=tuple(calls))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        names = shown_names(params)
        times = r" \odot "
        backward = [
            rf"{wrt(name)} = \delta{times}{times.join(other for other in names if other != name)}"
            for name in names
            if name != ELLIPSIS
        ]
        return Formula(
            forward=(f"y = {times.join(names)}",),
            backward=tuple(backward),
            symbols=((", ".join(names), "inputs"), OUTPUT, (r"\odot", "product number by number"), DELTA),
            source="torch.mul",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        found = {}
        for name, value in c.inputs.items():
            gradient = c.upstream["out"]
            for other, factor in c.inputs.items():
                if other != name:
                    gradient = gradient * factor
            found[name] = sum_to(gradient, value.shape)
        return found

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(outputs["out"]) * (int(params["inputs"]) - 1)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return f"{params['inputs']} inputs" if params["inputs"] > 2 else ""
