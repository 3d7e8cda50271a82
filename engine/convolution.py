"""What Conv1d and Conv2d share: parameters, shape rule, recipe, mathematics and gradients for any number of dimensions.

Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning, 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from engine.block import ShapeError
from engine.initial import init_params, weight_and_bias
from engine.notation import DELTA, INPUT, OUTPUT, wrt
from engine.param import Int, Param, Size
from engine.recipe import Call, Formula, GradContext, Module, Recipe, Ref, Value
from engine.shapes import (
    Pads,
    changed,
    check_groups,
    even_pads,
    fixed,
    images,
    numel,
    per_dim,
    same_pads,
    sequences,
    slide,
    times,
)
from engine.tensorspec import TensorSpec

_LARGEST = 65_536
_INDICES = {1: ("i", "u", "a"), 2: ("i,j", "u,v", "a,b")}
"""Of outputs, of the kernel, of inputs, for formulas."""


def conv_params(dims: int) -> dict[str, Param]:
    """The parameters of a convolution, with torch's names."""
    unit = "px" if dims == 2 else ""
    return {
        "out_channels": Int(default=16, min=1, max=_LARGEST, doc="How many filters, each of which makes one channel."),
        "kernel_size": Size(default=3, dims=dims, min=1, max=_LARGEST, unit=unit, doc="Size of the sliding window."),
        "stride": Size(default=1, dims=dims, min=1, max=_LARGEST, unit=unit, doc="How far the window moves each time."),
        "padding": Size(
            default=0,
            dims=dims,
            min=0,
            max=_LARGEST,
            words=("same", "valid"),
            unit=unit,
            doc='Zeros put around the input; "same" keeps its size, "valid" means none.',
        ),
        "dilation": Size(
            default=1,
            dims=dims,
            min=1,
            max=_LARGEST,
            doc="Distance between neighbouring places of the window.",
            advanced=True,
        ),
        "groups": Int(
            default=1,
            min=1,
            max=_LARGEST,
            doc="Channels are split into so many groups that do not see one another.",
            advanced=True,
        ),
        **init_params(),
    }


def conv_shape(params: Mapping[str, Any], spec: TensorSpec, dims: int) -> TensorSpec:
    """What leaves the convolution. Raises ShapeError."""
    channels, sizes = images(spec) if dims == 2 else sequences(spec)
    check_groups("groups", params["groups"], "input channels", channels)
    check_groups("groups", params["groups"], "output channels", params["out_channels"])
    kernel, stride, dilation = _windows(params, dims)
    if params["padding"] == "same" and any(step != 1 for step in stride):
        raise ShapeError(
            f'has padding "same", which needs stride 1, but its stride is {times(stride)}',
            hint="Set stride to 1, or write the padding as a number.",
            code="G06",
            fix=("set", "stride", 1),
        )
    sizes_out = slide(sizes, kernel, stride, _pads(params, dims), dilation)
    return TensorSpec((spec.shape[0], params["out_channels"], *sizes_out), meaning="logit")


def conv_recipe(params: Mapping[str, Any], spec: TensorSpec, dims: int) -> Recipe:
    """`torch.nn.Conv1d` or `torch.nn.Conv2d`."""
    channels, outputs = fixed(spec.shape[1], "channels"), params["out_channels"]
    kernel, _, _ = _windows(params, dims)
    inputs = channels // params["groups"]
    calls: tuple[Call, ...] = (Call("out", "self", (Ref("in"),)),)
    padding: Value = params["padding"]
    pads = _pads(params, dims)
    if padding == "same" and any(before != after for before, after in pads):
        # PyTorch warns about the copy that an even kernel makes; spelled out, nothing is left to warn of.
        calls = (
            Call("padded", "torch.nn.functional.pad", (Ref("in"), _flat(pads))),
            Call("out", "self", (Ref("padded"),)),
        )
        padding = 0
    settings = changed(
        [
            ("stride", params["stride"], 1),
            ("padding", padding, 0),
            ("dilation", params["dilation"], 1),
            ("groups", params["groups"], 1),
            ("bias", params["bias"], True),
        ]
    )
    return Recipe(
        module=Module(
            f"torch.nn.Conv{dims}d", (channels, outputs), (("kernel_size", params["kernel_size"]), *settings)
        ),
        parameters=weight_and_bias(params, (outputs, inputs, *kernel), outputs, inputs * prod(kernel)),
        calls=calls,
    )


def conv_formula(params: Mapping[str, Any], dims: int) -> Formula:
    """Forward and backward with stride s, dilation d and padding p."""
    out, window, into = _INDICES[dims]
    axes = list(zip(out.split(","), window.split(","), into.split(","), strict=True))
    seen = r",\ ".join(f"s{i} + d{u} - p" for i, u, _ in axes)
    where = r",\ ".join(f"s{i} + d{u} - p = {a}" for i, u, a in axes)
    bias = params["bias"]
    return Formula(
        forward=(
            rf"y_{{o,{out}}} = {'b_{o} + ' if bias else ''}\sum_{{c,{window}}} W_{{o,c,{window}}}\ x_{{c,\ {seen}}}",
        ),
        backward=(
            rf"{wrt(f'W_{{o,c,{window}}}')} = \sum_{{n,{out}}} \delta_{{o,{out}}}\ x_{{c,\ {seen}}}",
            *((rf"{wrt('b_{o}')} = \sum_{{n,{out}}} \delta_{{o,{out}}}",) if bias else ()),
            rf"{wrt(f'x_{{c,{into}}}')} = \sum_{{o,\ {where}}} \delta_{{o,{out}}}\ W_{{o,c,{window}}}",
        ),
        symbols=(
            INPUT,
            OUTPUT,
            ("W", "kernels, one per output channel"),
            *((("b", "bias, one number per output channel"),) if bias else ()),
            ("o, c", "output and input channel (of the same group)"),
            (out, "place in the output"),
            (window, "place in the kernel"),
            (into, "place in the input"),
            ("s, d, p", "stride, dilation, padding"),
            ("n", "sample of the batch"),
            DELTA,
        ),
        source=f"torch.nn.Conv{dims}d; Dumoulin and Visin, A guide to convolution arithmetic, 2016",
    )


def conv_grads(c: GradContext, dims: int) -> dict[str, Any]:
    """Gradients of input, weight and bias; the padding is put on by hand and cut off again."""
    x, weight, delta = c.inputs["in"], c.weights["weight"], c.upstream["out"]
    _, stride, dilation = _windows(c.params, dims)
    pads = _pads(c.params, dims)
    padded = c.call("torch.nn.functional.pad", x, _flat(pads))
    window = (stride, (0,) * dims, dilation, c.params["groups"])
    by_padded = c.call(f"torch.nn.grad.conv{dims}d_input", padded.shape, weight, delta, *window)
    inner = [slice(before, before + size) for (before, _), size in zip(pads, x.shape[2:], strict=True)]
    found = {
        "in": by_padded[:, :, *inner],
        "weight": c.call(f"torch.nn.grad.conv{dims}d_weight", padded, weight.shape, delta, *window),
    }
    if "bias" in c.weights:
        found["bias"] = delta.sum((0, *range(2, 2 + dims)))
    return found


def conv_macs(params: Mapping[str, Any], spec: TensorSpec, out: TensorSpec, dims: int) -> int:
    """Every output number sees one kernel over the channels of its group."""
    return numel(out) * fixed(spec.shape[1], "channels") // int(params["groups"]) * prod(_windows(params, dims)[0])


def conv_summary(params: Mapping[str, Any], dims: int) -> str:
    """`16 × 3×3, stride 1`."""
    kernel, stride, _ = _windows(params, dims)
    step = times(stride) if len(set(stride)) > 1 else str(stride[0])
    return f"{params['out_channels']} × {times(kernel)}, stride {step}"


def _windows(params: Mapping[str, Any], dims: int) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Kernel, stride and dilation in each dimension."""
    return (
        per_dim(params["kernel_size"], dims),
        per_dim(params["stride"], dims),
        per_dim(params["dilation"], dims),
    )


def _pads(params: Mapping[str, Any], dims: int) -> Pads:
    kernel, _, dilation = _windows(params, dims)
    if params["padding"] == "same":
        return same_pads(kernel, dilation)
    return even_pads(per_dim(0 if params["padding"] == "valid" else params["padding"], dims))


def _flat(pads: Pads) -> tuple[int, ...]:
    """As torch.nn.functional.pad takes them: the last dimension first."""
    return tuple(size for pair in reversed(pads) for size in pair)
