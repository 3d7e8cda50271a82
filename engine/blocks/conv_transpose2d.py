"""ConvTranspose2d: a convolution run backwards, to make images larger."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar, final

from engine.block import EMPTY_CONTEXT, Block, Context, ShapeError
from engine.convolution import conv_params, conv_summary
from engine.initial import weight_and_bias
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Param, Size
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref
from engine.shapes import changed, check_groups, fixed, images, numel, per_dim, times
from engine.tensorspec import TensorSpec


def _params() -> dict[str, Param]:
    params = conv_params(2)
    params["padding"] = Size(
        default=0, dims=2, min=0, max=65_536, unit="px", doc="Rows and columns cut off around the output."
    )
    extra = Size(
        default=0,
        dims=2,
        min=0,
        max=65_536,
        unit="px",
        doc="Rows and columns added at the bottom and the right; must be less than the stride.",
        advanced=True,
    )
    order = ["out_channels", "kernel_size", "stride", "padding"]
    rest = [name for name in params if name not in order]
    return {**{name: params[name] for name in order}, "output_padding": extra, **{name: params[name] for name in rest}}


@final
class ConvTranspose2d(Block):
    """`(N, channels, height, width) -> (N, out_channels, height′, width′)`; height′ grows with the stride."""

    kind = "ConvTranspose2d"
    category = "layers"
    doc = "Makes an image larger: each pixel stamps a small learned pattern on the output."
    icon = "conv-transpose"
    keywords = ("deconvolution", "transposed convolution", "upsampling", "decoder", "generator", "autoencoder")
    params: ClassVar[Mapping[str, Param]] = _params()

    def shape(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> dict[str, TensorSpec]:
        spec = inputs["in"]
        channels, sizes = images(spec)
        check_groups("groups", params["groups"], "input channels", channels)
        check_groups("groups", params["groups"], "output channels", params["out_channels"])
        extra, stride = per_dim(params["output_padding"], 2), per_dim(params["stride"], 2)
        if any(more >= step for more, step in zip(extra, stride, strict=True)):
            raise ShapeError(
                f"has output_padding {times(extra)}, which must be less than the stride {times(stride)}",
                hint="Set output_padding to 0.",
                code="G06",
                fix=("set", "output_padding", 0),
            )
        # Documentation of torch.nn.ConvTranspose2d.
        places = tuple(
            (fixed(size, "pixels") - 1) * s - 2 * p + d * (k - 1) + more + 1
            for size, s, p, d, k, more in zip(sizes, stride, *_rest(params), extra, strict=True)
        )
        if min(places) < 1:
            raise ShapeError(
                f"cuts off all there is: its output would be {times(max(size, 0) for size in places)}"
                f" with padding {times(per_dim(params['padding'], 2))}",
                hint="Set padding to 0.",
                code="G06",
                fix=("set", "padding", 0),
            )
        return {"out": TensorSpec((spec.shape[0], params["out_channels"], *places), meaning="logit")}

    def recipe(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], context: Context = EMPTY_CONTEXT
    ) -> Recipe:
        channels, outputs = fixed(inputs["in"].shape[1], "channels"), params["out_channels"]
        kernel, per_group = per_dim(params["kernel_size"], 2), outputs // params["groups"]
        names = ("stride", "padding", "output_padding", "dilation", "groups", "bias")
        defaults = (1, 0, 0, 1, 1, True)
        settings = changed([(name, params[name], value) for name, value in zip(names, defaults, strict=True)])
        return Recipe(
            module=Module(
                "torch.nn.ConvTranspose2d",
                (channels, outputs),
                (("kernel_size", params["kernel_size"]), *settings),
            ),
            # PyTorch counts the second dimension of the weight as fan_in, here too.
            parameters=weight_and_bias(params, (channels, per_group, *kernel), outputs, per_group * prod(kernel)),
            calls=(Call("out", "self", (Ref("in"),)),),
        )

    def formula(self, params: Mapping[str, Any]) -> Formula:
        bias = params["bias"]
        seen = r"si + du - p,\ sj + dv - p"
        where = r"si + du - p = a,\ sj + dv - p = b"
        return Formula(
            forward=(rf"y_{{o,a,b}} = {'b_{o} + ' if bias else ''}\sum_{{c,\ {where}}} W_{{c,o,u,v}}\ x_{{c,i,j}}",),
            backward=(
                rf"{wrt('W_{c,o,u,v}')} = \sum_{{n,i,j}} x_{{c,i,j}}\ \delta_{{o,\ {seen}}}",
                *((rf"{wrt('b_{o}')} = \sum_{{n,a,b}} \delta_{{o,a,b}}",) if bias else ()),
                rf"{wrt('x_{c,i,j}')} = \sum_{{o,u,v}} W_{{c,o,u,v}}\ \delta_{{o,\ {seen}}}",
            ),
            symbols=(
                INPUT,
                OUTPUT,
                ("W", "kernels, one per input channel"),
                *((("b_{o}", "bias, one number per output channel"),) if bias else ()),
                ("o, c", "output and input channel (of the same group)"),
                ("i,j", "place in the input"),
                ("u,v", "place in the kernel"),
                ("a,b", "place in the output"),
                ("s, d, p", "stride, dilation, padding"),
                ("n", "sample of the batch"),
                DELTA,
            ),
            source="torch.nn.ConvTranspose2d; Dumoulin and Visin, A guide to convolution arithmetic, 2016",
        )

    def grads(self, c: GradContext) -> dict[str, Any]:
        x, weight, delta = c.inputs["in"], c.weights["weight"], c.upstream["out"]
        padding, dilation, _ = _rest(c.params)
        window = (per_dim(c.params["stride"], 2), padding, dilation, c.params["groups"])
        # The transpose of a transposed convolution is the convolution with the same kernels.
        found = {
            "in": c.call("torch.nn.functional.conv2d", delta, weight, None, *window),
            "weight": c.call("torch.nn.grad.conv2d_weight", delta, weight.shape, x, *window),
        }
        if "bias" in c.weights:
            found["bias"] = delta.sum((0, 2, 3))
        return found

    def macs(
        self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec], outputs: Mapping[str, TensorSpec]
    ) -> int:
        per_group = int(params["out_channels"]) // int(params["groups"])
        return numel(inputs["in"]) * per_group * prod(per_dim(params["kernel_size"], 2))

    def summary(self, params: Mapping[str, Any], inputs: Mapping[str, TensorSpec]) -> str:
        return conv_summary(params, 2)


def _rest(params: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Padding, dilation and kernel in each dimension."""
    return per_dim(params["padding"], 2), per_dim(params["dilation"], 2), per_dim(params["kernel_size"], 2)
