"""What the shape rules of several blocks share: demands on inputs, sizes of sliding windows, words for messages.

A `ShapeError.fix` is one of

* `("insert", kind, ((parameter, value), ...))`: put a block of that kind on the wire into the port,
* `("set", parameter, value)`: change a parameter of this block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isqrt, prod
from typing import Any, NoReturn

from engine.block import ShapeError
from engine.tensorspec import Dim, TensorSpec
from engine.wording import plural

Pads = tuple[tuple[int, int], ...]
"""Padding before and after, for each dimension of the picture."""


# -- words --


def times(sizes: Iterable[object]) -> str:
    """`1×28×28`."""
    return "×".join(str(size) for size in sizes)


def received(spec: TensorSpec) -> str:
    """What arrives, in words: `784 numbers`, `N × 3 × 28 × 28`, `a class label (one of 10)`."""
    if spec.classes and spec.batched and len(spec.shape) == 1:
        return f"a class label (one of {spec.classes})"
    if not spec.shape:
        return "a single number"
    if not spec.batched:
        return f"{spec}, which has no batch"
    number = "whole number" if spec.dtype == "int" else "number"
    if len(spec.shape) == 1:
        return f"one {number} per sample (N)"
    if len(spec.shape) == 2:
        return plural(spec.shape[1], number)
    return f"{spec} whole numbers" if spec.dtype == "int" else str(spec)


# -- demands on inputs --


def need_float(spec: TensorSpec, port: str = "in") -> None:
    """Raises ShapeError (G04) unless the numbers are floating point."""
    if spec.dtype != "float":
        labels = "Switch one_hot on in the Input, or connect the features instead of the labels."
        raise ShapeError(
            f"computes with real numbers but gets {received(spec)}",
            hint=labels if spec.classes else "Connect real numbers.",
            port=port,
            code="G04",
        )


def need_batch(spec: TensorSpec, port: str = "in") -> None:
    """Raises ShapeError unless the first dimension is the batch."""
    if not spec.batched:
        raise ShapeError(
            f"needs a batch of samples (N × …) but gets {received(spec)}",
            hint="Connect something that depends on an Input.",
            port=port,
        )


def need_features(spec: TensorSpec, wanted: str, port: str = "in") -> None:
    """Raises ShapeError unless each sample has a dimension at least; `wanted` says for what."""
    need_float(spec, port)
    if spec.batched and len(spec.shape) > 1:
        return
    single = spec.batched
    raise ShapeError(
        f"needs {wanted} but gets {received(spec)}",
        hint="Put a Reshape to 1 between them." if single else "Connect something that depends on an Input.",
        port=port,
        fix=("insert", "Reshape", (("shape", (1,)),)) if single else (),
    )


def fixed(dim: Dim, what: str, port: str = "in") -> int:
    """The size as a number. Raises ShapeError when it is free."""
    if isinstance(dim, str):
        raise ShapeError(
            f"needs a fixed number of {what} but gets a free size ({dim})", hint="Give the data one size.", port=port
        )
    return dim


def images(spec: TensorSpec, port: str = "in") -> tuple[int, tuple[Dim, Dim]]:
    """Channels and (height, width) of a batch of images. Raises ShapeError with the Reshape that would help."""
    need_float(spec, port)
    if not spec.batched or len(spec.shape) != 4:
        _refuse_layout(spec, port, "images (channels × height × width)", _image_shape(spec))
    return fixed(spec.shape[1], "channels", port), (spec.shape[2], spec.shape[3])


def images_or_swap(spec: TensorSpec, kind: str) -> None:
    """Raises ShapeError unless images come in; the quick fix is the kind of block for features."""
    try:
        images(spec)
    except ShapeError as error:
        flat = spec.batched and len(spec.shape) == 2 and error.code == "G03"
        if not flat:
            raise
        raise ShapeError(error.message, hint=f"Use {kind} for features.", port="in", fix=("swap", kind)) from None


def sequences(spec: TensorSpec, port: str = "in") -> tuple[int, tuple[Dim]]:
    """Channels and (length,) of a batch of sequences. Raises ShapeError with the Reshape that would help."""
    need_float(spec, port)
    if not spec.batched or len(spec.shape) != 3:
        _refuse_layout(spec, port, "sequences (channels × length)", _sequence_shape(spec))
    return fixed(spec.shape[1], "channels", port), (spec.shape[2],)


def _refuse_layout(spec: TensorSpec, port: str, wanted: str, shape: tuple[int, ...] | None) -> NoReturn:
    layout = wanted[wanted.index("(") + 1 : -1]
    hint = f"Put a Reshape to {times(shape) if shape else layout} between them."
    fix = ("insert", "Reshape", (("shape", shape),)) if shape else ()
    if not spec.batched:
        hint, fix = "Connect something that depends on an Input.", ()
    raise ShapeError(f"needs {wanted} but gets {received(spec)}", hint=hint, port=port, fix=fix)


def _image_shape(spec: TensorSpec) -> tuple[int, ...] | None:
    """The picture that the numbers of one sample may be: a square of one channel or of three."""
    sizes = spec.sample_shape
    if len(sizes) == 2 and spec.numel is not None:
        return (1, *(int(size) for size in sizes))
    if len(sizes) == 1 and isinstance(sizes[0], int):
        for channels in (1, 3):
            side = isqrt(sizes[0] // channels)
            if side > 1 and channels * side * side == sizes[0]:
                return (channels, side, side)
    return None


def _sequence_shape(spec: TensorSpec) -> tuple[int, ...] | None:
    sizes = spec.sample_shape
    if not sizes or spec.numel is None:
        return None
    return (1, spec.numel) if len(sizes) == 1 else (int(sizes[0]), spec.numel // int(sizes[0]))


def check_groups(param: str, groups: int, what: str, count: int) -> None:
    """Raises ShapeError (G06) unless the parameter's number of groups divides the channels."""
    if count % groups:
        raise ShapeError(
            f"splits its {count} {what} into {plural(groups, 'group')}, which does not come out even",
            hint=f"Set {param} to a number that divides {count}.",
            code="G06",
            fix=("set", param, 1),
        )


# -- sliding windows --


def per_dim(value: int | tuple[int, ...], dims: int) -> tuple[int, ...]:
    """A size for each dimension: `3` means `(3, 3)`."""
    return value if isinstance(value, tuple) else (value,) * dims


def same_pads(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> Pads:
    """The padding of `padding="same"`: an odd total has its larger half behind, as in PyTorch."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def even_pads(padding: tuple[int, ...]) -> Pads:
    """The same padding before and after."""
    return tuple((size, size) for size in padding)


def slide(
    sizes: Sequence[Dim], kernel: tuple[int, ...], stride: tuple[int, ...], pads: Pads, dilation: tuple[int, ...]
) -> tuple[Dim, ...]:
    """How many places a window has in each dimension: ⌊(size + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1.

    A free size stays what it is where the window keeps it. Source: documentation of torch.nn.Conv2d.

    Raises:
        ShapeError: the kernel is larger than the padded input (G06), or a free size would change.
    """
    out: list[Dim] = []
    for size, k, s, pad, d in zip(sizes, kernel, stride, pads, dilation, strict=True):
        if isinstance(size, str):
            if s != 1 or sum(pad) != d * (k - 1):
                raise ShapeError(
                    f"needs a fixed size but gets a free one ({size}), which this kernel would change",
                    hint='Choose stride 1 and padding "same", or give the data one size.',
                    port="in",
                )
            out.append(size)
            continue
        places = (size + sum(pad) - d * (k - 1) - 1) // s + 1
        if places < 1:
            _refuse_kernel(sizes, kernel, pads, dilation)
        out.append(places)
    return tuple(out)


def _refuse_kernel(sizes: Sequence[Dim], kernel: tuple[int, ...], pads: Pads, dilation: tuple[int, ...]) -> NoReturn:
    spread = f" (dilation {times(dilation)})" if max(dilation) > 1 else ""
    padding = f" (padding {times(before for before, _ in pads)} included)" if any(map(sum, pads)) else ""
    padded = [size if isinstance(size, str) else size + sum(pad) for size, pad in zip(sizes, pads, strict=True)]
    room = [(size - 1) // d + 1 for size, d in zip(padded, dilation, strict=True) if isinstance(size, int)]
    largest = min(room)
    raise ShapeError(
        f"has a kernel of {times(kernel)}{spread}, larger than its input of {times(padded)}{padding}",
        hint=f"Choose a kernel_size of at most {largest}.",
        code="G06",
        fix=("set", "kernel_size", largest),
    )


def numel(spec: TensorSpec) -> int:
    """Numbers in one sample; a free size counts once."""
    return prod(dim for dim in spec.sample_shape if isinstance(dim, int))


def rearranged(spec: TensorSpec, shape: tuple[Dim, ...]) -> TensorSpec:
    """The same numbers in another shape; what summed to 1 over dimension 1 no longer does."""
    moved = spec.with_shape(shape)
    return replace(moved, meaning="probability") if spec.meaning == "distribution" and shape != spec.shape else moved


def changed(pairs: Sequence[tuple[str, Any, Any]]) -> tuple[tuple[str, Any], ...]:
    """The keyword arguments (name, value, default) that differ from PyTorch's default."""
    return tuple((name, value) for name, value, default in pairs if value != default)
