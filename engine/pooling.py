"""What MaxPool2d and AvgPool2d share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.block import ShapeError
from engine.param import Param, Size
from engine.shapes import fixed, per_dim, times
from engine.tensorspec import Dim

_LARGEST = 65_536


def pool_params() -> dict[str, Param]:
    """Window, stride and padding, with torch's names."""
    return {
        "kernel_size": Size(default=2, dims=2, min=1, max=_LARGEST, unit="px", doc="Size of the window."),
        "stride": Size(
            default=None,
            dims=2,
            min=1,
            max=_LARGEST,
            optional=True,
            unit="px",
            doc="How far the window moves each time; empty means by its own size.",
        ),
        "padding": Size(
            default=0,
            dims=2,
            min=0,
            max=_LARGEST,
            unit="px",
            doc="Rows and columns put around the image.",
            advanced=True,
        ),
    }


def stride_of(params: Mapping[str, Any]) -> tuple[int, ...]:
    """The stride in each dimension; that of the window where none is given."""
    return per_dim(params["kernel_size"] if params["stride"] is None else params["stride"], 2)


def check_padding(padding: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    """Raises ShapeError (G06) where a window could lie in the padding alone."""
    if any(pad > size // 2 for pad, size in zip(padding, kernel, strict=True)):
        raise ShapeError(
            f"has padding {times(padding)}, but at most half of its window of {times(kernel)} is allowed",
            hint=f"Set padding to at most {min(kernel) // 2}.",
            code="G06",
            fix=("set", "padding", min(kernel) // 2),
        )


def check_seen(
    sizes: Sequence[Dim],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> None:
    """Raises ShapeError (G06) where a dilated window sees padding only.

    PyTorch lets it through, finds a maximum of −∞ at a place that does not exist, and its gradient writes there.
    """
    for size, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True):
        if not p or d == 1:
            continue
        end = fixed(size, "pixels")
        for start in range(-p, end + p - d * (k - 1), s):
            if not any(0 <= place < end for place in range(start, start + d * k, d)):
                raise ShapeError(
                    f"has windows of {times(kernel)} (dilation {times(dilation)}) that see nothing but padding",
                    hint="Set padding to 0, or dilation to 1.",
                    code="G06",
                    fix=("set", "padding", 0),
                )


def pool_summary(params: Mapping[str, Any]) -> str:
    """`2×2, stride 2`."""
    stride = stride_of(params)
    step = times(stride) if len(set(stride)) > 1 else str(stride[0])
    return f"{times(per_dim(params['kernel_size'], 2))}, stride {step}"
