"""AvgPool2d: the mean of each window."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Bool, Param
from engine.pooling import check_padding, pool_params, pool_summary, stride_of
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import changed, even_pads, images, numel, per_dim, rearranged, slide
from engine.tensorspec import TensorSpec


@final
class AvgPool2d(Block):
    """`(N, channels, height, width) -> (N, channels, height′, width′)`."""

    kind = "AvgPool2d"
    category = "layers"
    doc = "Shrinks an image: of each window the mean is kept."
    icon = "pool"
    keywords = ("pooling", "average", "mean", "downsample", "subsampling")
    params: ClassVar[Mapping[str, Param]] = {
        **pool_params(),
        "count_include_pad": Bool(default=True, doc="Count the zeros of the padding in the mean.", advanced=True),
    }

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        channels, sizes = images(spec)
        kernel, padding = per_dim(params["kernel_size"], 2), per_dim(params["padding"], 2)
        check_padding(padding, kernel)
        places = slide(sizes, kernel, stride_of(params), even_pads(padding), (1, 1))
        return {"out": rearranged(spec, (spec.shape[0], channels, *places))}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        settings = changed(
            [
                ("stride", params["stride"], None),
                ("padding", params["padding"], 0),
                ("count_include_pad", params["count_include_pad"], True),
            ]
        )
        return Recipe(
            module=Module("torch.nn.AvgPool2d", (params["kernel_size"],), settings),
            calls=(Call("out", "self", (Ref("in"),)),),
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        zeros = "with" if params["count_include_pad"] else "without"
        return Formula(
            forward=(r"y_{i,j} = \dfrac{1}{m_{i,j}} \sum_{(a,b) \in R_{i,j}} x_{a,b}",),
            backward=(rf"{wrt('x_{a,b}')} = \sum_{{i,j:\ (a,b) \in R_{{i,j}}}} \dfrac{{\delta_{{i,j}}}}{{m_{{i,j}}}}",),
            symbols=(
                INPUT,
                OUTPUT,
                ("R", "window that belongs to an output place"),
                ("m", f"how many numbers the window holds, {zeros} the padding"),
                ("i,j", "place in the output"),
                ("a,b", "place in the input"),
                DELTA,
            ),
            source="torch.nn.AvgPool2d; LeCun et al., Gradient-based learning applied to document recognition, 1998",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, delta, params = c.inputs["in"], c.upstream["out"], c.params
        kernel, padding = per_dim(params["kernel_size"], 2), per_dim(params["padding"], 2)
        # A mean is a convolution by ones, channel by channel, divided by how many numbers it took in.
        ones = c.call("torch.ones_like", x[:1, :1, :1, :1]).expand(1, 1, *kernel)
        counts: Any = prod(kernel)
        if not params["count_include_pad"]:
            inside = c.call("torch.ones_like", x[:1, :1])
            counts = c.call("torch.nn.functional.conv2d", inside, ones, None, stride_of(params), padding)
        single = (x.shape[0] * x.shape[1], 1)
        shares = (delta / counts).reshape(*single, *delta.shape[2:])
        size = (*single, *x.shape[2:])
        by_input = c.call("torch.nn.grad.conv2d_input", size, ones, shares, stride_of(params), padding)
        return {"in": by_input.reshape(x.shape)}

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        return numel(outputs["out"]) * prod(per_dim(params["kernel_size"], 2))

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return pool_summary(params)
