"""MaxPool2d: the largest number of each window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Param, Size
from engine.pooling import check_padding, check_seen, pool_params, pool_summary, stride_of
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import changed, even_pads, images, per_dim, rearranged, slide
from engine.tensorspec import TensorSpec


@final
class MaxPool2d(Block):
    """`(N, channels, height, width) -> (N, channels, height′, width′)`."""

    kind = "MaxPool2d"
    category = "layers"
    doc = "Shrinks an image: of each window only the largest number is kept."
    icon = "pool"
    beginner = True
    keywords = ("pooling", "maximum", "downsample", "subsampling")
    params: ClassVar[Mapping[str, Param]] = {
        **pool_params(),
        "dilation": Size(
            default=1, dims=2, min=1, max=65_536, doc="Distance between places of the window.", advanced=True
        ),
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        channels, sizes = images(spec)
        kernel, padding, dilation = (per_dim(params[name], 2) for name in ("kernel_size", "padding", "dilation"))
        check_padding(padding, kernel)
        places = slide(sizes, kernel, stride_of(params), even_pads(padding), dilation)
        check_seen(sizes, kernel, stride_of(params), padding, dilation)
        return {"out": rearranged(spec, (spec.shape[0], channels, *places))}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        settings = changed(
            [
                ("stride", params["stride"], None),
                ("padding", params["padding"], 0),
                ("dilation", params["dilation"], 1),
            ]
        )
        window = (params["kernel_size"], params["stride"], params["padding"], params["dilation"])
        return Recipe(
            module=Module("torch.nn.MaxPool2d", (params["kernel_size"],), settings),
            calls=(Call("out", "self", (Ref("in"),)),),
            traced_calls=(
                Call(("out", "indices"), "torch.nn.functional.max_pool2d_with_indices", (Ref("in"), *window)),
            ),
            saved=("indices",),
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        return Formula(
            forward=(r"y_{i,j} = \max_{(a,b) \in R_{i,j}}\ x_{a,b}",),
            backward=(rf"{wrt('x_{a,b}')} = \sum_{{i,j}} \delta_{{i,j}}\ [\,(a,b) = m_{{i,j}}\,]",),
            symbols=(
                INPUT,
                OUTPUT,
                ("R", "window that belongs to an output place"),
                ("m", "place of the largest number in the window"),
                ("i,j", "place in the output"),
                ("a,b", "place in the input"),
                (r"[\,\cdot\,]", "1 where the condition in brackets holds, else 0"),
                DELTA,
            ),
            source="torch.nn.MaxPool2d; Goodfellow, Bengio and Courville, Deep Learning (2016), section 9.3",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, delta, indices = c.inputs["in"], c.upstream["out"], c.saved["indices"]
        nothing = c.call("torch.zeros_like", x).flatten(2)
        return {"in": nothing.scatter_add(2, indices.flatten(2), delta.flatten(2)).reshape(x.shape)}

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return pool_summary(params)
