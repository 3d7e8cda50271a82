"""Augment: images flipped, shifted, turned and scaled at random while training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.notation import DELTA, INPUT, OUTPUT, number, wrt
from engine.param import Bool, Float, Int, Param
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import changed, images_or_swap, need_float
from engine.tensorspec import TensorSpec


@final
class Augment(Block):
    """Each image `(N, channels, height, width)` changes its place a little in every step; the shape stays."""

    kind = "Augment"
    category = "regularisation"
    doc = (
        "While training, flips, shifts, turns and scales each image a little at random: as if there were more of them."
    )
    icon = "augment"
    keywords = ("augmentation", "random affine", "rotate", "flip", "shift", "crop", "overfitting", "regularisation")
    params: ClassVar[Mapping[str, Param]] = {
        "flip": Bool(default=False, doc="Mirror half of the images, left to right. Wrong for digits and letters."),
        "translate": Int(default=2, min=0, max=4096, unit="px", doc="Shift by up to so many pixels each way."),
        "degrees": Float(default=0.0, min=0.0, max=180.0, unit="°", doc="Turn by up to so many degrees each way."),
        "scale": Float(
            default=0.0, min=0.0, max=0.9, doc="Stretch or shrink by up to this part of the size: 0.1 is a tenth."
        ),
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        need_float(inputs["in"])
        images_or_swap(inputs["in"], "Noise")
        return {"out": TensorSpec(inputs["in"].shape)}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        settings = changed(
            [
                ("flip", params["flip"], False),
                ("translate", params["translate"], 0),
                ("degrees", params["degrees"], 0.0),
                ("scale", params["scale"], 0.0),
            ]
        )
        return Recipe(
            module=Module("chainrule.nn.RandomAffine", (), settings),
            calls=(Call("out", "self", (Ref("in"),)),),
            traced_calls=(
                Call("places", "self", (Ref("in"), True)),
                Call("flat", "torch.flatten", (Ref("in"), 2)),
                Call("taken", "torch.gather", (Ref("flat"), 2, Ref("places"))),
                Call("out", "torch.Tensor.view_as", (Ref("taken"), Ref("in"))),
            ),
            saved=("places",),
            random=True,
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(r"y_{i,j} = x_{a(i,j)}",),
            backward=(rf"{wrt('x_{a,b}')} = \sum_{{i,j}} \delta_{{i,j}}\ [\,a(i,j) = (a,b)\,]",),
            symbols=(
                INPUT,
                OUTPUT,
                (
                    "a(i,j)",
                    "place that the pixel at i,j comes from, drawn anew for each image; i,j itself in evaluation",
                ),
                ("i,j", "place in the output"),
                ("a,b", "place in the input"),
                (r"[\,\cdot\,]", "1 where the condition in brackets holds, else 0"),
                DELTA,
            ),
            source="Simard, Steinkraus and Platt, Best practices for convolutional neural networks, 2003, section 2",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, delta = c.inputs["in"], c.upstream["out"]
        nothing = c.call("torch.zeros_like", x).flatten(2)
        return {"in": nothing.scatter_add(2, c.saved["places"], delta.flatten(2)).reshape(x.shape)}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        parts = [
            "flip" if params["flip"] else "",
            f"±{params['translate']} px" if params["translate"] else "",
            f"±{number(params['degrees'])}°" if params["degrees"] else "",
            f"±{number(100 * params['scale'])} %" if params["scale"] else "",
        ]
        return " · ".join(part for part in parts if part) or "nothing changes"
