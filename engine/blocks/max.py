"""Max: the largest of several inputs, number by number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port
from engine.broadcast import joined_shape, letter, many_inputs, many_ports, sum_to
from engine.notation import DELTA, OUTPUT, wrt
from engine.param import Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import numel
from engine.tensorspec import TensorSpec


@final
class Max(Block):
    """`y = max(a, b, …)`; inputs of one shape, or of size 1 where one is stretched over its dimension."""

    kind = "Max"
    category = "math"
    doc = "The largest of its inputs, number by number; the gradient goes to that one alone."
    icon = "expression"
    keywords = ("maximum", "largest", "greater")
    params: ClassVar[Mapping[str, Param]] = many_inputs("Of how many inputs the largest is taken.")

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return many_ports(params, "One of those compared.")

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        return {"out": joined_shape(inputs, self.inputs(params), stretch=True)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        calls, largest, last = [], "a", params["inputs"] - 1
        for index in range(1, last + 1):
            out = "out" if index == last else f"largest_{letter(index)}"
            calls.append(Call(out, "torch.maximum", (Ref(largest), Ref(letter(index)))))
            largest = out
        return Recipe(calls=tuple(calls))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        names = [letter(at) for at in range(params["inputs"])]
        return Formula(
            forward=(rf"y = \max({', '.join(names)})",),
            backward=tuple(rf"{wrt(name)} = \delta\,[{name} = y]" for name in names),
            symbols=(
                (", ".join(names), "inputs"),
                OUTPUT,
                (r"[\,\cdot\,]", "1 where the condition in brackets holds, else 0; two that are equal share alike"),
                DELTA,
            ),
            source="torch.maximum",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        names = list(c.inputs)
        largest = [c.inputs[names[0]]]
        for name in names[1:-1]:
            largest.append(c.call("torch.maximum", largest[-1], c.inputs[name]))
        found, delta = {}, c.upstream["out"]
        for name, before in zip(reversed(names[1:]), reversed(largest), strict=True):
            here = c.inputs[name]
            # Two that are equal share alike, as PyTorch does.
            share = 1.0 * (here > before) + 0.5 * (here == before)
            found[name] = sum_to(delta * share, here.shape)
            delta = sum_to(delta * (1 - share), before.shape)
        found[names[0]] = delta
        return found

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(outputs["out"]) * (int(params["inputs"]) - 1)

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return f"{params['inputs']} inputs" if params["inputs"] > 2 else ""
