"""Normalisation and dropout."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from engine.onnx.call import Call
from engine.onnx.tensors import repeated
from engine.onnx.values import Flow, RefusedError
from engine.tensorfile import Tensor


def batch_norm(call: Call) -> Flow:
    """BatchNormalization with its running statistics: BatchNorm1d or BatchNorm2d."""
    flow = call.flow()
    if call.whole("training_mode", 0) or len([name for name in call.node.outputs if name]) > 1:
        raise RefusedError("was exported for training", "Export the model in evaluation mode: model.eval().")
    if call.whole("spatial", 1) != 1:
        raise RefusedError("normalises each place on its own, which blocks do not")
    names = ("weight", "bias", "running_mean", "running_var")
    weights = {name: call.weights(index, name) for index, name in enumerate(names, 1)}
    params = {"eps": call.fraction("epsilon", 1e-5), "momentum": _rest(call.fraction("momentum", 0.9))}
    kind = "BatchNorm2d" if len(flow.spec.shape) == 4 else "BatchNorm1d"
    return call.add(kind, flow, params, base="batch_norm", weights=weights)


def _rest(share: float) -> float:
    """ONNX counts the share of the old statistics, PyTorch that of the new."""
    return round(1 - share, 9)


def instance_norm(call: Call) -> Flow:
    """InstanceNormalization: GroupNorm with a group for each channel."""
    return _grouped(call, call.weights(1, "scale").count, 1)


def group_norm(call: Call) -> Flow:
    """GroupNormalization, whose scale counts channels since version 21 and groups before."""
    groups = call.whole("num_groups", 1)
    channels = call.flow().spec.shape[1:2]
    if call.opset >= 21 or groups < 1 or channels == () or not isinstance(channels[0], int):
        return _grouped(call, groups, 1)
    return _grouped(call, groups, channels[0] // groups)


def spelt_out_group_norm(call: Call) -> Flow:
    """Group normalisation by Reshape, InstanceNormalization, Reshape, Mul and Add."""
    flow, groups = call.flow(), call.whole("num_groups", 1)
    there, back = call.sizes(3), call.sizes(4)
    places = flow.spec.shape[2:]
    is_there = len(there) == 3 and there[1] == groups and there[2] in (-1, _product(flow.spec.shape[1:]) // groups)
    is_back = len(back) == len(flow.spec.shape) and back[1:] == (call.weights(1, "scale").count, *places)
    if not (is_there and is_back):
        raise RefusedError(f"normalises {flow.spec} in groups of another kind than blocks do")
    return _grouped(call, groups, 1)


def _product(sizes: tuple[int | str, ...]) -> int:
    return prod(size for size in sizes if isinstance(size, int))


def _grouped(call: Call, groups: int, times: int) -> Flow:
    weights = {}
    for index, name in enumerate(("weight", "bias"), 1):
        tensor = call.weights(index, name)
        column = Tensor(tensor.dtype, (tensor.count, 1), tensor.data)
        wide = repeated(column, (tensor.count, times))
        weights[name] = Tensor(wide.dtype, (tensor.count * times,), wide.data)
    params = {"num_groups": groups, "eps": call.fraction("epsilon", 1e-5)}
    return call.add("GroupNorm", call.flow(), params, base="group_norm", weights=weights)


def layer_norm(call: Call) -> Flow:
    """LayerNormalization over the last dimensions: LayerNorm."""
    flow, scale = call.flow(), call.weights(1, "scale")
    dims = len(flow.spec.shape) - call.dim(call.whole("axis", -1), flow)
    sizes = flow.spec.shape[-dims:]
    weights: dict[str, Tensor] = {"weight": _shaped(scale, sizes)}
    if call.has(2):
        weights["bias"] = _shaped(call.weights(2, "bias"), sizes)
    params: Mapping[str, Any] = {"dims": dims, "bias": call.has(2), "eps": call.fraction("epsilon", 1e-5)}
    return call.add("LayerNorm", flow, params, base="layer_norm", weights=weights)


def _shaped(tensor: Tensor, sizes: tuple[int | str, ...]) -> Tensor:
    """Stretched to the sizes of the dimensions that are normalised."""
    wanted = tuple(size for size in sizes if isinstance(size, int))
    have = (1,) * (len(wanted) - len(tensor.shape)) + tensor.shape
    if len(have) != len(wanted) or any(a not in (1, b) for a, b in zip(have, wanted, strict=True)):
        raise RefusedError("has a scale or bias of another shape than what it normalises")
    return repeated(Tensor(tensor.dtype, have, tensor.data), wanted)


def dropout(call: Call) -> Flow:
    """Dropout; without a ratio a half is dropped."""
    ratio = call.number(1) if call.has(1) else call.fraction("ratio", 0.5)
    return call.add("Dropout", call.flow(), {"p": ratio})


def scale_and_shift(call: Call) -> Flow:
    """A factor and a summand for each channel: a convolution of each channel with a single number."""
    flow, scale, shift = call.flow(), call.weights(1, "scale"), call.weights(2, "shift")
    dims, channels = len(flow.spec.shape) - 2, scale.count
    sizes = scale.shape[1:] if scale.shape[0] == 1 else scale.shape
    if dims not in (1, 2) or len(sizes) != dims + 1 or flow.spec.shape[1] != channels:
        raise RefusedError(f"has a factor for each of {channels} channels but gets {flow.spec}")
    weights = {
        "weight": Tensor(scale.dtype, (channels, 1, *(1 for _ in range(dims))), scale.data),
        "bias": Tensor(shift.dtype, (channels,), shift.data),
    }
    params = {"out_channels": channels, "kernel_size": 1, "groups": channels}
    return call.add(f"Conv{dims}d", flow, params, base="scale", weights=weights)
