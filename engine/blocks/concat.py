"""Concat: inputs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port, ShapeError
from engine.broadcast import ELLIPSIS, letter, many_inputs, many_ports, shown_names
from engine.notation import DELTA, OUTPUT, wrt
from engine.param import Int, Param
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.shapes import fixed, need_batch, need_float, received
from engine.tensorspec import TensorSpec


@final
class Concat(Block):
    """`(N, 3, …), (N, 5, …) -> (N, 8, …)`; the other dimensions must agree."""

    kind = "Concat"
    category = "shape"
    doc = "Puts its inputs side by side: features beside features, channels beside channels."
    icon = "concat"
    beginner = True
    keywords = ("concatenate", "cat", "join", "merge", "stack", "dense connection", "u-net")
    params: ClassVar[Mapping[str, Param]] = {
        **many_inputs("How many inputs are joined."),
        "dim": Int(
            default=1,
            min=1,
            max=8,
            doc="Along which dimension: 1 holds features or channels, 0 is the batch.",
            advanced=True,
        ),
    }

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return many_ports(params, "A part.")

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        dim = params["dim"]
        first = inputs["a"]
        total = 0
        for port in self.inputs(params):
            spec = inputs[port.name]
            need_float(spec, port.name)
            need_batch(spec, port.name)
            if len(spec.shape) <= dim:
                raise ShapeError(
                    f"joins along dimension {dim} but gets {received(spec)}",
                    hint="Set dim to 1." if len(spec.shape) > 1 else "Put a Reshape to 1 before it.",
                    port=port.name,
                    fix=("set", "dim", 1) if len(spec.shape) > 1 else ("insert", "Reshape", (("shape", (1,)),)),
                )
            if (*spec.shape[:dim], *spec.shape[dim + 1 :]) != (*first.shape[:dim], *first.shape[dim + 1 :]):
                raise ShapeError(
                    f"needs inputs that differ in dimension {dim} only, but a is {first} and {port.name} is {spec}",
                    hint="Flatten both, or bring the other sizes to one.",
                    port=port.name,
                )
            total += fixed(spec.shape[dim], "values to join", port.name)
        meanings = {inputs[port.name].meaning for port in self.inputs(params)}
        shape = (*first.shape[:dim], total, *first.shape[dim + 1 :])
        keeps = meanings.pop() if meanings in ({"probability"}, {"logit"}, {"log_probability"}) else ""
        return {"out": TensorSpec(shape, meaning=keeps)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        parts = tuple(Ref(letter(index)) for index in range(params["inputs"]))
        return Recipe(calls=(Call("out", "torch.cat", (parts,), (("dim", params["dim"]),)),))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        names = shown_names(params)
        parts = r",\ ".join(names)
        gradients = r",\ ".join(name if name == ELLIPSIS else wrt(name) for name in names)
        return Formula(
            forward=(rf"y = [\,{parts}\,]",),
            backward=(rf"[\,{gradients}\,] = \delta",),
            symbols=((parts, "inputs"), (r"[\,\cdot,\ \cdot\,]", "side by side"), OUTPUT, DELTA),
            source="torch.cat; Huang et al., Densely connected convolutional networks, 2017",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        dim, start, found = c.params["dim"], 0, {}
        for index in range(c.params["inputs"]):
            name = letter(index)
            size = c.inputs[name].shape[dim]
            found[name] = c.upstream["out"].narrow(dim, start, size)
            start += size
        return found

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        parts = [f"{params['inputs']} inputs"] if params["inputs"] > 2 else []
        return ", ".join(parts + ([f"dim {params['dim']}"] if params["dim"] != 1 else []))
