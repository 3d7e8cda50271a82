"""Windows that slide: convolutions and pooling."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, Final

from engine.onnx.call import Call
from engine.onnx.values import Flow, RefusedError
from engine.shapes import same_pads
from engine.tensorfile import Tensor

Pads = tuple[tuple[int, int], ...]
_SAME: Final = ("SAME_UPPER", "SAME_LOWER")


def conv(call: Call) -> Flow:
    """Conv: Conv1d or Conv2d."""
    flow, weight = call.flow(), call.weights(1, "weights")
    dims = len(weight.shape) - 2
    if dims not in (1, 2):
        raise RefusedError(f"slides over {dims} dimensions; there are blocks for one and two")
    kernel, stride, dilation = _window(call, dims, weight.shape[2:])
    pads = _pads(call, flow, kernel, stride, dilation)
    if all(before == after for before, after in pads):
        padding: Any = _size(tuple(before for before, _ in pads))
    elif pads == same_pads(kernel, dilation) and set(stride) == {1}:
        padding = "same"
    else:
        raise RefusedError(f"pads both sides differently ({_text(pads)}), which blocks do not")
    params = {
        "out_channels": weight.shape[0],
        "kernel_size": _size(kernel),
        "stride": _size(stride),
        "padding": padding,
        "dilation": _size(dilation),
        "groups": call.whole("group", 1),
        "bias": call.has(2),
    }
    return call.add(f"Conv{dims}d", flow, params, base="conv", weights=_weights(call, weight))


def conv_transpose(call: Call) -> Flow:
    """ConvTranspose: ConvTranspose2d, of sequences as images of height 1."""
    flow, weight = call.flow(), call.weights(1, "weights")
    dims = len(weight.shape) - 2
    if dims not in (1, 2):
        raise RefusedError(f"slides over {dims} dimensions; there are blocks for one and two")
    if call.node.attributes.get("output_shape"):
        raise RefusedError("is given its output_shape", "Export it with output_padding instead.")
    kernel, stride, dilation = _window(call, dims, weight.shape[2:])
    if call.word("auto_pad", "NOTSET") in _SAME:
        raise RefusedError("pads automatically", "Export it with pads.")
    padding = _even(_pads(call, flow, kernel, stride, dilation))
    extra = call.wholes("output_padding", (0,) * dims)
    groups = call.whole("group", 1)
    if dims == 1:
        weight = Tensor(weight.dtype, (*weight.shape[:2], 1, *weight.shape[2:]), weight.data)

    def add(image: Flow) -> Flow:
        params = {
            "out_channels": weight.shape[1] * groups,
            "kernel_size": _size(_flat(kernel, 1)),
            "stride": _size(_flat(stride, 1)),
            "padding": _size(_flat(padding, 0)),
            "output_padding": _size(_flat(extra, 0)),
            "dilation": _size(_flat(dilation, 1)),
            "groups": groups,
            "bias": call.has(2),
        }
        weights = _weights(call, weight)
        return call.add("ConvTranspose2d", image, params, base="conv_transpose", weights=weights)

    return _as_images(call, flow, add, dims)


def max_pool(call: Call) -> Flow:
    """MaxPool: MaxPool2d, of sequences as images of height 1."""
    return _pool(call, "MaxPool2d")


def average_pool(call: Call) -> Flow:
    """AveragePool: AvgPool2d, of sequences as images of height 1."""
    return _pool(call, "AvgPool2d")


def _pool(call: Call, kind: str) -> Flow:
    flow = call.flow()
    kernel = call.wholes("kernel_shape")
    if len(kernel) not in (1, 2):
        raise RefusedError(f"slides over {len(kernel)} dimensions; there are blocks for one and two")
    kernel, stride, dilation = _window(call, len(kernel), kernel)
    pads = _pads(call, flow, kernel, stride, dilation)
    padding = _even(pads)
    if call.whole("ceil_mode", 0):
        _refuse_further_window(flow, kernel, stride, dilation, pads)
    if kind == "AvgPool2d" and set(dilation) != {1}:
        raise RefusedError("has gaps in its window; AvgPool2d has none")

    def add(image: Flow) -> Flow:
        params: dict[str, Any] = {
            "kernel_size": _size(_flat(kernel, 1)),
            "stride": None if stride == kernel else _size(_flat(stride, 1)),
            "padding": _size(_flat(padding, 0)),
        }
        if kind == "MaxPool2d":
            params["dilation"] = _size(_flat(dilation, 1))
        elif any(padding):
            params["count_include_pad"] = bool(call.whole("count_include_pad", 0))
        return call.add(kind, image, params, base="pool")

    return _as_images(call, flow, add, len(kernel))


def global_max_pool(call: Call) -> Flow:
    """GlobalMaxPool: MaxPool2d with a window as large as the image."""
    flow = call.flow()
    sizes = _places(flow)
    if len(sizes) not in (1, 2):
        raise RefusedError(f"pools over {len(sizes)} dimensions; there are blocks for one and two")
    window = {"kernel_size": _size(_flat(sizes, 1))}
    return _as_images(call, flow, lambda image: call.add("MaxPool2d", image, window, base="pool"), len(sizes))


def global_average_pool(call: Call) -> Flow:
    """GlobalAveragePool: a Mean over the places that keeps their dimensions; GlobalAvgPool before a Flatten."""
    flow = call.flow()
    dims = tuple(range(2, len(flow.spec.shape)))
    if not dims:
        return flow
    return call.add("Mean", flow, {"dim": dims, "keepdim": True}, base="pool")


def _weights(call: Call, weight: Tensor) -> dict[str, Tensor]:
    return {"weight": weight, "bias": call.weights(2, "bias")} if call.has(2) else {"weight": weight}


def _window(call: Call, dims: int, kernel: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Kernel, stride and dilation. Raises RefusedError."""
    stride, dilation = call.wholes("strides", (1,) * dims), call.wholes("dilations", (1,) * dims)
    shape = call.wholes("kernel_shape", kernel)
    for name, sizes in (("strides", stride), ("dilations", dilation), ("kernel_shape", shape)):
        if len(sizes) != dims or min(sizes) < 1:
            raise RefusedError(f"has impossible {name}")
    if shape != kernel:
        raise RefusedError("has a kernel_shape that is not that of its weights")
    return kernel, stride, dilation


def _pads(call: Call, flow: Flow, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Pads:
    """Before and after, in each dimension. Raises RefusedError."""
    dims, way = len(kernel), call.word("auto_pad", "NOTSET")
    if len(flow.spec.shape) != dims + 2:
        raise RefusedError(f"needs an input with {dims + 2} dimensions but gets {flow.spec}")
    if way == "VALID":
        return ((0, 0),) * dims
    if way in _SAME:
        return tuple(
            _same(size, k, s, d, way) for size, k, s, d in zip(_places(flow), kernel, stride, dilation, strict=True)
        )
    pads = call.wholes("pads", (0,) * (2 * dims))
    if way != "NOTSET" or len(pads) != 2 * dims or min(pads) < 0:
        raise RefusedError("has impossible pads")
    return tuple(zip(pads[:dims], pads[dims:], strict=True))


def _same(size: int, kernel: int, stride: int, dilation: int, way: str) -> tuple[int, int]:
    """So much that the output has size / stride places, rounded up (documentation of Conv)."""
    total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    small, large = total // 2, total - total // 2
    return (small, large) if way == "SAME_UPPER" else (large, small)


def _places(flow: Flow) -> tuple[int, ...]:
    sizes = tuple(size for size in flow.spec.shape[2:] if isinstance(size, int))
    if len(sizes) != len(flow.spec.shape) - 2:
        raise RefusedError(f"needs an input of fixed sizes but gets {flow.spec}")
    return sizes


def _even(pads: Pads) -> tuple[int, ...]:
    if any(before != after for before, after in pads):
        raise RefusedError(f"pads both sides differently ({_text(pads)}), which blocks do not")
    return tuple(before for before, _ in pads)


def _refuse_further_window(
    flow: Flow, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...], pads: Pads
) -> None:
    """With ceil_mode a last window may hang over the edge; where none does, it makes no difference."""
    for size, k, s, d, (before, after) in zip(_places(flow), kernel, stride, dilation, pads, strict=True):
        if (size + before + after - d * (k - 1) - 1) % s:
            raise RefusedError(
                "rounds the number of its windows up (ceil_mode), which blocks do not", "Export it with ceil_mode off."
            )


def _as_images(call: Call, flow: Flow, add: Callable[[Flow], Flow], dims: int) -> Flow:
    """What a block for images makes of a sequence, which is an image of height 1."""
    if dims == 2:
        return add(flow)
    channels, length = flow.spec.shape[1:]
    made = add(call.aside("Reshape", flow, {"shape": (channels, 1, length)}))
    shape = made.spec.shape
    return call.aside("Reshape", made, {"shape": (shape[1], prod(int(size) for size in shape[2:]))})


def _flat(sizes: tuple[int, ...], above: int) -> tuple[int, ...]:
    """Of an image; a sequence is one of height 1."""
    return sizes if len(sizes) == 2 else (above, *sizes)


def _size(sizes: tuple[int, ...]) -> int | tuple[int, ...]:
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _text(pads: Pads) -> str:
    return ", ".join(f"{before} and {after}" for before, after in pads)
