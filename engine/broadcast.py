"""What Add, Subtract, Multiply and Concat share: ports a, b, …, and the ways in which shapes may differ.

One number (a scalar) goes with everything, and a tensor without a batch serves every sample. Multiply also stretches a
size of 1 beside the same number of dimensions (a gate `N × C × 1 × 1` over `N × C × H × W`). PyTorch would stretch
more, and line up tensors of different rank from the right; that is silently wrong more often than meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.block import Port, ShapeError
from engine.param import Int, Param
from engine.shapes import need_float
from engine.tensorspec import BATCH, Dim, TensorSpec

MOST_INPUTS = 26
ELLIPSIS = r"\ldots"


def letter(index: int) -> str:
    """Name of the port with that index, from a to z."""
    return chr(ord("a") + index)


def many_inputs(doc: str) -> dict[str, Param]:
    """The parameter `inputs`."""
    return {"inputs": Int(default=2, min=2, max=MOST_INPUTS, doc=doc)}


def many_ports(params: Mapping[str, Any], doc: str) -> tuple[Port, ...]:
    """Ports a, b, … as many as `inputs` says."""
    return tuple(Port(letter(index), doc=doc) for index in range(params["inputs"]))


def shown_names(params: Mapping[str, Any]) -> list[str]:
    """The inputs as formulas list them, shortened in the middle."""
    names = [letter(index) for index in range(params["inputs"])]
    return names if len(names) <= 4 else [*names[:2], ELLIPSIS, names[-1]]


def joined_shape(inputs: Mapping[str, TensorSpec], ports: Sequence[Port], stretch: bool = False) -> TensorSpec:
    """The common shape; `stretch` lets a size of 1 fit any. Raises ShapeError that names both shapes."""
    first = inputs[ports[0].name]
    need_float(first, ports[0].name)
    shape = first.shape
    for port in ports[1:]:
        spec = inputs[port.name]
        need_float(spec, port.name)
        together = _pair(shape, spec.shape, stretch)
        if together is None:
            so_far = f"{ports[0].name} is {first}" if shape == first.shape else f"those before are {TensorSpec(shape)}"
            raise ShapeError(
                f"needs inputs of one shape, but {so_far} and {port.name} is {spec}",
                hint="Give the layers before it the same number of outputs, or reshape one of them.",
                port=port.name,
                fix=_projection(spec.shape, shape),
            )
        shape = together
    return TensorSpec(shape)


def _projection(given: tuple[Dim, ...], wanted: tuple[Dim, ...]) -> tuple[Any, ...]:
    """The quick fix that brings a shape to another: a 1×1 convolution (with a stride) or, for features, a Dense.

    Source: He et al. 2016, "Deep Residual Learning", section 3.3, option B.
    """
    numbers = [dim for dim in (*given[1:], *wanted[1:]) if isinstance(dim, int)]
    if len(given) != len(wanted) or BATCH not in given[:1] or len(numbers) != 2 * (len(wanted) - 1):
        return ()
    if len(wanted) == 2:
        return ("insert", "Dense", (("out_features", wanted[1]),))
    if len(wanted) != 4:
        return ()
    for stride in (1, 2, 4, 8):
        if all((int(size) - 1) // stride + 1 == goal for size, goal in zip(given[2:], wanted[2:], strict=True)):
            params = (("out_channels", wanted[1]), ("kernel_size", 1))
            return ("insert", "Conv2d", params if stride == 1 else (*params, ("stride", stride)))
    return ()


def _pair(one: tuple[Dim, ...], other: tuple[Dim, ...], stretch: bool) -> tuple[Dim, ...] | None:
    """The shape of both together, None where they do not fit."""
    if one == other or not other:
        return one
    if not one:
        return other
    batch = (BATCH,) if BATCH in {one[0], other[0]} else ()
    left, right = (shape[1:] if shape[0] == BATCH else shape for shape in (one, other))
    if len(left) != len(right):
        return None
    sizes: list[Dim] = []
    for a, b in zip(left, right, strict=True):
        if a != b and not (stretch and 1 in {a, b}):
            return None
        sizes.append(b if a == 1 else a)
    return (*batch, *sizes)


def sum_to(gradient: Any, shape: Sequence[int]) -> Any:
    """The gradient of a value that was stretched from `shape`: summed over the stretched dimensions."""
    while len(gradient.shape) > len(shape):
        gradient = gradient.sum(0)
    for dim, size in enumerate(shape):
        if size == 1 and gradient.shape[dim] != 1:
            gradient = gradient.sum(dim, True)
    return gradient
