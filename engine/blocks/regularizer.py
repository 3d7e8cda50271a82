"""Regularizer: a price on large weights, added to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, Port, ShapeError
from engine.notation import number, wrt
from engine.param import Bool, Choice, Float, Param, Refs
from engine.recipe import Call, Formula, GradContext, Recipe, Ref
from engine.tensorspec import TensorSpec
from engine.wording import plural

_PRICE = {"l2": "torch.square", "l1": "torch.abs"}


@final
class Regularizer(Block):
    """The weights of other blocks to one number, `strength · Σ w²` or `strength · Σ |w|`; no inputs."""

    kind = "Regularizer"
    category = "regularisation"
    doc = "Adds a price on large weights to the loss: L2 keeps them small, L1 makes many of them 0."
    icon = "regularizer"
    beginner = True
    keywords = (
        "regularisation",
        "regularization",
        "weight decay",
        "ridge",
        "lasso",
        "penalty",
        "l1",
        "l2",
        "overfitting",
    )
    params: ClassVar[Mapping[str, Param]] = {
        "penalty": Choice(
            default="l2",
            options=("l2", "l1"),
            labels=("L2 (squares)", "L1 (absolute values)"),
            doc="What a weight costs: its square or its absolute value.",
        ),
        "strength": Float(default=0.001, min=0.0, log=True, unit="λ", doc="The price; 0 switches it off."),
        "blocks": Refs(doc="Whose weights; none chosen means those of all blocks."),
        "biases": Bool(default=False, doc="Count biases, too; they seldom cause overfitting."),
    }

    def inputs(self, params: Mapping[str, Any]) -> tuple[Port, ...]:
        return ()

    def outputs(self, params: Mapping[str, Any], facts: object = None) -> tuple[Port, ...]:
        return (Port("out", "scalar", doc="The price, one number."),)

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        if params["blocks"]:
            for path, tensors in context.parameters.items():
                if not tensors:
                    raise ShapeError(
                        f'is to regularise "{path}", which has no weights',
                        hint="Choose blocks such as Dense or Conv2d.",
                        code="G06",
                    )
        if not _names(params, context):
            raise ShapeError(
                "finds no weights to regularise", hint="Add a block with weights, or remove this one.", code="G06"
            )
        return {"out": TensorSpec(())}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        names = _names(params, context)
        calls, total = [], "sum_0"
        for index, name in enumerate(names):
            calls.append(Call(f"price_{index}", _PRICE[params["penalty"]], (Ref(name),)))
            calls.append(Call(f"sum_{index}", "torch.sum", (Ref(f"price_{index}"),)))
            if index:
                calls.append(Call(f"total_{index}", "operator.add", (Ref(total), Ref(f"sum_{index}"))))
                total = f"total_{index}"
        calls.append(Call("out", "operator.mul", (params["strength"], Ref(total))))
        borrows = dict.fromkeys(name.rpartition(".")[0] for name in names)
        return Recipe(calls=tuple(calls), borrows=tuple(borrows))

    def formula(self, params: Mapping[str, Any]) -> Formula:
        square = params["penalty"] == "l2"
        strength = number(params["strength"])
        price, slope = ("w^{2}", r"2\, w") if square else ("|w|", r"\mathrm{sign}(w)")
        return Formula(
            forward=(rf"R = \lambda \sum_{{w}} {price}, \quad \lambda = {strength}",),
            backward=(rf"{wrt('w')} = \delta\, \lambda \cdot {slope}",),
            symbols=(
                ("R", "price, added to the loss"),
                (r"\lambda", "strength"),
                ("w", "a weight of the chosen blocks"),
                (r"\delta", "gradient arriving at the price: its weight in the objective"),
            ),
            source="Krogh and Hertz, 1991 (L2)" if square else "Tibshirani, 1996 (L1)",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        scale = c.upstream["out"] * c.params["strength"]
        found = {}
        for name, weight in c.weights.items():
            if _counts(c.params, name):
                slope = 2 * weight if c.params["penalty"] == "l2" else c.call("torch.sign", weight)
                found[name] = scale * slope
        return found

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        whose = plural(len(params["blocks"]), "block") if params["blocks"] else "all blocks"
        return f"{params['penalty'].upper()}, λ = {number(params['strength'])}, {whose}"

    def objective(self, params: Mapping[str, Any]) -> bool:
        return True


def _counts(params: Mapping[str, Any], name: str) -> bool:
    return bool(params["biases"]) or name.rpartition(".")[2] != "bias"


def _names(params: Mapping[str, Any], context: Context) -> list[str]:
    """The parameters that are counted, as `NODE.weight`."""
    names = [f"{path}.{tensor.name}" for path, tensors in context.parameters.items() for tensor in tensors]
    return [name for name in names if _counts(params, name)]
